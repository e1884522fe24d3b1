import { expect } from 'vitest'
import type { Change, ChangeClass } from '../../schema/diff/change.ts'
import { compareWorkflows } from '../../schema/diff/compare.ts'
import type { Workflow } from '../../schema/workflow.ts'

/** `widening tools-changed review: tools +shell`; `-` is the workflow as a whole. */
export const inWords = ({ class: kind, code, state, sentence }: Change): string =>
  `${kind} ${code} ${state ?? '-'}: ${sentence}`

/** Numbers and switches, which go up or down, and states, which come or go. */
const ONE_WAY =
  /^(budget-\w+|recursion-limit|rounds|copies|timeout|retry|approval|pause|cache|finalizer|tool-output-limit|context-tools|guard|state|tool-result)-/

/**
 * The classes that a change may have backwards: what grants more that way grants less this way, and what gives one power for
 * another grants something both ways.
 */
function mirrored({ class: kind, code, before, after }: Change): readonly ChangeClass[] {
  // Where no model is said, the default provider's answers.
  const isExchange =
    code === 'model-changed' ||
    ![before, after].some((text) => text === undefined || text === '[]' || text === '{}')
  switch (kind) {
    case 'neutral':
      return code === 'inputs-changed' ? ['neutral', 'breaking'] : ['neutral']
    case 'narrowing':
      return ['widening']
    case 'widening':
      if (code === 'lifecycle-changed') return ['breaking']
      return isExchange && !ONE_WAY.test(code) ? ['narrowing', 'widening'] : ['narrowing']
    case 'breaking':
      return code === 'lifecycle-changed' ? ['widening'] : ['breaking', 'neutral']
  }
}
const COUNTERPARTS: Readonly<Record<string, string>> = {
  'state-added': 'state-removed',
  'state-removed': 'state-added',
}

/** Each change has its counterpart when the two are compared the other way round, and nothing else is told there. */
export function expectMirrored(old: Workflow, now: Workflow): void {
  const [there, back] = [compareWorkflows(old, now), compareWorkflows(now, old)]
  const renamed = new Map(
    back.flatMap(({ code, state, sentence }) => {
      const name = /^was called '(.*)'$/.exec(sentence)?.[1]
      if (code !== 'state-renamed' || name === undefined || state === undefined) return []
      const block = /^[^/]+\//.exec(state)?.[0] ?? ''
      return [[state, block + name]]
    }),
  )
  // Targets are named as they are called after the change.
  const key = (code: string, state: string | undefined, from?: string, to?: string) =>
    JSON.stringify(renamed.size === 0 ? [code, state, from, to] : [code, state])
  const rest = new Map<string, Change[]>()
  for (const change of back) {
    const { code, state, before: from, after: to } = change
    const name = key(COUNTERPARTS[code] ?? code, renamed.get(state ?? '') ?? state, to, from)
    rest.set(name, [...(rest.get(name) ?? []), change])
  }
  for (const change of there) {
    const { code, state, before: from, after: to, class: kind } = change
    const counterparts = rest.get(key(code, state, from, to)) ?? []
    const place = counterparts.findIndex((one) => mirrored(change).includes(one.class))
    expect(place, `${kind} ${code} ${state ?? '-'} backwards`).not.toBe(-1)
    counterparts.splice(place, 1)
  }
  expect([...rest.values()].flat().map(inWords)).toEqual([])
}
