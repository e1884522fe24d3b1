import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'

/** What a repository for a test is to hold. */
export interface RepositoryPlan {
  /** Content by path, committed as the first commit. Default: no commit at all. */
  readonly files?: Readonly<Record<string, string>>
  /** Further commits in order: the files that each of them writes. */
  readonly commits?: readonly Readonly<Record<string, string>>[]
  /** Make a bare repository. */
  readonly bare?: boolean
}

/** A real git repository in a temporary directory. */
export interface TestRepository {
  /** Absolute real path. */
  readonly root: string
  /** The whole environment for anything that runs in it: a path, and a home that is empty. */
  readonly env: Readonly<Record<string, string>>
  /** Runs git and returns what it printed, without the last line break. Throws with git's words. */
  git(...args: string[]): string
  write(path: string, content: string): void
  /** A path beside the repository, gone with it. */
  beside(name: string): string
  remove(): void
}

/**
 * Makes a repository from an object, in a fresh directory that {@link TestRepository.remove} takes away again.
 * Refuses to work inside the current directory: a test that went wrong must not touch the project.
 */
export function makeRepository(plan: RepositoryPlan = {}): TestRepository {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-test-')))
  if (!relative(process.cwd(), base).startsWith('..'))
    throw new Error(`${base} is inside the current directory`)
  const root = join(base, 'repository')
  const home = join(base, 'home')
  mkdirSync(root)
  mkdirSync(home)
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, TMPDIR: base }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ann Tester', '-c', 'user.email=ann@example.test', ...args], {
      cwd: root,
      env: {
        ...env,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_DATE: '1700000000 +0000',
        GIT_COMMITTER_DATE: '1700000000 +0000',
      },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).replace(/\n$/, '')
  const write = (path: string, content: string) => {
    const target = join(root, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, content)
  }
  git('init', '-q', '-b', 'main', ...(plan.bare ? ['--bare'] : []))
  const commits = plan.files === undefined ? [] : [plan.files, ...(plan.commits ?? [])]
  for (const files of commits) {
    for (const [path, content] of Object.entries(files)) write(path, content)
    git('add', '-A')
    git('commit', '-q', '-m', 'Change')
  }
  return {
    root,
    env,
    git,
    write,
    beside: (name) => join(base, name),
    remove: () => rmSync(base, { recursive: true, force: true }),
  }
}
