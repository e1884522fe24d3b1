import { Refusal } from '../runner/failure.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import type { RunActor } from '../runner/store/manifest.ts'
import { didYouMean } from '../schema/nearest.ts'
import { answerRun, findRun, type Place } from './answer-run.ts'
import { answerCommand, renderDone, renderHelp, renderRefused } from './command-answer.ts'
import { askForComment, askForPull, type Counting, type PullNow, react } from './commented.ts'
import { nameDefinition } from './definition-name.ts'
import type { CiEvent } from './event.ts'
import { answer } from './event-answer.ts'
import type { Outcome } from './event-outcome.ts'
import { type Forge, openForge } from './github.ts'
import type { ActionEnvironment } from './job.ts'
import type { ActionResult } from './main.ts'
import { at } from './payload.ts'
import { whyNoApprover, whyNotListed } from './people.ts'
import { type Command, readCommand } from './read-command.ts'
import { type ReadEvent, readEvent } from './read-event.ts'
import { rerunRun } from './rerun-run.ts'
import { conclude, type EventStep, runMatching, sayNothingRuns, withProject } from './run-events.ts'

/** A comment with a command to us. */
export interface Commented {
  readonly event: CiEvent
  readonly read: ReadEvent
  /** See `readCommand`. */
  readonly line: string
}

/**
 * Carries out what a comment asks for, when it counts: it is as it was first written, by a person who may write to the
 * repository at this moment. What judges it comes from the base. A reaction says how it went, a comment tells the rest. What
 * cannot be found out stops it. Refuses with what it was refused for.
 */
export async function carryOutCommand(
  environment: ActionEnvironment,
  step: EventStep,
  { event, read, line }: Commented,
): Promise<ActionResult> {
  const { job, world } = step
  const { token } = step.settings
  if (token === undefined || read.number === undefined) {
    throw new Refusal('action-inputs-invalid', 'A command in a comment needs `token`, to ask who wrote it', {
      help: 'Hand over `github.token` in the workflow file, with the permissions that docs/action.md of codemie-ci names.',
    })
  }
  const forge = await openForge({
    ...{ world, token, repository: event.repository, signal: environment.signal },
  })
  const reply = (content: Parameters<typeof react>[2]) => tryTo(() => react(forge, event, content), step)
  const found = await askForComment(forge, event)
  if ('why' in found) {
    if (found.isDenied) await reply('-1')
    return await sayNothingRuns(job, event, found.why)
  }
  await reply('eyes')
  const told = { forge, issue: read.number, line, login: found.who.login }
  const tell = async (markdown: string | undefined) => {
    const { comment } = step.settings
    if (comment)
      await tryTo(() => answerCommand({ ...told, markdown: markdown && step.redact(markdown) }), step)
  }
  try {
    const command = readCommand(line)
    const thread = await openThread(forge, event, read)
    const result = await withProject(step, thread.read, async (judge) => {
      const scene: CommandScene = { ...thread, ...judge, forge, found, line, base: thread.event.sha }
      return await CARRIED_OUT[command.name](environment, step, scene, command as never)
    })
    await tell(result.said)
    await reply(result.status === 'refused' || result.status === 'invalid' ? 'confused' : 'rocket')
    return result
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await reply(error.exitStatus === EXIT_REFUSED ? '-1' : 'confused')
    await tell(renderRefused(told, error))
    throw error
  }
}

const EXIT_REFUSED = 5

/** What cannot be told is no reason to undo what was done. */
async function tryTo(act: () => Promise<unknown>, { job }: EventStep): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    job.say('warning', 'No answer', [error.message, error.help].filter(Boolean).join('\n'))
  }
}

/** What a comment is about, as it stands now. */
interface Thread {
  /** The event with the pull request as it is now; its commit is the base. */
  readonly event: CiEvent
  readonly read: ReadEvent
  readonly number: number | undefined
  readonly pull: PullNow | undefined
}

