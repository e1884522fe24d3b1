import { revisedOf } from '../engine/answers.ts'
import { digestOfAsk, digestOfYes } from '../engine/ask.ts'
import { isAmong } from '../engine/standing.ts'
import { stateOfPath } from '../engine/step.ts'
import type { Ask, RunEvent, RunPaused, RunResumed } from '../events.ts'
import type { RunManifest } from './manifest.ts'

/**
 * What is wrong with the approvals of a run, by its whole journal: one sentence each. A yes has to name what was asked
 * for, what was asked for has to be of this run, and a step that needs a yes must not have started without one. Pure.
 *
 * @param guarded states that need a yes by the definition, as `stateOfPath` names them. Default: those that were asked for.
 */
export function verifyApprovals(
  manifest: RunManifest,
  events: readonly RunEvent[],
  guarded: ReadonlySet<string> = new Set(),
): readonly string[] {
  const found: string[] = []
  /** Steps that the run waited before, ever. */
  const held = new Set<string>()
  /** Of the last pause. */
  let asked = new Map<string, Ask>()
  /** Steps that were asked for and have no yes yet. */
  const open = new Set<string>()
  let revised: ReadonlyMap<string, string> = new Map()
  events.forEach((event, index) => {
    if (event.type === 'run-paused') {
      asked = new Map((event.asks ?? []).map((ask) => [ask.path, ask]))
      for (const path of asked.keys()) open.add(path)
      for (const path of event.before) held.add(path)
      found.push(...strangers(manifest, event))
    } else if (event.type === 'run-resumed') {
      const { answer, definition } = event
      // Another definition may not need the yes; where it does, it asks for its own.
      for (const path of open) if (isAmong(definition?.askAgain ?? [], path)) open.delete(path)
      for (const [path, digest] of Object.entries(answer?.digests ?? {})) {
        const ask = asked.get(path)
        if (ask === undefined || digest !== digestOfYes(ask, revised))
          found.push(`${who(event)} ${answer?.decision ?? 'answered'} something else than ${path} asks for`)
        else if (answer?.decision === 'approved') open.delete(path)
      }
    } else if (event.type === 'step-started') {
      const isUnasked = guarded.has(stateOfPath(event.path)) && !held.has(event.path)
      if (open.delete(event.path) || isUnasked)
        found.push(`${event.path} started without the yes that it needs`)
    }
    // Of what was reworked, an accepted definition does some again.
    if (event.type === 'output-revised' || (event.type === 'run-resumed' && event.definition))
      revised = revisedOf(events.slice(0, index + 1))
  })
  return found
}

/** What a pause asks for that is not of this run. */
function strangers({ id, workflow, inputs }: RunManifest, { asks = [] }: RunPaused): string[] {
  const definitions = new Set([workflow.blob, ...(workflow.earlier ?? [])])
  return asks.flatMap((ask) => {
    const isOurs =
      digestOfAsk(id, ask) === ask.digest &&
      ask.inputs === inputs.sha256 &&
      definitions.has(ask.definition[0] ?? '')
    return isOurs ? [] : [`the yes that ${ask.path} asks for is not of this run`]
  })
}

function who({ answer }: RunResumed): string {
  return answer?.by?.name ?? 'somebody'
}
