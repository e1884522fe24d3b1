import type { EffectDigest } from '../../runner/effects/digest.ts'
import { waitingEffects } from '../../runner/effects/digest.ts'
import { effectRules } from '../../runner/effects/door.ts'
import { type EffectRules, objectionTo } from '../../runner/effects/judge.ts'
import type { EffectResult, Proposal } from '../../runner/effects/proposal.ts'
import { stateOfPath } from '../../runner/engine/step.ts'
import { Refusal, StepFailure } from '../../runner/failure.ts'
import { type OpenCommits, openCommits } from '../../runner/fetch-commits.ts'
import { findRepository } from '../../runner/git/repository.ts'
import { linkRule } from '../../runner/policy/links.ts'
import { openProject, type Project } from '../../runner/project.ts'
import { openRecords } from '../../runner/records.ts'
import { count } from '../../runner/report/plain-text.ts'
import { digestRun, type RunDigest } from '../../runner/store/digest-run.ts'
import type { RunManifest } from '../../runner/store/manifest.ts'
import type { StoredRun } from '../../runner/store/read-run.ts'
import type { RunStore } from '../../runner/store/store.ts'
import { readProposal } from '../../runner/tools/propose.ts'
import type { Workflow } from '../../schema/index.ts'
import type { CiEvent } from '../event.ts'
import { pageOf } from '../event.ts'
import { openForge } from '../github.ts'
import type { ActionEnvironment } from '../job.ts'
import { logLine } from '../log-text.ts'
import type { ActionResult } from '../main.ts'
import { at, isBot } from '../payload.ts'
import { readEvent } from '../read-event.ts'
import type { EventStep } from '../run-events.ts'
import { depthOf, tooDeep } from './depth.ts'
import { type EffectPlace, refused, selfOf } from './place.ts'
import { findSubject, type Subject } from './subject.ts'
import { type CarriedOut, renderEffectsSummary } from './summary.ts'
import { writeEffect } from './write.ts'

/**
 * Carries out what runs proposed, in a step of its own with its own token, and adds to their records what became of it. The records
 * are data of strangers: their digests, forms and limits are checked, and what is allowed is what the definition and the config
 * at the base say now. What was written before is found and not written again, so the step can be repeated.
 */
export async function carryOutEffects(
  environment: ActionEnvironment,
  step: EventStep,
): Promise<ActionResult> {
  const { settings, world, job } = step
  const event = await environment.event()
  const { token } = settings
  if (event === undefined || token === undefined) {
    throw new Refusal('no-event', '`mode: effects` works in a job of GitHub Actions only', {
      help: 'What a run on a laptop proposes is in its record, and `codemie-ci show` lists it.',
    })
  }
  const read = readEvent(event)
  const why = read.withoutKeys ?? read.ignored
  if (why !== undefined) return await sayNothingIsWritten(step, why)
  const forge = await openForge({ world, token, repository: event.repository, signal: environment.signal })
  const self = selfOf(forge)
  const depth = depthOf(event)
  const loop = tooDeep(depth) ?? (await startedByItself(event, self))
  if (loop !== undefined) return await sayNothingIsWritten(step, loop)
  const opened: OpenCommits[] = []
  const repository = findRepository(world.cwd, world.env)
  const open = async (commit: string) => {
    const there = await openCommits(repository, [commit], { token })
    opened.push(there)
    return there.git
  }
  try {
    const { trusted } = read
    const project = await openProject(
      world,
      trusted === undefined ? {} : { at: { commit: trusted, git: await open(trusted) } },
    )
    step.learnSecrets(project)
    const records = await openRecords({ project, world, push: true, pushToken: token }, ({ code, message }) =>
      job.log(`! ${logLine(message)} [${code}]`),
    )
    const scene: Scene = { environment, step, event, project, records, forge, self, depth, open }
    const all: CarriedOut[] = []
    for (const id of settings.runs) all.push(await settleRun(scene, id))
    return await tell(step, all)
  } finally {
    for (const commits of opened) commits.close()
  }
}

interface Scene extends Pick<EffectPlace, 'forge' | 'self' | 'depth' | 'open'> {
  readonly environment: ActionEnvironment
  readonly step: EventStep
  readonly event: CiEvent
  readonly project: Project
  readonly records: RunStore
}

