import { Refusal } from '../runner/failure.ts'
import { type OpenCommits, openCommits } from '../runner/fetch-commits.ts'
import type { Git } from '../runner/git/git.ts'
import { findRepository } from '../runner/git/repository.ts'
import { REDACTED, secretNamesOf, secretVariables } from '../runner/policy/secrets.ts'
import { fenceOutside } from '../runner/policy/untrusted.ts'
import { type Definition, openProject, type Project } from '../runner/project.ts'
import { count } from '../runner/report/plain-text.ts'
import type { RemovedText, RunSubject } from '../runner/store/manifest.ts'
import type { World } from '../runner/world.ts'
import {
  type Diagnostic,
  isTriggered,
  type Occurrence,
  renderDiagnostic,
  type Workflow,
} from '../schema/index.ts'
import { parseJsonObject } from '../schema/json-object.ts'
import { readChange } from './change.ts'
import { annotateAll } from './check.ts'
import { readComments } from './comments.ts'
import { nameDefinition } from './definition-name.ts'
import type { CiEvent } from './event.ts'
import { describeEvent, type Gathered } from './event-data.ts'
import { type EventInputs, inputOf } from './event-input.ts'
import { type Outcome, outcomeOf, worstOf } from './event-outcome.ts'
import { setEventOutputs } from './event-outputs.ts'
import { type EventReport, outcomeLines, renderEventSummary } from './event-summary.ts'
import { executeRun } from './execute.ts'
import { annotationOf } from './findings.ts'
import type { ActionEnvironment, Job } from './job.ts'
import { logLine } from './log-text.ts'
import type { ActionResult } from './main.ts'
import { type ReadEvent, readEvent } from './read-event.ts'
import { readRunInput, splitInput } from './run-input.ts'
import type { Settings } from './settings.ts'
import { whyReadOnly } from './strangers.ts'

/** A step in the mode `events`. */
export interface EventStep {
  readonly settings: Settings
  /** In the working directory, without what belongs to the action alone. */
  readonly world: World
  readonly job: Job
  readonly redact: (text: string) => string
  /** To be told of the project, before anything of it is shown. */
  readonly learnSecrets: (project: Project) => void
}

/**
 * Runs the workflows whose own `on` asks for the event, one after the other in the order of their names; one that fails
 * does not stop the others. What comes from outside is fenced, and what judges it comes from the base.
 */
export async function runOnEvent(environment: ActionEnvironment, step: EventStep): Promise<ActionResult> {
  const event = await environment.event()
  if (event === undefined) {
    throw new Refusal(
      'no-event',
      '`mode: events` needs the event of a job of GitHub Actions, and there is none',
      {
        help: 'Outside of GitHub Actions, `codemie-ci run <workflow>` runs one workflow.',
      },
    )
  }
  const read = asCalled(readEvent(event), step.settings)
  if (read.ignored !== undefined) return await sayNothingRuns(step.job, event, read.ignored)
  if (read.command !== undefined && read.occurrence.event === 'issue_comment') {
    const { carryOutCommand } = await import('./commands.ts')
    return await carryOutCommand(environment, step, { event, read, line: read.command })
  }
  return await withProject(step, read, ({ project, open }) =>
    runMatching(environment, step, { event, read, project, open }),
  )
}

/** What judges an event: the project as its base has it, and a git that has any commit that is asked for. */
export type Judge = Pick<Scene, 'project' | 'open'>

/** Opens what judges an event, for as long as `use` takes. */
export async function withProject<T>(
  step: EventStep,
  { trusted }: Pick<ReadEvent, 'trusted'>,
  use: (judge: Judge) => Promise<T>,
): Promise<T> {
  const opened: OpenCommits[] = []
  const repository = findRepository(step.world.cwd, step.world.env)
  const open = async (commits: readonly string[]): Promise<Git> => {
    const { token } = step.settings
    const commitsThere = await openCommits(repository, commits, { token })
    opened.push(commitsThere)
    return commitsThere.git
  }
  try {
    const at = trusted && { commit: trusted, git: await open([trusted]) }
    const project = await openProject(step.world, at ? { at } : {})
    step.learnSecrets(project)
    return await use({ project, open })
  } finally {
    for (const commits of opened) commits.close()
  }
}

