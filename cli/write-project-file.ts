import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cannotWrite } from '../runner/working-tree.ts'
import type { ProjectFile } from './project-files.ts'

/** What became of one file. */
export type Outcome = 'written' | 'unchanged' | 'replaced' | 'updated' | 'kept'

/** One file that `init` looked at. */
export interface Done {
  readonly path: string
  readonly outcome: Outcome
  /** Why it was kept. Default: a person changed it. */
  readonly kept?: string
  /** What a person should know of it, in sentences. */
  readonly notes?: readonly string[]
}

/** Writes a file unless a person has changed it. Refuses with `cannot-write`. */
export async function writeProjectFile(root: string, file: ProjectFile, force: boolean): Promise<Outcome> {
  const path = join(root, file.path)
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw cannotWrite(file.path, error)
  })
  if (before === file.text) return 'unchanged'
  if (before !== undefined && !force && !file.isGenerated) return 'kept'
  try {
    await mkdir(dirname(path), { recursive: true })
    // `wx`: a file that appears in between is not overwritten either.
    await writeFile(path, file.text, before === undefined ? { flag: 'wx' } : {})
  } catch (error) {
    throw cannotWrite(file.path, error)
  }
  return before === undefined ? 'written' : file.isGenerated ? 'updated' : 'replaced'
}
