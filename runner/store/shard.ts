import { Refusal } from '../failure.ts'
import { writeCommits } from '../git/fast-import.ts'
import { treeId } from '../git/object-id.ts'
import { isOutdated } from '../git/push.ts'
import { oneLine } from '../report/plain-text.ts'
import { canonicalJson } from './canonical-json.ts'
import type { StoreContext } from './context.ts'
import { slugOf } from './file-name.ts'
import { readTree } from './objects.ts'
import { sha256 } from './payload.ts'
import { pushPatiently } from './publish-remote.ts'
import { listRefs, type RunRef, SHARD } from './refs.ts'
import { fetchRefs, listRemoteRefs } from './remote-refs.ts'
import { rejectionOf, remoteRefusal } from './remote-refusal.ts'

/** A part of a map that a job of its own worked on. */
export interface ShardName {
  /** Id of the run. */
  readonly run: string
  /** Path of the step that the items belong to. */
  readonly step: string
  /** From 1; 0 is what all of them begin with. */
  readonly number: number
  /** How many there are, 0 not counted. */
  readonly of: number
}

/** A shard with what it found. */
export interface Shard extends ShardName {
  /** Digest of what it was to do: definition, items and models. Shards of other work do not fit together. */
  readonly key: string
  /** Content by path. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Why it did not come to its end: one that did may take its place. Absent: it did. */
  readonly unfinished?: string
}

/** Shards by their numbers, as far as they are there, and the refs to remove when the run is finished. */
export interface FoundShards {
  readonly shards: ReadonlyMap<number, Shard>
  readonly refs: readonly { readonly ref: string; readonly commit: string }[]
}

/** Shards that are all there, in the order of their numbers. */
export interface CollectedShards extends Pick<FoundShards, 'refs'> {
  readonly shards: readonly Shard[]
}

const MANIFEST = 'shard.json'

/** Characters of {@link Shard.unfinished} that are kept. */
const LONGEST_REASON = 500

/**
 * Keeps a shard under its own ref, here and on the remote that records are pushed to. A finished one is there for good: the
 * same one may come twice, and another one under its name is refused with `shard-differs`. One that did not come to its end
 * is replaced by what its next try brings.
 */
export async function keepShard(context: StoreContext, shard: Shard): Promise<string> {
  const { remote } = context
  const { git } = context.repository
  const { objectFormat } = await context.state()
  const ref = refOf(shard)
  const files = new Map([...shard.files, [MANIFEST, Buffer.from(canonicalJson(describe(shard)))]])
  const tree = treeId(files, objectFormat)
  const there = await tipThere(context, ref)
  if (there !== undefined) await fetch(context, [`+${ref}:${ref}`])
  const before = await tipHere(context, ref)
  if (before?.tree !== tree) {
    if (before !== undefined && !(await isUnfinished(context, before, shard))) throw differs(shard)
    const message = `shard ${shard.number} of ${shard.of} of ${shard.run}\n`
    const committedAt = Math.floor(context.now() / 1000)
    const parent = before?.commit
    await writeCommits(git, [{ ref, parent, startsEmpty: true, message, committedAt, files }])
  }
  const here = await tipHere(context, ref)
  if (here?.tree !== tree) throw differs(shard)
  if (remote === undefined || here.commit === there) return ref
  const update = { ref, to: here.commit, ...(there === undefined ? {} : { from: there }) }
  const rejected = await pushPatiently(remote, [update], [], context)
  if (rejected === undefined) return ref
  if (!isOutdated(rejected))
    throw remoteRefusal(remote, rejected, `The shard is kept in this repository, under ${ref}.`)
  await fetch(context, [`+${ref}:${ref}`])
  if ((await tipHere(context, ref))?.tree !== tree) throw differs(shard)
  return ref
}

/**
 * Looks for the shards of a step, in one request. Nothing in them is believed: each must be the one that its ref says, of the
 * same work as the first one, with the right digests. Refuses with `shard-damaged`.
 */
export async function findShards(
  context: StoreContext,
  { run, step, of }: Omit<ShardName, 'number'>,
): Promise<FoundShards> {
  const { git } = context.repository
  const prefix = `${SHARD}${run}/${slugOf(step)}/`
  if (context.remote !== undefined) await fetch(context, [`+${prefix}*:${prefix}*`])
  const refs = await listRefs(git, [prefix])
  const shards = new Map<number, Shard>()
  for (let number = 0; number <= of; number++) {
    const name = { run, step, number, of }
    const ref = refs.find((one) => one.ref === refOf(name))
    if (ref === undefined) continue
    const shard = readShard(await readTree(git, ref.tree), name)
    const [first] = shards.values()
    if (first !== undefined && shard.key !== first.key)
      throw damaged(name, 'it is of other work than the first one: another definition, or other items')
    shards.set(number, shard)
  }
  return { shards, refs: refs.map(({ ref, commit }) => ({ ref, commit })) }
}

