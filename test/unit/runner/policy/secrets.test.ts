import { describe, expect, it } from 'vitest'
import { createRedactor, REDACTED, secretValues } from '../../../../runner/policy/secrets.ts'

const KEY = 'correct horse/battery+staple'

describe('secretValues', () => {
  it.each([
    ['a variable whose name says so', { MY_API_TOKEN: KEY }, [], [KEY]],
    ['the key of a known provider', { OPENAI_API_KEY: KEY }, [], [KEY]],
    ['a variable that the config names', { PLAIN: KEY }, ['PLAIN'], [KEY]],
    ['an ordinary variable', { PATH: '/usr/bin:/usr/local/bin' }, [], []],
    ['a value too short to be told from a word', { MY_TOKEN: 'abc' }, [], []],
    ['a variable that is not set', { MY_TOKEN: undefined }, [], []],
  ])('%s', (_, env, named, expected) => {
    expect(secretValues(env, named)).toEqual(expected)
  })
})

describe('createRedactor', () => {
  const redact = createRedactor([KEY])

  it.each([
    ['as it is', `key=${KEY}.`, `key=${REDACTED}.`],
    ['URL-encoded', `?k=${encodeURIComponent(KEY)}`, `?k=${REDACTED}`],
    ['a token of a shape everybody knows', `use ghp_${'a'.repeat(36)} now`, `use ${REDACTED} now`],
    ['ordinary text', 'nothing to see', 'nothing to see'],
  ])('%s', (_, text, expected) => {
    expect(redact(text)).toBe(expected)
  })

  it.each([0, 1, 2, 3])('inside base64, %i bytes into the text', (before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${KEY}`).toString('base64')
    expect(redact(encoded)).toContain(REDACTED)
  })

  it('a private key over several lines', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----'
    expect(redact(`a ${pem} b`)).toBe(`a ${REDACTED} b`)
  })

  it('leaves its own output alone', () => {
    const once = redact(`${KEY} ${KEY}`)
    expect(redact(once)).toBe(once)
  })
})