async function sayNothingIsWritten({ job }: EventStep, why: string): Promise<ActionResult> {
  const line = `Nothing is written: ${why}`
  job.log(line)
  job.setOutput('carried-out', '[]')
  await job.summarise(`${line}\n`)
  return { status: 'skipped', exitStatus: 0 }
}

/** Labels carry no mark: what the token's own account did, when it is that of an app, starts no effect. */
async function startedByItself(
  { payload }: CiEvent,
  self: () => Promise<number>,
): Promise<string | undefined> {
  if (!isBot(at(payload, 'sender')) || at(payload, 'sender.id') !== (await self())) return undefined
  return 'The account of the token has started this job itself, and effects that start each other find no end.'
}

/** Carries the proposals of one run out; whatever keeps all of them from it is part of the answer. */
async function settleRun(scene: Scene, id: string): Promise<CarriedOut> {
  try {
    const stored = await scene.records.read(id)
    const digest = await checkRecord(scene, stored)
    const workflow = await definitionOf(scene.project, stored.manifest)
    const none: CarriedOut = { id, name: workflow.name, effects: digest.effects, links: linksOf(scene) }
    if (waitingEffects(digest.effects).length === 0) return none
    const subject = await findSubject(scene.forge, scene.event, stored.manifest.trigger)
    return await carryOut(scene, stored.manifest, workflow, subject)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'interrupted') throw error
    scene.step.job.say('error', error.code, [error.message, error.help].filter(Boolean).join('\n'))
    return { id, name: id, effects: [], links: linksOf(scene), refusal: error }
  }
}

function linksOf({ project, event }: Scene) {
  return linkRule(project.config.policy.linkHosts, `${event.serverUrl}/${event.repository}`)
}

/** A record that is not as it was written, or whose run did not succeed, has no effects. */
async function checkRecord({ project }: Scene, stored: StoredRun): Promise<RunDigest> {
  const { manifest, files, tree, events } = stored
  if (tree !== undefined) {
    const [{ verifyRecord }, { listTree }] = await Promise.all([
      import('../../runner/store/verify-record.ts'),
      import('../../runner/store/objects.ts'),
    ])
    const entries = await listTree(project.repository.git, tree)
    const [problem] = verifyRecord({ id: manifest.id, entries, files }).problems
    if (problem) {
      throw new Refusal(
        'record-damaged',
        `The record of ${manifest.id} is not as it was written: ${problem.path} ${problem.message}`,
        { exitStatus: 5, help: 'Nothing of it is carried out. `codemie-ci verify` tells more.' },
      )
    }
  }
  const digest = digestRun(events)
  if (digest.status !== 'succeeded') {
    throw new Refusal(
      'run-not-succeeded',
      `Run ${manifest.id} has not succeeded, so nothing it asked for is written`,
      {
        exitStatus: 5,
        help: `\`codemie-ci show ${manifest.id}\` shows what became of it.`,
      },
    )
  }
  return digest
}

/** What the base says now: a run may have been executed with another definition. */
async function definitionOf(project: Project, { workflow }: RunManifest): Promise<Workflow> {
  const found = await project.find(workflow.file)
  if (found.workflow && found.workflow.lifecycle !== 'retired') return found.workflow
  throw new Refusal('definition-gone', `${workflow.file} is not valid any more, or retired`, {
    exitStatus: 5,
    help: 'What may be written is what the definition declares at the base, and there it declares nothing.',
  })
}

