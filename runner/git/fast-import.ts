import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Git, GitError } from './git.ts'

/** One commit as `git fast-import` is to write it. */
export interface CommitPlan {
  /** Full name of the ref that is to point to it. */
  readonly ref: string
  /** Commit id. `undefined`: an orphan, and the ref must not exist yet. */
  readonly parent: string | undefined
  readonly message: string
  /** Seconds since 1970. */
  readonly committedAt: number
  /** Start from an empty tree instead of the parent's. */
  readonly startsEmpty?: boolean
  /** Paths removed first: files or whole folders. */
  readonly remove?: readonly string[]
  /** Content by path. */
  readonly files?: ReadonlyMap<string, Uint8Array>
  /** Trees that the repository has already, by the folder they are put at. */
  readonly trees?: ReadonlyMap<string, string>
}

/**
 * Whose name is on record commits. They are the runner's, not a person's: the person stands in the record as actor, and
 * a machine without `user.name` must be able to record.
 */
const IDENTITY = 'codemie-ci <codemie-ci@users.noreply.github.com>'

/**
 * Writes commits with one `git fast-import`: no working tree, no index, no filters, exact bytes.
 *
 * A ref moves only forward from the value it has at that instant (git locks and compares), so a writer that built on an
 * outdated tip gets `undefined` and has changed nothing. Otherwise the ids of the commits. Fails with a {@link GitError} for anything else.
 */
export async function writeCommits(git: Git, commits: readonly CommitPlan[]): Promise<string[] | undefined> {
  const stdin = [...commits.flatMap(commitCommands), Buffer.from('done\n')]
  try {
    const { stdout } = await git.run({
      args: [
        // A ref must not survive a power cut that its objects did not.
        '-c',
        'core.fsync=committed,loose-object,reference',
        '-c',
        'core.fsyncMethod=batch',
        'fast-import',
        '--quiet',
        '--done',
        '--date-format=raw',
      ],
      stdin,
    })
    return stdout.toString().trim().split('\n')
  } catch (error) {
    if (error instanceof GitError) removeCrashReport(git.cwd, error.stderr)
    if (error instanceof GitError && isLostRace(error.stderr)) return undefined
    throw error
  }
}

/** Another writer moved or held the ref. Texts: builtin/fast-import.c, refs/files-backend.c. */
function isLostRace(stderr: string): boolean {
  return /Not updating refs\/|cannot lock ref|Unable to create '.*\.lock': File exists/.test(stderr)
}

/** On a fatal error git leaves `fast_import_crash_<pid>` behind, with pieces of the input in it. */
function removeCrashReport(cwd: string, stderr: string): void {
  const path = /dumping crash report to (.+)/.exec(stderr)?.[1]
  if (path !== undefined) rmSync(resolve(cwd, path), { force: true })
}

const LINE_END = Buffer.from('\n')

function commitCommands(commit: CommitPlan, index: number): Uint8Array[] {
  const message = Buffer.from(commit.message)
  const parts: Uint8Array[] = [
    Buffer.from(
      `commit ${commit.ref}\nmark :${index + 1}\ncommitter ${IDENTITY} ${commit.committedAt} +0000\ndata ${message.length}\n`,
    ),
    message,
    Buffer.from(commit.parent === undefined ? '\n' : `\nfrom ${commit.parent}\n`),
  ]
  if (commit.startsEmpty) parts.push(Buffer.from('deleteall\n'))
  for (const path of commit.remove ?? []) parts.push(Buffer.from(`D ${quotePath(path)}\n`))
  for (const [path, tree] of commit.trees ?? [])
    parts.push(Buffer.from(`M 040000 ${tree} ${quotePath(path)}\n`))
  for (const [path, content] of commit.files ?? []) {
    parts.push(Buffer.from(`M 100644 inline ${quotePath(path)}\ndata ${content.length}\n`), content, LINE_END)
  }
  parts.push(Buffer.from(`\nget-mark :${index + 1}\n`))
  return parts
}

/** Paths of records are plain ASCII by construction; quoting keeps any other from becoming a command. */
function quotePath(path: string): string {
  return `"${path.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}
