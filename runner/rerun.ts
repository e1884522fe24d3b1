import { helpWithName } from '../schema/nearest.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { FindWorkflow } from './calls.ts'
import type { RunOptions, RunResult } from './carry-out.ts'
import { redoneBy } from './changed-definition.ts'
import { isAmong, standingEvents } from './engine/standing.ts'
import type { RunInput } from './engine/step.ts'
import type { RunEvent, StepFinished, StepStarted } from './events.ts'
import { Refusal } from './failure.ts'
import { blobId, objectFormatOf } from './git/object-id.ts'
import { addressOf, type Project } from './project.ts'
import { findRecorded, projectOfRun, readRecorded, readRecordedInput, settingsOf } from './recorded.ts'
import { warnThrough } from './records.ts'
import { type StartOptions, startRun } from './run.ts'
import { definitionTexts } from './store/definition.ts'
import type { RunManifest } from './store/manifest.ts'
import { EXCERPT_SIGN } from './store/payload.ts'
import type { StoredRun } from './store/read-run.ts'
import { callFileName, workflowFileName } from './store/record.ts'
import { refuseUntrusted } from './store/untrusted-record.ts'

/** What a run was given, ready to be given again. */
export interface Repeatable {
  readonly manifest: RunManifest
  readonly workflow: Workflow
  /** Where definitions that it calls are found. */
  readonly find: FindWorkflow
  /** Text of its input. */
  readonly text: string
  /** Files that it was given. */
  readonly given: Omit<RunInput, 'text'>
  /** What it was started with besides. */
  readonly settings: ReturnType<typeof settingsOf>
  readonly events: readonly RunEvent[]
  /** Commit that the recorded definition was taken from; `undefined`: the working tree, or the definition is that of now. */
  readonly revision: string | undefined
  /** Steps whose outputs the definition of now does not stand by; see `AcceptedDefinition`. */
  readonly redo: readonly string[]
}

/**
 * Reads what a run was given.
 *
 * @param latest the definition as it is in the working tree now; otherwise the recorded one.
 * Refuses with `inputs-elsewhere` when the record holds only a piece of it, and with `definition-invalid`.
 */
export async function readRepeatable(
  stored: StoredRun,
  project: Pick<Project, 'find'>,
  latest: boolean,
): Promise<Repeatable> {
  const { manifest, files, events } = stored
  refuseUntrusted(manifest)
  const { id, workflow: about } = manifest
  const textOf = (path: string) => {
    const text = Buffer.from(files.get(path) ?? []).toString('utf8')
    if (!text.includes(EXCERPT_SIGN)) return text
    throw new Refusal('inputs-elsewhere', `${path} of run ${id} was too large for its record`, {
      exitStatus: 6,
      help: 'Give the input anew, and with --latest the definition of now is taken.',
    })
  }
  const { text, ...given } = readRecordedInput(JSON.parse(textOf('inputs.json') || '{}'), files)
  const rest = {
    manifest,
    text,
    given,
    settings: settingsOf(events),
    events,
    redo: [],
    revision: undefined,
  }
  if (latest) {
    const found = await project.find(addressOf(about))
    if (found.workflow) {
      const recorded = { manifest, ...definitionTexts(manifest, files) }
      const redo = await redoneBy(found.workflow, project.find, recorded)
      return { ...rest, workflow: found.workflow, find: project.find, redo }
    }
    throw new Refusal('definition-invalid', `${found.file} is not valid`, {
      help: `\`codemie-ci validate ${found.file}\` says why; without --latest the recorded definition is taken.`,
    })
  }
  const calledTexts = new Map((about.calls ?? []).map((call) => [call.name, textOf(callFileName(call))]))
  const recorded = readRecorded(id, about.file, textOf(workflowFileName(about.file)), about.id)
  // Not where secrets were taken out of it: the commit has another one then.
  const isAsExecuted = blobId(Buffer.from(recorded.text), objectFormatOf(about.blob)) === about.blob
  return {
    ...rest,
    workflow: recorded,
    revision: isAsExecuted && about.earlier === undefined ? about.revision : undefined,
    find: findRecorded({ manifest, calledTexts }),
  }
}

