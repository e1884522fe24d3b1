import { Ajv } from '../../runner/ajv.ts'
import { applyContextUpdates } from '../../runner/engine/context.ts'
import { dumpsJson, type PyDict } from '../../schema/language/index.ts'
import type { State, Workflow } from '../../schema/workflow.ts'
import { contextUpdateOf } from './engine-functions.ts'
import { decode, encode } from './recorded.ts'
import {
  type LlmCall,
  type Reply,
  type Round,
  type Superstep,
  superstepsOf,
  type Task,
  type Trace,
} from './trace.ts'

/** What a run would look like in a recording if the other engine did the better thing, as far as that can be said. */
export interface SaneRun {
  /** The recording as it should be; the same where absent. */
  readonly trace?: Trace
  /** Only what happened before this superstep is compared; counted from 0 over all rounds. */
  readonly until?: number
}

/**
 * The tasks of each superstep, those apart that were started for themselves alone: with an item, or by a fan-out in the
 * superstep before.
 */
export function startsOf(
  trace: Trace,
  workflow: Workflow,
): readonly { edges: readonly Task[]; sends: readonly Task[] }[] {
  const fanOuts = new Map(
    workflow.states.map(({ id, next }) => [id, next.kind === 'fan-out' ? next.to.map((to) => to.value) : []]),
  )
  let sent: string[] = []
  return superstepsOf(trace).map(({ tasks }) => {
    const edges: Task[] = []
    const sends: Task[] = []
    const left = [...sent]
    for (const task of tasks) {
      const at = left.indexOf(task.node)
      if (at >= 0) left.splice(at, 1)
      ;(at >= 0 || 'task' in (task.input ?? {}) ? sends : edges).push(task)
    }
    sent = tasks.flatMap(({ node }) => fanOuts.get(node) ?? [])
    return { edges, sends }
  })
}

/** The trace with other rounds. */
export function withRounds(trace: Trace, rounds: readonly Round[]): Trace {
  return { ...trace, observed: { ...trace.observed, rounds } }
}

/** The first superstep in which such a state runs. */
export function firstTask(
  trace: Trace,
  workflow: Workflow,
  matches: (state: State) => boolean,
): number | undefined {
  const ids = new Set(workflow.states.filter(matches).map((state) => state.id))
  const at = superstepsOf(trace).findIndex(({ tasks }) => tasks.some(({ node }) => ids.has(node)))
  return at < 0 ? undefined : at
}

/** For runs that upstream fails in a superstep of such a state, with such an error: they are compared up to there. */
export function failsAt(
  matches: (state: State) => boolean,
  error: RegExp,
): (trace: Trace, workflow: Workflow) => SaneRun | undefined {
  return (trace, workflow) => {
    const last = trace.observed.rounds.at(-1)
    const supersteps = superstepsOf(trace)
    const failing = supersteps.at(-1)
    if (!last?.error || !failing || failing.values) return undefined
    if (!error.test(`${last.error.type}: ${last.error.message}`)) return undefined
    const ids = new Set(workflow.states.filter(matches).map((state) => state.id))
    return failing.tasks.some(({ node }) => ids.has(node)) ? { until: supersteps.length - 1 } : undefined
  }
}

/**
 * Recomputes the shared context from the recorded updates, without the keys that should be gone. Ends where a prompt or
 * an argument is made of the context, or where a branch has a context of its own.
 */
export function withOldKeysDropped(trace: Trace, workflow: Workflow): SaneRun | undefined {
  const keeping = new Set(
    workflow.states
      .filter(({ output }) => output.context === 'keep-current' && output.storeInContext)
      .map(({ id }) => id),
  )
  const plain = new Set(
    workflow.states
      .filter(({ work }) => work.kind === 'agent' && !work.renderTask && work.outputSchema === undefined)
      .map(({ id }) => id),
  ).add('result_finalizer_node')
  const starts = startsOf(trace, workflow)
  let shared: PyDict | undefined
  let at = -1
  let until: number | undefined
  const rounds = trace.observed.rounds.map((round, number): Round => {
    if (shared && number > 0) until ??= at + 1
    return {
      ...round,
      supersteps: round.supersteps.map((superstep, index): Superstep => {
        at++
        const { tasks, values } = superstep
        const startsHere = !shared && tasks.some(({ node }) => keeping.has(node))
        if (!values || until !== undefined || (!shared && !startsHere)) return superstep
        const { edges, sends } = starts[at] ?? { edges: [], sends: [] }
        const isPlain = sends.length === 0 && tasks.every(({ node }) => plain.has(node))
        if (shared && !isPlain) {
          until = at
          return superstep
        }
        const before =
          shared ?? (decode(contextBefore(round, index) ?? tasks[0]?.input?.context_store ?? {}) as PyDict)
        const after = applyContextUpdates(
          before,
          [...edges, ...sends].map(({ node, update }) => {
            const change = contextUpdateOf(update && 'context_store' in update ? update.context_store : {})
            return keeping.has(node) && change.start === 'merge'
              ? { ...change, start: 'keep-current' }
              : change
          }),
        )
        const seen = shared
        shared = after
        return {
          tasks: seen
            ? tasks.map((task) => ({ ...task, input: { ...task.input, context_store: encode(seen) } }))
            : tasks,
          values: { ...values, context_store: encode(after) },
        }
      }),
    }
  })
  if (!shared) return undefined
  return { trace: withRounds(trace, rounds), ...(until === undefined ? {} : { until }) }
}

function contextBefore({ supersteps }: Round, index: number): unknown {
  return supersteps.slice(0, index).findLast(({ values }) => values)?.values?.context_store
}

