import type { Driver, TextTest } from './workflow.ts'

/**
 * What a block does with the states in it, in words: `at most 3 rounds, until the output of tester matches ^PASS`. Holds texts
 * of the definition.
 */
export function driverWords(driver: Driver): string {
  return (WORDS[driver.kind] as (driver: Driver) => string)(driver)
}

const WORDS: { readonly [K in Driver['kind']]: (driver: Extract<Driver, { kind: K }>) => string } = {
  once: ({ orElse }) =>
    orElse === undefined ? 'once' : 'once; when it fails, the run goes on with the text that it was given',
  until: ({ maxIterations, exit }) => `at most ${rounds(maxIterations)}, until ${testWords(exit)}`,
  'for-each': ({ of, pattern, atOnce, minSuccess }) =>
    [
      `for each match of ${pattern.value} in ${outputWords(of?.value, 'the text')}`,
      atOnceWords(atOnce),
      ...(minSuccess === undefined ? [] : [`${minSuccess} must succeed`]),
    ].join(', '),
  all: ({ copies, atOnce, minSuccess, aggregator }) =>
    [
      atOnceWords(atOnce),
      ...Object.entries(copies).map(([id, times]) => `${id} ${times} times`),
      ...(minSuccess === undefined ? [] : [`${minSuccess} must succeed`]),
      ...(aggregator ? [`then ${aggregator.id} on all answers`] : []),
    ].join(', '),
  choose: ({ first, when, onMatch, onNoMatch }) => {
    const test = first ? `${first.id}, then when its answer ${verbWords(when)}` : `when ${testWords(when)}`
    return `${test}: ${listWords(onMatch)}; else ${listWords(onNoMatch)}`
  },
}

const rounds = (most: number) => (most === 1 ? '1 round' : `${most} rounds`)

function atOnceWords(atOnce: number | undefined): string {
  return atOnce === undefined
    ? 'all at once'
    : atOnce === 1
      ? 'one after the other'
      : `at most ${atOnce} at once`
}

const listWords = (ids: readonly string[]) => (ids.length === 0 ? 'nothing' : ids.join(', '))

/** A test in words: `the output of tester matches ^PASS`. Holds texts of the definition. */
export function testWords(test: TextTest): string {
  return `${outputWords(test.of?.value, 'the latest output')} ${verbWords(test)}`
}

const outputWords = (name: string | undefined, latest: string) =>
  name === undefined ? latest : `the output of ${name}`

function verbWords({ contains, matches }: TextTest): string {
  return [
    ...(contains ? [`contains ${JSON.stringify(contains.value)}`] : []),
    ...(matches ? [`matches ${matches.value}`] : []),
  ].join(' or ')
}
