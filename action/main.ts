import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { RunStatus } from '../runner/events.ts'
import { Refusal } from '../runner/failure.ts'
import { createRedactor, REDACTED, secretValues } from '../runner/policy/secrets.ts'
import { openProject, type Project } from '../runner/project.ts'
import { projectRedactor } from '../runner/records.ts'
import { count } from '../runner/report/plain-text.ts'
import type { World } from '../runner/world.ts'
import { countProblems } from './annotations.ts'
import {
  type CheckedFile,
  checkProject,
  checkWorkflow,
  hasErrors,
  makeStrict,
  reportProblems,
} from './check.ts'
import { type Execution, executeWorkflow } from './execute.ts'
import { type ActionEnvironment, guardJob, type Job } from './job.ts'
import { readRunInput, splitInput } from './run-input.ts'
import { readSettings, type Settings } from './settings.ts'
import { refuseStrangersCode } from './strangers.ts'
import { renderCheckSummary, renderRefusalSummary } from './summary.ts'

/**
 * What became of a step: the status of its run, or `valid` and `invalid` when only definitions were checked, or
 * `needs-approval` when a review found nobody's yes, `published` when what others left was, or `skipped` when no workflow was to run on the event, or `refused` when
 * what was asked for could not start.
 */
export type ActionStatus =
  | RunStatus
  | 'valid'
  | 'invalid'
  | 'needs-approval'
  | 'published'
  | 'skipped'
  | 'refused'

export interface ActionResult {
  readonly status: ActionStatus
  /** 0: the step succeeds, also for a run that waits for a person. Else as in `docs/exit-status.md`. */
  readonly exitStatus: number
}

/**
 * One step of a GitHub Actions job: checks all definitions, or checks and runs one workflow. Everything it has to say
 * goes to `environment.job`. Throws only for bugs.
 */
export async function runAction(environment: ActionEnvironment): Promise<ActionResult> {
  const { world, input } = environment
  let redact = createRedactor(secretValues(world.env))
  const job = guardJob(environment.job, (text) => redact(text))
  const finish = (result: ActionResult) => {
    job.setOutput('status', result.status)
    return result
  }
  try {
    const settings = readSettings(input)
    const runWorld = await enterDirectory(world, settings.directory)
    await refuseStrangersCode(await environment.event(), runWorld).catch(explainMissingCheckout)
    const learnSecrets = ({ config }: Project) => {
      redact = joinRedactors(projectRedactor(config, world), redact, settings.token)
      maskSecrets(world, redact, job)
    }
    if (settings.mode === 'events') {
      const { runOnEvent } = await import('./run-events.ts')
      const step = { settings, world: runWorld, job, redact: (text: string) => redact(text), learnSecrets }
      return finish(await runOnEvent(environment, step).catch(explainMissingCheckout))
    }
    if (settings.mode === 'resume') {
      const { resumeOnEvent } = await import('./resume-run.ts')
      const step = { settings, world: runWorld, job, redact: (text: string) => redact(text), learnSecrets }
      return finish(await resumeOnEvent(environment, step).catch(explainMissingCheckout))
    }
    if (settings.mode === 'effects') {
      const { carryOutEffects } = await import('./effects/carry-out.ts')
      const step = { settings, world: runWorld, job, redact: (text: string) => redact(text), learnSecrets }
      return finish(await carryOutEffects(environment, step).catch(explainMissingCheckout))
    }
    const project = await openProject(runWorld).catch(explainMissingCheckout)
    learnSecrets(project)
    if (settings.mode === 'publish') {
      const { publishHandovers } = await import('./publish.ts')
      return finish(await publishHandovers(environment, { settings, project, world: runWorld, job, redact }))
    }
    if (settings.mode === 'shard' || settings.mode === 'join') {
      const { goOnWithShards } = await import('./shard-jobs.ts')
      const step = { settings, project, world: runWorld, job, redact: (text: string) => redact(text) }
      return finish(await goOnWithShards(environment, step))
    }
    const definition = settings.workflow === undefined ? undefined : await project.find(settings.workflow)
    const found = definition ? await checkWorkflow(project, definition) : await checkProject(project)
    const files = settings.strict ? makeStrict(found) : found
    if (settings.mode === 'review') {
      const { reviewDefinitions } = await import('./review.ts')
      const review = { settings, project, world: runWorld, job, redact, files }
      return finish(await reviewDefinitions(environment, review))
    }
    if (!definition?.workflow || hasErrors(files)) return finish(await reportCheck(files, settings, job))
    const diagnostics = files.flatMap((file) => file.diagnostics)
    const { workflow } = definition
    const runInput = await readRunInput(workflow, splitInput(settings.inputs))
    const given = await readGivenFiles(settings, project, runWorld)
    const execution = { settings, project, workflow, input: runInput, ...given, world: runWorld, job, redact }
    return finish(await executeWorkflow(environment, execution, diagnostics))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    job.say('error', error.code, [error.message, error.help].filter(Boolean).join('\n'))
    await job.summarise(renderRefusalSummary(error))
    return finish({ status: 'refused', exitStatus: error.exitStatus })
  }
}

