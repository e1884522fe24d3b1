import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ComparedDefinition,
  compareParts,
  type DefinitionText,
  folderKind,
  isDefinition,
  isNothing,
} from '../schema/diff/definitions.ts'
import { tellMovedStates } from '../schema/diff/moved-states.ts'
import { Refusal } from './failure.ts'
import { commonCommit } from './git/ancestry.ts'
import type { Git } from './git/git.ts'
import { type ChangedPath, parseNameStatus } from './git/name-status.ts'
import { resolveCommit, shallowNote } from './git/revision.ts'
import { PROJECT_DIRECTORY } from './project-files.ts'
import { listTree, readObjects } from './store/objects.ts'

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

/**
 * Compares what may run at two revisions by what it means: workflows, assistants, skills, templates and the configuration. A file that was renamed or moved is compared with what it
 * was; definitions that differ in comments or layout only are left out.
 *
 * @param only paths from the top of the repository: these files, and files below these folders. Default: all.
 */
export async function diffDefinitions(
  { root, git }: { readonly root: string; readonly git: Git },
  range: DiffRange,
  only: readonly string[] = [],
): Promise<ComparedDefinition[]> {
  const changed = (await changedPaths(git, range)).filter(({ before, after }) =>
    [before, after].some((path) => path !== undefined && isAmong(path, only)),
  )
  const touched = changed.filter(({ before, after }) =>
    [before, after].some((path) => path !== undefined && isDefinition(path)),
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
  const compared = touched.flatMap(({ before, after }, index) =>
    compareParts(sideOf(before, textsBefore[index]), sideOf(after, textsAfter[index])),
  )
  const told = tellMovedStates(compared).filter((one) => !isNothing(one))
  const priced = told.some(({ kind, changes }) => kind === 'workflow' && changes.length > 0)
    ? await (await import('./diff-ceilings.ts')).withCeilings(told, { root, git }, range)
    : told
  return [...priced, ...changed.flatMap(tellElsewhere)]
}

/** Modes of git, and why what stands there cannot be compared. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  '120000': 'A link, and what it leads to is not compared',
  '160000': 'A submodule, and what lies in it is not compared',
}

/** A link or a submodule where definitions are looked for: what runs because of it is in no version of this repository. */
function tellElsewhere({ before, after = '', mode = '' }: ChangedPath): readonly ComparedDefinition[] {
  const why = ELSEWHERE[mode]
  const kind = folderKind(after)
  if (why === undefined || kind === undefined || isDefinition(after)) return []
  return [
    {
      kind,
      file: after,
      status: before === undefined ? 'added' : 'changed',
      changes: [],
      invalid: { after: why },
      workflows: { before: undefined, after: undefined },
    },
  ]
}

/** Whether a path is one of these files, or below one of these folders; of none given, every path is. */
export function isAmong(path: string, only: readonly string[]): boolean {
  return (
    only.length === 0 || only.some((one) => path === one || path.startsWith(`${one.replace(/\/$/, '')}/`))
  )
}

/** Paths that differ, renames found by git; in the working tree files that git does not know yet count, too. */
export async function changedPaths(git: Git, { from, to }: DiffRange): Promise<ChangedPath[]> {
  const args = [
    'diff',
    '--raw',
    '--abbrev=4',
    '-z',
    '--find-renames=40%',
    '--no-ext-diff',
    from,
    ...(to === undefined ? [] : [to]),
  ]
  const { stdout } = await git.run({ args: [...args, '--', PROJECT_DIRECTORY] })
  const paths = parseNameStatus(stdout.toString())
  if (to !== undefined) return paths
  const untracked = await git.run({
    args: ['ls-files', '--others', '--exclude-standard', '-z', '--', PROJECT_DIRECTORY],
  })
  const fresh = untracked.stdout.toString().split('\0').filter(Boolean)
  return [...paths, ...fresh.map((after) => ({ before: undefined, after }))]
}

/** Texts at a revision, or in the working tree where it is `undefined`; in order, `undefined` for what is not there. */
export async function textsAt(
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
  const long = paths.filter((path) => path?.includes('\n')).flatMap((path) => path ?? [])
  const entries = long.length === 0 ? [] : await listTree(git, revision, long)
  const ids = new Map(entries.map(({ path, object }) => [path, object]))
  const contents = await readObjects(
    git,
    paths.map((path) =>
      path === undefined || path.includes('\n') ? (ids.get(path ?? '') ?? '-') : `${revision}:${path}`,
    ),
  )
  return contents.map((content) =>
    content === undefined ? undefined : Buffer.from(content).toString('utf8'),
  )
}

/** A side of a change; `undefined` where there is no file or no text. */
export function sideOf(file: string | undefined, text: string | undefined): DefinitionText | undefined {
  return file === undefined || text === undefined ? undefined : { file, text }
}
