import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The nearest folder from `cwd` upward that holds `.git`; `undefined` outside of a repository. Only for finding and naming
 * files: opening the repository loads what starts git, which takes as long as checking a file.
 */
export function findRoot(cwd: string): string | undefined {
  for (let directory = cwd; ; directory = dirname(directory)) {
    if (existsSync(join(directory, '.git'))) return directory
    if (dirname(directory) === directory) return undefined
  }
}
