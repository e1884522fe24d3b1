import { expect, test } from 'vitest'
import type { RunEvent } from '../../../../runner/events.ts'
import { countHandedOut, tellInOrder } from '../../../../runner/store/journal-order.ts'

/** `+a`: a step begins, `-a`: it ends; anything else is an event of the run. */
function event(text: string): RunEvent {
  const [sign, path] = [text[0], text.slice(1)]
  if (sign === '+') return { type: 'step-started', path } as RunEvent
  if (sign === '-') return { type: 'step-finished', path } as RunEvent
  if (text === 'begin') return { type: 'run-started', ordered: true } as RunEvent
  if (text === 'shared') return { type: 'run-paused', shards: {} } as RunEvent
  return { type: text } as RunEvent
}
const words = (one: RunEvent) =>
  one.type === 'step-started'
    ? `+${one.path}`
    : one.type === 'step-finished'
      ? `-${one.path}`
      : one.type === 'run-started'
        ? 'begin'
        : one.type
const told = (...journal: readonly string[]) => tellInOrder(journal.map(event)).events.map(words)

test.each([
  [
    'a list that was worked on two at a time',
    ['+r[2]', '+r[1]', '-r[1]', '+r[10]', '-r[2]', '-r[10]'],
    ['+r[1]', '-r[1]', '+r[2]', '-r[2]', '+r[10]', '-r[10]'],
  ],
  [
    'an item that went on before the others had come so far',
    ['+r[1]', '-r[1]', '+f[1]', '-f[1]', '+r[2]', '-r[2]'],
    ['+r[1]', '-r[1]', '+f[1]', '-f[1]', '+r[2]', '-r[2]'],
  ],
  ['states side by side', ['+b', '+a', '-a', '-b'], ['+b', '-b', '+a', '-a']],
  [
    'a list inside of a called workflow',
    ['+c', '+c/r[2]', '+c/r[1]', '-c/r[1]', '-c/r[2]', '-c'],
    ['+c', '+c/r[1]', '-c/r[1]', '+c/r[2]', '-c/r[2]', '-c'],
  ],
  [
    'a resumption keeps its place',
    ['+r[2]', 'run-resumed', '+r[1]', '-r[1]', '-r[2]'],
    ['+r[2]', 'run-resumed', '+r[1]', '-r[1]', '-r[2]'],
  ],
])('%s', (_, journal, expected) => {
  expect(told('begin', ...journal)).toEqual(['begin', ...expected])
})

test('that the run was handed out and taken back is left out; that it waits for that is not', () => {
  const seam = ['shared', 'run-finished', 'run-resumed']
  expect(told('begin', '-plan', ...seam, '+r[1]')).toEqual(['begin', '-plan', '+r[1]'])
  expect(told('begin', '-plan', 'shared', 'run-finished')).toEqual([
    'begin',
    '-plan',
    'run-paused',
    'run-finished',
  ])
  expect(countHandedOut(['begin', ...seam, ...seam].map(event))).toBe(2)
})

test('a run without such a list is told as it happened', () => {
  const journal = ['run-started', '+r[2]', '+r[1]', 'shared', 'run-finished', 'run-resumed'].map(event)
  expect(tellInOrder(journal)).toEqual({ events: journal, handedOut: 0 })
})
