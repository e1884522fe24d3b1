import type { RunEvent, SharedMap } from '../events.ts'
import { Refusal } from '../failure.ts'
import { canonicalJson } from '../store/canonical-json.ts'
import { definitionIds } from '../store/definition.ts'
import { readJournal, segmentName } from '../store/journal.ts'
import type { RunManifest } from '../store/manifest.ts'
import { sha256 } from '../store/payload.ts'
import { damaged, type Shard } from '../store/shard.ts'
import { countItems, itemOfPath, itemsOf } from './shared-map.ts'

/** What all shards of a run begin with, and what their results are held to. */
export interface ShardWork {
  readonly run: string
  readonly map: SharedMap
  /** Digest of the run, its definition, its inputs, the items and all that happened before them. */
  readonly key: string
  /** The whole journal up to the pause: the record of a run has limits. */
  readonly journal: readonly RunEvent[]
}

/** What is executed, by its digests. */
interface Executed {
  readonly runId: string
  readonly definition: readonly string[]
  readonly inputs: string
}

/** Describes the work of the shards of a run that stands before a map. Pure. */
export function describeWork(executed: Executed, map: SharedMap, journal: readonly RunEvent[]): ShardWork {
  const key = sha256(canonicalJson({ ...executed, map, journal: sha256(linesOf(journal)) }))
  return { run: executed.runId, map, key, journal }
}

/** Shard 0: what the others begin with. */
export function workAsShard({ run, map, key, journal }: ShardWork): Shard {
  return { run, step: map.step, number: 0, of: map.of, key, files: asFiles(journal) }
}

/**
 * Reads shard 0 of a run. Refuses with `shard-missing` when it is not there, and with `shard-damaged` when it is of another
 * run, another definition or other inputs than the record of the run says.
 */
export function readWork(
  { id, workflow, inputs }: RunManifest,
  map: SharedMap,
  shards: ReadonlyMap<number, Shard>,
): ShardWork {
  const found = shards.get(0)
  const name = { run: id, step: map.step, number: 0, of: map.of }
  if (found === undefined) {
    throw new Refusal('shard-missing', `What the shards of ${map.step} begin with is not there`, {
      exitStatus: 6,
      help: `It was removed, or run ${id} has ended. Start the workflow again.`,
    })
  }
  const executed = { runId: id, definition: definitionIds(workflow), inputs: inputs.sha256 }
  const work = describeWork(executed, map, eventsIn(found))
  if (work.key !== found.key) throw damaged(name, 'it is of another run, another definition or other inputs')
  return work
}

/** Bytes of one file of a shard: forges refuse files of 100 MB. */
const FILE_BYTES = 16 * 1024 * 1024

/** Bytes of a shard. */
const MOST_BYTES = 256 * 1024 * 1024

/** A journal as the files of a shard. */
export function asFiles(events: readonly RunEvent[]): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>()
  let lines: string[] = []
  let bytes = 0
  const close = () => {
    if (lines.length > 0) files.set(`journal/${segmentName(files.size + 1)}`, Buffer.from(lines.join('')))
    lines = []
    bytes = 0
  }
  for (const event of events) {
    const line = linesOf([event])
    if (bytes + line.length > FILE_BYTES) close()
    lines.push(line)
    bytes += line.length
  }
  close()
  return files
}

function linesOf(events: readonly RunEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('')
}

/** What happened in a shard, in order. Nothing in it is believed. Refuses with `shard-damaged`. */
function eventsIn(shard: Shard): readonly RunEvent[] {
  const size = [...shard.files.values()].reduce((sum, { length }) => sum + length, 0)
  if (size > MOST_BYTES) throw damaged(shard, `it has ${size} bytes, and at most ${MOST_BYTES} are read`)
  const segments = new Map(
    [...shard.files].map(([path, content]) => [path.slice('journal/'.length), content] as const),
  )
  try {
    const { events, torn } = readJournal(segments)
    if (torn.length === 0) return events
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
  throw damaged(shard, 'its journal cannot be read')
}

/** What the steps of an item do; whatever else happens belongs to the run. */
const OF_STEPS: ReadonlySet<string> = new Set([
  'step-started',
  'effect-finished',
  'step-finished',
  'attempt-failed',
  'warning',
] satisfies RunEvent['type'][])

/** Whether a shard keeps an event: what is only worth seeing while it happens, it does not. */
export function isKept(event: RunEvent): boolean {
  return OF_STEPS.has(event.type) && 'path' in event && event.path !== undefined
}

/**
 * What happened to the items of a shard. Refuses with `shard-damaged` what belongs to other items or to none, and a finished
 * shard that lacks an item.
 */
export function itemEventsOf(shard: Shard, map: SharedMap): readonly RunEvent[] {
  const { first, last } = itemsOf(map, shard.number)
  const finished = new Set<number>()
  const events = eventsIn(shard)
  for (const event of events) {
    const path = 'path' in event && typeof event.path === 'string' ? event.path : ''
    const item = itemOfPath(path) ?? 0
    if (!OF_STEPS.has(event.type) || item < first || item > last)
      throw damaged(shard, `it holds something else than its items ${first} to ${last}`)
    if (event.type === 'step-finished') finished.add(item)
  }
  if (shard.unfinished === undefined && finished.size < countItems(map, shard.number))
    throw damaged(shard, `of its items ${first} to ${last} only ${finished.size} are in it`)
  return events
}
