import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeRepository, type TestRepository } from '../../helpers/git-repository.ts'
import type { OctomindTrace, TomlTable } from './trace.ts'

/** The repository in which a trace is replayed. */
export interface Scene {
  readonly repository: TestRepository
  /** What is run there: the path of a file, or `role:<name>`. */
  readonly asked: string
}

/** Where the roles of a scene stand. A name with more in front would be one of `files`. */
const CONFIGURATION = '.codemie/workflows/roles.config.toml'

/** Programs that the files of traces start. */
const PROGRAMS = ['sh', 'octomind']

/**
 * Builds what a trace was recorded in. `undefined`: its workflow is not at hand.
 *
 * @param collection folder with files of octomind's collection.
 */
export function buildScene({ dialect, input }: OctomindTrace, collection: string): Scene | undefined {
  const { files = {}, argv } = input
  const asked = askedFor(argv)
  const tapFile = input.tap ? join(collection, `${asked}.toml`) : undefined
  if (tapFile !== undefined && !existsSync(tapFile)) return undefined
  const repository = withAgent(makeRepository())
  // What a scene has beside the files of its recording is not seen in the state of its repository.
  repository.write('.git/info/exclude', '.codemie/\n')
  const all: Readonly<Record<string, string>> = {
    ...files,
    '.codemie/config.yaml': configText(files),
    [CONFIGURATION]: configurationText(input, tapFile),
    ...(tapFile === undefined ? {} : { [`${asked}.toml`]: readFileSync(tapFile, 'utf8') }),
  }
  for (const [path, text] of Object.entries(all)) {
    repository.write(path, text)
    if (text.startsWith('#!')) chmodSync(join(repository.root, path), 0o755)
  }
  for (const line of [input.setup ?? []].flat())
    execFileSync('sh', ['-c', line], repositoryOptions(repository))
  if (dialect === 'A' || argv[0] === 'run') return { repository, asked: `${CONFIGURATION}#role:${asked}` }
  return { repository, asked: tapFile === undefined ? asked : `${asked}.toml` }
}

function repositoryOptions({ root, env }: TestRepository) {
  const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@example.test' }
  const committer = { GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@example.test' }
  return { cwd: root, env: { ...env, ...who, ...committer }, stdio: 'ignore' } as const
}

/** The program of scripted agents is there to be found; it is never started. */
function withAgent(repository: TestRepository): TestRepository {
  const folder = repository.beside('bin')
  mkdirSync(folder)
  writeFileSync(join(folder, 'agent'), '#!/bin/sh\n', { mode: 0o755 })
  return { ...repository, env: { ...repository.env, PATH: `${folder}:${repository.env['PATH']}` } }
}

/** What stands behind `workflow` or `run`, options left out. */
export function askedFor(argv: readonly string[]): string {
  const command = argv.findIndex((word) => word === 'workflow' || word === 'run')
  return argv.slice(command + 1).find((word) => !word.startsWith('-')) ?? ''
}

function configText(files: Readonly<Record<string, string>>): string {
  const scripts = Object.entries(files).flatMap(([path, text]) =>
    text.startsWith('#!') ? [`./${path}`, path] : [],
  )
  return `${JSON.stringify({
    models: { default: 'ollama:fake-model' },
    policy: { commands: [...PROGRAMS, ...scripts], agents: { agent: {} } },
  })}\n`
}

function configurationText(
  { roles = [], config = {}, config_append = '' }: OctomindTrace['input'],
  tapFile: string | undefined,
): string {
  const { commands: _, ...rest } = config
  const named = tapFile === undefined ? [] : rolesIn(readFileSync(tapFile, 'utf8'))
  const tables = [...roles, ...named].map((role) => {
    const own: TomlTable = typeof role === 'string' ? { name: role } : role
    return tableText('[[roles]]', { system: `ROLE=${String(own['name'])}`, welcome: '', ...own })
  })
  const top = Object.entries(rest).map(([key, value]) => tableText(`[${key}]`, value as TomlTable))
  return [...top, config_append, ...tables].join('\n')
}

/** The agents of a file of the collection, which the recordings stand in for with roles that have no more than a name. */
function rolesIn(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(/^\s*role\s*=\s*"([^"]+)"/gm), ([, role = '']) => role))]
}

function tableText(header: string, table: TomlTable): string {
  return `${header}\n${Object.entries(table)
    .map(([key, value]) => `${key} = ${tomlText(value)}\n`)
    .join('')}`
}

function tomlText(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, inner]) => `${key} = ${tomlText(inner)}`)
    .join(', ')} }`
}
