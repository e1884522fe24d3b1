import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Refusal } from '../runner/failure.ts'
import { usageError } from './usage-error.ts'

const DEFINITION = /\.(?:ya?ml|toml)$/i

/**
 * The definition files that a path stands for: itself, or, of a folder, all in it at any depth, sorted. Refuses with `usage` what is
 * not there.
 *
 * @param path absolute.
 * @param named as a person typed it. Default: the path.
 */
export function definitionsAt(path: string, named = path): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) throw noSuchFile(named, path)
  if (!found.isDirectory()) return [path]
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && DEFINITION.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

export function noSuchFile(named: string, path: string): Refusal {
  return usageError(`There is no file '${named}'.`, `Looked at ${path}.`)
}
