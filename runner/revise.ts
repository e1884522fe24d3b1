import type { Work } from '../schema/workflow.ts'
import type { RunOptions } from './carry-out.ts'
import { revisedOf } from './engine/answers.ts'
import { withYes } from './engine/ask.ts'
import { budgetDoor, lowerBudget, spendingOf } from './engine/budget.ts'
import { rememberingDoor } from './engine/door.ts'
import { memoryOf } from './engine/memory.ts'
import { placeName, stateOfPath } from './engine/step.ts'
import type { Ask, RunEvent } from './events.ts'
import type { EquippedWorkflow } from './interpret.ts'
import type { ChatMessage } from './models/model.ts'
import { nothingToChange, refuseUnfit } from './pause.ts'
import { makeReady, type ReadyWorkflow } from './ready.ts'
import { findRecorded, gitActor, readRecorded, settingsOf } from './recorded.ts'
import { openRecordsOf, warnThrough } from './records.ts'
import { Reporter } from './reporter.ts'
import type { RunActor } from './store/manifest.ts'
import type { RecordPlace } from './store/writer.ts'

export interface ReviseOptions extends RunOptions {
  readonly runId: string
  /** What is to be changed, in words. */
  readonly request: string
  /** Take the run over although another machine may still be running it. */
  readonly takeOver?: boolean
  /** Who asks. Default: `user.name` of git. */
  readonly actor?: RunActor
}

/** An output that was reworked; the run still waits. */
export interface RevisedOutput {
  readonly runId: string
  /** The step whose output it is. */
  readonly path: string
  readonly output: string
  readonly heldBefore: readonly string[]
  readonly needsApproval: boolean
  /** What a yes is asked for now. */
  readonly asks: readonly Ask[]
  readonly record: RecordPlace
}

/**
 * Has a model rework the output of the step that finished last before a run began to wait. The new text stands for the
 * output when the run goes on; until then it can be reworked again. Fails with the `StepFailure` of the model.
 *
 * Refuses with `run-not-waiting`, and with `nothing-to-change` when no step has finished yet.
 */
export async function reviseOutput(given: ReviseOptions): Promise<RevisedOutput> {
  const { options, records, stored } = await openRecordsOf(given, warnThrough(given))
  const { world, project, request, signal } = options
  const runId = stored.manifest.id
  // Before the run is claimed: a wish that cannot be met must not disturb it.
  findOutput(runId, stored.events)
  const resumed = await records.resume(runId, { takeOver: options.takeOver ?? false })
  const { writer, events } = resumed
  try {
    const { workflow: about } = resumed.manifest
    const { path, output, held, round } = findOutput(runId, events)
    const recorded = readRecorded(runId, about.file, resumed.workflowText, about.id)
    const ready = await makeReady(recorded, { ...settingsOf(events), ...options }, findRecorded(resumed))
    const { setup, workflow } = ready
    const reporter = new Reporter(world, options.onEvent, writer, events, false)
    const budget = lowerBudget(project.config.budgets, workflow.budget)
    const perform = rememberingDoor(
      budgetDoor(setup.perform, budget, spendingOf(events), setup),
      memoryOf(events),
      (event) => void reporter.emit(event),
      world.now,
    )
    const model = modelFor(path, ready)
    const messages = conversation(output, request)
    const reply = await perform({
      kind: 'model',
      path: `${path}@revised`,
      attempt: round,
      ordinal: 1,
      signal,
      request: { model, messages },
    })
    await setup.close()
    const by = options.actor ?? (await gitActor(records))
    await reporter.emit({
      type: 'output-revised',
      path,
      request,
      output: reply.text,
      model: reply.model,
      ...(by ? { by } : {}),
    })
    const record = await writer.finish({ status: 'paused' })
    const { before, reason, asks = [] } = held
    const revised = new Map(revisedOf(events)).set(path, reply.text)
    return {
      runId,
      path,
      output: reply.text,
      heldBefore: before,
      needsApproval: reason === 'approval',
      asks: withYes(asks, revised),
      record,
    }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** The output that an edit would replace, reworked or not, and how often it would then have been reworked. */
function findOutput(runId: string, events: readonly RunEvent[]) {
  const held = refuseUnfit({ runId, answer: { decision: 'approved' } }, events)
  if (!held) throw new Error('refuseUnfit lets no decision pass that nobody waits for')
  const path = held.last
  let output: string | undefined
  let round = 1
  for (const event of events) {
    if (event.type === 'step-finished' && event.path === path) output = event.output
    if (event.type === 'output-revised' && event.path === path) {
      output = event.output
      round++
    }
  }
  if (path === undefined || output === undefined) {
    throw nothingToChange(runId, held)
  }
  return { path, output, held, round }
}

/** The model that wrote the output, or that of the workflow which the step belongs to where no model wrote it. */
function modelFor(path: string, { workflow, setup, called }: ReadyWorkflow): string {
  let at: EquippedWorkflow | undefined = { workflow, kit: setup.kit }
  let work: Work | undefined
  for (const place of stateOfPath(path).split('/')) {
    if (work?.kind === 'call') at = called.get(work.workflow.value)
    work = at?.workflow.states.find(({ id }) => placeName(id) === place)?.work
  }
  const { modelOverride, defaultModel } = at?.kit ?? setup.kit
  const own = work?.kind === 'agent' ? work.assistant.model : undefined
  return modelOverride ?? own ?? defaultModel
}

function conversation(output: string, request: string): readonly ChatMessage[] {
  const instruction =
    'You rework a text as you are asked to. Answer with the whole new text and nothing around it. Keep its form, and everything that you are not asked to change. The text:'
  return [
    { role: 'system', content: `${instruction}\n\n${output}` },
    { role: 'user', content: request },
  ]
}
