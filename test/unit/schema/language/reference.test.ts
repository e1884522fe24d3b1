import { describe, expect, test } from 'vitest'
import {
  caseFold,
  isAlpha,
  isDecimal,
  isDigit,
  isIdentifier,
  isLower,
  isNumeric,
  isTitle,
  isUpper,
  lowerAt,
  toTitle,
} from '../../../../schema/language/characters.ts'
import { isPrintable } from '../../../../schema/language/printing.ts'
import { isSpace } from '../../../../schema/language/text.ts'
import { saneVector } from '../../../oracle/exceptions.ts'
import { encode, OWN_RECORDINGS, openRecordings } from '../../../oracle/recorded.ts'
import { EXPRESSION_FIELDS, EXPRESSIONS } from '../../../reference/expressions.ts'
import { Choices, type Grammar, generate } from '../../../reference/grammar.ts'
import { answer, difference } from '../../../reference/ours.ts'
import { CONDITION_OUTPUTS, CONDITIONS, OUTPUTS } from '../../../reference/outputs.ts'
import { askReference, type Call, referenceVersions } from '../../../reference/python.ts'
import { SECURE_TEMPLATES, TEMPLATE_CONTEXT, TEMPLATES } from '../../../reference/templates.ts'

/**
 * The same texts every time, so that a test that passed does not fail with the next change of something else;
 * LANGUAGE_SEED=random makes other ones. The seed in a test's name makes them again.
 */
const given = process.env['LANGUAGE_SEED'] ?? '1'
const seed = given === 'random' ? Math.floor(Math.random() * 2 ** 32) : Number(given)
/** How many times as many texts as usual. */
const times = Number(process.env['LANGUAGE_TIMES'] ?? 1)
const versions = await referenceVersions()
const against = versions ?? 'skipped: there is no Python with Jinja2; REFERENCE_PYTHON names one'
const again = `LANGUAGE_SEED=${seed}`
const TIME_LIMIT_MS = 120_000 * times

/** The functions that the reference has, by the names of their recordings. */
const COMPARED = [
  ...['safe_eval', 'condition', 'convert_value', 'parse'],
  ...['render_dynamic', 'render_args', 'render_secure'],
]

type Maker = (choices: Choices) => Call

function text(grammar: Grammar, kind: string, choices: Choices, most: number): string {
  return generate(grammar, kind, choices, 1 + choices.below(most))
}

/** Whether a call did something: it gave a value, and not just the text it was given. */
function isAnswered({ input }: Call, output: unknown): boolean {
  return output !== undefined && !Object.values(input).includes(output)
}

/** What was generated of a call; the names it may use are always the same. */
function shown({ input: { vars: _vars, context: _context, ...generated } }: Call): string {
  return JSON.stringify(generated)
}

/** Compare so many generated calls. What differs comes back, shortest first, and how many calls did something. */
async function compareMany(count: number, make: Maker): Promise<{ differences: string[]; answered: number }> {
  const choices = new Choices(seed)
  const calls = Array.from({ length: count * times }, () => make(choices))
  const theirs = await askReference(calls)
  const differences = calls.flatMap((call, index) => {
    const found = difference(answer(call), theirs[index] ?? {})
    return found === undefined ? [] : [`${shown(call)}: ${found}`]
  })
  const answered = calls.filter((call, index) => isAnswered(call, theirs[index]?.output)).length
  return { differences: differences.sort((a, b) => a.length - b.length), answered }
}

