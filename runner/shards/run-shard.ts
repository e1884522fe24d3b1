import { kindOfTool } from '../../schema/effects.ts'
import { CHECK, MEMORY } from '../../schema/limits.ts'
import { sessionDoor } from '../agents/sessions.ts'
import { describeFailure, type RunOptions } from '../carry-out.ts'
import type { Perform } from '../effect.ts'
import { budgetDoor, lowerBudget } from '../engine/budget.ts'
import type { EngineOutcome } from '../engine/engine.ts'
import { memoryOf } from '../engine/memory.ts'
import type { RunEvent, RunStatus, SharedMap } from '../events.ts'
import { exitStatusOf, statusOfFailure } from '../exit-status.ts'
import { type FailureInfo, Refusal, StepFailure } from '../failure.ts'
import { interpret } from '../interpret.ts'
import { makeReady } from '../ready.ts'
import { projectOfRun } from '../recorded.ts'
import { openRecordsOf, projectRedactor, warnThrough } from '../records.ts'
import { count } from '../report/plain-text.ts'
import { Reporter } from '../reporter.ts'
import { readRepeatable } from '../rerun.ts'
import type { StoredRun } from '../store/read-run.ts'
import { redactValue } from '../store/redact.ts'
import type { Shard } from '../store/shard.ts'
import { allowanceOf, type KnownShards } from './allowance.ts'
import { asFiles, isKept, itemEventsOf, readWork } from './shard-work.ts'
import { itemsOf, selectShard, sharedMapOf } from './shared-map.ts'

export interface ShardOptions extends RunOptions {
  readonly runId: string
  /** Which shard, from 1. */
  readonly number: number
}

export interface ShardResult {
  readonly runId: string
  readonly shard: number
  readonly of: number
  /** `succeeded`: all its items are done and kept. Else what is done is kept, and its next try goes on from there. */
  readonly status: RunStatus
  /** See `docs/exit-status.md`. */
  readonly exitStatus: number
  /** Its items, from 1. */
  readonly items: { readonly first: number; readonly last: number }
  readonly failure?: FailureInfo
  /** Nothing was done: an earlier try had finished it. */
  readonly wasDone?: true
}

/**
 * Works on one shard of a run that was handed out, and keeps what came out of it for the machine that joins the shards. What
 * an earlier try of the shard has finished is not done again. The definition is that of the record.
 *
 * Refuses with `run-not-shared` and `no-such-shard` what is not to be done, with `shard-missing` and `shard-damaged` when what
 * the shards begin with is not there or not right, and like a run when it cannot start or cannot be kept.
 */
export async function runShard(given: ShardOptions): Promise<ShardResult> {
  const warn = warnThrough(given)
  const { options, records, stored } = await openRecordsOf(given, warn)
  const { number, project, world } = options
  const { manifest } = stored
  const map = refuseOther(stored, number)
  const { shards } = await records.findShards({ run: manifest.id, step: map.step, of: map.of })
  const work = readWork(manifest, map, shards)
  const about = { runId: manifest.id, shard: number, of: map.of, items: itemsOf(map, number) }
  const before = shards.get(number)
  if (before && before.unfinished === undefined)
    return { ...about, status: 'succeeded', exitStatus: 0, wasDone: true }
  const known = before ? itemEventsOf(before, map) : []
  const done: RunEvent[] = []
  const { outcome, ends } = await workOn(options, stored, {
    map,
    journal: work.journal,
    known,
    allShards: shards,
    onDone: (event) => done.push(event),
  })
  const redact = projectRedactor(project.config, world)
  const events = redactValue(begunOnce([...known, ...done]), redact)
  const shard: Shard = {
    run: work.run,
    step: map.step,
    number,
    of: map.of,
    key: work.key,
    files: asFiles(events),
    ...(ends === undefined ? {} : { unfinished: ends.failure?.message ?? ends.status }),
  }
  refuseSecrets(shard, redact)
  await records.keepShard(shard)
  if (outcome.status === 'failed' && !(outcome.failure instanceof StepFailure)) throw outcome.failure
  if (!ends) return { ...about, status: 'succeeded', exitStatus: 0 }
  return { ...about, ...ends, exitStatus: exitStatusOf(ends.status, ends.failure) }
}

/** The map that the run waits for. */
function refuseOther({ manifest, events }: StoredRun, number: number): SharedMap {
  const map = sharedMapOf(events)
  if (map === undefined || manifest.status !== 'paused') {
    throw new Refusal('run-not-shared', `Run ${manifest.id} does not wait for shards`, {
      help: `\`codemie-ci show ${manifest.id}\` says how it stands; \`codemie-ci run <workflow> --until-shards\` starts one that does.`,
    })
  }
  if (number >= 1 && number <= map.of) return map
  throw new Refusal('no-such-shard', `Run ${manifest.id} has ${count(map.of, 'shard')}, and no ${number}`, {
    help: `They are counted from 1.`,
  })
}

interface Work {
  readonly map: SharedMap
  readonly journal: readonly RunEvent[]
  /** What earlier tries of the shard did. */
  readonly known: readonly RunEvent[]
  readonly allShards: ReadonlyMap<number, Shard>
  readonly onDone: (event: RunEvent) => void
}

