import { analyseTopology } from '../../runner/engine/topology.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { targetsOf } from '../../schema/workflow.ts'
import type { Trace } from './traces.ts'

/**
 * Where we do the better thing on purpose. Each entry names the section of the behaviour notes and says when it
 * applies; a difference that no entry covers is a bug. Entries look at what a workflow asks for, never at its name.
 */
export interface TraceException {
  readonly section: string
  readonly why: string
  readonly applies: (trace: Trace, workflow: Workflow | undefined) => boolean
}

export const traceExceptions: readonly TraceException[] = [
  {
    section: '9 a',
    why: 'keep_current really drops the old keys',
    applies: (_, workflow) => states(workflow).some((state) => state.output.context === 'keep-current'),
  },
  {
    section: '9 b',
    why: 'clear_context_store with output_key stores nothing and does not crash',
    applies: (_, workflow) =>
      states(workflow).some((s) => s.output.context === 'clear' && s.output.outputKey !== undefined),
  },
  {
    section: '9 d',
    why: 'an output_key named like the iter_key splits as usual',
    applies: (_, workflow) =>
      states(workflow).some((s) => s.next.kind === 'map' && s.next.items.value === s.output.outputKey),
  },
  {
    section: '9 e',
    why: 'branches of one split do not see the keys of each other',
    applies: (_, workflow) => mapTargets(workflow).some((s) => s.work.kind === 'agent' && s.work.renderTask),
  },
  {
    section: '9 f',
    why: 'removing a message twice is no error',
    applies: ({ observed }) => observed.rounds.some((r) => /delete a message/.test(r.error?.message ?? '')),
  },
  {
    section: '9 h',
    why: 'an abort stops at once',
    applies: (trace) => trace.abort_at !== undefined,
  },
  {
    section: '9 i, 10.9',
    why: 'a long history is summed up without skipping or repeating states',
    applies: ({ observed }) => observed.rows.some((row) => row.state_id === 'summarize_memory_node'),
  },
  {
    section: '9 j, 10.2',
    why: 'a join waits for everything that can still lead to it',
    applies: (_, workflow) => workflow !== undefined && hasJoinThatUpstreamHurries(workflow),
  },
  {
    section: '9 k, 10.5',
    why: 'end in state_ids is a branch that does nothing',
    applies: (_, workflow) =>
      states(workflow).some((s) => s.next.kind === 'fan-out' && s.next.to.some((to) => to.value === 'end')),
  },
  {
    section: '10.1',
    why: 'n supersteps need a limit of n, counted over the whole run',
    applies: ({ observed, yaml }) =>
      observed.rounds.some((r) => r.error?.type === 'GraphRecursionError') ||
      (observed.rounds.length > 1 && yaml.includes('recursion_limit')),
  },
  {
    section: '10.3',
    why: 'an answer to a held iteration keeps its items',
    applies: (trace, workflow) =>
      (trace.resume ?? []).some((r) => r.user_input !== null) &&
      mapTargets(workflow).some((s) => s.pauseBefore),
  },
  {
    section: '10.4',
    why: 'a first state without input can be held',
    applies: (trace, workflow) =>
      (trace.user_input ?? '') === '' && states(workflow)[0]?.pauseBefore === true,
  },
  {
    section: '10.8',
    why: 'structured output takes one call, checked and asked again',
    applies: ({ observed }) => observed.llm_calls.some((call) => call.structured),
  },
  {
    section: '10.10, 5.2',
    why: 'what a JSON pointer finds becomes JSON text',
    applies: (_, workflow) =>
      states(workflow).some((s) => s.work.kind === 'tool' && s.work.resultPointer !== undefined),
  },
  {
    section: '10.9, 10.17, 10.22',
    why: 'what cannot work is refused with a position before anything is spent',
    applies: (_, workflow) => workflow === undefined,
  },
  {
    section: '10.23',
    why: 'timeouts are worth another try',
    applies: ({ yaml, tools }) =>
      yaml !== '' && Object.values(tools ?? {}).some((tool) => /"TimeoutError"/.test(JSON.stringify(tool))),
  },
  {
    section: '5.4',
    why: 'a state processor without state_id reads all earlier steps instead of waiting for itself',
    applies: (_, workflow) =>
      states(workflow).some(
        (s) => s.work.kind === 'state-processor' && s.work.config['state_id'] === undefined,
      ),
  },
  {
    section: '5.3',
    why: 'a sum-up as a custom node is a state like any other',
    applies: (_, workflow) => states(workflow).some((s) => s.work.kind === 'summary'),
  },
]

function states(workflow: Workflow | undefined): Workflow['states'] {
  return workflow?.states ?? []
}

function mapTargets(workflow: Workflow | undefined): Workflow['states'] {
  if (!workflow) return []
  const { mapTargets: ids } = analyseTopology(workflow)
  return workflow.states.filter((state) => ids.has(state.id))
}

/** Whether a join has an ancestor that is started for itself alone, or is a join itself: upstream waits for neither. */
function hasJoinThatUpstreamHurries(workflow: Workflow): boolean {
  const { deferred, leadsTo } = analyseTopology(workflow)
  const sent = workflow.states.flatMap((state) =>
    state.next.kind === 'map' || state.next.kind === 'fan-out'
      ? targetsOf(state.next).map((to) => to.value)
      : [],
  )
  const unawaited = new Set([...sent, ...deferred])
  return [...deferred].some((join) => [...unawaited].some((other) => other !== join && leadsTo(other, join)))
}
