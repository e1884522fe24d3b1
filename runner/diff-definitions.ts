import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { firstError } from '../schema/diagnostic.ts'
import type { Change } from '../schema/diff/change.ts'
import { compareWorkflows } from '../schema/diff/compare.ts'
import { readWorkflow } from '../schema/read.ts'
import type { Workflow } from '../schema/workflow.ts'
import { Refusal } from './failure.ts'
import { commonCommit } from './git/ancestry.ts'
import type { Git } from './git/git.ts'
import { type ChangedPath, parseNameStatus } from './git/name-status.ts'
import { resolveCommit, shallowNote } from './git/revision.ts'
import { PROJECT_DIRECTORY } from './project.ts'
import { readObjects } from './store/objects.ts'

/** What became of one definition between two revisions. */
export interface DefinitionDiff {
  /** Path after the change; before it, where the definition is gone. */
  readonly file: string
  /** Path before it, where that was another one. */
  readonly before?: string
  readonly status: 'added' | 'removed' | 'changed'
  /** What the change means; empty where nothing that runs is different, and where one side cannot be read. */
  readonly changes: readonly Change[]
  /** Sides that have errors, each with its first one, e.g. `12: There is no state 'x'`. */
  readonly invalid: { readonly before?: string; readonly after?: string }
}

/** A comparison, with the models that it was made from. */
export interface ComparedDefinition extends DefinitionDiff {
  /** `undefined`: there is no such side, or it has errors. */
  readonly workflows: { readonly before: Workflow | undefined; readonly after: Workflow | undefined }
}

/** A definition on one side of a change. */
export interface DefinitionText {
  /** Path from the top of the repository. */
  readonly file: string
  readonly text: string
}

/** Two revisions; `undefined` for `to`: the working tree. */
export interface DiffRange {
  readonly from: string
  readonly to: string | undefined
}

/**
 * Reads `<rev>`, `<rev>..<rev>` and `<rev>...<rev>` (from where the two parted) as git does.
 * Refuses with `unknown-revision`, and says where a shallow clone is why.
 */
export async function resolveRange(git: Git, text: string | undefined): Promise<DiffRange> {
  const [, first = '', dots = '', second = ''] = /^(.*?)(?:(\.{2,3})(.*))?$/s.exec(text ?? 'HEAD') ?? []
  const from = await resolveCommit(git, first === '' ? 'HEAD' : first)
  if (dots === '') return { from, to: undefined }
  const to = await resolveCommit(git, second === '' ? 'HEAD' : second)
  if (dots === '..') return { from, to }
  const base = await commonCommit(git, from, to)
  if (base !== undefined) return { from: base, to }
  throw new Refusal('unknown-revision', `${text} have no commit in common${await shallowNote(git)}`, {
    help: 'Use two dots to compare them as they are.',
  })
}

const FOLDER = `${PROJECT_DIRECTORY}/workflows/`
const isDefinition = (path: string) => path.startsWith(FOLDER) && /\.(ya?ml|toml)$/.test(path)

/**
 * Compares the definitions of two revisions by what they mean. A file that was renamed or moved is compared with what it
 * was; definitions that differ in comments or layout only are left out.
 *
 * @param only paths from the top of the repository: these files, and files below these folders. Default: all.
 */
export async function diffDefinitions(
  { root, git }: { readonly root: string; readonly git: Git },
  range: DiffRange,
  only: readonly string[] = [],
): Promise<ComparedDefinition[]> {
  const isWanted = (path: string) =>
    only.length === 0 || only.some((one) => path === one || path.startsWith(`${one.replace(/\/$/, '')}/`))
  const touched = (await changedPaths(git, range)).filter(({ before, after }) =>
    [before, after].some((path) => path !== undefined && isDefinition(path) && isWanted(path)),
  )
  const textsBefore = await textsAt(
    git,
    root,
    range.from,
    touched.map(({ before }) => before),
  )
  const textsAfter = await textsAt(
    git,
    root,
    range.to,
    touched.map(({ after }) => after),
  )
  return touched.flatMap(({ before, after }, index) => {
    const compared = compareDefinition(sideOf(before, textsBefore[index]), sideOf(after, textsAfter[index]))
    return compared === undefined || isNothing(compared) ? [] : [compared]
  })
}

/** Compares a definition with what it was; a side is `undefined` where there is none. Without both: `undefined`. Pure. */
export function compareDefinition(
  before: DefinitionText | undefined,
  after: DefinitionText | undefined,
): ComparedDefinition | undefined {
  const { file } = after ?? before ?? {}
  if (file === undefined) return undefined
  const [old, now] = [read(before), read(after)]
  const workflows = { before: old?.workflow, after: now?.workflow }
  return {
    file,
    ...(before !== undefined && after !== undefined && before.file !== after.file
      ? { before: before.file }
      : {}),
    status: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    changes: workflows.before && workflows.after ? compareWorkflows(workflows.before, workflows.after) : [],
    invalid: {
      ...(old?.error === undefined ? {} : { before: old.error }),
      ...(now?.error === undefined ? {} : { after: now.error }),
    },
    workflows,
  }
}

/** Whether only comments or the layout are different. */
export function isNothing({ status, before, changes, invalid }: DefinitionDiff): boolean {
  return (
    status === 'changed' && changes.length === 0 && before === undefined && Object.keys(invalid).length === 0
  )
}

/** Paths that differ, renames found by git; in the working tree files that git does not know yet count, too. */
async function changedPaths(git: Git, { from, to }: DiffRange): Promise<ChangedPath[]> {
  const args = [
    'diff',
    '--name-status',
    '-z',
    '--find-renames=40%',
    '--no-ext-diff',
    from,
    ...(to === undefined ? [] : [to]),
  ]
  const { stdout } = await git.run({ args: [...args, '--', FOLDER] })
  const paths = parseNameStatus(stdout.toString())
  if (to !== undefined) return paths
  const untracked = await git.run({
    args: ['ls-files', '--others', '--exclude-standard', '-z', '--', FOLDER],
  })
  const fresh = untracked.stdout.toString().split('\0').filter(Boolean)
  return [...paths, ...fresh.map((after) => ({ before: undefined, after }))]
}

/** Texts at a revision, or in the working tree. */
async function textsAt(
  git: Git,
  root: string,
  revision: string | undefined,
  paths: readonly (string | undefined)[],
): Promise<(string | undefined)[]> {
  if (revision === undefined) {
    return await Promise.all(
      paths.map(async (path) =>
        path === undefined ? undefined : await readFile(join(root, path), 'utf8').catch(() => undefined),
      ),
    )
  }
  // A name must not become two lines.
  const contents = await readObjects(
    git,
    paths.map((path) =>
      path === undefined || path.includes('\n') ? `${revision}:-` : `${revision}:${path}`,
    ),
  )
  return contents.map((content) =>
    content === undefined ? undefined : Buffer.from(content).toString('utf8'),
  )
}

function sideOf(file: string | undefined, text: string | undefined): DefinitionText | undefined {
  return file === undefined || text === undefined ? undefined : { file, text }
}

function read(
  side: DefinitionText | undefined,
): { readonly workflow: Workflow | undefined; readonly error?: string } | undefined {
  if (side === undefined) return undefined
  const { workflow, diagnostics } = readWorkflow(side)
  if (workflow !== undefined) return { workflow }
  return { workflow: undefined, error: firstError(diagnostics) }
}