async function openThread(forge: Forge, event: CiEvent, read: ReadEvent): Promise<Thread> {
  const { number } = read
  if (number === undefined || at(event.payload, 'issue.pull_request') === undefined) {
    return { event, read, number, pull: undefined }
  }
  const pull = await askForPull(forge, number)
  const now = { ...event, sha: pull.base, payload: { ...event.payload, pull_request: pull.data } }
  return { event: now, read: readEvent(now), number, pull }
}

interface CommandScene extends Thread, Place {
  readonly number: number | undefined
  readonly pull: PullNow | undefined
  readonly read: ReadEvent
  readonly found: Counting
  readonly line: string
}

/** What became of a command, and what is to be said of it beside what the run says; `undefined`: nothing. */
interface Carried extends ActionResult {
  readonly said?: string
}

type CarryOut<Name extends Command['name']> = (
  environment: ActionEnvironment,
  step: EventStep,
  scene: CommandScene,
  command: Extract<Command, { name: Name }>,
) => Promise<Carried>

const CARRIED_OUT: { readonly [Name in Command['name']]: CarryOut<Name> } = {
  run: async (environment, step, scene, { workflow, inputs }) => {
    await refuseOtherWorkflow(step, scene, workflow, Object.keys(inputs))
    await refuseLaterPush(scene)
    await confirm(scene)
    const { read } = scene
    return await runMatching(environment, step, {
      ...scene,
      // Whoever may write can start by hand what starts by hand.
      read: {
        ...read,
        occurrence: { ...read.occurrence, event: 'workflow_dispatch', type: undefined },
        chosen: workflow,
        inputs,
      },
    })
  },

  approve: (environment, step, scene, { run, step: path, digest }) => {
    refuseApprover(step, scene, whyNoApprover)
    return sayToRun(environment, step, scene, { run, step: path, decision: 'approved', digest })
  },

  reject: (environment, step, scene, { run, step: path, reason }) => {
    refuseApprover(step, scene, whyNotListed)
    return sayToRun(environment, step, scene, {
      ...{ run, step: path, decision: 'rejected', digest: undefined },
      ...(reason === undefined ? {} : { reason }),
    })
  },

  rerun: async (environment, step, scene, { run }) => {
    const stored = await findRun(step, scene, run)
    await confirm(scene)
    return await finish(environment, step, scene, await rerunRun(environment, step, scene, stored))
  },

  abort: async (_environment, step, scene, { run, reason }) => {
    const { manifest } = await findRun(step, scene, run)
    await confirm(scene)
    const { abortRun } = await import('../runner/abort.ts')
    const { project } = scene
    const { token } = step.settings
    await abortRun({
      ...{ project, world: step.world, runId: run, push: true, actor: actorOf(scene) },
      ...(token === undefined ? {} : { pushToken: token }),
      ...(reason === undefined ? {} : { reason }),
      onEvent: (event) => {
        if (event.type === 'warning') step.job.log(event.message)
      },
    })
    const done = `Run ${run} of ${oneLine(manifest.workflow.name)} was aborted.`
    step.job.log(done)
    await step.job.summarise(`${done}\n`)
    step.job.setOutput('run-id', run)
    return { status: 'aborted', exitStatus: 0, said: renderDone(scene.line, scene.found.who.login, done) }
  },

  help: async (_environment, { job }, { project }) => {
    const said = renderHelp(await startable(project))
    await job.summarise(said)
    return { status: 'skipped', exitStatus: 0, said }
  },
}

async function startable(project: Place['project']): Promise<readonly string[]> {
  const all = await project.definitions()
  return all
    .filter(
      ({ workflow }) =>
        workflow?.lifecycle !== 'retired' &&
        workflow?.triggers.some(({ event }) => event === 'workflow_dispatch'),
    )
    .map(({ file }) => nameDefinition(file))
}

