import type { Git } from '../git/git.ts'
import { objectFormatOf, treeId } from '../git/object-id.ts'
import type { StoreContext } from './context.ts'
import { branchesOf } from './list-runs.ts'
import type { RunManifest } from './manifest.ts'
import { listTree, readObjects, type TreeEntry } from './objects.ts'
import { listRefs, parseTrailers, RUNS_BRANCH_NAME } from './refs.ts'
import { isRunId } from './run-id.ts'
import { type RecordProblem, verifyRecord } from './verify-record.ts'

/** What was found wrong with a record, with the run's id; `''`: with the branch. */
export interface Finding extends Omit<RecordProblem, 'code'> {
  readonly code: RecordProblem['code'] | 'record-conflict' | 'branch-merged' | 'folder-odd'
  readonly id: string
  /** What to do about it. */
  readonly help: string
}

/** The answer to whether records are what was written. */
export interface Verified {
  /** Records that were looked at. */
  readonly checked: number
  /** Records of newer versions, which were not. */
  readonly skipped: number
  /** Records whose definition was compared with the commit it came from. */
  readonly comparedWithCommit: number
  readonly findings: readonly Finding[]
  /** What may be in order or not, and only a person can tell. */
  readonly notes: readonly string[]
}

/** Records read at once: their contents are in memory together. */
const PORTION = 200

const HELP: Readonly<Record<Finding['code'], string>> = {
  'record-unreadable': 'See who changed it: `git log -- <path>` on the branch.',
  'record-newer': 'Verify it with a newer codemie-ci.',
  'odd-entry': 'No runner writes this. Do not check the branch out; see who added it.',
  'file-missing': 'The commit that published the run still has it: `git log --diff-filter=D -- <path>`.',
  'file-changed': 'The commit that published the run still has it: `git log -p -- <path>`.',
  'file-added': 'See who added it: `git log -- <path>`.',
  'definition-changed': 'The commit that the run names still has the definition.',
  'journal-damaged': 'The commit that published the run still has it.',
  'tree-changed': 'The folder was changed after it was published: `git log -- <path>` says by whom.',
  'message-differs':
    'The message of the commit that published it and run.json disagree: one was made by hand.',
  'record-conflict': 'Two records claim to be this run. Compare them, and remove the wrong one by hand.',
  'branch-merged': 'The branch is to be linear; see who merged into it.',
  'folder-odd': 'A run belongs to runs/<workflow>/<year>/<month>/<day>/<run id>.',
}

/**
 * Checks the records on the branch, and on the copies of it that were fetched: each against its own manifest, against the
 * commit that published it, and, where that is here, against the definition in the repository. Offline; names and times
 * of commits are not believed.
 *
 * @param only ids of the runs to check. Default: all at the tip.
 */
export async function verifyBranch(context: StoreContext, only?: readonly string[]): Promise<Verified> {
  const { git } = context.repository
  const refs = await listRefs(git, ['refs/heads/codemie', 'refs/remotes'])
  const findings: Finding[] = []
  const tell = (id: string, code: Finding['code'], path: string, message: string) =>
    findings.push({ id, code, path, message, help: HELP[code] })
  let checked = 0
  let skipped = 0
  let comparedWithCommit = 0
  const tips = branchesOf(refs)
  await findMerges(context, tips, tell)
  const seen = new Set<string>()
  for (const tip of tips) {
    const published = await publishedTrees(context, tip)
    const folders = (await foldersAt(context, tip, tell)).filter(({ id, path }) => {
      const isWanted = only === undefined || only.includes(id)
      const isNew = !seen.has(`${path} ${id}`)
      if (isWanted) seen.add(`${path} ${id}`)
      return isWanted && isNew
    })
    for (let start = 0; start < folders.length; start += PORTION) {
      const portion = await readFolders(git, folders.slice(start, start + PORTION))
      const manifests: RunManifest[] = []
      for (const folder of portion) {
        const { manifest, problems } = verifyRecord(folder)
        if (problems.some(({ code }) => code === 'record-newer')) {
          skipped++
          continue
        }
        checked++
        for (const { code, path, message } of problems)
          tell(folder.id, code, `${folder.path}/${path}`, message)
        // The id of a tree is worked out from plain files.
        const tree = problems.some(({ code }) => code === 'odd-entry')
          ? undefined
          : treeId(folder.files, objectFormatOf(tip))
        checkPublished(folder, tree, manifest, published.get(folder.id), tell)
        if (manifest !== undefined) manifests.push(manifest)
      }
      comparedWithCommit += await compareDefinitions(context, manifests, tell)
    }
  }
  return { checked, skipped, comparedWithCommit, findings, notes: await unrelatedTips(context, tips) }
}

type Tell = (id: string, code: Finding['code'], path: string, message: string) => void

interface Folder {
  readonly id: string
  readonly path: string
  /** With paths below the folder. */
  readonly entries: TreeEntry[]
}

/** What the commits of a branch promise of a run. */
interface Published {
  readonly status: string
  readonly trees: Set<string>
}

