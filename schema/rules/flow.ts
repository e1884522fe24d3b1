import { type Draft, errorTargetsOf, MOST_CONCURRENCY, mentionsOf } from '../dialects/codemie/draft.ts'
import { readNumber } from '../lax.ts'
import { childOf, entryOf } from '../yaml.ts'
import type { Rule } from './rule.ts'

/** Who can follow whom, by state id; targets of `on_error` count too. */
function successors(draft: Draft): ReadonlyMap<string, readonly string[]> {
  const table = new Map<string, readonly string[]>()
  for (const state of draft.states) {
    if (!state.id || table.has(state.id.value)) continue
    const targets = mentionsOf(state.next).map((mention) => mention.target.value)
    table.set(state.id.value, [...targets, ...errorTargetsOf(state).map(({ value }) => value)])
  }
  return table
}

/** Supersteps of the shortest way from the entry to each state. */
function distances(draft: Draft): ReadonlyMap<string, number> {
  const table = successors(draft)
  const found = new Map<string, number>()
  const entry = draft.states[0]?.id?.value
  if (entry === undefined) return found
  found.set(entry, 1)
  for (const [id, distance] of found) {
    for (const target of table.get(id) ?? []) if (!found.has(target)) found.set(target, distance + 1)
  }
  return found
}

/** Every state can be reached from the first one. */
export const reachability: Rule = (draft, say) => {
  const reached = distances(draft)
  for (const state of draft.states) {
    if (!state.id || reached.has(state.id.value)) continue
    say({
      code: 'unreachable-state',
      severity: 'warning',
      at: state.id.at,
      path: `${state.path}/id`,
      message: `No path leads to the state '${state.id.value}'`,
      help: 'Lead to it from another state, or remove it',
    })
  }
}

/** From every state some path ends; a loop without a way out always runs into the limit. */
export const endlessLoops: Rule = (draft, say) => {
  const table = successors(draft)
  const sources = new Map<string, string[]>()
  const open: string[] = []
  for (const [id, targets] of table) {
    if (targets.length === 0 || targets.includes('end')) open.push(id)
    for (const target of targets) {
      const list = sources.get(target)
      if (list) list.push(id)
      else sources.set(target, [id])
    }
  }
  const ends = new Set(open)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const source of sources.get(id) ?? []) {
      if (ends.has(source)) continue
      ends.add(source)
      open.push(source)
    }
  }
  const reached = distances(draft)
  const stuck = draft.states.filter(
    (state) => state.id && !ends.has(state.id.value) && reached.has(state.id.value),
  )
  const known = stuck.filter((state) =>
    (table.get(state.id?.value ?? '') ?? []).every((target) => table.has(target)),
  )
  const first = known[0]
  if (!first?.id || known.length < stuck.length) return
  say({
    code: 'endless-loop',
    severity: 'warning',
    at: first.id.at,
    path: `${first.path}/next`,
    message: `No path leads from '${first.id.value}' to an end: the run stops with an error at recursion_limit`,
    help: "Give the loop a way out with 'condition' or 'switch'",
  })
}

/** Ways on that are allowed but rarely meant. */
export const oddTransitions: Rule = (draft, say) => {
  /** Targets of iterations, with the keys that lead to them. */
  const keysInto = new Map<string, Set<string>>()
  for (const { next } of draft.states) {
    if (!next.iterKey || !next.stateId) continue
    const keys = keysInto.get(next.stateId.value) ?? new Set()
    keysInto.set(next.stateId.value, keys.add(next.iterKey.value))
  }
  for (const state of draft.states) {
    const { next } = state
    const id = state.id?.value ?? ''
    if (next.node && mentionsOf(next).length === 0 && !next.condition && !next.switch) {
      say({
        code: 'path-stops',
        severity: 'info',
        at: next.node,
        path: next.path,
        message: `Nothing follows '${id}': the path stops here, and no summary is made`,
        help: "Write 'state_id: end' if the workflow is finished here",
      })
    }
    for (const target of next.stateIds ?? []) {
      if (target.value !== 'end') continue
      say({
        code: 'end-beside-others',
        severity: 'warning',
        at: target.at,
        path: `${next.path}/state_ids`,
        message: "'end' among 'state_ids' does nothing; CodeMie fails on it at run time",
        help: "Remove it: the other branches reach 'end' by themselves",
      })
    }
    if (next.iterKey?.value && next.stateId?.value === 'end') {
      say({
        code: 'items-to-end',
        severity: 'warning',
        at: next.stateId.at,
        path: `${next.path}/state_id`,
        message: "The items are sent to 'end', where nothing takes them: the path stops",
        help: "Name the state that runs for each item, or remove 'iter_key'",
      })
    }
    const keys = keysInto.get(id)
    if (keys && (next.condition || next.switch)) {
      say({
        code: 'choice-ends-iteration',
        severity: 'warning',
        at: entryOf(next.node, next.condition ? 'condition' : 'switch')?.key ?? next.node ?? state.node,
        path: next.path,
        message: `'${id}' runs once for each item, but after this choice each target runs once for all of them together`,
        help: "Add 'iter_key' states for the work on each item and choose afterwards, if that is not meant",
      })
    }
    if (keys && next.iterKey && !state.finishIteration && !keys.has(next.iterKey.value)) {
      say({
        code: 'iteration-continues',
        severity: 'warning',
        at: next.iterKey.at,
        path: `${next.path}/iter_key`,
        message: `'${id}' is inside an iteration: it hands its item on and does not split its own output by '${next.iterKey.value}'`,
        help: "Add 'finish_iteration: true' to the state to split its output",
      })
    }
  }
}

