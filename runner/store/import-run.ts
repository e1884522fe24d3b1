import { statSync } from 'node:fs'
import { Refusal } from '../failure.ts'
import { type Git, GitError } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { slugOf } from './file-name.ts'
import { listTree, readEntries, type TreeEntry } from './objects.ts'
import { readRun } from './read-run.ts'
import { DONE, LIVE, listRefs, type RunRef, runIdOfRef } from './refs.ts'
import { openScratch } from './remote.ts'
import { verifyRecord } from './verify-record.ts'

/** A run that came in a bundle. */
export interface ImportedRun {
  readonly id: string
  /** `finished`: it is `done` here, and the next publication puts it on the branch; `open`: it can be resumed. */
  readonly as: 'finished' | 'open' | 'already-here'
}

/** Bytes of a bundle that are looked at: a record has at most 8 MiB, and a live one some earlier versions of it. */
const LARGEST_BUNDLE = 256 * 1024 * 1024
const MOST_RUNS = 100
/** A record that was cut to its limits can be a little over them, by its manifest. */
const SLACK = 2
/** A run that was interrupted can be either: kept as its record, or cut off before that. */
const LIVE_ONLY = ['running', 'paused']
const EITHER = ['interrupted']

/**
 * Brings the runs of a bundle into this repository. Nothing in it is believed: it is unpacked in a repository of its
 * own first, and each run must be a whole record with the right digests, plain files only, within the limits of a
 * record, under the ref of its id. What is here already is left alone.
 *
 * Refuses with `not-a-bundle`, with `bundle-refused` and all that is wrong in it, and with `run-exists` when another
 * record of the run is here. Then nothing was brought in.
 */
export async function importBundle(context: StoreContext, file: string): Promise<ImportedRun[]> {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) throw notABundle(file, 'there is no such file')
  if (size > LARGEST_BUNDLE)
    throw refused(file, [`it has ${size} bytes, and at most ${LARGEST_BUNDLE} are looked at`])
  const { objectFormat } = await context.state()
  const { git } = context.repository
  const scratch = openScratch(context.repository, undefined, objectFormat)
  try {
    const names = await headsOf(scratch.git, file)
    const odd = names.filter((ref) => runIdOfRef(ref) === undefined)
    if (odd.length > 0)
      throw refused(
        file,
        odd.map((ref) => `${ref} is not the ref of a run`),
      )
    if (names.length > MOST_RUNS)
      throw refused(file, [`it holds ${names.length} runs, and at most ${MOST_RUNS} are taken`])
    await fetchFrom(
      scratch.git,
      file,
      names.map((ref) => `+${ref}:refs/in/${ref.slice('refs/codemie/'.length)}`),
    )
    const refs = await listRefs(scratch.git, ['refs/in'])
    const problems = (await Promise.all(refs.map((ref) => problemsOf(context, scratch.git, ref)))).flat()
    if (problems.length > 0) throw refused(file, problems)
    const taken: { readonly run: ImportedRun; readonly refspec?: string }[] = []
    for (const ref of refs) taken.push(await place(context, ref))
    const refspecs = taken.flatMap(({ refspec }) => refspec ?? [])
    if (refspecs.length > 0) await fetchFrom(git, file, refspecs)
    return taken.map(({ run }) => run)
  } finally {
    scratch.remove()
  }
}

async function headsOf(git: Git, file: string): Promise<string[]> {
  try {
    const { stdout } = await git.run({ args: ['bundle', 'list-heads', file] })
    return stdout
      .toString()
      .split('\n')
      .flatMap((line) => /^[0-9a-f]{40,64} (.+)$/.exec(line)?.[1] ?? [])
  } catch (error) {
    if (error instanceof GitError && error.kind === 'exited') throw notABundle(file, error.stderr.trim())
    throw error
  }
}

async function fetchFrom(git: Git, file: string, refspecs: readonly string[]): Promise<void> {
  try {
    await git.run({
      args: [
        '-c',
        'fetch.fsckObjects=true',
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        file,
        ...refspecs,
      ],
    })
  } catch (error) {
    if (error instanceof GitError && error.kind === 'exited') throw refused(file, [error.stderr.trim()])
    throw error
  }
}

/** All that is wrong with one run of a bundle. */
async function problemsOf(context: StoreContext, git: Git, ref: RunRef): Promise<string[]> {
  const id = ref.ref.slice(ref.ref.lastIndexOf('/') + 1)
  const tell = (path: string, message: string) => `run ${id}${path === '' ? '' : `, ${path}`}: ${message}`
  const { limits } = context
  const entries = await listTree(git, ref.tree)
  if (entries.length > limits.files * SLACK) return [tell('', `it has ${entries.length} files`)]
  const bytes = await bytesOf(git, entries)
  if (bytes > limits.runBytes * SLACK) return [tell('', `its files have ${bytes} bytes`)]
  const files = await readEntries(
    git,
    entries.filter(({ mode, type }) => mode === '100644' && type === 'blob'),
  )
  const { manifest, problems } = verifyRecord({ id, entries, files })
  const found = problems.map(({ path, message }) => tell(path, message))
  if (manifest === undefined) return found
  const { entry } = ref
  if (entry?.id !== id || entry.status !== manifest.status || entry.workflow !== slugOf(manifest.workflow.id))
    found.push(tell('', 'the message of its commit says something else than run.json'))
  const isLive = ref.ref.startsWith('refs/in/live/')
  if (!EITHER.includes(manifest.status) && isLive !== LIVE_ONLY.includes(manifest.status))
    found.push(tell('', `a run that is ${manifest.status} does not stand under ${isLive ? 'live' : 'done'}`))
  return found
}

async function bytesOf(git: Git, entries: readonly TreeEntry[]): Promise<number> {
  const blobs = entries.filter(({ type }) => type === 'blob')
  if (blobs.length === 0) return 0
  const { stdout } = await git.run({
    args: ['cat-file', '--batch-check=%(objectsize)'],
    stdin: `${blobs.map(({ object }) => object).join('\n')}\n`,
  })
  return stdout
    .toString()
    .split('\n')
    .reduce((sum, line) => sum + (Number(line) || 0), 0)
}

async function place(context: StoreContext, ref: RunRef) {
  const id = ref.ref.slice(ref.ref.lastIndexOf('/') + 1)
  const here = await readRun(context, id).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'no-such-run') return undefined
    throw error
  })
  if (here?.tree === ref.tree) return { run: { id, as: 'already-here' } as const }
  if (here !== undefined) {
    throw new Refusal('run-exists', `Another record of run ${id} is here already`, {
      exitStatus: 6,
      help: `Nothing was brought in. \`codemie-ci show ${id}\` shows the one that is here.`,
    })
  }
  const isLive = ref.ref.startsWith('refs/in/live/')
  const from = `refs/codemie/${ref.ref.slice('refs/in/'.length)}`
  return {
    run: { id, as: isLive ? 'open' : 'finished' } as const,
    refspec: `${from}:${isLive ? LIVE : DONE}${id}`,
  }
}

function notABundle(file: string, why: string): Refusal {
  return new Refusal('not-a-bundle', `${file} is not a git bundle: ${why}`, {
    help: 'A run that could not be pushed names its bundle; the file ends in .bundle.',
  })
}

function refused(file: string, problems: readonly string[]): Refusal {
  const shown = problems.slice(0, 20).map((problem) => problem.replace(/\s+/g, ' '))
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : ''
  return new Refusal('bundle-refused', `${file} is not brought in: ${shown.join('; ')}${more}`, {
    exitStatus: 5,
    help: 'Only whole records, as a runner wrote them, are taken. Nothing was brought in.',
  })
}