/** The step may be about one workflow only, and an input that nobody asked for is a mistake. */
async function refuseOtherWorkflow(
  { settings }: EventStep,
  { project }: CommandScene,
  name: string,
  keys: readonly string[],
): Promise<void> {
  const { file, workflow } = await project.find(name)
  const only = settings.workflow === undefined ? undefined : await project.find(settings.workflow)
  if (only !== undefined && only.file !== file) {
    throw new Refusal('not-dispatchable', `This job runs '${nameDefinition(only.file)}' only`, {
      help: 'The input `workflow` in the workflow file says so.',
    })
  }
  const known = workflow?.inputs.map((input) => input.name) ?? []
  const unknown = known.length === 0 ? [] : keys.filter((key) => !known.includes(key))
  if (unknown.length === 0) return
  throw new Refusal(
    'inputs-invalid',
    unknown.map((key) => `'${nameDefinition(file)}' has no input '${key}'`).join('\n'),
    { help: `${unknown.map((key) => didYouMean(key, known)).join('')}It has ${known.join(', ')}.` },
  )
}

/** Whoever asked for a run has not seen what was pushed since. */
async function refuseLaterPush({ pull, found, number }: CommandScene): Promise<void> {
  const since = await pull?.headSince()
  if (since === undefined || since < found.at) return
  throw new Refusal('head-moved', `The head of #${number} was pushed after the comment`, {
    exitStatus: EXIT_REFUSED,
    help: 'Look at what came, and write the command again.',
  })
}

function refuseApprover(
  { settings }: EventStep,
  { project, pull, found: { who } }: CommandScene,
  whyNot: typeof whyNoApprover,
): void {
  const { authorMayApprove } = settings.approval
  const { approvers } = project.config.policy
  const why = whyNot(who, { approvers, author: pull?.author, authorMayApprove })
  if (why === undefined) return
  throw new Refusal('not-an-approver', `The answer of ${oneLine(who.login)} does not count: ${why}`, {
    exitStatus: EXIT_REFUSED,
    help: 'Somebody else has to say it. `policy.approvers` of the base counts; teams are not looked up.',
  })
}

/**
 * Asks again, as the last thing before something is done, whether the comment counts. Refuses with `comment-withdrawn`.
 *
 * @returns the head of the pull request at that moment.
 */
async function confirm({ forge, event, found, pull }: CommandScene): Promise<string | undefined> {
  const now = await askForComment(forge, event)
  if ('why' in now || now.who.id !== found.who.id) {
    const why = 'why' in now ? now.why : 'It is by somebody else.'
    throw new Refusal('comment-withdrawn', why, { exitStatus: EXIT_REFUSED })
  }
  return pull && (await askForPull(forge, pull.number)).head
}

async function sayToRun(
  environment: ActionEnvironment,
  step: EventStep,
  scene: CommandScene,
  {
    run,
    digest,
    ...answer
  }: {
    readonly run: string
    readonly step: string
    readonly decision: 'approved' | 'rejected'
    readonly digest: string | undefined
    readonly reason?: string
  },
): Promise<Carried> {
  const { found } = scene
  const outcome = await answerRun(environment, step, scene, {
    ...{ run, answer, digest, by: actorOf(scene), at: found.at },
    confirm: () => confirm(scene),
  })
  return await finish(environment, step, scene, outcome)
}

/** Tells what became of a run where the comment was written. */
async function finish(
  environment: ActionEnvironment,
  { job, redact, settings: { comment } }: EventStep,
  { forge, event, read }: CommandScene,
  outcome: Outcome,
): Promise<ActionResult> {
  if (!environment.signal.aborted) await answer({ forge, event, read, job, redact, comment }, outcome)
  return await conclude(job, { event, outcomes: [outcome], removed: [] })
}

function actorOf({ found: { who } }: CommandScene): RunActor {
  return { name: who.login, id: who.id, source: 'ci' }
}