/** Key of `inputs` by which the workflow file that `init` writes hands on which workflow its own caller wants. */
const CALLED = 'call'

/**
 * In a workflow of GitHub that another one calls, the event is that of the caller. What is called starts by its own
 * `workflow_call`; whose text is trusted, and whether there are keys, is still told by the event.
 */
function asCalled(read: ReadEvent, settings: Settings): ReadEvent {
  const { workflow } = settings
  if (workflow === undefined || actionInputs(settings)[CALLED] !== workflow) return read
  return {
    ...read,
    occurrence: { ...read.occurrence, event: 'workflow_call', type: undefined },
    chosen: workflow,
  }
}

/** An event, and what judges it. */
export interface Scene {
  readonly event: CiEvent
  readonly read: ReadEvent
  readonly project: Project
  readonly open: (commits: readonly string[]) => Promise<Git>
}

/** Runs the workflows that an event asks for, or the one that was chosen. Refuses with `not-dispatchable`. */
export async function runMatching(
  environment: ActionEnvironment,
  step: EventStep,
  scene: Scene,
): Promise<ActionResult> {
  const { event, read, project } = scene
  const { job } = step
  const all = await wantedDefinitions(step.settings, read, project)
  const unreadable = all.filter(({ workflow }) => workflow === undefined)
  const asking = askedFor(all, read.occurrence)
  const gathered = await gather(environment, step, scene, asking)
  const matching = askedFor(asking, { ...read.occurrence, paths: gathered.change?.files })
  if (matching.length + unreadable.length === 0) {
    return await sayNothingRuns(
      job,
      event,
      `${count(all.length, 'workflow')} looked at, and none asks for it.`,
    )
  }
  job.log(
    `${eventWords(event)}: ${matching.map(({ file }) => logLine(nameDefinition(file))).join(', ') || 'no workflow'}`,
  )
  const { value, removed } = fenceOutside(describeEvent(event, read, gathered), event.name)
  const inputs: EventInputs = {
    event: value as EventInputs['event'],
    chosen: chosenInputs(read, step.settings),
  }
  const outcomes: Outcome[] = unreadable.map((definition) => sayUnreadable(definition, job))
  const tell = await openAnswers(environment, step, scene)
  for (const definition of matching) {
    const outcome = environment.signal.aborted
      ? sayNotBegun(definition, job)
      : await runOne(environment, step, scene, {
          definition,
          inputs,
          removed,
          changed: gathered.change?.files,
        })
    outcomes.push(outcome)
    await tell(outcome)
  }
  await handOver(step, scene, outcomes)
  return await conclude(job, { event, outcomes, removed })
}

/** Leaves behind what a job about a pull request of a stranger may not say itself. For any other there is nothing. */
async function handOver(
  { world, job, redact }: EventStep,
  { project, event, read: { pull } }: Scene,
  outcomes: readonly Outcome[],
): Promise<void> {
  if (!pull || whyReadOnly(event) === undefined) return
  const { writeHandover } = await import('./handover.ts')
  const text = outcomeLines(outcomes).join('\n')
  const report = { mode: 'events', head: pull.head, status: worstOf(outcomes).status, text } as const
  const runs = outcomes.flatMap(({ run, status }) => (run?.record ? [{ id: run.runId, status }] : []))
  await writeHandover({ world, job, redact, project }, report, runs)
}

/** Tells what became of all that a step ran: annotations, outputs, summary. Throws a bug that ended a run. */
export async function conclude(job: Job, report: EventReport): Promise<ActionResult> {
  const { outcomes } = report
  annotateAll(outcomes.flatMap(annotationsOf), job)
  const worst = worstOf(outcomes)
  setEventOutputs(job, outcomes, worst)
  await job.summarise(renderEventSummary(report))
  const thrown = outcomes.find(({ run }) => run?.thrown)?.run?.thrown
  if (thrown) throw thrown.error
  return { status: worst.status, exitStatus: worst.exitStatus }
}

