import type { Git } from '../git/git.ts'
import type { StoreContext } from './context.ts'
import { slugOf } from './file-name.ts'
import { branchesOf } from './list-runs.ts'
import type { RunManifest } from './manifest.ts'
import { listTree, readObjects, type TreeEntry } from './objects.ts'
import { ARCHIVE, listRefs, RUNS_BRANCH_NAME } from './refs.ts'
import { idOfFolder, isRunId } from './run-id.ts'
import { verifyHistory } from './verify-history.ts'
import { type RecordProblem, verifyRecord } from './verify-record.ts'

/** What was found wrong with a record, with the run's id; `''`: with the branch. */
export interface Finding extends Omit<RecordProblem, 'code'> {
  readonly code:
    | RecordProblem['code']
    | 'tree-changed'
    | 'run-removed'
    | 'record-replaced'
    | 'message-differs'
    | 'record-conflict'
    | 'branch-merged'
    | 'branch-rewritten'
    | 'folder-odd'
  readonly id: string
  /** What to do about it. */
  readonly help: string
}

export type TellFinding = (id: string, code: Finding['code'], path: string, message: string) => void

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
  'approval-unfounded':
    'Runners refuse this. `codemie-ci show <run>` tells what was asked and who said what.',
  'tree-changed':
    'Runners change a folder only where the commit says `Run:`. See what was done: `git show <commit>`.',
  'run-removed': 'The commit before it still has the record: `git show <commit>^:<path>/README.md`.',
  'record-replaced':
    'The commit before it still has the first record: `git show <commit>^:<path>/README.md`.',
  'message-differs':
    'The message of the commit that published it and run.json disagree: one was made by hand.',
  'record-conflict': 'Two records claim to be this run. Compare them, and remove the wrong one by hand.',
  'branch-merged': 'The branch is to be linear; see who merged into it.',
  'branch-rewritten':
    'The lost records are still in this clone: `git branch rescue <commit>` keeps them. See who forced the branch.',
  'folder-odd': 'A run belongs to runs/<workflow>/<year>/<month>/<day>/<run id>.',
}

/**
 * Checks the records on the branch, and on the copies of it that were fetched: each against its own manifest, each
 * commit against what its message says, and, where that is here, the definition against the one in the repository.
 * Offline; names and times of commits are not believed.
 *
 * @param only ids of the runs to check. Default: all at the tip.
 */
export async function verifyBranch(context: StoreContext, only?: readonly string[]): Promise<Verified> {
  const { git } = context.repository
  const refs = await listRefs(git, ['refs/heads/codemie', 'refs/remotes', ARCHIVE])
  const findings: Finding[] = []
  const tell: TellFinding = (id, code, path, message) =>
    findings.push({ id, code, path, message, help: HELP[code] })
  let checked = 0
  let skipped = 0
  let comparedWithCommit = 0
  const tips = branchesOf(refs)
  await findMerges(context, tips, tell)
  const inHistory: Parameters<TellFinding>[] = []
  const history = await verifyHistory(context, tips, only, (...finding) => inHistory.push(finding))
  const seen = new Set<string>()
  for (const tip of tips) {
    const folders = (await foldersAt(context, tip, tell)).filter(({ id, path, entries }) => {
      if (only !== undefined && !only.includes(id)) return false
      // Copies have most records in common.
      const content = `${path}\n${entries.map(({ mode, object, path }) => `${mode} ${object} ${path}`).join('\n')}`
      const isNew = !seen.has(content)
      seen.add(content)
      return isNew
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
        if (manifest === undefined) continue
        checkPlace(folder, manifest, history.statuses.get(folder.path), tell)
        manifests.push(manifest)
      }
      comparedWithCommit += await compareDefinitions(context, manifests, tell)
    }
  }
  for (const finding of inHistory) tell(...finding)
  const notes = history.isShallow
    ? [
        `the history of ${RUNS_BRANCH_NAME} is not whole here, so only what is here was checked: \`git fetch --unshallow\` brings the rest`,
      ]
    : []
  return { checked, skipped, comparedWithCommit, findings, notes: [...history.notes, ...notes] }
}

interface Folder {
  readonly id: string
  readonly path: string
  /** With paths below the folder. */
  readonly entries: TreeEntry[]
}

/** Runs at a tip with everything below their folders. */
async function foldersAt(context: StoreContext, tip: string, tell: TellFinding): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  for (const entry of await listTree(context.repository.git, tip)) {
    if (entry.path === 'README.md') continue
    const [, path, workflow, year, month, day, name, rest] =
      /^(runs\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+))\/(.+)$/s.exec(entry.path) ?? []
    const id = path && idOfFolder(path)
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

/** Whether a record stands where it belongs, and is what its publication says. */
function checkPlace(
  { id, path }: Folder,
  manifest: RunManifest,
  published: string | undefined,
  tell: TellFinding,
): void {
  const slug = slugOf(manifest.workflow.id)
  if (path.split('/')[1] !== slug)
    tell(id, 'folder-odd', path, `is the folder of another workflow: run.json says ${slug}`)
  if (published !== undefined && published !== manifest.status)
    tell(id, 'message-differs', path, `is published as ${published}, and run.json says ${manifest.status}`)
}

/** Compares definitions with the commits that they ran on. Returns how many of those are here. */
async function compareDefinitions(
  context: StoreContext,
  manifests: readonly RunManifest[],
  tell: TellFinding,
): Promise<number> {
  const wanted = manifests.flatMap(
    ({ id, repository: { commit, changedFiles }, workflow: { file, blob, revision, earlier }, origin }) => {
      const from = revision ?? (changedFiles === 0 ? commit : undefined)
      // It went on with another definition later, from whatever commit was checked out then.
      // What a run repeats may have been executed with a definition that this commit does not have.
      const mayDiffer = origin !== undefined && revision === undefined
      return from === undefined
        ? []
        : [{ id, name: `${from}:${file}`, blob: earlier?.[0] ?? blob, mayDiffer }]
    },
  )
  const objects = await objectsOf(context, wanted)
  wanted.forEach(({ id, name, blob, mayDiffer }, index) => {
    const object = objects[index]
    if (object !== undefined && object !== blob && !mayDiffer)
      tell(
        id,
        'definition-changed',
        name,
        'is another definition than the one that run.json says was executed',
      )
  })
  return wanted.filter(({ blob, mayDiffer }, index) => {
    const object = objects[index]
    return object !== undefined && (object === blob || !mayDiffer)
  }).length
}

/** The branch is linear: publishers only add to it. */
async function findMerges(context: StoreContext, tips: readonly string[], tell: TellFinding): Promise<void> {
  for (const tip of tips) {
    const merges = await context.repository.git.run({
      args: ['log', '--merges', '--max-count=3', '--format=%H', tip],
    })
    for (const commit of merges.stdout.toString().split('\n'))
      if (commit !== '') tell('', 'branch-merged', commit, 'is a merge')
  }
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