async function reportCheck(
  files: readonly CheckedFile[],
  settings: Settings,
  job: Job,
): Promise<ActionResult> {
  reportProblems(files, job)
  const all = files.flatMap(({ diagnostics }) => diagnostics)
  if (!files.some(({ kind }) => kind === 'workflow')) {
    // A wrong directory would else look like a success.
    job.say(
      'warning',
      'Nothing to check',
      `There are no workflows in .codemie/workflows of the repository around '${settings.directory}'.`,
    )
  }
  job.log(`${count(files.length, 'file')} checked, ${countProblems(all)}`)
  await job.summarise(renderCheckSummary(files))
  return hasErrors(files) ? { status: 'invalid', exitStatus: 2 } : { status: 'valid', exitStatus: 0 }
}

/** What is checked out may be anybody's work, so no path and no link may lead out of it. */
async function readGivenFiles(
  { files: paths }: Settings,
  { root, config }: Project,
  world: World,
): Promise<Pick<Execution, 'files'>> {
  if (paths.length === 0) return {}
  const { readFiles } = await import('../runner/attachments/read-files.ts')
  const redact = projectRedactor(config, world)
  return { files: await readFiles(paths, { from: 'files', cwd: world.cwd, within: root, redact }) }
}

/**
 * The world in the working directory, without the variables that only the action may see: its inputs, the token among
 * them, and the runner's own credentials. A config could name them as the key of a provider.
 */
async function enterDirectory(world: World, directory: string): Promise<World> {
  const cwd = resolve(world.cwd, directory)
  const found = await stat(cwd).catch(() => undefined)
  if (!found?.isDirectory()) {
    throw new Refusal(
      'no-such-directory',
      `\`working-directory\` names '${directory}', which is ${found ? 'a file' : 'not there'}`,
      { help: `Looked at ${cwd}. Did actions/checkout run before this step?` },
    )
  }
  const env = Object.entries(world.env).filter(([name]) => !/^(INPUT|ACTIONS)_/i.test(name))
  return { ...world, cwd, env: Object.fromEntries(env) }
}

function explainMissingCheckout(error: unknown): never {
  if (!(error instanceof Refusal) || error.code !== 'no-repository') throw error
  throw new Refusal(error.code, error.message, {
    help: 'Let actions/checkout run before this step, and `working-directory` name a directory of that clone.',
    cause: error,
  })
}

function joinRedactors(
  first: (text: string) => string,
  second: (text: string) => string,
  token: string | undefined,
): (text: string) => string {
  const third = createRedactor(token === undefined ? [] : [token])
  return (text) => third(second(first(text)))
}

/** The redactor cleans what this step writes; the runner then keeps the same values out of what other steps write. */
function maskSecrets({ env }: World, redact: (text: string) => string, job: Job): void {
  const values = Object.values(env).filter((value) => value !== undefined)
  for (const value of new Set(values)) if (redact(value) === REDACTED) job.mask(value)
}
