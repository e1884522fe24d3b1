import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Refusal } from '../failure.ts'
import { createGit, type Git, GitError, type RunGit } from './git.ts'
import type { ObjectFormat } from './object-id.ts'

/** Where a repository lies. All paths are absolute. */
export interface Repository {
  /** Top of the working tree. */
  readonly root: string
  /** This working tree's own git directory; differs from `commonDir` in a linked worktree. */
  readonly gitDir: string
  /** The git directory that all working trees share: refs, objects and run records live here. */
  readonly commonDir: string
  /** git, run at `root`. */
  readonly git: Git
}

/** What is checked out. */
export type Head =
  | { readonly kind: 'branch'; readonly branch: string; readonly commit: string }
  | { readonly kind: 'detached'; readonly commit: string }
  /** No commit yet. */
  | { readonly kind: 'unborn'; readonly branch: string }

/** What a record says about the state of the repository. */
export interface RepositoryState {
  readonly head: Head
  /** Files that differ from `head`, untracked ones included. 0: clean. */
  readonly changedFiles: number
  /** Name and address of the remote, credentials removed. `undefined`: there is none. */
  readonly remote: { readonly name: string; readonly url: string } | undefined
  /** `user.name` and `user.email`. `undefined`: not set. */
  readonly user: { readonly name: string; readonly email: string } | undefined
  readonly objectFormat: ObjectFormat
}

/**
 * The repository that `cwd` lies in, found by walking up; no process is started.
 *
 * Refuses with `no-repository` outside of any, and with `bare-repository` inside one without a working tree.
 * Source of the layout: gitrepository-layout(5).
 */
export function findRepository(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
  run?: RunGit,
): Repository {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    const gitDir = gitDirOf(directory)
    if (gitDir !== undefined) {
      return {
        root: directory,
        gitDir,
        commonDir: commonDirOf(gitDir),
        git: createGit(directory, env, [], run),
      }
    }
    if (looksLikeGitDir(directory)) {
      throw new Refusal(
        'bare-repository',
        `${directory} is a bare repository or the inside of a .git directory`,
        {
          help: 'Runs need a working tree: use a clone, or `git worktree add <path>`.',
        },
      )
    }
    if (dirname(directory) === directory) {
      throw new Refusal('no-repository', `${resolve(cwd)} is not inside a git repository`, {
        help: 'Run `git init` here first, or change into a repository.',
      })
    }
  }
}

function gitDirOf(directory: string): string | undefined {
  const path = join(directory, '.git')
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return looksLikeGitDir(path) ? path : undefined
  if (!stat?.isFile()) return undefined
  const target = /^gitdir: (.+?)\r?\n?$/.exec(readFileSync(path, 'utf8'))?.[1]
  return target === undefined ? undefined : resolve(directory, target)
}

function looksLikeGitDir(directory: string): boolean {
  const kind = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })
  return Boolean(kind('HEAD')?.isFile() && kind('objects')?.isDirectory() && kind('refs')?.isDirectory())
}

function commonDirOf(gitDir: string): string {
  try {
    return resolve(gitDir, readFileSync(join(gitDir, 'commondir'), 'utf8').trim())
  } catch {
    return gitDir
  }
}

/**
 * Looks at what is checked out, changed and configured: two short git processes.
 *
 * @param remote name of the remote to report; default: `origin`, or the only one there is.
 * Refuses with `unsafe-repository` when git does not trust the directory's owner.
 */
export async function describeRepository(repository: Repository, remote?: string): Promise<RepositoryState> {
  const [status, variables] = await Promise.all([
    repository.git.run({ args: ['status', '--porcelain=v2', '--branch', '-z'] }).catch(explainUnsafe),
    repository.git.run({ args: ['config', '--list', '-z'] }),
  ])
  const settings = parseSettings(variables.stdout.toString())
  return { ...parseStatus(status.stdout.toString()), ...pickSettings(settings, remote) }
}

function explainUnsafe(error: unknown): never {
  if (error instanceof GitError && error.stderr.includes('safe.directory')) {
    const directory = /safe\.directory (\S+)/.exec(error.stderr)?.[1] ?? 'the repository'
    throw new Refusal('unsafe-repository', `git does not trust ${directory}: it belongs to another user`, {
      help: `Run \`git config --global --add safe.directory ${directory}\` (in a container: in the job, before this).`,
      cause: error,
    })
  }
  throw error
}

/** Reads `status --porcelain=v2 --branch -z`. Source of the format: git-status(1). */
function parseStatus(text: string): { head: Head; changedFiles: number } {
  let commit = '(initial)'
  let branch = '(detached)'
  let changedFiles = 0
  const fields = text.split('\0')
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index] ?? ''
    if (field.startsWith('# branch.oid ')) commit = field.slice('# branch.oid '.length)
    else if (field.startsWith('# branch.head ')) branch = field.slice('# branch.head '.length)
    else if (/^[12u?] /.test(field)) changedFiles++
    // A renamed entry is followed by its old path.
    if (field.startsWith('2 ')) index++
  }
  if (commit === '(initial)') return { head: { kind: 'unborn', branch }, changedFiles }
  if (branch === '(detached)') return { head: { kind: 'detached', commit }, changedFiles }
  return { head: { kind: 'branch', branch, commit }, changedFiles }
}

/** Reads `config --list -z`: `key LF value NUL`. Of repeated keys the last counts, as in git. */
function parseSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>()
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('\n')
    if (end > 0) settings.set(entry.slice(0, end), entry.slice(end + 1))
  }
  return settings
}

function pickSettings(settings: Map<string, string>, wanted: string | undefined) {
  const remotes = new Map<string, string>()
  for (const [key, value] of settings) {
    const name = /^remote\.(.+)\.url$/.exec(key)?.[1]
    if (name !== undefined) remotes.set(name, value)
  }
  const name =
    wanted ?? (remotes.has('origin') ? 'origin' : remotes.size === 1 ? [...remotes.keys()][0] : undefined)
  const url = name === undefined ? undefined : remotes.get(name)
  const userName = settings.get('user.name')
  const objectFormat: ObjectFormat = settings.get('extensions.objectformat') === 'sha256' ? 'sha256' : 'sha1'
  return {
    objectFormat,
    remote: name === undefined || url === undefined ? undefined : { name, url: withoutCredentials(url) },
    user: userName === undefined ? undefined : { name: userName, email: settings.get('user.email') ?? '' },
  }
}

/** An address as it may be shown and recorded: `https://user:secret@host/x.git` becomes `https://host/x.git`. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, (_all, scheme: string) => scheme)
}
