import { lstat, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ComparedDefinition, compareParts, type DefinitionText } from '../schema/diff/definitions.ts'
import { Refusal } from './failure.ts'
import type { Repository } from './git/repository.ts'
import { PROJECT_DIRECTORY } from './project-files.ts'

/** Where git is told which files have a driver. */
export const ATTRIBUTES_FILE = '.gitattributes'
/** The setting that says what git calls for them. */
export const DRIVER_SETTING = 'diff.codemie.command'

const ATTRIBUTES = [
  'workflows/**/*.yaml',
  'workflows/**/*.yml',
  'workflows/**/*.toml',
  'assistants/*.yaml',
  'assistants/*.yml',
  'skills/**',
  'templates/**/*.yaml',
  'templates/**/*.yml',
  'config.yaml',
].map((pattern) => `/${PROJECT_DIRECTORY}/${pattern} diff=codemie`)

/** What became of a file or a setting. */
export type SetUp = 'written' | 'updated' | 'unchanged'

/**
 * Makes `git diff` in this clone call a program for definitions: which files those are stands in `.gitattributes`, which
 * is committed; what is called in git's own configuration of the clone, which never is.
 *
 * Refuses with `cannot-write` where `.gitattributes` cannot be written, and where it is a link, which git does not follow.
 *
 * @param command a line for a shell; git adds its arguments at the end.
 */
export async function setUpDiffDriver(
  { root, git }: Pick<Repository, 'root' | 'git'>,
  command: string,
): Promise<{ readonly attributes: SetUp; readonly setting: SetUp }> {
  const attributes = await extendAttributes(join(root, ATTRIBUTES_FILE))
  const { stdout } = await git.run({
    args: ['config', '--local', '-z', '--get-all', DRIVER_SETTING],
    okCodes: [0, 1],
  })
  const before = stdout.toString()
  if (before === `${command}\0`) return { attributes, setting: 'unchanged' }
  await git.run({ args: ['config', '--local', '--replace-all', DRIVER_SETTING, command] })
  return { attributes, setting: before === '' ? 'written' : 'updated' }
}

/** Adds the lines that are not there, and leaves all others as they are. */
async function extendAttributes(path: string): Promise<SetUp> {
  try {
    const found = await lstat(path).catch(() => undefined)
    if (found?.isSymbolicLink()) throw new Error('it is a link, and git reads no attributes through one')
    const before = found === undefined ? '' : await readFile(path, 'utf8')
    const lines = new Set(before.split('\n').map((line) => line.trim().replace(/\s+/g, ' ')))
    const missing = ATTRIBUTES.filter((line) => !lines.has(line))
    if (missing.length === 0) return 'unchanged'
    const ending = before.includes('\r\n') ? '\r\n' : '\n'
    const gap = before === '' || before.endsWith('\n') ? '' : ending
    await writeFile(path, `${before}${gap}${missing.map((line) => `${line}${ending}`).join('')}`)
    return before === '' ? 'written' : 'updated'
  } catch (error) {
    throw new Refusal('cannot-write', `${ATTRIBUTES_FILE} cannot be written: ${(error as Error).message}`, {
      help: 'Mend what stands in the way, and start again.',
      cause: error,
    })
  }
}

/**
 * Compares the two sides of a file that git calls an external diff for.
 *
 * @param args what git gives: path, then file, object id and mode of the old side and of the new one, then the new path where the
 *   file was renamed; the path alone where it is not merged yet. Source: `GIT_EXTERNAL_DIFF` in git(1).
 * @param cwd where paths of files begin.
 * @returns one for each workflow of the file; none where there are no two sides. Rejects when a file cannot be read.
 */
export async function compareForGit(
  args: readonly string[],
  cwd: string,
): Promise<readonly ComparedDefinition[]> {
  const [path = '', oldFile, _oldId, _oldMode, newFile, _newId, _newMode, newPath = path] = args
  const [before, after] = await Promise.all([sideOf(path, oldFile, cwd), sideOf(newPath, newFile, cwd)])
  return compareParts(before, after)
}

/** Git's name for nothing, on every system. */
const NO_FILE = '/dev/null'

async function sideOf(
  path: string,
  file: string | undefined,
  cwd: string,
): Promise<DefinitionText | undefined> {
  if (file === undefined || file === NO_FILE) return undefined
  return { file: path, text: await readFile(resolve(cwd, file), 'utf8') }
}
