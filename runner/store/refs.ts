import type { RunStatus } from '../events.ts'
import type { Git } from '../git/git.ts'
import { isRunId } from './run-id.ts'

/** The published tier: append-only, linear, browsable. */
export const RUNS_BRANCH = 'refs/heads/codemie/runs'
/** Its short name, as people type it. */
export const RUNS_BRANCH_NAME = 'codemie/runs'
/** The branch of a remote as it was last fetched. */
export function fetchedBranch(remoteName: string): string {
  return `refs/remotes/${remoteName}/codemie/runs`
}
/** Earlier epochs of the branch, one ref each. */
export const ARCHIVE = 'refs/codemie/archive/'
/** Runs in progress or paused, one ref each; the tip is the last checkpoint. */
export const LIVE = 'refs/codemie/live/'
/** Finished parts of maps that several jobs share: `<run>/<step>/<0001>`. */
export const SHARD = 'refs/codemie/shard/'
/** Finished runs that are not on the branch yet. */
export const DONE = 'refs/codemie/done/'
/** Runs that this repository published to a remote branch it has not fetched since. Never pushed. */
export const PUSHED = 'refs/codemie/pushed/'

/** The id of the run that a ref holds at its root; `undefined`: it is no such ref. */
export function runIdOfRef(ref: string): string | undefined {
  const id = /^refs\/codemie\/(?:live|done|pushed)\/([^/]+)$/.exec(ref)?.[1]
  return id !== undefined && isRunId(id) ? id : undefined
}

/** A ref of a run, read without its objects. */
export interface RunRef {
  readonly ref: string
  readonly commit: string
  readonly tree: string
  readonly entry: SubjectEntry | undefined
  /** Tip of the live ref on the remote that a finished run takes the place of. Absent: it was not pushed before. */
  readonly live?: string
}

/** What a commit's message says of a run: `<workflow> <run-id> <status>`, and figures. */
export interface SubjectEntry {
  /** Slug of the workflow. */
  readonly workflow: string
  readonly id: string
  readonly status: RunStatus
  /** See `figuresText`; `undefined` in what older versions wrote. */
  readonly figures?: string | undefined
}

/** A run as a commit on the branch names it. */
export interface TrailerEntry extends SubjectEntry {
  readonly tree: string
}

/** A message has many lines; each field ends in a NUL, and each ref in a line feed after the last. */
const FORMAT = '%(refname)%00%(objectname)%00%(tree)%00%(contents)%00'
const STATUSES: readonly string[] = [
  'running',
  'succeeded',
  'failed',
  'paused',
  'interrupted',
  'aborted',
  'budget-exceeded',
] satisfies RunStatus[]

/** Lists refs by prefixes or full names, in one process. */
export async function listRefs(git: Git, prefixes: readonly string[]): Promise<RunRef[]> {
  const { stdout } = await git.run({ args: ['for-each-ref', `--format=${FORMAT}`, ...prefixes] })
  const fields = stdout.toString().split('\0')
  const refs: RunRef[] = []
  for (let at = 0; at + 4 <= fields.length; at += 4) {
    const [ref = '', commit = '', tree = '', message = ''] = fields.slice(at, at + 4)
    const live = /^Live: ([0-9a-f]{40,64})$/m.exec(message)?.[1]
    refs.push({
      ref: ref.trimStart(),
      commit,
      tree,
      entry: parseMessage(message),
      ...(live === undefined ? {} : { live }),
    })
  }
  return refs
}

/** Reads {@link runMessage}; `undefined` for anything else. */
function parseMessage(message: string): SubjectEntry | undefined {
  const entry = parseSubject(message.slice(0, message.indexOf('\n') >>> 0).trimEnd())
  const figures = entry && /^Figures: (\{.*\})$/m.exec(message)?.[1]
  return entry && { ...entry, ...(figures === undefined ? {} : { figures }) }
}

/** Reads `<workflow> <run-id> <status>`; `undefined` for anything else. */
export function parseSubject(subject: string): SubjectEntry | undefined {
  const [workflow = '', id = '', status = '', more] = subject.split(' ')
  if (more !== undefined || !isSlug(workflow) || !isRunId(id) || !isStatus(status)) return undefined
  return { workflow, id, status }
}

/** `Run: <id> <workflow> <status> <tree> <figures>` on one line; one expression, because lists read thousands. */
const TRAILER = new RegExp(
  `^Run: (\\d{8}T\\d{6}Z-[0-9a-f]{8}) ([a-z0-9_-]{1,70}) (${STATUSES.join('|')}) ([0-9a-f]{40,64})(?: (\\{.*\\}))?$`,
  'gm',
)