/**
 * Brings all shards of a step together, as {@link findShards} does. Refuses with `shard-missing` and the numbers of those that
 * are not there or did not come to their end.
 */
export async function collectShards(
  context: StoreContext,
  name: Omit<ShardName, 'number'>,
): Promise<CollectedShards> {
  const { shards, refs } = await findShards(context, name)
  refuseGaps(shards, name)
  return { shards: [...shards.values()].filter(({ number }) => number > 0), refs }
}

/** Refuses with `shard-missing` unless all shards are there and came to their end. */
export function refuseGaps(
  shards: ReadonlyMap<number, Shard>,
  { run, step, of }: Omit<ShardName, 'number'>,
): void {
  const numbers = Array.from({ length: of }, (_, index) => index + 1)
  const missing = numbers.filter((number) => !shards.has(number))
  const unfinished = numbers.filter((number) => shards.get(number)?.unfinished !== undefined)
  if (missing.length + unfinished.length === 0) return
  const reasons = unfinished.map((number) => `\n  shard ${number}: ${shards.get(number)?.unfinished}`)
  const gone = missing.length > 0 ? [`these are not there: ${missing.join(', ')}`] : []
  const begun = unfinished.length > 0 ? [`these did not come to their end: ${unfinished.join(', ')}`] : []
  throw new Refusal(
    'shard-missing',
    `Of ${of} shards of ${step} ${[...gone, ...begun].join('; ')}${reasons.join('')}`,
    {
      exitStatus: 6,
      help: `Run their jobs again, or \`codemie-ci shard ${run} <number>\`; what they and the others found is kept.`,
    },
  )
}

function refOf({ run, step, number }: ShardName): string {
  return `${SHARD}${run}/${slugOf(step)}/${String(number).padStart(4, '0')}`
}

async function tipHere({ repository }: StoreContext, ref: string): Promise<RunRef | undefined> {
  return (await listRefs(repository.git, [ref]))[0]
}

async function tipThere({ remote }: StoreContext, ref: string): Promise<string | undefined> {
  if (remote === undefined) return undefined
  try {
    return (await listRemoteRefs(remote, [ref])).get(ref)
  } catch (error) {
    throw remoteRefusal(remote, rejectionOf(error), STAYS)
  }
}

async function isUnfinished(context: StoreContext, { tree }: RunRef, name: ShardName): Promise<boolean> {
  return readShard(await readTree(context.repository.git, tree), name).unfinished !== undefined
}

function describe({ run, step, number, of, key, files, unfinished }: Shard) {
  const listed = [...files].map(([path, content]) => [
    path,
    { sha256: sha256(content), size: content.length },
  ])
  const why = unfinished === undefined ? {} : { unfinished: oneLine(unfinished).slice(0, LONGEST_REASON) }
  return { schema: 1, run, step, number, of, key, files: Object.fromEntries(listed), ...why }
}

function readShard(found: Map<string, Uint8Array>, name: ShardName): Shard {
  const text = Buffer.from(found.get(MANIFEST) ?? []).toString('utf8')
  found.delete(MANIFEST)
  const { run, key, unfinished } = readManifest(text)
  if (typeof run === 'string' && run !== name.run)
    throw damaged(name, 'it belongs to another run, and so does what is in it')
  const shard = {
    ...name,
    key: typeof key === 'string' ? key : '',
    files: found,
    ...(typeof unfinished === 'string' ? { unfinished } : {}),
  }
  if (text !== canonicalJson(describe(shard))) throw damaged(name, `${MANIFEST} does not fit what it holds`)
  return shard
}

/** Whatever stands there is compared with what should. */
function readManifest(text: string): { run?: unknown; key?: unknown; unfinished?: unknown } {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

const STAYS = 'Nothing is lost: shards stay until their run is finished.'

async function fetch({ remote }: StoreContext, refspecs: readonly string[]): Promise<void> {
  if (remote === undefined) return
  try {
    await fetchRefs(remote.git, remote, refspecs)
  } catch (error) {
    throw remoteRefusal(remote, rejectionOf(error), STAYS)
  }
}

function differs({ number, step }: ShardName): Refusal {
  return new Refusal('shard-differs', `Another shard ${number} of ${step} is there already`, {
    exitStatus: 6,
    help: 'Two jobs worked on the same items with different results; the first one counts.',
  })
}

/** A shard that is not what it should be. */
export function damaged({ number, step }: ShardName, why: string): Refusal {
  return new Refusal('shard-damaged', `Shard ${number} of ${step} is not taken: ${why}`, {
    exitStatus: 5,
    help: 'Run its job again.',
  })
}
