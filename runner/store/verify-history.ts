import { commonCommit, isAncestor } from '../git/ancestry.ts'
import type { Git } from '../git/git.ts'
import { parseRawLog, RAW_LOG, type RawChange, rawFormat } from '../git/raw-log.ts'
import { shallowCommits } from '../git/shallow.ts'
import type { StoreContext } from './context.ts'
import { readObjects } from './objects.ts'
import { parsePreviousEpochs, parsePruned, parseTrailers, RUNS_BRANCH_NAME } from './refs.ts'
import { conflictPath, idOfFolder, runPath } from './run-id.ts'
import type { TellFinding } from './verify-branch.ts'

/** What the commits of the branch say of runs. */
export interface History {
  /** Status of the newest publication by folder. */
  readonly statuses: ReadonlyMap<string, string>
  /** Some commits are not here, so a folder that none names may be in order. */
  readonly isShallow: boolean
  readonly notes: readonly string[]
}

/** A commit's change of one run's folder. */
interface FolderChange {
  readonly commit: string
  readonly path: string
  /** Trees before and after; `undefined`: there was, or is, none. */
  readonly from: string | undefined
  readonly to: string | undefined
}

/**
 * Checks every commit of the branch and of its copies: a commit changes the folders that its message says it publishes,
 * to the trees that it says, and no others; a record that replaces another one names it; what retention takes is named.
 * So is what was changed and put back found, and what was taken away.
 *
 * @param only ids of the runs whose folders are looked at. Default: all.
 */
export async function verifyHistory(
  context: StoreContext,
  tips: readonly string[],
  only: readonly string[] | undefined,
  tell: TellFinding,
): Promise<History> {
  const { git } = context.repository
  const boundary = shallowCommits(context.repository.commonDir)
  const statuses = new Map<string, string>()
  const replacements: FolderChange[] = []
  let isShallow = false
  for (const [index, tip] of tips.entries()) {
    for await (const { commit, message, changes } of readChanges(git, tip, tips.slice(0, index), only)) {
      // Its parents are not here: it seems to have added everything.
      if (boundary.has(commit)) {
        isShallow = true
        continue
      }
      const published = new Map<string, { readonly tree: string; readonly status: string }>()
      for (const { id, workflow, tree, status } of parseTrailers(message)) {
        const path = runPath(workflow, id)
        published.set(path, { tree, status })
        published.set(conflictPath(path, tree), { tree, status })
      }
      const pruned = new Map(parsePruned(message).map((run) => [runPath(run.workflow, run.id), run.tree]))
      for (const change of changes) {
        const { path, from, to } = change
        const id = idOfFolder(path)
        const said = published.get(path)
        const by = `commit ${commit.slice(0, 12)}`
        if (to === undefined) {
          if (pruned.get(path) !== from)
            tell(id, 'run-removed', path, `was removed by ${by}, which says nothing of it`)
        } else if (said?.tree !== to) {
          tell(
            id,
            'tree-changed',
            path,
            `was ${from === undefined ? 'added' : 'changed'} by ${by}, which is no publication of it`,
          )
        } else {
          if (!statuses.has(path)) statuses.set(path, said.status)
          if (from !== undefined) replacements.push(change)
        }
      }
    }
  }
  await checkReplacements(git, replacements, tell)
  return { statuses, isShallow, notes: await compareTips(context, tips, tell) }
}

const FOLDER = /^runs\/[^/]+\/[^/]+\/[^/]+\/[^/]+\/[^/]+$/

/** What commits changed below `runs/`, newest first, with their messages. */
async function* readChanges(
  git: Git,
  tip: string,
  without: readonly string[],
  only: readonly string[] | undefined,
) {
  const paths = only?.map((id) => `:(glob)${runPath('*', id)}*/**`) ?? ['runs']
  const newer = [tip, ...without.map((commit) => `^${commit}`)]
  const { stdout } = await git.run({
    args: [...RAW_LOG, '-r', '-t', `--format=${rawFormat(['%B'])}`, ...newer, '--', ...paths],
    maxOutputBytes: 2 * 1024 * 1024 * 1024,
  })
  // Trees only: a file in place of a folder is found at the tip.
  const treeOf = (entry: RawChange['to']) => (entry?.mode === '040000' ? entry.id : undefined)
  for (const { commit, fields, changes } of parseRawLog(stdout.toString('latin1'), 1)) {
    yield {
      commit,
      message: fields[0] ?? '',
      changes: changes.flatMap(({ path, from, to }): FolderChange[] => {
        const change = { from: treeOf(from), to: treeOf(to) }
        if (!FOLDER.test(path) || (change.from === undefined && change.to === undefined)) return []
        return [{ commit, path: Buffer.from(path, 'latin1').toString(), ...change }]
      }),
    }
  }
}