/** Reads the `Run:` trailers of a commit's message, or of many messages in one text. */
export function parseTrailers(messages: string): TrailerEntry[] {
  const found: TrailerEntry[] = []
  for (const [, id = '', workflow = '', status, tree = '', figures] of messages.matchAll(TRAILER)) {
    found.push({ id, workflow, status: status as RunStatus, tree, figures })
  }
  return found
}

/** What the commits of a branch say they published, newest first. */
export async function readTrailers(git: Git, tip: string): Promise<TrailerEntry[]> {
  const { stdout } = await git.run({ args: ['log', '-z', '--format=%B', tip] })
  // Trailers are plain ASCII; reading bytes as characters is the fastest way to a string.
  return parseTrailers(stdout.toString('latin1'))
}

/** A run that retention took from the tip of the branch; the commits before still have it. */
export type PrunedEntry = Pick<TrailerEntry, 'id' | 'workflow' | 'tree'>

/** Reads the `Pruned:` trailers of a commit's message. */
export function parsePruned(message: string): PrunedEntry[] {
  const pattern = /^Pruned: (\d{8}T\d{6}Z-[0-9a-f]{8}) ([a-z0-9_-]{1,70}) ([0-9a-f]{40,64})$/gm
  return [...message.matchAll(pattern)].map(([, id = '', workflow = '', tree = '']) => ({
    id,
    workflow,
    tree,
  }))
}

/**
 * The message of a commit that holds one run at its root.
 *
 * @param more further trailers, without a line feed at the end.
 */
export function runMessage(
  { workflow, id, status, figures }: SubjectEntry,
  more: readonly string[] = [],
): string {
  const trailers = [...(figures === undefined ? [] : [`Figures: ${figures}`]), ...more]
  const tail = trailers.length === 0 ? '' : `\n${trailers.join('\n')}\n`
  return `${workflow} ${id} ${status}\n${tail}`
}

/**
 * The message of a commit on the branch. The subject names the first run, and each run has its trailer. `[skip ci]`
 * keeps a push of the branch from starting pipelines that have no filter for branches.
 */
export function publishMessage(runs: readonly TrailerEntry[]): string {
  const [first] = runs
  const subject = first === undefined ? 'no run' : `${first.workflow} ${first.id} ${first.status}`
  return `${subject}\n\n[skip ci]\n\n${runs.map(runTrailer).join('\n')}\n`
}

function runTrailer({ id, workflow, status, tree, figures }: TrailerEntry): string {
  return ['Run:', id, workflow, status, tree, ...(figures === undefined ? [] : [figures])].join(' ')
}

/** The message of a commit that takes records from the tip of the branch. */
export function pruneMessage(pruned: readonly PrunedEntry[]): string {
  const trailers = pruned.map(({ id, workflow, tree }) => `Pruned: ${id} ${workflow} ${tree}`)
  const subject = `prune ${pruned.length} ${pruned.length === 1 ? 'record' : 'records'}; the history keeps them`
  return `${subject}\n\n[skip ci]\n\n${trailers.join('\n')}\n`
}

/** The message of the commit that the branch begins anew with. */
export function epochMessage(previous: string, runs: readonly TrailerEntry[]): string {
  const trailers = [`Previous-Epoch: ${previous}`, ...runs.map(runTrailer)]
  return `begin a new epoch with ${runs.length} ${runs.length === 1 ? 'record' : 'records'}\n\n[skip ci]\n\n${trailers.join('\n')}\n`
}

/** Tips of the epochs before, as messages name them. */
export function parsePreviousEpochs(messages: string): string[] {
  return [...messages.matchAll(/^Previous-Epoch: ([0-9a-f]{40,64})$/gm)].map(([, commit = '']) => commit)
}

/** A change of one ref; `undefined` for `to` deletes it. It happens only if the ref still is what it was. */
export interface RefUpdate {
  readonly ref: string
  readonly from: string
  readonly to?: string
}

/** Changes refs all together or not at all. Fails with a `GitError` when one of them moved meanwhile. */
export async function updateRefs(git: Git, updates: readonly RefUpdate[]): Promise<void> {
  if (updates.length === 0) return
  const commands = updates.map((update) =>
    update.to === undefined
      ? `delete ${update.ref} ${update.from}\n`
      : `update ${update.ref} ${update.to} ${update.from}\n`,
  )
  await git.run({ args: ['update-ref', '--stdin'], stdin: `start\n${commands.join('')}commit\n` })
}

/** Whether a text can be the folder of a workflow on the branch. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9_-]{1,70}$/.test(text)
}

function isStatus(text: string): text is RunStatus {
  return STATUSES.includes(text)
}
