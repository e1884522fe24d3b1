// @ts-check
// A branch of many runs, made from one that the command line really recorded: the same files under other ids and dates.
import { createHash } from 'node:crypto'
import { git } from './context.mjs'

const BRANCH = 'refs/heads/codemie/runs'
const MINUTES_APART = 37

/**
 * A run on the branch.
 * @typedef {object} SampleRun
 * @property {string} id
 * @property {string} path Its folder.
 * @property {ReadonlyMap<string, Buffer>} files By path inside of the folder.
 * @property {string} message Of the commit that put it on the branch.
 * @property {string} tree Id of the folder's tree.
 */

/**
 * Reads the newest run of a repository's branch.
 * @param {import('./context.mjs').Bench} bench
 * @param {string} cwd
 * @returns {SampleRun}
 */
export function readNewestRun(bench, cwd) {
  const message = git(bench, cwd, ['log', '-1', '--format=%B', BRANCH]).trimEnd()
  const [, id = ''] = message.split(' ')
  const names = git(bench, cwd, ['ls-tree', '-r', '--name-only', BRANCH]).trim().split('\n')
  const path =
    names.map((name) => name.slice(0, name.indexOf(id) + id.length)).find((name) => name.endsWith(id)) ?? ''
  const files = new Map(
    names
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => [
        name.slice(path.length + 1),
        Buffer.from(git(bench, cwd, ['show', `${BRANCH}:${name}`])),
      ]),
  )
  return { id, path, files, message, tree: git(bench, cwd, ['rev-parse', `${BRANCH}:${path}`]).trim() }
}

/**
 * Puts `count` copies of a run on the branch, older than it, one commit each, and packs the repository.
 * @param {import('./context.mjs').Bench} bench
 * @param {string} cwd
 * @param {SampleRun} sample
 * @param {number} count
 */
export function fillBranch(bench, cwd, sample, count) {
  const newest = startOf(sample.id)
  const commits = Array.from({ length: count }, (_, i) => {
    const startedAt = newest - (count - i) * MINUTES_APART * 60_000
    return commitOf(copyRun(sample, startedAt, i), BRANCH, startedAt, i === 0 ? BRANCH : undefined)
  })
  git(bench, cwd, ['fast-import', '--quiet'], Buffer.concat(commits))
  git(bench, cwd, ['repack', '-adq'])
  git(bench, cwd, ['pack-refs', '--all'])
}

/**
 * The stream for `git fast-import` that puts a run on a branch.
 * @param {SampleRun} run
 * @param {string} branch
 * @param {number} committedAt Milliseconds since 1970.
 * @param {string} [from] Ref to start from; else where the stream is already.
 */
export function commitOf({ path, files, message }, branch, committedAt, from) {
  const words = Buffer.from(`${message}\n`)
  /** @type {(string | Buffer)[]} */
  const parts = [
    `commit ${branch}\ncommitter Bench <bench@example.com> ${Math.floor(committedAt / 1000)} +0000\ndata ${words.length}\n`,
    words,
    from === undefined ? '\n' : `\nfrom ${from}^0\n`,
  ]
  for (const [name, content] of files) {
    parts.push(`M 100644 inline ${path}/${name}\ndata ${content.length}\n`, content, '\n')
  }
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

/**
 * The same run under another id and date.
 * @param {SampleRun} sample
 * @param {number} startedAt Milliseconds since 1970.
 * @param {number} number Makes the id its own.
 * @returns {SampleRun}
 */
export function copyRun(sample, startedAt, number) {
  const iso = new Date(startedAt).toISOString()
  const id = `${iso.slice(0, 19).replace(/[-:]/g, '')}Z-${number.toString(16).padStart(8, '0')}`
  const files = new Map(
    [...sample.files].map(([name, content]) => [
      name,
      Buffer.from(content.toString().replaceAll(sample.id, id)),
    ]),
  )
  const tree = treeId(files)
  const path = sample.path.replace(
    /\d{4}\/\d\d\/\d\d\/[^/]+$/,
    `${iso.slice(0, 10).replaceAll('-', '/')}/${id}`,
  )
  const message = sample.message.replaceAll(sample.id, id).replaceAll(sample.tree, tree)
  return { id, path, files, message, tree }
}

/** @param {string} id `20261120T104455Z-3f9a1c2e` */
function startOf(id) {
  return Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*/, '$1-$2-$3T$4:$5:$6Z'))
}

/**
 * Id of the tree that holds these files, folders included.
 * @param {ReadonlyMap<string, Buffer>} files
 * @returns {string}
 */
function treeId(files) {
  /** @type {Map<string, Map<string, Buffer>>} */
  const folders = new Map()
  const entries = []
  for (const [path, content] of files) {
    const slash = path.indexOf('/')
    if (slash < 0) {
      entries.push({ name: path, order: path, mode: '100644', id: objectId('blob', content) })
      continue
    }
    const name = path.slice(0, slash)
    const inside = folders.get(name) ?? new Map()
    folders.set(name, inside.set(path.slice(slash + 1), content))
  }
  for (const [name, inside] of folders)
    entries.push({ name, order: `${name}/`, mode: '40000', id: treeId(inside) })
  entries.sort((a, b) => (a.order < b.order ? -1 : 1))
  return objectId(
    'tree',
    Buffer.concat(
      entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')]),
    ),
  )
}

/**
 * @param {string} type
 * @param {Buffer} content
 */
function objectId(type, content) {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex')
}
