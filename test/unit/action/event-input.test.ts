import { describe, expect, test } from 'vitest'
import { describeEvent, EVENT_NAMES } from '../../../action/event-data.ts'
import { inputOf } from '../../../action/event-input.ts'
import { type Outcome, worstOf } from '../../../action/event-outcome.ts'
import { readEvent } from '../../../action/read-event.ts'
import { fenceOutside } from '../../../runner/policy/untrusted.ts'
import { readWorkflow } from '../../../schema/index.ts'
import { makeEvent } from '../../helpers/action.ts'

function workflowWith(inputs: string) {
  const text = `inputs: ${inputs}\nassistants: [{id: a, system_prompt: P}]\nstates: [{id: s, assistant_id: a, next: {state_id: end}}]\n`
  const { workflow, diagnostics } = readWorkflow({ file: 'w.yaml', text })
  if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join())
  return workflow
}

const EVENT = { name: 'push', number: 7, labels: ['a', 'b'], client_payload: { number: 8, ticket: 'T-1' } }

describe('what a workflow gets', () => {
  const rows: readonly (readonly [
    situation: string,
    inputs: string,
    chosen: Readonly<Record<string, unknown>>,
    text: object,
    pairs: readonly (readonly [string, string])[],
  ])[] = [
    ['nothing declared: all as event', '{}', { days: '7' }, { days: '7', event: EVENT }, []],
    ['a name of the event', '{name: {}}', {}, { name: 'push' }, []],
    ['the whole event', '{event: {}}', {}, { event: EVENT }, []],
    [
      'a key of a message from elsewhere goes before',
      '{number: {}, ticket: {}}',
      {},
      { number: 8, ticket: 'T-1' },
      [],
    ],
    ['what was chosen goes before all', '{name: {}, other: {}}', { name: 'mine' }, {}, [['name', 'mine']]],
    ['a form that was left empty', '{name: {}, days: {}}', { name: '', days: '' }, { name: 'push' }, []],
    ['a value that is no text', '{days: {}}', { days: 7 }, { days: 7 }, []],
    ['a list where a text is wanted', '{labels: {type: string}}', {}, { labels: 'a\nb' }, []],
    ['a number where a text is wanted', '{number: {type: string}}', {}, { number: '8' }, []],
    ['what nobody knows, and what every object has', '{unknown: {}, toString: {}}', {}, {}, []],
  ]
  test.each(rows)('%s', (_, inputs, chosen, text, pairs) => {
    const given = inputOf(workflowWith(inputs), { event: EVENT, chosen })
    expect(JSON.parse(given.text ?? '')).toEqual(text)
    expect(given.pairs).toEqual(pairs)
  })
})

test('everything that an event gives has a documented name', () => {
  const payload = {
    action: 'created',
    issue: {
      number: 3,
      title: 'T',
      body: 'B',
      user: { login: 'ann' },
      html_url: 'https://forge.test/3',
      labels: [{ name: 'x' }],
    },
    pull_request: { draft: true, base: { ref: 'main', sha: 'a' }, head: { ref: 'b', sha: 'c' } },
    comment: { body: 'C', user: { login: 'bob' }, author_association: 'NONE' },
    label: { name: 'x' },
    head_commit: { message: 'M' },
    before: 'd',
    after: 'e',
    schedule: '0 6 * * 1',
    sender: { login: 'bob' },
    client_payload: { deep: { list: ['a b', 1, null], 'not a word': 1 } },
  }
  const event = makeEvent({ name: 'push', ref: 'refs/tags/v1', payload })
  const gathered = { change: { files: ['a'], diff: '+a' }, comments: [{ author: 'ann', body: 'Hi' }] }
  const read = readEvent(event)
  const all = describeEvent(event, { ...read, occurrence: { ...read.occurrence, branch: 'main' } }, gathered)
  expect(Object.keys(all).sort()).toEqual(EVENT_NAMES.map(([name]) => name))
  const { value } = fenceOutside(all, 'push')
  expect(value).toMatchObject({
    number: 3,
    author: 'ann',
    url: 'https://forge.test/3',
    labels: ['x'],
    files: ['a'],
    draft: true,
    client_payload: { deep: { list: [expect.stringContaining('name="list"'), 1, null] } },
  })
  expect(JSON.stringify(value)).not.toContain('not a word')
})

describe('the worst of several', () => {
  const of = (status: Outcome['status'], exitStatus = 0): Outcome => ({
    id: status,
    name: status,
    status,
    exitStatus,
  })
  test.each<[situation: string, outcomes: readonly Outcome[], worst: string]>([
    ['one', [of('succeeded')], 'succeeded'],
    ['skipped ones do not count', [of('skipped'), of('succeeded')], 'succeeded'],
    ['one that waits', [of('paused'), of('succeeded')], 'paused'],
    [
      'a record that was not kept goes before one that waits',
      [of('paused'), of('succeeded', 6)],
      'succeeded',
    ],
    ['one that could not start', [of('failed', 1), of('refused', 2), of('invalid', 2)], 'refused'],
  ])('%s', (_, outcomes, worst) => {
    expect(worstOf(outcomes).status).toBe(worst)
  })
})