interface Ends {
  readonly status: RunStatus
  readonly failure?: FailureInfo
}

async function workOn(
  given: ShardOptions,
  stored: StoredRun,
  { map, journal, known, allShards, onDone }: Work,
): Promise<{ readonly outcome: EngineOutcome; readonly ends: Ends | undefined }> {
  const { number, signal, maxConcurrency } = given
  const {
    manifest,
    settings,
    workflow: recorded,
    find,
    text,
    given: files,
  } = await readRepeatable(stored, given.project, false)
  const project = await projectOfRun(given.project, manifest, warnThrough(given))
  const options = { ...settings, ...given, project }
  const { world } = options
  const { workflow, setup, called } = await makeReady(recorded, options, find)
  const { budget, spending, maxSteps } = allowanceOf(
    lowerBudget(project.config.budgets, workflow.budget),
    { map, journal, shards: spentIn(allShards, map) },
    number,
  )
  const memory = memoryOf([...journal, ...known])
  const tell = (event: RunEvent) => {
    if (isKept(event)) onDone(event)
    given.onEvent(event)
  }
  const reporter = new Reporter(world, tell, undefined, [], false)
  const outcome = await interpret({
    workflow,
    input: { text, ...files },
    kit: setup.kit,
    findCalled: (name) => called.get(name),
    perform: sessionDoor(budgetDoor(withoutProposals(setup.perform), budget, spending, setup), [
      ...journal,
      ...known,
    ]),
    memory,
    answers: [],
    world,
    signal,
    emit: (event) => reporter.emit(event),
    streaming: options.streaming ?? false,
    strict: options.strict ?? false,
    select: selectShard(map, number, memory),
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
  }).catch((failure: unknown): EngineOutcome => ({ status: 'failed', failure, path: undefined }))
  await setup.close()
  if (outcome.status === 'handed-on' && outcome.steps.some(({ state: { id } }) => OF_THE_RUN.has(id))) {
    warnThrough(options)({
      code: 'left-to-join',
      message:
        'A long conversation has to be summed up or a guardrail asked about, which the machine that joins the shards does, and what follows for the items, too',
    })
  }
  return { outcome, ends: endOf(outcome) }
}

/** States of the engine whose steps are counted over all items, so that a shard does not know which ones are its own. */
const OF_THE_RUN: ReadonlySet<string> = new Set([MEMORY, CHECK])

/** How a shard ended that has not done all its items; `undefined`: it has. */
function endOf(outcome: EngineOutcome): Ends | undefined {
  switch (outcome.status) {
    case 'succeeded':
    case 'handed-on':
      return undefined
    case 'interrupted':
      return { status: 'interrupted' }
    case 'paused': {
      const held = outcome.before.map(({ path }) => path).join(', ')
      const failure = new StepFailure('shard-waits', `${held} waits for a person, which a shard cannot`, {
        blame: 'workflow',
        help: `\`codemie-ci resume <run> --rest-here\` does what is left on one machine, where a run can wait.`,
      }).toInfo()
      return { status: 'failed', failure }
    }
    case 'failed': {
      const failure = describeFailure(outcome.failure)
      return { status: statusOfFailure(failure), failure }
    }
  }
}

/** How much a run may write to GitHub is counted over all its items, and a shard does not know those of others. */
function withoutProposals(perform: Perform): Perform {
  return async (effect) => {
    if (effect.kind !== 'tool' || effect.request.mcp || kindOfTool(effect.request.tool) === undefined)
      return await perform(effect)
    throw new StepFailure(
      'shard-proposes',
      `'${effect.request.tool}' proposes something to be written to GitHub, which a shard cannot`,
      {
        blame: 'workflow',
        help: 'Let a state behind the list propose it. `codemie-ci resume <run> --rest-here` does what is left on one machine.',
      },
    )
  }
}

/** An attempt that was cut off goes on in the next try, which says once more that it began. */
function begunOnce(events: readonly RunEvent[]): readonly RunEvent[] {
  const begun = new Set<string>()
  return events.filter((event) => {
    if (event.type !== 'step-started') return true
    const attempt = `${event.attempt} ${event.path}`
    if (begun.has(attempt)) return false
    begun.add(attempt)
    return true
  })
}

/** What each shard that is there has spent. */
function spentIn(shards: ReadonlyMap<number, Shard>, map: SharedMap): KnownShards['shards'] {
  const items = [...shards].filter(([number]) => number > 0)
  return new Map(
    items.map(([number, shard]) => [
      number,
      { events: itemEventsOf(shard, map), isFinished: shard.unfinished === undefined },
    ]),
  )
}

/** Everything was cleaned piece by piece; a secret that shows only in the whole is not pushed. */
function refuseSecrets({ files }: Shard, redact: (text: string) => string): void {
  for (const [path, content] of files) {
    const text = Buffer.from(content).toString('utf8')
    if (redact(text) === text) continue
    throw new Refusal('secret-in-record', `A secret was found in ${path} of the shard`, {
      exitStatus: 5,
      help: 'Nothing was kept. Find out which step printed it, and change the secret.',
    })
  }
}
