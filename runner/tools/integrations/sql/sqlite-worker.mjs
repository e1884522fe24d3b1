// @ts-check
// Runs one statement on a SQLite file, in a thread of its own: a statement that never ends can only be ended with its thread.
// What it may do with files is decided here and not by its text: ATTACH and VACUUM INTO name files of their own.
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import sqlite from 'node-sqlite3-wasm'

/**
 * @typedef {object} Work
 * @property {string} path Absolute path of the file.
 * @property {boolean} mayWrite
 * @property {string} statement
 * @property {readonly (string | number | boolean | null)[]} parameters
 * @property {number} maxRows Rows to give back; one more tells that there are more.
 * @property {number} maxBytes Bytes of text to read, give or take a row.
 */

/** A statement can ask for a value of a gigabyte. */
const MAX_MEMORY_BYTES = 256 * 1024 * 1024
const PAGE_BYTES = 64 * 1024

const work = /** @type {Work} */ (workerData)
guardFiles(work)
guardMemory()
try {
  parentPort?.postMessage(run(work))
} catch (error) {
  parentPort?.postMessage({ error: error instanceof Error ? error.message : String(error) })
}

/** @param {Work} work */
function run({ path, mayWrite, statement: text, parameters, maxRows, maxBytes }) {
  const database = new sqlite.Database(path, { readOnly: !mayWrite })
  try {
    if (holdsSeveral(database, text)) return { error: 'several statements', isSeveral: true }
    const statement = /** @type {any} */ (database.prepare(text))
    const names = statement._getColumnNames()
    // Numbers instead of names: two columns can have the same one.
    statement._getColumnNames = () =>
      names.map((/** @type {string} */ _name, /** @type {number} */ at) => String(at))
    const rows = []
    let bytes = 0
    for (const row of statement.iterate([...parameters])) {
      const values = Object.values(row)
      for (const value of values) bytes += lengthOf(value)
      const hasRoom = rows.length <= maxRows && bytes <= maxBytes
      if (hasRoom) rows.push(values)
      // One that writes has to come to its end.
      else if (!mayWrite) break
    }
    statement.finalize()
    const changed = database.get('SELECT total_changes() AS count')?.count
    return { names, rows, isCut: bytes > maxBytes, ...(mayWrite ? { changed: Number(changed) } : {}) }
  } finally {
    database.close()
  }
}

/** @param {unknown} value */
function lengthOf(value) {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 1
}

/**
 * SQLite itself leaves out what follows the first statement, and says nothing.
 * @param {import('node-sqlite3-wasm').Database} database
 * @param {string} text
 */
function holdsSeveral(database, text) {
  const pieces = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|;/g
  for (const { 0: piece, index } of text.matchAll(pieces)) {
    if (piece !== ';') continue
    const rest = text.slice(index + 1).replace(/--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[\s;]/g, '')
    // The first part of a trigger has semicolons in it and is no statement.
    if (rest !== '' && isStatement(database, text.slice(0, index))) return true
  }
  return false
}

/**
 * @param {import('node-sqlite3-wasm').Database} database
 * @param {string} text
 */
function isStatement(database, text) {
  try {
    database.prepare(text).finalize()
    return true
  } catch {
    return false
  }
}

/** SQLite says that there is no memory left, long before the machine has none. */
function guardMemory() {
  const { prototype } = /** @type {any} */ (globalThis).WebAssembly.Memory
  const { grow } = prototype
  prototype.grow = function (/** @type {number} */ pages) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > MAX_MEMORY_BYTES)
      throw new RangeError('too much memory')
    return grow.call(this, pages)
  }
}

/**
 * Lets this thread open the database and what belongs to it, and nothing else.
 * @param {Work} work
 */
function guardFiles({ path, mayWrite }) {
  const own = new Set([path, `${path}-journal`, `${path}-wal`])
  const lock = `${path}.lock`
  /** @param {unknown} name */
  const refuse = (name) => {
    throw Object.assign(new Error(`${name} is not the database`), { code: 'EACCES' })
  }
  const { accessSync, mkdirSync, openSync, rmdirSync, unlinkSync } = fs
  const { O_RDONLY, O_NOFOLLOW = 0 } = fs.constants
  fs.openSync = (name, flags, mode) => {
    // The folder is opened to make sure that a deletion is on the disc.
    if (flags === 'r' && mayWrite) return openSync(name, flags)
    if (!own.has(String(name)) || (!mayWrite && flags !== O_RDONLY)) return refuse(name)
    return openSync(name, Number(flags) | O_NOFOLLOW, mode)
  }
  fs.accessSync = (name, mode) =>
    own.has(String(name)) || name === lock ? accessSync(name, mode) : refuse(name)
  fs.unlinkSync = (name) => (mayWrite && own.has(String(name)) ? unlinkSync(name) : refuse(name))
  // Readers leave no lock behind: they wait for nobody but who writes.
  fs.mkdirSync = /** @type {typeof fs.mkdirSync} */ (
    (/** @type {string} */ name) => {
      if (name !== lock) return refuse(name)
      if (mayWrite) return mkdirSync(name)
      if (fs.existsSync(lock)) throw Object.assign(new Error('locked'), { code: 'EEXIST' })
      return undefined
    }
  )
  fs.rmdirSync = (name) => {
    if (name !== lock) refuse(name)
    else if (mayWrite) rmdirSync(name)
  }
}
