import { Refusal } from '../failure.ts'
import { writeCommits } from '../git/fast-import.ts'
import { treeId } from '../git/object-id.ts'
import { isOutdated } from '../git/push.ts'
import { canonicalJson } from './canonical-json.ts'
import type { StoreContext } from './context.ts'
import { slugOf } from './file-name.ts'
import { readTree } from './objects.ts'
import { sha256 } from './payload.ts'
import { pushPatiently } from './publish-remote.ts'
import { listRefs, SHARD } from './refs.ts'
import { fetchRefs } from './remote-refs.ts'
import { rejectionOf, remoteRefusal } from './remote-refusal.ts'

/** A part of a map that a job of its own worked on. */
export interface ShardName {
  /** Id of the run. */
  readonly run: string
  /** Path of the step that the items belong to. */
  readonly step: string
  /** From 1. */
  readonly number: number
  /** How many there are. */
  readonly of: number
}

/** A shard with what it found. */
export interface Shard extends ShardName {
  /** Digest of what it was to do: definition, items and models. Shards of other work do not fit together. */
  readonly key: string
  /** Content by path. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Shards that are all there, in the order of their numbers, and the refs to remove when the run is finished. */
export interface CollectedShards {
  readonly shards: readonly Shard[]
  readonly refs: readonly { readonly ref: string; readonly commit: string }[]
}

const MANIFEST = 'shard.json'

/**
 * Keeps a finished shard under its own ref, here and on the remote that records are pushed to: once, at its end. The same
 * one may come twice; another one under its name is refused with `shard-differs`.
 */
export async function keepShard(context: StoreContext, shard: Shard): Promise<string> {
  const { git } = context.repository
  const { objectFormat } = await context.state()
  const ref = refOf(shard)
  const files = new Map([...shard.files, [MANIFEST, Buffer.from(canonicalJson(describe(shard)))]])
  const tree = treeId(files, objectFormat)
  const message = `shard ${shard.number} of ${shard.of} of ${shard.run}\n`
  const committedAt = Math.floor(context.now() / 1000)
  await writeCommits(git, [{ ref, parent: undefined, message, committedAt, files }])
  const here = (await listRefs(git, [ref]))[0]
  if (here?.tree !== tree) throw differs(shard)
  const { remote } = context
  if (remote === undefined) return ref
  const rejected = await pushPatiently(remote, [{ ref, to: here.commit }], [], context)
  if (rejected === undefined) return ref
  if (!isOutdated(rejected))
    throw remoteRefusal(remote, rejected, `The shard is kept in this repository, under ${ref}.`)
  await fetch(context, [`+${ref}:${ref}`])
  const there = (await listRefs(git, [ref]))[0]
  if (there?.tree !== tree) throw differs(shard)
  return ref
}

/**
 * Brings all shards of a step together. Nothing in them is believed: each must be the one that its ref says, of the same
 * work as the others, with the right digests. Refuses with `shard-missing` and their numbers, and with `shard-damaged`.
 */
export async function collectShards(
  context: StoreContext,
  { run, step, of }: Omit<ShardName, 'number'>,
): Promise<CollectedShards> {
  const { git } = context.repository
  const prefix = `${SHARD}${run}/${slugOf(step)}/`
  if (context.remote !== undefined) await fetch(context, [`+${prefix}*:${prefix}*`])
  const refs = await listRefs(git, [prefix])
  const shards: Shard[] = []
  const missing: number[] = []
  for (let number = 1; number <= of; number++) {
    const ref = refs.find((one) => one.ref === refOf({ run, step, number, of }))
    if (ref === undefined) missing.push(number)
    else shards.push(readShard(await readTree(git, ref.tree), { run, step, number, of }))
  }
  if (missing.length > 0) {
    throw new Refusal(
      'shard-missing',
      `Of ${of} shards of ${step} these are not there: ${missing.join(', ')}`,
      {
        exitStatus: 6,
        help: 'Run their jobs again; what the others found is kept.',
      },
    )
  }
  const [first] = shards
  const odd = shards.find(({ key }) => key !== first?.key)
  if (odd !== undefined) throw damaged(odd, 'it is of other work than the first one')
  return { shards, refs: refs.map(({ ref, commit }) => ({ ref, commit })) }
}

function refOf({ run, step, number }: ShardName): string {
  return `${SHARD}${run}/${slugOf(step)}/${String(number).padStart(4, '0')}`
}

function describe({ run, step, number, of, key, files }: Shard) {
  const listed = [...files].map(([path, content]) => [
    path,
    { sha256: sha256(content), size: content.length },
  ])
  return { schema: 1, run, step, number, of, key, files: Object.fromEntries(listed) }
}

function readShard(found: Map<string, Uint8Array>, name: ShardName): Shard {
  const text = Buffer.from(found.get(MANIFEST) ?? []).toString('utf8')
  found.delete(MANIFEST)
  let key: unknown
  try {
    key = JSON.parse(text).key
  } catch {
    // Then it differs from what it should be.
  }
  const shard = { ...name, key: typeof key === 'string' ? key : '', files: found }
  if (text !== canonicalJson(describe(shard))) throw damaged(name, `${MANIFEST} does not fit what it holds`)
  return shard
}

async function fetch({ remote }: StoreContext, refspecs: readonly string[]): Promise<void> {
  if (remote === undefined) return
  try {
    await fetchRefs(remote.git, remote, refspecs)
  } catch (error) {
    throw remoteRefusal(
      remote,
      rejectionOf(error),
      'Nothing is lost: shards stay until their run is finished.',
    )
  }
}

function differs({ number, step }: ShardName): Refusal {
  return new Refusal('shard-differs', `Another shard ${number} of ${step} is there already`, {
    exitStatus: 6,
    help: 'Two jobs worked on the same items with different results; the first one counts.',
  })
}

function damaged({ number, step }: ShardName, why: string): Refusal {
  return new Refusal('shard-damaged', `Shard ${number} of ${step} is not taken: ${why}`, {
    exitStatus: 5,
    help: 'Run its job again.',
  })
}
