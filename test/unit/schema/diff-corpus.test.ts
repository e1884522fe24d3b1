import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { compareWorkflows } from '../../../schema/diff/compare.ts'
import { CHANGE_RULES } from '../../../schema/diff/rules.ts'
import { BASE, DEFINITION_CHANGES, isToml, readDefinition } from '../../helpers/definition-changes.ts'
import { expectMirrored, inWords } from '../../helpers/mirrored-changes.ts'

const compareTexts = (before: string, after: string) =>
  compareWorkflows(readDefinition(before), readDefinition(after))

describe('what a change of a definition means', () => {
  test.each(DEFINITION_CHANGES)('$name', ({ before, after, means }) => {
    expect(after).not.toBe(before)
    expect(compareTexts(before, after).map(inWords)).toEqual(means)
  })

  test('every kind of change is there, and no case twice', () => {
    const found = new Set(DEFINITION_CHANGES.flatMap(({ means }) => means.map((line) => line.split(' ')[1])))
    expect([...found].sort()).toEqual(CHANGE_RULES.map(({ code }) => code).sort())
    expect(new Set(DEFINITION_CHANGES.map(({ name }) => name)).size).toBe(DEFINITION_CHANGES.length)
  })
})

type Data = Record<string, unknown>

/** Keys in another order wherever that means nothing: everywhere but in the states, of which the first is the entry. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, turned(member)]),
  )
}

function withStatesTurned(definition: Data): Data {
  const [first, ...rest] = definition['states'] as unknown[]
  return { ...definition, states: [first, ...rest.reverse()] }
}

/** The same definition, written otherwise. */
const FORMS: Readonly<Record<string, (text: string) => string>> = {
  'with comments': (text) => `# Why\n${text.replace(/^( *)- id:/gm, '\n$1# Who\n$1- id:')}\n# The end\n`,
  'with Windows line ends': (text) => text.replaceAll('\n', '\r\n'),
  'with texts in double quotes': (text) =>
    stringify(parse(text), { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' }),
  'with keys in quotes, too': (text) => stringify(parse(text), { defaultStringType: 'QUOTE_SINGLE' }),
  'in braces': (text) => stringify(parse(text), { collectionStyle: 'flow', lineWidth: 60 }),
  'as JSON': (text) => JSON.stringify(parse(text), null, 2),
  'with deeper indentation': (text) => stringify(parse(text), { indent: 6 }),
  'with keys in another order': (text) => stringify(turned(parse(text))),
  'with states in another order': (text) => stringify(withStatesTurned(parse(text))),
  'inside of a template': (text) => {
    const { name, description, ...config } = parse(text) as Data
    return stringify({ name, description, slug: 'review', execution_config: config })
  },
  'inside of a record': (text) => {
    const { name, description, ...config } = parse(text) as Data
    return stringify({ id: 7, name, description, yaml_config: stringify(config) })
  },
}

describe('the same definition, written otherwise, is no change', () => {
  const all = [...new Set([BASE, ...DEFINITION_CHANGES.map(({ after }) => after)])]
  const texts = all.filter((text) => !isToml(text)).filter((_, place) => place % 8 === 0)

  test('nor is it as it stands', () => {
    for (const text of all) expect(compareTexts(text, text)).toEqual([])
  })

  test.each(Object.entries(FORMS))('%s', (_name, write) => {
    for (const text of texts) expect(compareTexts(text, write(text)).map(inWords)).toEqual([])
  })

  test('and what changed is told alike', () => {
    for (const { before, after, means } of DEFINITION_CHANGES.filter((_, place) => place % 4 === 0)) {
      if (isToml(after)) continue
      const other = FORMS['inside of a template']?.(after) ?? ''
      expect(compareTexts(before, other).map(inWords)).toEqual(means)
    }
  })
})

describe('a change backwards', () => {
  test.each(DEFINITION_CHANGES)('$name', ({ before, after }) => {
    expectMirrored(readDefinition(before), readDefinition(after))
  })
})
