import { Refusal } from './failure.ts'
import type { Git } from './git/git.ts'
import { parseNameStatus } from './git/name-status.ts'
import { parseRawLog, RAW_LOG, rawFormat } from './git/raw-log.ts'
import type { Repository } from './git/repository.ts'
import { shallowCommits } from './git/shallow.ts'
import { isPlainFile, listTree, readEntries } from './store/objects.ts'

/** A commit that changed a file. */
export interface FileCommit {
  readonly commit: string
  /** ISO 8601, when it was written. */
  readonly at: string
  readonly author: string
  /** First line of the commit's message. */
  readonly subject: string
  /** Path that the file had there. */
  readonly file: string
  /** Object id of the file; `undefined`: this commit took it away. */
  readonly blob: string | undefined
  /** Places in the history of those that it was made from; several for a merge that is like none of its sides. */
  readonly parents: readonly number[]
  /** A shallow clone ends here: what was before is not known. */
  readonly isOldestHere: boolean
}

/** Hash of the parents, date, author and first line, as `git log` names them. */
const FIELDS = ['%P', '%aI', '%an', '%s']
/** Renames that are followed; a file has few, and a circle must end. */
const MOST_RENAMES = 50

/**
 * The history of a file through renames and moves, newest first: that of its path up to the commit that made it, then that of
 * the path it came from. A side of a merge that gave nothing to the file is not in it. No content is read.
 *
 * @param file path from the top of the repository.
 */
export async function historyOf(
  { git, commonDir }: Pick<Repository, 'git' | 'commonDir'>,
  file: string,
): Promise<readonly FileCommit[]> {
  const boundary = shallowCommits(commonDir)
  const found: FileCommit[] = []
  let path = file
  let start = 'HEAD'
  for (let renames = 0; renames < MOST_RENAMES; renames++) {
    const segment = await historyOfPath(git, start, path)
    const offset = found.length
    const places = new Map(segment.map(({ commit }, index) => [commit, offset + index]))
    found.push(
      ...segment.map(({ parents, ...one }): FileCommit => {
        const known = parents.flatMap((parent) => places.get(parent) ?? [])
        return { ...one, parents: known, isOldestHere: known.length === 0 && boundary.has(one.commit) }
      }),
    )
    const birth = found.at(-1)
    if (segment.length === 0 || birth === undefined || birth.isOldestHere) break
    const before = await pathBefore(git, birth.commit, path)
    if (before === undefined) break
    path = before
    start = `${birth.commit}^`
    found[found.length - 1] = { ...birth, parents: [found.length] }
  }
  return found.map((one) => ({ ...one, parents: one.parents.filter((place) => place < found.length) }))
}

/** Commits that changed a path, newest first; parents are the ones before that changed it, too. */
async function historyOfPath(git: Git, start: string, path: string) {
  const { stdout } = await git.run({
    args: [
      '--literal-pathspecs',
      ...RAW_LOG,
      '--topo-order',
      '--parents',
      // Any other way to show what a merge did makes git show those, too, that did nothing to the path.
      '--diff-merges=combined',
      `--format=${rawFormat(FIELDS)}`,
      start,
      '--',
      path,
    ],
    okCodes: [0, 128],
  })
  return [...parseRawLog(stdout.toString(), FIELDS.length)].map(({ commit, fields, changes }) => {
    const [parents = '', at = '', author = '', subject = ''] = fields
    return { commit, at, author, subject, file: path, blob: changes[0]?.to?.id, parents: parents.split(' ') }
  })
}

/** Where a file came from that a commit made; `undefined`: it is new. */
async function pathBefore(git: Git, commit: string, path: string): Promise<string | undefined> {
  const { stdout } = await git.run({
    args: [
      'diff-tree',
      '-r',
      '-z',
      '--root',
      '--name-status',
      '--find-renames=40%',
      '--no-commit-id',
      commit,
    ],
  })
  const change = parseNameStatus(stdout.toString()).find(
    ({ before, after }) => after === path && before !== path,
  )
  return change?.before
}

/**
 * A file as a commit has it, under its path of now or, as its history tells, one it had before.
 *
 * @param revision the commit as it was named. Refuses with `not-in-revision`.
 */
export async function findInCommit(
  repository: Pick<Repository, 'git' | 'commonDir'>,
  { commit, revision }: { readonly commit: string; readonly revision: string },
  file: string,
): Promise<{ readonly file: string; readonly content: Uint8Array }> {
  const { git } = repository
  const read = async (paths: readonly string[]) => {
    const files = await readEntries(git, (await listTree(git, commit, paths)).filter(isPlainFile))
    const path = paths.find((one) => files.has(one))
    const content = path === undefined ? undefined : files.get(path)
    return path === undefined || content === undefined ? undefined : { file: path, content }
  }
  const direct = await read([file])
  if (direct) return direct
  const history = await historyOf(repository, file)
  const earlier = new Set(history.map((version) => version.file))
  earlier.delete(file)
  const found = earlier.size === 0 ? undefined : await read([...earlier])
  if (found) return found
  const isCutOff = history.some(({ isOldestHere }) => isOldestHere)
  throw new Refusal('not-in-revision', `${file} is not in ${revision}, by this name or an earlier one`, {
    help: isCutOff
      ? 'This clone is shallow, so names that it had before are not known: `git fetch --unshallow` brings the rest.'
      : `\`codemie-ci versions ${file}\` lists the versions of it.`,
  })
}