/** Limits that cannot be met, or that are not what they seem. */
export const limits: Rule = (draft, say) => {
  const messages = entryOf(draft.config, 'messages_limit_before_summarization')
  if (messages && draft.messagesLimit === 1) {
    say({
      code: 'limit-cannot-be-met',
      severity: 'error',
      at: messages.value,
      path: `${draft.path}/messages_limit_before_summarization`,
      message: 'A history of one message cannot be reached: the summary itself leaves two',
      expected: 'at least 2',
      found: '1',
      help: 'Choose a larger limit; the default is 25',
    })
  }
  const tokens = entryOf(draft.config, 'tokens_limit_before_summarization')
  if (tokens && draft.tokensLimit !== undefined && draft.tokensLimit >= 1 && draft.tokensLimit < 100) {
    say({
      code: 'limit-too-low',
      severity: 'warning',
      at: tokens.value,
      path: `${draft.path}/tokens_limit_before_summarization`,
      message: `No summary fits into ${draft.tokensLimit} tokens: the history is summed up before every assistant`,
      help: 'Choose a larger limit; the default is 50000',
    })
  }
  const recursion = entryOf(draft.config, 'recursion_limit')
  const shortest = distances(draft).get('end')
  // `end` itself takes no superstep unless the summary runs there.
  const needed = shortest === undefined ? undefined : shortest - (draft.finalizer ? 0 : 1)
  const limit = draft.recursionLimit
  if (recursion && limit !== undefined && limit >= 1 && needed !== undefined && limit < needed) {
    say({
      code: 'limit-too-low',
      severity: 'warning',
      at: recursion.value,
      path: `${draft.path}/recursion_limit`,
      message: `No run can finish: the shortest path takes ${needed} supersteps`,
      expected: `at least ${needed}`,
      found: String(limit),
      help: 'Raise the limit or remove it; the default is 50',
    })
  }
  const concurrency = entryOf(draft.config, 'max_concurrency')
  const asked = readNumber(concurrency?.value)
  if (concurrency && asked !== undefined && asked > MOST_CONCURRENCY && asked <= 100) {
    say({
      code: 'concurrency-lowered',
      severity: 'info',
      at: concurrency.value,
      path: `${draft.path}/max_concurrency`,
      message: `At most ${MOST_CONCURRENCY} steps run at once; ${asked} counts as ${MOST_CONCURRENCY}`,
      help: `Write ${MOST_CONCURRENCY}`,
    })
  }
}

const LONG_PAUSE_SECONDS = 600

/** Intervals are seconds although some documents say milliseconds. */
export const retryUnits: Rule = (draft, say) => {
  const policies = [
    { node: childOf(draft.config, 'retry_policy'), path: `${draft.path}/retry_policy` },
    ...draft.states.map((state) => ({
      node: childOf(state.node, 'retry_policy'),
      path: `${state.path}/retry_policy`,
    })),
  ]
  for (const { node, path } of policies) {
    const entry = entryOf(node, 'initial_interval')
    const seconds = readNumber(entry?.value)
    if (!entry || seconds === undefined || seconds < LONG_PAUSE_SECONDS) continue
    say({
      code: 'retry-in-seconds',
      severity: 'warning',
      at: entry.value,
      path: `${path}/initial_interval`,
      message: `'initial_interval' is in seconds: the first pause is ${Math.round(seconds / 60)} minutes`,
      help: 'Divide by 1000 if milliseconds are meant',
    })
  }
}
