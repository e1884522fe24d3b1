import { expect, test } from 'vitest'
import { typedLine } from '../../../cli/run-version.ts'
import type { Repeatable } from '../../../runner/rerun.ts'

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const line = (given: Partial<Repeatable>) =>
  typedLine('review', COMMIT, { text: '', settings: {}, ...given } as Repeatable)

test.each<[situation: string, given: Partial<Repeatable>, expected: string]>([
  ['nothing given', {}, 'codemie-ci run review@0123456789ab'],
  ['a plain word', { text: 'main' }, 'codemie-ci run review@0123456789ab --input main'],
  [
    'JSON with a quote',
    { text: `{"a":"it's"}` },
    `codemie-ci run review@0123456789ab --input '{"a":"it'\\''s"}'`,
  ],
  [
    'line breaks and escape sequences',
    { text: `a\nb\u001b[31m'\\` },
    `codemie-ci run review@0123456789ab --input $'a\\x0ab\\x1b[31m\\'\\\\'`,
  ],
  [
    'what turns text around',
    { text: 'a\u202eb c' },
    `codemie-ci run review@0123456789ab --input $'a\\xe2\\x80\\xaeb c'`,
  ],
  [
    'model and strictness',
    { settings: { model: 'openai:gpt-5', strict: true } },
    'codemie-ci run review@0123456789ab --model openai:gpt-5 --strict',
  ],
])('%s', (_situation, given, expected) => {
  expect(line(given)).toBe(expected)
})
