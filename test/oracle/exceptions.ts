import { analyseTopology } from '../../runner/engine/topology.ts'
import type { Workflow } from '../../schema/workflow.ts'
import type { Vector } from './recorded.ts'
import {
  abortedAt,
  failsAt,
  firstTask,
  type SaneRun,
  startsOf,
  withinTheLimit,
  withOldKeysDropped,
  withOneStructuredCall,
  withPointerResultsAsText,
  withRounds,
} from './sane-runs.ts'
import { superstepsOf, type Trace } from './trace.ts'

/**
 * Where we do the better thing on purpose. Each exception names the section of the behaviour notes that allows it and
 * says what a recording would hold if the other engine did the same: that is what we are compared with. Where it cannot
 * be said, the run is compared up to the place where the difference begins. Exceptions look at what a definition asks
 * for and what happened, never at a name of a recording.
 */
interface Exception {
  readonly section: string
  readonly why: string
}

interface VectorException extends Exception {
  readonly functions: readonly string[]
  /**
   * The recording as it should be; `'unknown'`: there is no telling, and anything may come out. `undefined`: this is
   * not such a case. `failed`: ours failed.
   */
  readonly sane: (vector: Vector, failed: boolean) => Vector | 'unknown' | undefined
}

interface TraceException extends Exception {
  readonly sane: (trace: Trace, workflow: Workflow) => SaneRun | undefined
}

/** What a recorded call is to be compared with when it came out differently; `undefined`: that is not allowed. */
export function saneVector(
  name: string,
  vector: Vector,
  failed: boolean,
): { readonly section: string; readonly vector: Vector | undefined } | undefined {
  for (const { section, functions, sane } of vectorExceptions) {
    const found = functions.includes(name) ? sane(vector, failed) : undefined
    if (found) return { section, vector: found === 'unknown' ? undefined : found }
  }
  return undefined
}

/** What a recorded run is to be compared with. */
export interface SaneTrace {
  readonly trace: Trace
  readonly until?: number | undefined
  /** What allows it; empty: nothing does. */
  readonly sections: readonly string[]
}

/** What a recorded run is to be compared with when it came out differently. */
export function saneTrace(trace: Trace, workflow: Workflow): SaneTrace {
  let result: SaneTrace = { trace, sections: [] }
  for (const { section, sane } of traceExceptions) {
    const found = sane(result.trace, workflow)
    if (!found) continue
    const until = Math.min(result.until ?? Number.POSITIVE_INFINITY, found.until ?? Number.POSITIVE_INFINITY)
    result = {
      trace: found.trace ?? result.trace,
      until: Number.isFinite(until) ? until : undefined,
      sections: [...result.sections, section],
    }
  }
  return result
}

/** The section that lets us refuse a definition which upstream starts, by the code we report. */
export function sectionOfRefusal(code: string): string | undefined {
  return REFUSALS.get(code)
}

const REFUSALS = new Map([
  ['reserved-output-key', '10.17'],
  ['limit-cannot-be-met', '10.9'],
  ['autonomous-mode', '4.8'],
])

