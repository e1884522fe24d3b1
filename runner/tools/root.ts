import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, sep } from 'node:path'
import type { StepFailure } from '../failure.ts'
import { badArgument, POLICY_KEYS, refusedByPolicy, toolFailed } from './define-tool.ts'
import { globMatcher } from './globs.ts'
import type { ToolContext } from './tool.ts'

/** A place inside the repository that a tool may use. */
export interface RootedPath {
  /** Absolute real path: no symbolic link is left in it, except that the last part may not exist yet. */
  readonly absolute: string
  /** From the root, with `/`; `.` for the root itself. */
  readonly relative: string
}

/** Who asks, for messages. */
export interface PathUse {
  readonly tool: string
  /** Name of the argument that holds the path. */
  readonly argument: string
}

/**
 * Folders of the operating system that are never opened, even where the repository is the root of the disc. A repository in one
 * of them, as in `/dev/shm`, is no such place.
 */
const SYSTEM_FOLDERS = ['/proc', '/sys', '/dev']

/**
 * Places that tools may read but not write: what runs with the repository's rights, and what judges such changes.
 * Changing them takes a person and a reviewed commit.
 */
const PROTECTED_PLACES: readonly (readonly string[])[] = [
  ['.github', 'workflows'],
  ['.github', 'actions'],
  ['.codemie'],
  ['.gitmodules'],
]

/**
 * Turns a path argument into a place inside the repository.
 *
 * Accepts a path relative to the root, or an absolute one inside it. Refuses, with a `StepFailure` blamed on policy:
 * `..`, anything outside the root also by way of a symbolic link, `.git` under any spelling that a file system could
 * take for it, drive letters and NTFS streams, and `/proc` and its like.
 *
 * The path need not exist: the real path of its nearest existing parent decides.
 */
export async function resolveInRoot(
  context: Pick<ToolContext, 'root'>,
  given: string,
  use: PathUse,
): Promise<RootedPath> {
  const parts = partsOfPath(context.root, given, use)
  const absolute = await realpathOfNearest(context.root, parts, use)
  const fromRoot = relative(context.root, absolute)
  if (fromRoot === '..' || fromRoot.startsWith(`..${sep}`) || isAbsolute(fromRoot)) {
    throw refuse(use, given, 'leaves the repository through a symbolic link')
  }
  // Once more on what the links lead to: `docs -> .git` is inside the root.
  const realParts = fromRoot.split(sep).filter((part) => part !== '')
  checkParts(realParts, given, use)
  if (SYSTEM_FOLDERS.some((folder) => isWithin(folder, absolute) && !isWithin(folder, context.root))) {
    throw refuse(use, given, 'is a folder of the operating system')
  }
  return { absolute, relative: realParts.join('/') || '.' }
}

/**
 * Like {@link resolveInRoot}, for a place that is to be written, moved or deleted. Refuses also the root itself, a
 * symbolic link as the last part, the places that steer CI or this project (`.github/workflows`, `.codemie`), and
 * everything when the policy forbids writing. With `wholeTree` (a move) also a folder that holds such a place.
 */
export async function resolveForWrite(
  context: Pick<ToolContext, 'root'> & {
    readonly policy: Pick<ToolContext['policy'], 'writeFiles' | 'writePaths'>
  },
  given: string,
  use: PathUse,
  options: { wholeTree?: boolean } = {},
): Promise<RootedPath> {
  if (!context.policy.writeFiles) {
    throw refusedByPolicy(
      use.tool,
      'writing files is switched off for this project',
      `If workflows may change the working tree, say where with ${POLICY_KEYS.write}.`,
    )
  }
  const parts = partsOfPath(context.root, given, use)
  const last = parts.at(-1)
  if (last === undefined) throw refuse(use, given, 'is the repository itself')
  // Only the parents may be links: the last part is what gets replaced, so it is not followed.
  const parent = await resolveInRoot(context, parts.slice(0, -1).join('/') || '.', use)
  const absolute = join(parent.absolute, last)
  const fromRoot = parent.relative === '.' ? last : `${parent.relative}/${last}`
  const folded = fromRoot.split('/').map(foldName)
  const isProtected = PROTECTED_PLACES.some((place) => {
    const shared = Math.min(place.length, folded.length)
    return (
      (options.wholeTree === true || folded.length >= place.length) &&
      place.slice(0, shared).every((part, index) => folded[index] === part)
    )
  })
  if (isProtected) {
    throw refuse(
      use,
      given,
      'is protected: it steers CI or this project and is changed by a reviewed commit only',
    )
  }
  const { writePaths } = context.policy
  if (writePaths !== undefined && !globMatcher(writePaths, use.tool, POLICY_KEYS.write)(fromRoot)) {
    throw refusedByPolicy(
      use.tool,
      `argument "${use.argument}": "${fromRoot}" is not among the places that may be written (${writePaths.join(', ') || 'none'})`,
      `Add a glob for it to ${POLICY_KEYS.write}.`,
    )
  }
  const stats = await lstatOrUndefined(absolute)
  if (stats?.isSymbolicLink())
    throw refuse(use, given, 'is a symbolic link, which tools do not write through')
  return { absolute, relative: fromRoot }
}