async function carryOut(
  scene: Scene,
  { id, startedAt }: RunManifest,
  workflow: Workflow,
  subject: Subject,
): Promise<CarriedOut> {
  const { event, records, step, project, environment } = scene
  const page = pageOf(event)
  const links = linksOf(scene)
  const place: EffectPlace = {
    ...scene,
    subject,
    rules: { redact: step.redact, isAllowed: links },
    run: { id, startedAt },
    source: `<sub>Proposed by the workflow <code>${workflow.id.replace(/[^\w./-]/g, '_')}</code> in run ${id}.</sub>`,
    page,
    home: `${event.serverUrl}/${event.repository}`,
  }
  // The claim: of two steps at once one writes.
  const { writer, events } = await records.resume(id, { afterEnd: true })
  try {
    const digest = digestRun(events)
    const results: EffectResult[] = []
    const taken: Proposal[] = []
    for (const effect of digest.effects) {
      if (effect.proposal === undefined || environment.signal.aborted) continue
      const judged = await judge(effect, {
        digest,
        workflow,
        rules: effectRules(workflow, project.config),
        taken,
      })
      if ('proposal' in judged) taken.push(judged.proposal)
      if (effect.result?.status === 'done') continue
      results.push({
        key: effect.key,
        ...('why' in judged ? refused(judged.why) : await writeOne(judged.proposal, effect.key, place)),
      })
    }
    const at = new Date(environment.world.now()).toISOString()
    await writer.append({ type: 'effects-carried-out', at, results, ciUrl: page })
    const record = await writer.finish()
    const result = new Map(results.map(({ key, ...one }) => [key, { ...one, at }]))
    const effects = digest.effects.map((one): EffectDigest => {
      const now = one.proposal && result.get(one.key)
      return now ? { ...one, result: now } : one
    })
    return { id, name: workflow.name, effects, links, record }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** A proposal that is read out of the record and may be carried out, or why it may not, as a sentence. */
async function judge(
  { key, step, kind, proposal: found }: EffectDigest,
  about: {
    readonly digest: RunDigest
    readonly workflow: Workflow
    readonly rules: EffectRules
    readonly taken: readonly Proposal[]
  },
): Promise<{ readonly proposal: Proposal } | { readonly why: string }> {
  const { digest, workflow, rules, taken } = about
  if (!/^[0-9a-f]{16}$/.test(key) || found?.kind !== kind) return { why: 'It is not as a tool writes it.' }
  let proposal: Proposal
  try {
    proposal = await readProposal(kind, found)
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    return { why: `It is not as a tool writes it: ${error.message}` }
  }
  const objection = objectionTo(proposal, rules, taken)
  if (objection !== undefined) return { why: `It is not allowed: ${objection}.` }
  const state = workflow.states.find((one) => one.id === stateOfPath(step))
  const isApproved = digest.approvals.some(({ path, decision }) => path === step && decision === 'approved')
  return state?.approval && !isApproved
    ? { why: 'Its step needs a yes, and the record has none.' }
    : { proposal }
}

/** What GitHub does not take is told, and the others go on. */
async function writeOne(
  proposal: Proposal,
  key: string,
  place: EffectPlace,
): Promise<Omit<EffectResult, 'key'>> {
  try {
    return await writeEffect(proposal, key, place)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: 'failed', why: `${error.message}.` }
  }
}

async function tell({ job }: EventStep, all: readonly CarriedOut[]): Promise<ActionResult> {
  const results = all.flatMap(({ id, effects }) =>
    effects.flatMap(({ key, kind, result }) =>
      result
        ? [{ run: id, key, kind, status: result.status, ...(result.url ? { url: result.url } : {}) }]
        : [],
    ),
  )
  job.setOutput('carried-out', JSON.stringify(results))
  await job.summarise(renderEffectsSummary(all))
  for (const { name, effects } of all) {
    for (const { about, result } of effects) {
      if (result === undefined) continue
      job.log(
        `${result.status}: ${logLine(about)}${result.why === undefined ? '' : `: ${logLine(result.why)}`}`,
      )
      if (result.status !== 'done')
        job.say(
          result.status === 'failed' ? 'error' : 'warning',
          name,
          `${logLine(about)}: ${logLine(result.why ?? '')}`,
        )
    }
  }
  job.log(`${count(results.filter(({ status }) => status === 'done').length, 'effect')} done`)
  const refusal = all.find((one) => one.refusal)?.refusal
  if (refusal) return { status: 'refused', exitStatus: refusal.exitStatus }
  if (results.some(({ status }) => status === 'failed')) return { status: 'failed', exitStatus: 6 }
  if (results.some(({ status }) => status === 'refused')) return { status: 'failed', exitStatus: 5 }
  return { status: 'succeeded', exitStatus: 0 }
}
