// @ts-check
// The last line of `npm test`: how it is made and what goes into it.
import { existsSync, readFileSync } from 'node:fs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * The line that ends `npm test`, as people and scripts read it.
 * @param {Counts} counts
 * @returns {string} For example `12 passed, 0 failed, 1 skipped`.
 */
export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export function addCounts(a, b) {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/**
 * Counts the tests of one vitest run. A file that could not be loaded has no tests and counts as one failure, and so
 * does a run that failed without saying which test did (an unhandled rejection) or that left no results (a crash).
 * @param {string} file Path of what vitest's JSON reporter wrote; it may be missing.
 * @param {number | null} status Exit status of vitest; `null` when a signal ended it.
 * @returns {Counts}
 */
export function readVitestCounts(file, status) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const results = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).testResults ?? []) : []
  for (const { status: fileStatus, assertionResults } of results) {
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed += 1
      else if (test.status === 'failed') counts.failed += 1
      else counts.skipped += 1
    }
    if (fileStatus === 'failed' && !assertionResults.some((test) => test.status === 'failed'))
      counts.failed += 1
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}
