import { readRepeatable, rerun } from '../runner/rerun.ts'
import type { StoredRun } from '../runner/store/read-run.ts'
import type { Place } from './answer-run.ts'
import { nameDefinition } from './definition-name.ts'
import { originOf } from './event.ts'
import { type Outcome, outcomeOf } from './event-outcome.ts'
import { watchRun } from './execute.ts'
import type { ActionEnvironment } from './job.ts'
import { type EventStep, withoutSecrets } from './run-events.ts'
import { readRunInput } from './run-input.ts'

/**
 * Starts a run of what another one was given, with the definition that the base has now: the one in a record is only what
 * somebody who may push wrote there. It is about what the other one was about. Refuses like `readRepeatable` and `rerun`.
 */
export async function rerunRun(
  environment: ActionEnvironment,
  step: EventStep,
  { project, read }: Pick<Place, 'project' | 'read'>,
  stored: StoredRun,
): Promise<Outcome> {
  const { settings, redact } = step
  const origin = await readRepeatable(stored, project, true)
  const { workflow, manifest } = origin
  const { about } = manifest.trigger
  const text = await readRunInput(workflow, { pairs: [], text: origin.text })
  const event = await environment.event()
  const source = { workflow: nameDefinition(workflow.file), input: JSON.stringify([manifest.id, text]) }
  const started = event && originOf(event, source, environment.world.now())
  const world = read.withoutKeys === undefined ? step.world : withoutSecrets(step.world, project, redact)
  const run = await watchRun(
    environment,
    { ...step, settings, project, workflow, world, ...(about ? { about } : {}) },
    (options) =>
      rerun({
        ...options,
        origin,
        input: text,
        ...started,
        ...(started && about ? { trigger: { ...started.trigger, about } } : {}),
      }),
  )
  return outcomeOf(run, undefined)
}
