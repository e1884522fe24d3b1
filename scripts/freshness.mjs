// @ts-check
// What is installed and built, and whether it still belongs to the files of the working tree. Only Node's own
// modules: this is loaded before anything is installed.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** Everything that can change the content of `dist/`, relative to the root. A folder stands for all files below. */
const BUILD_INPUTS = [
  'schema',
  'runner',
  'cli',
  'action',
  'scripts/build.mjs',
  'package.json',
  'package-lock.json',
]

/** Written by the build as its last act, so a build that was cut short never looks finished. */
const STAMP = join('dist', '.build-stamp')

/**
 * Digest of the sources that a build is made from: names and contents, never times, so that it holds across clones.
 * @param {string} root The repository's root.
 * @returns {string} SHA-256 in hex.
 */
export function digestSources(root) {
  const hash = createHash('sha256')
  for (const input of BUILD_INPUTS) {
    for (const file of listFiles(root, input)) {
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(root, file)))
        .update('\0')
    }
  }
  return hash.digest('hex')
}

/**
 * Files at or below a path, sorted, relative to the root and with `/`. Empty when nothing is there.
 * @param {string} root
 * @param {string} path
 * @returns {string[]}
 */
function listFiles(root, path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  const entries = statSync(full).isFile()
    ? [path]
    : readdirSync(full, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  return entries.map((entry) => entry.split(sep).join('/')).sort()
}

/**
 * Path of the stamp that belongs to a root; its content is the digest of the sources that were built.
 * @param {string} root
 */
export function stampPath(root) {
  return join(root, STAMP)
}

/**
 * Whether `dist/` was built from exactly these sources.
 * @param {string} root
 * @returns {boolean}
 */
export function isBuilt(root) {
  const stamp = stampPath(root)
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === digestSources(root)
}

/**
 * Whether `node_modules` holds what the lockfile asks for, by comparing it with npm's own note of what it installed
 * (`node_modules/.package-lock.json`). Optional packages, such as other platforms' binaries, may be missing.
 * @param {string} root
 * @returns {boolean}
 */
export function isInstalled(root) {
  const note = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const wanted = readPackages(join(root, 'package-lock.json'))
  const found = readPackages(note)
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const installed = found[path]
    if (installed === undefined ? !entry.optional : installed.version !== entry.version) return false
  }
  return Object.keys(found).every((path) => wanted[path] !== undefined)
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(lockfile) {
  return JSON.parse(readFileSync(lockfile, 'utf8')).packages ?? {}
}