/** A run that was resumed replaces its earlier record, and says which one that was. */
async function checkReplacements(
  git: Git,
  replacements: readonly FolderChange[],
  tell: TellFinding,
): Promise<void> {
  const manifests = await readObjects(
    git,
    replacements.map(({ to }) => `${to}:run.json`),
  )
  replacements.forEach(({ commit, path, from }, index) => {
    let previous: unknown
    try {
      previous = JSON.parse(Buffer.from(manifests[index] ?? []).toString('utf8')).previousTree
    } catch {
      // Said by whoever reads the record.
    }
    if (previous === from) return
    tell(
      idOfFolder(path),
      'record-replaced',
      path,
      `was replaced by commit ${commit.slice(0, 12)} with a record that does not continue the one before it`,
    )
  })
}

/** Copies of the branch against each other and against what they were before: publishers only add to it. */
async function compareTips(
  context: StoreContext,
  tips: readonly string[],
  tell: TellFinding,
): Promise<string[]> {
  const { git } = context.repository
  if (tips.length === 0) return []
  const epochs = await epochsOf(git, tips)
  // An archive and what began after it share no commit, and one names the other.
  const isOfEpoch = await Promise.all(tips.map((tip) => belongsTo(git, tip, epochs)))
  const [first = '', ...others] = tips.filter((_, index) => !isOfEpoch[index])
  const notes: string[] = []
  for (const other of others) {
    if ((await commonCommit(git, first, other)) === undefined) {
      notes.push(
        `${RUNS_BRANCH_NAME} here and its copy at ${other.slice(0, 12)} share no commit: runs were recorded here before that branch was fetched, or somebody replaced one of the two`,
      )
    }
  }
  const lost = await commitsLost(git, tips, epochs)
  if (lost.length > 0) {
    const [newest = ''] = lost
    tell(
      '',
      'branch-rewritten',
      RUNS_BRANCH_NAME,
      `no longer has ${lost.length} of the commits that it had here, the newest of them ${newest.slice(0, 12)}: it was moved back or replaced`,
    )
  }
  return notes
}

/** Commits that the branch ended at before it began anew, as its roots name them. */
async function epochsOf(git: Git, tips: readonly string[]): Promise<string[]> {
  const roots = await git.run({ args: ['log', '--max-parents=0', '--format=%B', ...tips] })
  return parsePreviousEpochs(roots.stdout.toString())
}

/** Whether a tip began after an epoch, or holds one. */
async function belongsTo(git: Git, tip: string, epochs: readonly string[]): Promise<boolean> {
  if (epochs.length === 0) return false
  if ((await epochsOf(git, [tip])).length > 0) return true
  for (const epoch of epochs) if (await isAncestor(git, epoch, tip, { mayLack: true })) return true
  return false
}

/** Commits that the branch or a copy of it once had, by the reflogs, and none has now. Newest first. */
async function commitsLost(git: Git, tips: readonly string[], epochs: readonly string[]): Promise<string[]> {
  const { stdout } = await git.run({
    args: ['for-each-ref', '--format=%(refname)', 'refs/heads/codemie/runs', 'refs/remotes/*/codemie/runs'],
  })
  const once = new Set<string>()
  for (const ref of stdout.toString().split('\n').filter(Boolean)) {
    const log = await git.run({ args: ['log', '-g', '--format=%H', ref, '--'], okCodes: [0, 128] })
    for (const commit of log.stdout.toString().split('\n')) if (commit !== '') once.add(commit)
  }
  for (const tip of tips) once.delete(tip)
  if (once.size === 0) return []
  const found = await git.run({
    args: ['rev-list', '--ignore-missing', '--stdin'],
    stdin: `${[...once, ...[...tips, ...epochs].map((commit) => `^${commit}`)].join('\n')}\n`,
  })
  return found.stdout.toString().split('\n').filter(Boolean)
}