describe.skipIf(versions === undefined)(`the language against ${against}`, () => {
  const recordings = openRecordings(OWN_RECORDINGS)

  test(
    'the reference answers as upstream did',
    async () => {
      const vectors = COMPARED.flatMap((fn) =>
        recordings
          .vectors(fn)
          .filter((vector) => saneVector(fn, vector, false)?.section !== '4.1')
          .map((vector) => ({ ...vector, fn })),
      )
      const plain = (value: unknown): unknown => encode(recordings.decode(value))
      const calls = vectors.map(({ fn, input }) => ({
        fn,
        input: Object.fromEntries(Object.entries(input).map(([name, value]) => [name, plain(value)])),
      }))
      const answers = await askReference(calls)
      const wrong = vectors.flatMap(({ id, output, error }, index) => {
        const recorded = error === undefined ? { output } : { error: error.type }
        const found = difference(answers[index] ?? {}, recorded)
        return found === undefined ? [] : [`${id}: ${found}`]
      })
      expect(wrong).toEqual([])
    },
    TIME_LIMIT_MS,
  )

  test.each<[string, number, number, Maker]>([
    [
      'expressions',
      15_000,
      10_000,
      (choices) => ({
        fn: 'safe_eval',
        input: { expr: text(EXPRESSIONS, 'expression', choices, 5), vars: EXPRESSION_FIELDS },
      }),
    ],
    [
      'templates of engine A',
      2_600,
      1_700,
      (choices) => ({
        fn: 'render_dynamic',
        input: { source: text(TEMPLATES, 'template', choices, 3), context: TEMPLATE_CONTEXT },
      }),
    ],
    [
      'templates of engine B',
      2_600,
      1_200,
      (choices) => ({
        fn: 'render_secure',
        input: { template: text(SECURE_TEMPLATES, 'template', choices, 3), context: TEMPLATE_CONTEXT },
      }),
    ],
    [
      'outputs',
      5_000,
      1_500,
      (choices) => ({ fn: 'parse', input: { text: text(OUTPUTS, 'output', choices, 4) } }),
    ],
    [
      'fields of outputs',
      3_000,
      800,
      (choices) => ({ fn: 'convert_value', input: { value: text(OUTPUTS, 'value', choices, 3) } }),
    ],
    [
      'conditions',
      5_000,
      1_500,
      (choices) => ({
        fn: 'condition',
        input: {
          output: text(CONDITION_OUTPUTS, 'output', choices, 3),
          expression: text(CONDITIONS, 'condition', choices, 3),
        },
      }),
    ],
  ])(
    `generated %s (to make the same ones: ${again})`,
    async (_name, count, least, make) => {
      const { differences, answered } = await compareMany(count, make)
      expect(differences.slice(0, 20)).toEqual([])
      expect(answered).toBeGreaterThanOrEqual(least)
    },
    TIME_LIMIT_MS,
  )

  test('what is known of single characters', async () => {
    const [found] = await askReference([{ fn: 'characters', input: { from: 0, to: 0x2200 } }])
    const facts = found?.output as [number, unknown[]][]
    const wrong = facts.filter(([code, known]) => {
      const char = String.fromCodePoint(code)
      return !NEWER_THAN_PYTHON.has(char) && JSON.stringify(factsOf(char)) !== JSON.stringify(known)
    })
    expect(wrong.map(([code]) => code.toString(16))).toEqual([])
  })
})

/** Letters whose case changed in a Unicode that Node may have before Python does. */
const NEWER_THAN_PYTHON = new Set(['ƛ', 'ɤ', 'ʕ', 'ჼ'])

/** What `character` in `language.py` tells, from our own tables. */
function factsOf(char: string): unknown[] {
  const isCaseless = !isUpper(char) && !isLower(char)
  const points = (around: string): string[] => Array.from(around)
  return [
    [
      isAlpha(char),
      isAlpha(char) || isNumeric(char),
      isDecimal(char),
      isDigit(char),
      isNumeric(char),
      isSpace(char),
      isPrintable(char),
      isIdentifier(char),
      isLower(char),
      isUpper(char),
      isUpper(char) || isTitle(char),
    ],
    [char.toLowerCase(), char.toUpperCase(), toTitle(char), caseFold(char), toTitle(char)],
    isIdentifier(`a${char}`),
    [lowerAt(points(`a${char}Σ`), 2), lowerAt(points(`Σ${char}a`), 0), isCaseless && !isTitle(char)],
  ]
}