/** Runs at a tip with everything below their folders. */
async function foldersAt(context: StoreContext, tip: string, tell: Tell): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  for (const entry of await listTree(context.repository.git, tip)) {
    if (entry.path === 'README.md') continue
    const [, path, workflow, year, month, day, name, rest] =
      /^(runs\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+))\/(.+)$/s.exec(entry.path) ?? []
    const id = name?.replace(/\.conflict-[0-9a-f]{8}$/, '')
    if (path === undefined || rest === undefined || id === undefined || workflow === undefined) {
      tell('', 'folder-odd', entry.path, 'is outside of the folder of any run')
      continue
    }
    if (!isRunId(id) || !id.startsWith(`${year}${month}${day}T`)) {
      tell('', 'folder-odd', path, 'is no folder of a run')
      continue
    }
    const folder = folders.get(path) ?? { id, path, entries: [] }
    if (folder.entries.length === 0 && name !== id) {
      tell(id, 'record-conflict', path, 'is a second record of a run, which did not replace the first one')
    }
    folder.entries.push({ ...entry, path: rest })
    folders.set(path, folder)
  }
  return [...folders.values()]
}

/** The plain files of folders; one process for all of them. */
async function readFolders(
  git: Git,
  folders: readonly Folder[],
): Promise<(Folder & { readonly files: ReadonlyMap<string, Uint8Array> })[]> {
  const plain = (entries: readonly TreeEntry[]) => entries.filter(({ mode }) => mode === '100644')
  const objects = folders.flatMap(({ entries }) => plain(entries).map(({ object }) => object))
  const contents = await readObjects(git, objects)
  const contentOf = new Map(objects.map((object, index) => [object, contents[index]]))
  return folders.map((folder) => {
    const files = new Map<string, Uint8Array>()
    for (const { path, object } of plain(folder.entries)) {
      const content = contentOf.get(object)
      if (content !== undefined) files.set(path, content)
    }
    return { ...folder, files }
  })
}

/** Compares a folder with what the commits of its branch say. `tree`: its id; `undefined`: not to be compared. */
function checkPublished(
  { id, path }: Folder,
  tree: string | undefined,
  manifest: RunManifest | undefined,
  published: Published | undefined,
  tell: Tell,
): void {
  if (published === undefined)
    tell(id, 'tree-changed', path, 'was never published by a runner: no commit names it')
  else if (tree !== undefined && !published.trees.has(tree))
    tell(id, 'tree-changed', path, 'is not what was published')
  else if (manifest !== undefined && published.status !== manifest.status) {
    const message = `is published as ${published.status}, and run.json says ${manifest.status}`
    tell(id, 'message-differs', path, message)
  }
}

/** Compares definitions with the commits that they ran on. Returns how many of those are here. */
async function compareDefinitions(
  context: StoreContext,
  manifests: readonly RunManifest[],
  tell: Tell,
): Promise<number> {
  const wanted = manifests.flatMap(
    ({ id, repository: { commit, changedFiles }, workflow: { file, blob } }) =>
      commit !== undefined && changedFiles === 0 ? [{ id, name: `${commit}:${file}`, blob }] : [],
  )
  const objects = await objectsOf(context, wanted)
  wanted.forEach(({ id, name, blob }, index) => {
    const object = objects[index]
    if (object !== undefined && object !== blob)
      tell(
        id,
        'definition-changed',
        name,
        'is another definition than the one that run.json says was executed',
      )
  })
  return objects.slice(0, wanted.length).filter((object) => object !== undefined).length
}

/** What commits of the branch say they published: every tree of each run, and its last status. */
async function publishedTrees(context: StoreContext, tip: string) {
  const { stdout } = await context.repository.git.run({ args: ['log', '-z', '--format=%B', tip] })
  const published = new Map<string, Published>()
  for (const { id, status, tree } of parseTrailers(stdout.toString('latin1'))) {
    // Newest first: its status counts. Earlier trees are those of the record that it continued, or of a second one beside it.
    const known = published.get(id)
    if (known === undefined) published.set(id, { status, trees: new Set([tree]) })
    else known.trees.add(tree)
  }
  return published
}

/** The branch is linear: publishers only add to it. */
async function findMerges(context: StoreContext, tips: readonly string[], tell: Tell): Promise<void> {
  for (const tip of tips) {
    const merges = await context.repository.git.run({
      args: ['log', '--merges', '--max-count=3', '--format=%H', tip],
    })
    for (const commit of merges.stdout.toString().split('\n'))
      if (commit !== '') tell('', 'branch-merged', commit, 'is a merge')
  }
}

/** Copies of the branch without a common commit: begun apart, or replaced by somebody. */
async function unrelatedTips(
  context: StoreContext,
  [first, ...others]: readonly string[],
): Promise<string[]> {
  const notes: string[] = []
  for (const other of first === undefined ? [] : others) {
    const args = ['merge-base', first ?? '', other]
    const { exitCode } = await context.repository.git.run({ args, okCodes: [0, 1] })
    if (exitCode === 0) continue
    notes.push(
      `${RUNS_BRANCH_NAME} here and its copy at ${other.slice(0, 12)} share no commit: runs were recorded here before that branch was fetched, or somebody replaced one of the two`,
    )
  }
  return notes
}

/** Object ids of definitions by `<commit>:<file>`; `undefined` where the commit is not here. */
async function objectsOf(context: StoreContext, wanted: readonly { readonly name: string }[]) {
  if (wanted.length === 0) return []
  const { stdout } = await context.repository.git.run({
    args: ['cat-file', '--batch-check=%(objectname)'],
    // A name must not become two lines.
    stdin: `${wanted.map(({ name }) => (name.includes('\n') ? '-' : name)).join('\n')}\n`,
  })
  return stdout
    .toString()
    .split('\n')
    .map((line) => (/^[0-9a-f]{40,64}$/.test(line) ? line : undefined))
}
