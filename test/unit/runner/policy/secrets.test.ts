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

  it('without the white space around it, which nobody sends', () => {
    expect(createRedactor([' s-e-c-r-e-t \n'])('it is s-e-c-r-e-t')).toBe(`it is ${REDACTED}`)
  })

  it.each([0, 1, 2, 3])('inside base64, %i bytes into the text', (before) => {
    const encoded = Buffer.from(`${'x'.repeat(before)}${KEY}`).toString('base64')
    expect(redact(encoded)).toContain(REDACTED)
  })

  const CANARY = 'c4n4ry?>?~/Zk3x_9~?>pLw-7Vb2'
  const canary = createRedactor([CANARY])
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const hex = Buffer.from(CANARY).toString('hex')
  const wrapped = (text: string, width: number, end: string) =>
    text.replace(new RegExp(`(.{${width}})(?=.)`, 'g'), `$1${end}`)

  it.each([
    ['base64', base64(`user:${CANARY}:x`)],
    ['base64 for URLs', base64(`user:${CANARY}:x`).replaceAll('+', '-').replaceAll('/', '_')],
    ['base64 in short lines', wrapped(base64(`user:${CANARY}:x`), 12, '\n')],
    ['base64 in lines of Windows, inside JSON', JSON.stringify(wrapped(base64(CANARY), 16, '\r\n'))],
    [
      'base64 in lines, in JSON inside JSON',
      JSON.stringify(JSON.stringify(wrapped(base64(CANARY), 16, '\n'))),
    ],
    ['hex', hex],
    ['hex in capitals', hex.toUpperCase()],
    ['hex in lines', wrapped(hex, 16, '\n  ')],
    ['a dump of bytes', wrapped(hex, 2, ' ')],
    ['a fingerprint', wrapped(hex.toUpperCase(), 2, ':')],
    ['escapes of a string', `\\x${wrapped(hex, 2, '\\x')}`],
    ['a URL with every byte escaped', `%${wrapped(hex, 2, '%')}`],
    ['a parameter of an address', new URLSearchParams({ k: CANARY }).toString()],
    ['a URL with small digits', encodeURIComponent(CANARY).replace(/%../g, (code) => code.toLowerCase())],
    ['lines', wrapped(CANARY, 9, '\n')],
    ['lines inside JSON', JSON.stringify(wrapped(CANARY, 9, '\n'))],
    ['letters with spaces', wrapped(CANARY, 1, ' ')],
    ['letters with hyphens', wrapped(CANARY, 1, '-')],
    ['letters on lines inside JSON', JSON.stringify(wrapped(CANARY, 1, '\n'))],
    ['a sum of texts', `"${wrapped(CANARY, 9, '" + "')}"`],
    ['its letters and digits alone', CANARY.replace(/[^a-z0-9]/gi, '')],
    ['backwards', [...CANARY].reverse().join('')],
    ['letters backwards', [...CANARY].reverse().join(' ')],
  ])('a canary as %s', (_, text) => {
    const clean = canary(text)
    expect(clean).toContain(REDACTED)
    expect(clean).not.toContain(CANARY.slice(10, 18))
    expect(canary(clean)).toBe(clean)
  })

  it('prose, digests and other encoded text stay as they are', () => {
    const others = [
      'A commit 1f0c6ff2, a path a/b-c_d.ts,\nand 100 % of it.',
      base64('c4n4ry'),
      hex.slice(0, 20),
    ]
    for (const text of others) expect(canary(text)).toBe(text)
  })

  it.each([
    ['backslashes', '\\'],
    ['line breaks', '\n'],
    ['lines of spaces', `c\n${' '.repeat(50)}`],
    ['digits and breaks', 'aa\n'],
    ['first letters and gaps', `c${'.'.repeat(16)}4${'\\n'.repeat(8)}`],
    ['last letters', '2bV7'],
  ])('a megabyte of %s takes no time to speak of', (_, piece) => {
    const text = piece.repeat(1_000_000 / piece.length)
    const startedAt = performance.now()
    expect(canary(`${text}${wrapped(CANARY, 9, '\n')}`)).toContain(REDACTED)
    expect(performance.now() - startedAt).toBeLessThan(2000)
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
