import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The nearest folder from `cwd` upward that holds `.git`, or `cwd` itself. Only for naming files: opening the repository
 * loads what starts git, which takes as long as checking a file.
 */
export function findRoot(cwd: string): string {
  for (let directory = cwd; ; directory = dirname(directory)) {
    if (existsSync(join(directory, '.git'))) return directory
    if (dirname(directory) === directory) return cwd
  }
}
