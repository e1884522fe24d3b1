import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from './failure.ts'

/** Where a repository keeps what belongs to this project. */
export const PROJECT_DIRECTORY = '.codemie'

/** Where definitions, stored assistants and skills are read from. All paths are absolute, also those of files in a commit. */
export interface ProjectFiles {
  /** Plain files below a folder, at any depth, sorted; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>
  isFile(path: string): Promise<boolean>
  /** `undefined`: there is none. Rejects with the reason when it cannot be read. */
  read(path: string): Promise<Buffer | undefined>
  /** Where links on the way to a file lead. */
  realPath(path: string): Promise<string>
}

/** The files as they lie on disc. */
export const WORKING_TREE: ProjectFiles = {
  async list(folder) {
    try {
      const found = await readdir(folder, { withFileTypes: true, recursive: true })
      return found
        .filter((e) => e.isFile())
        .map((e) => join(e.parentPath, e.name))
        .sort()
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  },
  async isFile(path) {
    try {
      return (await stat(path)).isFile()
    } catch {
      return false
    }
  },
  async read(path) {
    try {
      return await readFile(path)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  },
  realPath: (path) => realpath(path),
}

/** Refuses with `file-unreadable` what is there and cannot be read. */
export async function readIfThere(files: ProjectFiles, path: string): Promise<Buffer | undefined> {
  return await files.read(path).catch((error: Error) => {
    throw new Refusal('file-unreadable', `${path} cannot be read: ${error.message}`, { cause: error })
  })
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