/** How each outcome is told to those whom the event came from; without a token nobody is. */
async function openAnswers(
  { signal }: ActionEnvironment,
  { settings: { token, comment }, world, job, redact }: EventStep,
  { event, read }: Scene,
): Promise<(outcome: Outcome) => Promise<void>> {
  const readOnly = whyReadOnly(event)
  if (readOnly !== undefined) job.log(`No comment, for the token may only read: ${readOnly}.`)
  if (
    token === undefined ||
    readOnly !== undefined ||
    (read.number === undefined && read.pushed === undefined)
  )
    return async () => {}
  const { answer } = await import('./event-answer.ts')
  const { openForge } = await import('./github.ts')
  const forge = await openForge({ world, token, repository: event.repository, signal })
  return async (outcome) => {
    if (!signal.aborted) await answer({ forge, event, read, job, redact, comment }, outcome)
  }
}

/** What the output of a run says of places in files of the change. */
function annotationsOf({ name, run }: Outcome): readonly Diagnostic[] {
  return (run?.findings?.placed ?? []).map((finding) => annotationOf(finding, name))
}

/** All definitions, or the one that a person or the step names; in the order of their names. */
async function wantedDefinitions(
  { workflow }: Settings,
  { chosen, occurrence }: ReadEvent,
  project: Project,
): Promise<readonly Definition[]> {
  const named = chosen ?? workflow
  if (named === undefined) {
    const named = (await project.definitions()).map((one) => [nameDefinition(one.file), one] as const)
    return named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  }
  const definition = await project.find(named)
  if (chosen === undefined || !definition.workflow) return [definition]
  if (askedFor([definition], occurrence).length > 0) return [definition]
  const how = occurrence.event === 'workflow_call' ? 'by a call' : 'by hand'
  throw new Refusal('not-dispatchable', `The workflow '${chosen}' is not started ${how}`, {
    help: `Add \`${occurrence.event}\` to \`on\` in ${definition.file}.`,
  })
}

function askedFor(definitions: readonly Definition[], occurrence: Occurrence): readonly Definition[] {
  return definitions.filter(
    ({ workflow }) =>
      workflow && workflow.lifecycle !== 'retired' && isTriggered(workflow.triggers, occurrence),
  )
}

/** What the workflows that may run want to know beyond the payload. */
async function gather(
  { signal }: ActionEnvironment,
  { settings, world, job }: EventStep,
  { event, read, open }: Scene,
  asking: readonly Definition[],
): Promise<Gathered> {
  const workflows = asking.flatMap(({ workflow }) => workflow ?? [])
  const wants = (...names: readonly string[]) =>
    workflows.some(
      ({ inputs }) =>
        inputs.length === 0 || inputs.some(({ name }) => name === 'event' || names.includes(name)),
    )
  const isAboutChange = read.pull !== undefined || (read.pushed && read.occurrence.tag === undefined)
  // Findings are placed in it, too.
  const change = isAboutChange && workflows.length > 0 ? await readChange(read, open) : undefined
  const needsChange = wants('files', 'diff') || workflows.some(({ triggers }) => filtersPaths(triggers))
  if (isAboutChange && needsChange && change === undefined) {
    job.say('warning', 'Unknown change', UNKNOWN_CHANGE)
  }
  const { token } = settings
  const comments =
    token !== undefined && read.number !== undefined && wants('comments')
      ? await readComments({ world, token, repository: event.repository, signal }, read.number, job)
      : undefined
  return { change, comments }
}

const UNKNOWN_CHANGE =
  'The clone does not tell which files changed, so that filters of paths let everything through. `fetch-depth: 0` of actions/checkout brings the history.'

function filtersPaths(triggers: Workflow['triggers']): boolean {
  return triggers.some(({ options }) => 'paths' in options || 'paths-ignore' in options)
}

/** What was chosen by a person or the step; not what tells which workflow it is for. */
function chosenInputs(
  { chosen, inputs, occurrence }: ReadEvent,
  settings: Settings,
): Readonly<Record<string, unknown>> {
  const own = actionInputs(settings)
  if (occurrence.event === 'workflow_call') {
    const { [CALLED]: _called, ...others } = own
    return others
  }
  const { workflow: _workflow, ...others } = inputs
  return { ...(chosen === undefined ? inputs : others), ...own }
}