export interface RerunOptions
  extends RunOptions,
    Pick<StartOptions, 'runId' | 'trigger' | 'actor' | 'ciUrl'> {
  readonly origin: Repeatable
  /** The input of the new run, fitted to its workflow. */
  readonly input: string
  /** Path or state of the first step that is done again; what had finished before it started keeps its output. */
  readonly from?: string
}

/** Starts a run that repeats another one, from its beginning or from a step of it, and is linked to it. */
export async function rerun(options: RerunOptions): Promise<RunResult> {
  const { origin, from, ...rest } = options
  const { manifest, workflow, find, given, settings, revision } = origin
  const kept =
    from === undefined ? { events: [], isMessageLost: false } : keepBefore(origin, from, options.world.now())
  if (kept.isMessageLost) {
    warnThrough(options)({
      code: 'answers-left-out',
      message: `What people said to run ${manifest.id} while it waited is not part of the new run; their edits are`,
    })
  }
  return await startRun({
    ...settings,
    ...rest,
    ...(revision === undefined
      ? {}
      : { revision, project: await projectOfRun(options.project, manifest, warnThrough(options)) }),
    workflow,
    ...given,
    find,
    origin: { run: manifest.id, ...(from === undefined ? {} : { from }) },
    known: kept.events,
  })
}

/**
 * The steps that had finished before a step first started, as events for the journal of the new run: without tokens and
 * money, which were paid once. Everything that the step could depend on is among them. Approvals are not: they were for
 * the other run. Edits stand for the outputs they replaced.
 *
 * Refuses with `no-such-step`.
 */
function keepBefore({ manifest, ...origin }: Repeatable, from: string, now: number) {
  const events = standingEvents(origin.events)
  const started = events.filter((event) => event.type === 'step-started')
  const isFrom = ({ path, state }: StepStarted) =>
    path === from || state === from || path.startsWith(`${from}[`)
  const cut = events.findIndex((event) => event.type === 'step-started' && isFrom(event))
  if (cut < 0) {
    const paths = [...new Set(started.map(({ path }) => path))]
    throw new Refusal('no-such-step', `Run ${manifest.id} has no step '${from}'`, {
      help: helpWithName(from, paths),
    })
  }
  const finished = new Map<string, { readonly started?: StepStarted; readonly finished: StepFinished }>()
  const openings = new Map<string, StepStarted>()
  let last: string | undefined
  let isMessageLost = false
  const replaceOutput = (path: string | undefined, output: string) => {
    const step = path === undefined ? undefined : finished.get(path)
    if (path !== undefined && step) finished.set(path, { ...step, finished: { ...step.finished, output } })
  }
  for (const event of events.slice(0, cut)) {
    if (event.type === 'step-started') openings.set(event.path, event)
    else if (event.type === 'step-finished') {
      const opening = openings.get(event.path)
      finished.set(event.path, { ...(opening ? { started: opening } : {}), finished: event })
    } else if (event.type === 'run-paused') last = event.last
    else if (event.type === 'output-revised') replaceOutput(event.path, event.output)
    else if (event.type === 'run-resumed' && event.answer) {
      if (event.answer.edit !== undefined) replaceOutput(last, event.answer.edit)
      isMessageLost ||= Boolean(event.answer.userInput)
    }
  }
  const at = new Date(now).toISOString()
  const kept = [...finished.values()].flatMap((step): RunEvent[] => {
    if (isAmong(origin.redo, step.finished.path)) return []
    const { usage: _usage, costUsd: _cost, costUnknown: _unknown, ...done } = step.finished
    return [
      ...(step.started ? [{ ...step.started, at }] : []),
      { ...done, at, durationMs: 0, takenFrom: manifest.id },
    ]
  })
  return { events: kept, isMessageLost }
}
