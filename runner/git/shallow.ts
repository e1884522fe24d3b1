import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Commits that a shallow clone ends at: they seem to have no parents, and to have added everything. Source: the file
 * `shallow` of gitrepository-layout(5).
 */
export function shallowCommits(commonDir: string): ReadonlySet<string> {
  const file = join(commonDir, 'shallow')
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [])
}
