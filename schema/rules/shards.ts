import { type Draft, type DraftState, errorTargetsOf } from '../dialects/codemie/draft.ts'
import { customNodeKind, itemOf } from '../dialects/codemie/lower.ts'
import { readBoolean } from '../lax.ts'
import { CONTINUE } from '../workflow.ts'
import { entryOf } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

/** Lists that several machines may share: what an item does must not depend on where the others are. */
export const shards: Rule = (draft, say) => {
  const sharing = draft.states.filter(({ next }) => next.shard !== undefined)
  const inIterations = new Set(
    draft.states.flatMap(({ next }) => (next.iterKey && next.stateId ? [next.stateId.value] : [])),
  )
  sharing.forEach((state, index) => {
    const { next } = state
    const entry = entryOf(next.node, 'shard')
    if (!entry) return
    const report = sayAt(say, { at: entry.key, path: `${next.path}/shard` })
    if (!next.iterKey) {
      report({
        code: 'shard-without-items',
        message: "'shard' shares the items of a list, and there is no 'iter_key' here",
        help: "Add 'iter_key', or remove 'shard'",
      })
      return
    }
    if (inIterations.has(state.id?.value ?? '')) {
      report({
        code: 'shard-inside-items',
        message: `'${state.id?.value}' runs once for each item itself, and only the outermost list can be shared`,
        help: "Put 'shard' beside the first 'iter_key'",
      })
      return
    }
    if (index > 0) {
      report({
        code: 'shard-twice',
        severity: 'warning',
        message: `A run is shared once: this list is worked on by one machine when that of '${sharing[0]?.id?.value}' came before`,
        help: "Keep 'shard' where most of the work is",
      })
    }
    checkChain(draft, chainFrom(draft, state), say)
  })
}

function sayAt(say: Say, place: Pick<Parameters<Say>[0], 'at' | 'path'>) {
  return (finding: Omit<Parameters<Say>[0], 'at' | 'path' | 'severity'> & { severity?: 'warning' }) =>
    say({ severity: 'error', ...place, ...finding })
}

interface Chain {
  /** What an item goes through, in order. */
  readonly states: readonly DraftState[]
  /** The last one hands the item back to one before. */
  readonly isLoop: boolean
}

function chainFrom(draft: Draft, { next }: DraftState): Chain {
  const byId = new Map(draft.states.map((state) => [state.id?.value, state]))
  const states = new Set<DraftState>()
  let one = byId.get(next.stateId?.value)
  while (one && !states.has(one)) {
    states.add(one)
    one = one.next.iterKey ? byId.get(one.next.stateId?.value) : undefined
  }
  return { states: [...states], isLoop: one !== undefined }
}

function checkChain(draft: Draft, { states, isLoop }: Chain, say: Say): void {
  states.forEach((state, index) => {
    const id = state.id?.value ?? ''
    const waits = WAITS.map((key) => entryOf(state.node, key)).find((entry) => readBoolean(entry?.value))
    if (waits) {
      say({
        code: 'shard-waits',
        severity: 'error',
        at: waits.key,
        path: state.path,
        message: `'${id}' is part of a list that several machines share, so it cannot wait for a person`,
        help: "Let the run wait before the list or behind it, or remove 'shard'",
      })
    }
    const report = sayAt(say, { at: state.id?.at ?? state.node, path: `${state.path}/id` })
    const node = itemOf(draft.customNodes, state.customNodeId?.value)
    if ((index > 0 || isLoop) && node && customNodeKind(node) === 'state_processor_node') {
      report({
        code: 'shard-items-meet',
        message: `'${id}' reads the outputs of all items, and several machines share them`,
        help: "Sum up behind the list, or remove 'shard'",
      })
    }
    const last = states.at(-1)?.id?.value ?? ''
    const isSeen = isLoop || index < states.length - 2
    if (isSeen && (leavesSomething(state) || errorTargetsOf(state).some(({ value }) => value !== CONTINUE))) {
      report({
        code: 'shard-items-meet',
        message: `'${last}' sees what '${id}' and its error handlers leave behind for all items, and several machines share them`,
        help: `Give '${id}' store_in_context: false and include_in_llm_history: false, no output_key and no state in on_error, or remove 'shard'`,
      })
    }
  })
}

const WAITS = ['interrupt_before', 'wait_for_user_confirmation', 'approval'] as const

/** Whether others than the next state of the same item see anything of a state. */
function leavesSomething({ next }: DraftState): boolean {
  return (
    next.storeInContext ||
    next.includeInHistory ||
    next.outputKey !== undefined ||
    next.clearPriorMessages ||
    next.clearContextStore !== false
  )
}