/** Opens a regular file for reading. Fails for a missing file, a folder, a device or a pipe. The caller closes it. */
async function openForRead(place: RootedPath, use: PathUse): Promise<FileHandle> {
  let handle: FileHandle
  try {
    // O_NONBLOCK: opening a named pipe would wait for a writer. O_NOFOLLOW: the path was real a moment ago.
    handle = await open(
      place.absolute,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    )
  } catch (error) {
    throw explainFileError(error, place, use)
  }
  const stats = await handle.stat()
  if (!stats.isFile()) {
    await handle.close()
    throw badArgument(
      use.tool,
      use.argument,
      `must name a file, but "${place.relative}" is ${describeKind(stats)}`,
    )
  }
  return handle
}

/** Reads at most `maxBytes` of a file. */
export async function readInRoot(
  place: RootedPath,
  use: PathUse,
  maxBytes: number,
): Promise<{ bytes: Buffer; totalBytes: number }> {
  const handle = await openForRead(place, use)
  try {
    const { size } = await handle.stat()
    const buffer = Buffer.alloc(Math.min(size, maxBytes))
    let filled = 0
    while (filled < buffer.length) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return { bytes: buffer.subarray(0, filled), totalBytes: size }
  } finally {
    await handle.close()
  }
}

/** Writes a whole file or appends to it, making the folders on the way. */
export async function writeInRoot(
  place: RootedPath,
  use: PathUse,
  data: string,
  mode: 'replace' | 'append',
): Promise<void> {
  try {
    await mkdir(dirname(place.absolute), { recursive: true })
    const handle = await open(
      place.absolute,
      constants.O_WRONLY |
        constants.O_CREAT |
        (mode === 'replace' ? constants.O_TRUNC : constants.O_APPEND) |
        (constants.O_NOFOLLOW ?? 0) |
        (constants.O_NONBLOCK ?? 0),
      0o644,
    )
    try {
      await handle.writeFile(data)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw explainFileError(error, place, use)
  }
}

/** A `StepFailure` for what the file system said about a place. */
export function explainFileError(error: unknown, place: RootedPath, use: PathUse): StepFailure {
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  const known = FILE_ERRORS[code]
  return toolFailed(use.tool, `"${place.relative}" ${known ?? `could not be used: ${code}`}`)
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'has a file where a folder is expected',
  EISDIR: 'is a folder, not a file',
  EEXIST: 'already exists',
  ENOTEMPTY: 'is a folder that is not empty',
  EACCES: 'may not be accessed by this user',
  EPERM: 'may not be changed by this user',
  ELOOP: 'is a symbolic link, which tools do not follow here',
  ENXIO: 'is not a regular file',
  ENAMETOOLONG: 'has a name that is too long for the file system',
  ENOSPC: 'could not be written: the disc is full',
}

/**
 * The parts of a path argument, without a look at the disc. Fails like {@link resolveInRoot}.
 *
 * @param root an absolute path inside of this is taken, too.
 */
export function partsOfPath(root: string, given: string, use: PathUse): string[] {
  if (given.includes('\0')) throw refuse(use, given.replaceAll('\0', '\\0'), 'contains a NUL character')
  if (given.includes('\\')) throw refuse(use, given, 'contains a backslash; separate folders with "/"')
  if (given.includes(':') && !(isAbsolute(given) && /^[A-Za-z]:/.test(root))) {
    throw refuse(use, given, 'contains a colon, which names a drive or a stream on Windows')
  }
  let local = given
  if (isAbsolute(given)) {
    local = relative(root, given).split(sep).join('/')
    if (local === '..' || local.startsWith('../') || isAbsolute(local)) {
      throw refuse(use, given, 'is outside the repository')
    }
  }
  const parts = local.split('/').filter((part) => part !== '' && part !== '.')
  checkParts(parts, given, use)
  return parts
}

function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function checkParts(parts: readonly string[], given: string, use: PathUse): void {
  for (const part of parts) {
    // Windows reads `.. .` as `..`.
    if (/^\.\.[. ]*$/.test(part)) throw refuse(use, given, 'contains ".."')
    const folded = foldName(part)
    // `git~1` is the short name that NTFS gives to `.git`.
    if (folded === '.git' || folded === 'git~1') throw refuse(use, given, 'leads into .git')
  }
}

/**
 * A name as the most forgiving file system sees it: Windows drops blanks and dots at the end, HFS+ ignores invisible
 * characters, and both ignore case.
 */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '')
    .replace(/[. ]+$/, '')
    .toLowerCase()
}

async function realpathOfNearest(root: string, parts: readonly string[], use: PathUse): Promise<string> {
  for (let count = parts.length; count >= 0; count--) {
    const candidate = join(root, ...parts.slice(0, count))
    try {
      return join(await realpath(candidate), ...parts.slice(count))
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ELOOP') throw refuse(use, parts.join('/'), 'runs in circles through symbolic links')
      // A link to nothing "does not exist" for realpath, but writing through it would create its target.
      if ((await lstatOrUndefined(candidate))?.isSymbolicLink()) {
        throw refuse(use, parts.join('/'), 'passes a symbolic link that leads nowhere')
      }
    }
  }
  return root
}

async function lstatOrUndefined(path: string) {
  return await lstat(path).catch(() => undefined)
}

function describeKind(stats: { isDirectory(): boolean }): string {
  return stats.isDirectory() ? 'a folder' : 'not a regular file'
}

function refuse(use: PathUse, given: string, why: string): StepFailure {
  return refusedByPolicy(
    use.tool,
    `argument "${use.argument}": "${given}" ${why}`,
    'Give a path inside the repository, relative to its root, e.g. "src/index.ts".',
  )
}
