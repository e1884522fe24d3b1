import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeRepository, type TestRepository } from './git-repository.ts'
import { type CliResult, runInProcess } from './run-cli.ts'

/** The address that the examples give to the systems which they come with. */
export const SYSTEMS = 'http://127.0.0.1:8787'

/** Where the examples are. */
export const EXAMPLES = new URL('../../examples/', import.meta.url)

/** What an example is copied for. */
export interface UseCasePlan {
  /** Address of the systems that the test runs. Default: the one in the example, where nothing answers. */
  readonly systems?: string
  /** Variables beside the path and an empty home. */
  readonly env?: Readonly<Record<string, string>>
  /** Text by path over the files of the example. */
  readonly files?: Readonly<Record<string, string>>
}

/** A copy of an example in a repository with a bare remote `origin`, as a reader of its page makes one. */
export interface UseCase extends TestRepository {
  /** Runs a command line in the copy, as Ada. */
  cli(...argv: readonly string[]): Promise<CliResult>
  /** {@link UseCase.cli} with other variables over those of the plan. */
  cliWith(env: Readonly<Record<string, string>>, ...argv: readonly string[]): Promise<CliResult>
  /** The text of a file of the working tree, `undefined` where there is none. */
  read(path: string): string | undefined
  /** Paths below the folder of the newest record of the remote, and its files by them. */
  record(): Readonly<Record<string, string>>
}

/** Copies the folder of an example. Remove what comes back; the remote goes with it. */
export function copyUseCase(name: string, plan: UseCasePlan = {}): UseCase {
  const folder = fileURLToPath(new URL(`${name}/`, EXAMPLES))
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const files = Object.fromEntries(
    paths.map((path) => [
      path.slice(folder.length),
      readFileSync(path, 'utf8').replaceAll(SYSTEMS, plan.systems ?? SYSTEMS),
    ]),
  )
  const repository = makeRepository({ files: { ...files, ...plan.files } })
  const { root, git } = repository
  const remote = repository.beside('remote.git')
  git('init', '-q', '--bare', remote)
  git('remote', 'add', 'origin', remote)
  git('push', '-q', 'origin', 'main')
  git('config', 'user.name', 'Ada')
  git('config', 'user.email', 'ada@example.test')
  const cliWith: UseCase['cliWith'] = (env, ...argv) =>
    runInProcess(argv, { cwd: root, env: { ...repository.env, ...plan.env, ...env } })
  return {
    ...repository,
    cliWith,
    cli: (...argv) => cliWith({}, ...argv),
    read(path) {
      try {
        return readFileSync(join(root, path), 'utf8')
      } catch {
        return undefined
      }
    },
    record() {
      const there = (...args: string[]) => git('-C', remote, ...args)
      const all = there('ls-tree', '-r', '--name-only', 'codemie/runs').split('\n')
      const last = all.filter((path) => path.endsWith('/run.json')).at(-1) ?? ''
      const below = last.replace(/run\.json$/, '')
      return Object.fromEntries(
        all
          .filter((path) => path.startsWith(below))
          .map((path) => [path.slice(below.length), there('show', `codemie/runs:${path}`)]),
      )
    },
  }
}