/** Ends the run in the superstep during which it was aborted. */
export function abortedAt(trace: Trace, state: string): Trace {
  const rounds: Round[] = []
  for (const round of trace.observed.rounds) {
    const at = round.supersteps.findIndex(({ tasks }) => tasks.some(({ node }) => node === state))
    if (at < 0) {
      rounds.push(round)
      continue
    }
    const [aborted] = round.supersteps.slice(at)
    const supersteps = [...round.supersteps.slice(0, at), { tasks: aborted?.tasks ?? [] }]
    rounds.push({ status: 'Aborted', supersteps })
    break
  }
  const rows = trace.observed.rows.filter(({ status }) => status !== 'Aborted')
  return { ...trace, observed: { ...trace.observed, rounds, rows } }
}

/** Lets n supersteps pass with a limit of n, and stops a resumed run when the whole of it has had n. */
export function withinTheLimit(trace: Trace, workflow: Workflow): SaneRun | undefined {
  const { rounds } = trace.observed
  const limit = workflow.limits.recursionLimit
  const total = superstepsOf(trace).length
  if (total > limit && rounds.length > 1) {
    const kept: Round[] = []
    let left = limit
    for (const round of rounds) {
      const supersteps = round.supersteps.slice(0, left)
      left -= supersteps.length
      const isCut = supersteps.length < round.supersteps.length
      kept.push({ ...round, supersteps, ...(isCut ? { status: 'Failed' } : {}) })
      if (isCut) break
    }
    return { trace: withRounds(trace, kept), until: limit }
  }
  const last = rounds.at(-1)
  if (last?.error?.type !== 'GraphRecursionError' || total > limit) return undefined
  const goesTo = (last.supersteps.at(-1)?.tasks ?? []).flatMap(({ node, update }) => {
    const next = workflow.states.find(({ id }) => id === node)?.next
    const targets = next?.kind === 'fan-out' ? next.to.map((to) => to.value) : (update?.next ?? [])
    return targets.filter((id) => id !== null && id !== 'end' && id !== '__end__')
  })
  const before = rounds.slice(0, -1)
  if (goesTo.length === 0) return { trace: withRounds(trace, [...before, { ...last, status: 'Succeeded' }]) }
  const isHeld = goesTo.some((id) => workflow.states.some((state) => state.id === id && state.pauseBefore))
  if (!isHeld) return undefined
  const paused: Round = { ...last, status: 'Interrupted' }
  const more = (trace.resume ?? []).length >= rounds.length ? [{ status: 'Failed', supersteps: [] }] : []
  return { trace: withRounds(trace, [...before, paused, ...more]) }
}

/**
 * Leaves the ordinary call before each structured one, which asks the same with the system prompt, and answers it with
 * what the structured one gave.
 */
export function withOneStructuredCall(trace: Trace, workflow: Workflow): SaneRun | undefined {
  const { llm_calls } = trace.observed
  if (!llm_calls.some((call) => call.structured)) return undefined
  const calls: LlmCall[] = []
  const replies = new Map<string, Reply[]>()
  for (const [index, call] of llm_calls.entries()) {
    if (!call.structured) {
      calls.push(call)
      continue
    }
    const ordinary = calls.findLastIndex(({ node, structured }) => node === call.node && !structured)
    const asked = calls[ordinary]
    // With tools in between there were more calls than two, and no telling which of them would have been left. An
    // answer that does not fit is asked for again, which upstream does not do.
    const isPair =
      asked !== undefined && llm_calls.slice(0, index).findLast((c) => c.node === call.node) === asked
    if (!isPair || usesTools(asked) || !fitsSchema(call.reply, asked)) {
      const at = firstTask(trace, workflow, (state) => state.id === call.node)
      return at === undefined ? undefined : { until: at }
    }
    calls[ordinary] = { ...asked, structured: true }
    replies.set(call.node, [...(replies.get(call.node) ?? []), call.reply])
  }
  return {
    trace: {
      ...trace,
      replies: { ...trace.replies, ...Object.fromEntries(replies) },
      observed: { ...trace.observed, llm_calls: calls },
    },
  }
}

function usesTools({ reply, messages }: LlmCall): boolean {
  return (typeof reply === 'object' && 'tool_calls' in reply) || messages.at(-1)?.role === 'tool'
}

function fitsSchema(reply: Reply, { messages }: LlmCall): boolean {
  const [, schema = 'true'] =
    /<SCHEMA_HINT_SUFFIX>([\s\S]*)<\/SCHEMA_HINT_SUFFIX>/.exec(messages[0]?.text ?? '') ?? []
  if (typeof reply !== 'string') return true
  try {
    return new Ajv({ strict: false }).validate(JSON.parse(schema), JSON.parse(reply))
  } catch {
    return false
  }
}

const NOT_A_STRING = '<NOT A STRING> '

/** Gives as JSON text what a JSON pointer found, where upstream passes the value itself on. */
export function withPointerResultsAsText(trace: Trace, workflow: Workflow): SaneRun | undefined {
  const text = JSON.stringify(trace.observed)
  const pointing = new Set(
    workflow.states
      .filter(({ work }) => work.kind === 'tool' && work.resultPointer !== undefined)
      .map((state) => state.id),
  )
  if (!text.includes(NOT_A_STRING) || pointing.size === 0) return undefined
  const observed = JSON.parse(text.replaceAll(NOT_A_STRING, '')) as Trace['observed']
  const rows = observed.rows.map((row) =>
    pointing.has(row.state_id) && row.status === 'Succeeded' && typeof row.output !== 'string'
      ? { ...row, output: dumpsJson(decode(row.output)) }
      : row,
  )
  return { trace: { ...trace, observed: { ...observed, rows } } }
}
