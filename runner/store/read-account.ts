import type { RunEvent } from '../events.ts'
import { readJournal } from './journal.ts'
import type { RunManifest } from './manifest.ts'
import { namesInTree, readNamedObjects, readObjects } from './objects.ts'
import { keptTexts, type ReadContext, readRun } from './read-run.ts'
import { DONE, isSlug, LIVE, PUSHED, RUNS_BRANCH } from './refs.ts'
import { parseManifest, restoreEvents } from './run-directory.ts'
import { findRunDirectory } from './run-home.ts'
import { runPath } from './run-id.ts'

/** What a run tells of itself: enough to show it, and not its files. */
export interface RunAccount {
  readonly manifest: RunManifest
  /** All events; where a text was too large for the record and is not on this machine, an excerpt stands for it. */
  readonly events: readonly RunEvent[]
  /** Content of `inputs.json`. */
  readonly inputs: Uint8Array | undefined
  readonly where: 'directory' | 'live' | 'done' | 'branch'
  /** Last sign of life of a run under its live ref, ISO 8601: what the record says, or when its commit was made. */
  readonly seenAt?: string
}

/**
 * Reads what is needed to show a run, from the newest place that has it. Most runs asked for are on the branch of this
 * repository: then it takes two git processes, where reading the whole record takes six.
 *
 * @param id a whole run id. Refuses with `no-such-run`.
 */
export async function readAccount(context: ReadContext, id: string): Promise<RunAccount> {
  const quick = findRunDirectory(context.home, id) === undefined ? await readOnBranch(context, id) : undefined
  if (quick !== undefined) return quick
  const { manifest, events, files, where, commit } = await readRun(context, id)
  return {
    manifest,
    events,
    where,
    inputs: files.get('inputs.json'),
    ...(where === 'live' && commit !== undefined
      ? { seenAt: manifest.lease?.renewedAt ?? (await timeOf(context, commit)) }
      : {}),
  }
}

async function timeOf({ repository }: ReadContext, commit: string): Promise<string> {
  const { stdout } = await repository.git.run({ args: ['show', '-s', '--format=%ct', commit] })
  return new Date(Number(stdout.toString().trim()) * 1000).toISOString()
}

/** `undefined`: it is elsewhere, too, or not there. */
async function readOnBranch(context: ReadContext, id: string): Promise<RunAccount | undefined> {
  const { git } = context.repository
  const [live, done, pushed, workflows] = await readNamedObjects(git, [
    `${LIVE}${id}`,
    `${DONE}${id}`,
    `${PUSHED}${id}`,
    `${RUNS_BRANCH}:runs`,
  ])
  if ((live ?? done ?? pushed) !== undefined || workflows === undefined) return undefined
  const folders = namesInTree(workflows)
    .filter(isSlug)
    .map((slug) => `${RUNS_BRANCH}:${runPath(slug, id)}`)
  const parts = ['run.json', 'inputs.json', 'journal', 'journal/000001.ndjson']
  const found = await readNamedObjects(
    git,
    folders.flatMap((folder) => parts.map((part) => `${folder}/${part}`)),
  )
  const place = folders.findIndex((_, index) => found[index * parts.length] !== undefined)
  const folder = folders[place]
  if (folder === undefined) return undefined
  const [json, inputs, journal, first] = found.slice(place * parts.length, (place + 1) * parts.length)
  const manifest = parseManifest(Buffer.from(json?.content ?? []).toString('utf8'), id)
  const names = journal === undefined ? [] : namesInTree(journal).filter((name) => /^[\w.]+$/.test(name))
  const rest = names.filter((name) => name !== '000001.ndjson')
  const contents = await readObjects(
    git,
    rest.map((name) => `${folder}/journal/${name}`),
  )
  const segments = new Map<string, Uint8Array>()
  if (first !== undefined) segments.set('000001.ndjson', first.content)
  rest.forEach((name, index) => {
    const content = contents[index]
    if (content !== undefined) segments.set(name, content)
  })
  const { all } = restoreEvents(readJournal(segments).events, keptTexts(context, id))
  return { manifest, events: all, inputs: inputs?.content, where: 'branch' }
}