/** The input `inputs` of the action: what the file of the CI workflow says, for workflows that are called. */
function actionInputs({ inputs }: Settings): Readonly<Record<string, unknown>> {
  const { pairs, text } = splitInput(inputs)
  if (text === undefined) return Object.fromEntries(pairs)
  const object = parseJsonObject(text)
  if (object) return object
  throw new Refusal(
    'action-inputs-invalid',
    'With `mode: events`, `inputs` takes lines of `key=value` or a JSON object',
    {
      help: 'They are added to what the event gives.',
    },
  )
}

interface Part {
  readonly definition: Definition
  readonly inputs: EventInputs
  readonly removed: readonly RemovedText[]
  readonly changed: readonly string[] | undefined
}

/** Runs one workflow; whatever keeps it from running is an outcome. */
async function runOne(
  environment: ActionEnvironment,
  { settings, world, job, redact }: EventStep,
  { event, read, project }: Scene,
  { definition, inputs, removed, changed }: Part,
): Promise<Outcome> {
  const { workflow, file } = definition
  const id = nameDefinition(file)
  if (workflow === undefined) return sayUnreadable(definition, job)
  const { name } = workflow
  const { withoutKeys } = read
  try {
    if (settings.strict && definition.diagnostics.some(({ severity }) => severity === 'warning')) {
      return sayUnreadable(definition, job)
    }
    const help = `The event '${event.name}' gives ${Object.keys(inputs.event).join(', ')}; other inputs need a default.`
    const run = await executeRun(environment, {
      // The token of a fork may not push.
      settings: withoutKeys === undefined ? settings : { ...settings, push: false },
      project,
      workflow,
      input: await readRunInput(workflow, inputOf(workflow, inputs), help),
      removed,
      ...aboutOf(read),
      world: withoutKeys === undefined ? world : withoutSecrets(world, project, redact),
      job,
      redact,
    })
    return outcomeOf(run, changed)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (withoutKeys !== undefined && error.code === 'not-runnable') {
      job.say('info', name, `Not run, for there are no keys: ${withoutKeys}.`)
      const { planLines } = await import('./plan-lines.ts')
      const plan = await planLines(project, workflow, inputs, world)
      return { id, name, status: 'skipped', exitStatus: 0, why: `There are no keys: ${withoutKeys}.`, plan }
    }
    job.say('error', name, `${error.code}: ${[error.message, error.help].filter(Boolean).join('\n')}`)
    return { id, name, status: 'refused', exitStatus: error.exitStatus, refusal: error }
  }
}

function aboutOf({ number, pull }: ReadEvent): { readonly about?: RunSubject } {
  return number === undefined ? {} : { about: { number, ...(pull ? { head: pull.head } : {}) } }
}

/** What strangers start gets no secret, also where the job has some. */
export function withoutSecrets(world: World, { config }: Project, redact: (text: string) => string): World {
  // By name too: a short value is found in no text.
  const secret = new Set(secretVariables(world.env, secretNamesOf(config)))
  const env = Object.entries(world.env).filter(
    ([name, value]) => !secret.has(name) && (value === undefined || redact(value) !== REDACTED),
  )
  return { ...world, env: Object.fromEntries(env) }
}

function sayNotBegun({ file }: Definition, job: Job): Outcome {
  const id = nameDefinition(file)
  const why = 'The job was cancelled before this workflow began.'
  job.say('error', id, why)
  return { id, name: id, status: 'interrupted', exitStatus: 130, why }
}

function sayUnreadable({ file, text, diagnostics }: Definition, job: Job): Outcome {
  const id = nameDefinition(file)
  for (const diagnostic of diagnostics) job.log(`${renderDiagnostic(diagnostic, text)}\n`)
  const why = `${file} has problems, so that it cannot run; the check of all definitions shows them.`
  job.say('error', 'definition-invalid', why)
  return { id, name: id, status: 'invalid', exitStatus: 2, why }
}

/** Says in one line why nothing runs, which is no failure. */
export async function sayNothingRuns(job: Job, event: CiEvent, why: string): Promise<ActionResult> {
  const line = `Nothing runs on ${eventWords(event)}: ${why}`
  job.log(line)
  await job.summarise(`${line}\n`)
  return { status: 'skipped', exitStatus: 0 }
}

function eventWords({ name, payload }: CiEvent): string {
  const action = payload['action']
  return typeof action === 'string' && /^[\w -]{1,100}$/.test(action) ? `${name} (${action})` : logLine(name)
}