const vectorExceptions: readonly VectorException[] = [
  {
    section: '9 b',
    why: 'clear_context_store with output_key stores nothing and does not crash',
    functions: ['node_update'],
    sane: (vector) => {
      const next = nextOf(vector)
      if (vector.error?.type !== 'TypeError' || next['clear_context_store'] !== true) return undefined
      return 'output_key' in next
        ? asOutput(vector, { context_after: {}, history_after: historyAfter(vector) })
        : undefined
    },
  },
  {
    section: '9 c, 10.13',
    why: 'append_to_context with keep_current gives plain lists, as it does in a normal run',
    functions: ['node_update', 'reduce_context'],
    sane: (vector) => {
      const text = JSON.stringify(vector.output ?? null)
      const unwrapped = text.replace(
        /\{"__APPEND_VALUE__":(\[(?:[^[\]"]|"(?:[^"\\]|\\.)*"|\[[^[\]]*\])*\])\}/g,
        '$1',
      )
      return unwrapped === text ? undefined : asOutput(vector, JSON.parse(unwrapped))
    },
  },
  {
    section: '9 g',
    why: 'valid JSON is decoded by the rules of JSON: an escaped slash is a slash',
    functions: ['parse', 'convert_value', 'iter_items', 'node_update'],
    sane: (vector) => {
      const text = JSON.stringify(vector.output ?? null)
      const decoded = text.replaceAll('\\\\/', '/')
      return decoded === text ? undefined : asOutput(vector, JSON.parse(decoded))
    },
  },
  {
    section: '9 g',
    why: 'valid JSON is decoded by the rules of JSON: an escaped pair is one character',
    functions: ['condition', 'route', 'safe_eval'],
    sane: ({ input }) =>
      /\\\\u[dD][89abAB][0-9a-fA-F]{2}\\\\u[dD][c-fC-F]|\\\\\//.test(JSON.stringify(input))
        ? 'unknown'
        : undefined,
  },
  {
    section: '4.1',
    why: 'in a circle of context values the order of the context decides, wherever the circle stands',
    functions: ['render_dynamic', 'render_args'],
    sane: ({ input }) => (hasCircleAndMore(input['context']) ? 'unknown' : undefined),
  },
  {
    section: '2.8',
    why: 'a place in an iteration without an item is none',
    functions: ['iter_items'],
    sane: (vector) => {
      const state = vector.input['task_state'] as Readonly<Record<string, unknown>> | undefined
      if (!state || String(vector.input['iter_key']) in state || !Array.isArray(vector.output))
        return undefined
      const sends = vector.output as readonly Readonly<Record<string, unknown>>[]
      const context = branchContext(vector)
      return asOutput(
        vector,
        sends.map((send, i) => ({ ...send, number: i + 1, context })),
      )
    },
  },
  {
    section: '2.8',
    why: 'an item that has number 0 still is one',
    functions: ['iter_items'],
    sane: (vector) => {
      const state = vector.input['task_state'] as Readonly<Record<string, unknown>> | undefined
      if (state?.['iteration_node_number'] !== 0 || !Array.isArray(vector.output)) return undefined
      const sends = vector.output as readonly Readonly<Record<string, unknown>>[]
      return asOutput(
        vector,
        sends.map((send) => ({ ...send, number: 0, context: vector.input['context'] ?? {} })),
      )
    },
  },
  {
    section: '1.8',
    why: 'the reserved ids __start__ and __end__ are refused as targets',
    functions: ['route'],
    sane: (vector) =>
      nextOf(vector)['state_id'] === '__end__' && vector.output === 'result_finalizer_node'
        ? asOutput(vector, '__end__')
        : undefined,
  },
  {
    section: '10.21',
    why: 'a context value string_value that is no text is a failure with that reason',
    functions: ['agent_prompt'],
    sane: ({ input }, failed) => {
      const value = (input['context'] as Readonly<Record<string, unknown>> | null)?.['string_value'] ?? ''
      return failed && typeof value !== 'string' ? 'unknown' : undefined
    },
  },
  {
    section: '10.23, 4.6',
    why: 'a timeout, a lost connection, 408 and 429 are worth another try',
    functions: ['retry_on'],
    sane: (vector) => {
      const { exception } = vector.input
      const passing =
        /^(?:.* (?:408|429)|TimeoutError|(?:requests|httpx)\..*Timeout|requests\.ConnectionError)$/
      return passing.test(String(exception)) && vector.output === false ? asOutput(vector, true) : undefined
    },
  },
  {
    section: '9 l',
    why: 'what fails the same way each time is not tried again',
    functions: ['retry_on'],
    sane: (vector) =>
      vector.input['exception'] === 'TransformationError' && vector.output === true
        ? asOutput(vector, false)
        : undefined,
  },
]

const traceExceptions: readonly TraceException[] = [
  {
    section: '9 a',
    why: 'keep_current really drops the old keys',
    sane: withOldKeysDropped,
  },
  {
    section: '9 b',
    why: 'clear_context_store with output_key stores nothing and does not crash',
    sane: failsAt((s) => s.output.context === 'clear' && s.output.outputKey !== undefined, /TypeError/),
  },
  {
    section: '9 d',
    why: 'an output_key named like the iter_key splits as usual',
    sane: (trace, workflow) => {
      const { mapTargets } = analyseTopology(workflow)
      const at = firstTask(trace, workflow, (state) => {
        const { next, output } = state
        return next.kind === 'map' && next.items.value === output.outputKey && !mapTargets.has(state.id)
      })
      return at === undefined ? undefined : { until: at + 1 }
    },
  },
  {
    section: '9 e',
    why: 'branches of one split do not see the keys of each other',
    sane: (trace, workflow) => {
      const rendering = new Set(
        workflow.states.filter(({ work }) => work.kind === 'agent' && work.renderTask).map(({ id }) => id),
      )
      const at = superstepsOf(trace).findIndex(({ tasks }) => {
        const items = tasks.filter(({ node }) => rendering.has(node)).map(({ input }) => input?.['task'])
        return items.some(isDict) && new Set(items.map(keysOf)).size > 1
      })
      return at < 0 ? undefined : { until: at }
    },
  },
  {
    section: '9 f',
    why: 'removing a message twice is no error',
    sane: failsAt(() => true, /delete a message/),
  },
  {
    section: '9 h',
    why: 'an abort stops at once',
    sane: (trace) => (trace.abort_at === undefined ? undefined : { trace: abortedAt(trace, trace.abort_at) }),
  },
  {
    section: '9 i, 10.9',
    why: 'a long history is summed up without skipping or repeating states',
    sane: (trace) => {
      const supersteps = superstepsOf(trace)
      let at = supersteps.findIndex(({ tasks }) => tasks.some(({ node }) => node === 'summarize_memory_node'))
      if (at < 0) return undefined
      // The state that was skipped has a superstep of its own that changes nothing.
      while (at > 0 && !supersteps[at - 1]?.values) at--
      return { until: at }
    },
  },
  {
    section: '9 j, 10.2',
    why: 'a join waits for everything that can still lead to it',
    sane: (trace, workflow) => {
      const { deferred, leadsTo, isBefore } = analyseTopology(workflow)
      const at = startsOf(trace, workflow).findIndex(({ edges, sends }) =>
        edges.some(
          ({ node: join }) =>
            deferred.has(join) &&
            (edges.some(({ node }) => isBefore(node, join)) ||
              sends.some(({ node }) => node !== join && leadsTo(node, join))),
        ),
      )
      return at < 0 ? undefined : { until: at }
    },
  },
  {
    section: '9 k, 10.5',
    why: 'end in state_ids is a branch that does nothing',
    sane: failsAt((s) => s.next.kind === 'fan-out' && s.next.to.some((to) => to.value === 'end'), /END node/),
  },
  {
    section: '9 k',
    why: 'end in state_ids leads to the summary as any other end does, not as a branch with a view of its own',
    sane: (trace, workflow) => {
      const at = firstTask(
        trace,
        workflow,
        ({ next }) => next.kind === 'fan-out' && next.to.some((to) => to.value === 'end'),
      )
      return at === undefined || !workflow.finalizer ? undefined : { until: at + 1 }
    },
  },
  {
    section: '10.1',
    why: 'n supersteps need a limit of n, counted over the whole run',
    sane: withinTheLimit,
  },
  {
    section: '10.3',
    why: 'an answer to a held iteration keeps its items',
    sane: (trace, workflow) => {
      const { mapTargets } = analyseTopology(workflow)
      let at = 0
      for (const [index, round] of trace.observed.rounds.entries()) {
        const said = index > 0 && (trace.resume?.[index - 1]?.user_input ?? '') !== ''
        const lostItems = round.supersteps[0]?.tasks.some(
          ({ node, input }) => mapTargets.has(node) && (input?.['task'] ?? '') === '',
        )
        if (said && lostItems) return { until: at }
        at += round.supersteps.length
      }
      return undefined
    },
  },
  {
    section: '10.4',
    why: 'a first state without input can be held',
    sane: (trace, workflow) => {
      const [first] = trace.observed.rounds
      const held = (trace.user_input ?? '') === '' && workflow.states[0]?.pauseBefore === true
      if (!held || first?.status !== 'Failed' || first.supersteps.length > 0) return undefined
      return { trace: withRounds(trace, [{ status: 'Interrupted', supersteps: [] }]), until: 0 }
    },
  },
  {
    section: '10.6',
    why: 'an assistant that cannot be built is a failed step',
    sane: (trace, workflow) => {
      const known = new Set(trace.observed.rows.map((row) => row.state_id))
      return failsAt((state) => state.work.kind === 'agent' && !known.has(state.id), /ValueError/)(
        trace,
        workflow,
      )
    },
  },
  {
    section: '10.8',
    why: 'structured output takes one call, checked and asked again',
    sane: withOneStructuredCall,
  },
  {
    section: '10.10',
    why: 'a number or truth value that a JSON pointer finds does not fail the step',
    sane: failsAt(
      (s) => s.work.kind === 'tool' && s.work.resultPointer !== undefined,
      /has no len|TypeError/,
    ),
  },
  {
    section: '10.10, 5.2',
    why: 'what a JSON pointer finds becomes JSON text',
    sane: withPointerResultsAsText,
  },
  {
    section: '10.23',
    why: 'timeouts are worth another try',
    sane: failsAt((s) => s.work.kind === 'tool', /Timeout/),
  },
  {
    section: '5.4',
    why: 'a state processor without state_id reads all earlier steps instead of waiting for itself',
    sane: failsAt((s) => s.work.kind === 'state-processor' && s.work.config['state_id'] === undefined, /./),
  },
  {
    section: '10.9',
    why: 'a sum-up as a custom node is a state like any other, with an output',
    sane: (trace, workflow) => {
      const at = firstTask(trace, workflow, (state) => state.work.kind === 'summary')
      return at === undefined ? undefined : { until: at }
    },
  },
]

function nextOf({ input }: Vector): Readonly<Record<string, unknown>> {
  return (input['next'] ?? {}) as Readonly<Record<string, unknown>>
}

function asOutput({ error: _, ...vector }: Vector, output: unknown): Vector {
  return { ...vector, output }
}

function historyAfter(vector: Vector): readonly (readonly string[])[] {
  const next = nextOf(vector)
  const before = ((vector.input['history'] ?? []) as string[]).map((text) => ['human', text])
  const role = vector.input['as_human'] === true ? 'human' : 'ai'
  const included = (next['include_in_llm_history'] ?? next['keep_history']) !== false
  return [
    ...(next['clear_prior_messages'] === true ? [] : before),
    ...(included ? [[role, String(vector.input['output'])]] : []),
  ]
}

function branchContext(vector: Vector): unknown {
  const keys = nextOf(vector)['include_in_iterator_context'] as readonly string[] | undefined
  const context = (vector.input['context'] ?? {}) as Readonly<Record<string, unknown>>
  if (!keys || (keys.length === 1 && keys[0] === '*')) return context
  return Object.fromEntries(keys.filter((key) => key in context).map((key) => [key, context[key]]))
}

function isDict(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function keysOf(value: unknown): string {
  return isDict(value)
    ? Object.keys(value as object)
        .sort()
        .join('\n')
    : ''
}

/** Whether texts of a context refer to each other in a circle, and another text stands outside of it. */
function hasCircleAndMore(context: unknown): boolean {
  if (typeof context !== 'object' || context === null) return false
  const texts = Object.entries(context).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].includes('{{'),
  )
  const mentions = new Map(
    texts.map(([key, text]) => [
      key,
      texts.map(([other]) => other).filter((other) => new RegExp(`\\{\\{\\s*${other}\\b`).test(text)),
    ]),
  )
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (mentions.get(from) ?? []).some(
      (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
    )
  const inCircle = texts.filter(([key]) => reaches(key, key, new Set()))
  return inCircle.length > 0 && inCircle.length < texts.length
}
