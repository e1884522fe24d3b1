// @ts-check
// What all workloads share: a temporary folder, an environment, the servers, and the built command line.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Root of this project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** The built command line. */
export const CLI = join(ROOT, 'dist', 'cli.cjs')
/** The built action. */
export const ACTION = join(ROOT, 'dist', 'action', 'index.cjs')

/**
 * Certificates that this machine adds to Node's own. Node 20 and 22 read them at every start, ours and the floor's, which
 * can cost more than the rest of the start: ratios with and without them are not to be compared.
 */
export const EXTRA_CERTIFICATES = process.env['NODE_EXTRA_CA_CERTS']

/** Programs that are measured, or that answer, each in a process of its own. */
export const PROGRAMS = {
  appendLines: fileURLToPath(new URL('./programs/append-lines.mjs', import.meta.url)),
  checkFiles: fileURLToPath(new URL('./programs/check-files.mjs', import.meta.url)),
  compareDefinitions: fileURLToPath(new URL('./programs/compare-definitions.mjs', import.meta.url)),
  engineSteps: fileURLToPath(new URL('./programs/engine-steps.mjs', import.meta.url)),
  fetchLoop: fileURLToPath(new URL('./programs/fetch-loop.mjs', import.meta.url)),
  gitServer: fileURLToPath(new URL('./programs/git-server.mjs', import.meta.url)),
  language: fileURLToPath(new URL('./programs/language.mjs', import.meta.url)),
  languageFloor: fileURLToPath(new URL('./programs/language.py', import.meta.url)),
  modelServer: fileURLToPath(new URL('./programs/model-server.mjs', import.meta.url)),
  openaiLoop: fileURLToPath(new URL('./programs/openai-loop.mjs', import.meta.url)),
  silentServer: fileURLToPath(new URL('./programs/silent-server.mjs', import.meta.url)),
}

/**
 * @typedef {object} Bench
 * @property {string} folder Everything that a workload writes is in here.
 * @property {Readonly<Record<string, string>>} env For every measured process.
 * @property {boolean} isQuick Small sizes: proves that the harness works, and measures nothing.
 * @property {(usual: number) => number} rounds How many, where a workload would take `usual`.
 * @property {(full: number, quick: number) => number} size
 * @property {() => Promise<string>} modelServer Starts it once. Its origin: `/now/v1` answers at once, `/late/v1` after 20 ms.
 * @property {(folder: string) => Promise<{ origin: string, pushes: readonly number[] }>} gitServer Starts one over a folder of
 *   bare repositories. `pushes` grows: when each push was carried out, in milliseconds since 1970.
 * @property {() => Promise<{ origin: string, nextRequest: () => Promise<unknown> }>} silentServer Starts one that never answers.
 *   `nextRequest` resolves when the next request has come.
 * @property {() => void} close Stops the servers and removes the folder.
 */

/**
 * @param {{ isQuick: boolean, rounds: number | undefined }} options
 * @returns {Bench}
 */
export function openBench({ isQuick, rounds }) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-bench-')))
  /** @type {import('node:child_process').ChildProcess[]} */
  const servers = []
  const home = join(folder, 'home')
  mkdirSync(home)
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    TMPDIR: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    OPENAI_API_KEY: 'none',
    ...(EXTRA_CERTIFICATES === undefined ? {} : { NODE_EXTRA_CA_CERTS: EXTRA_CERTIFICATES }),
  }
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = Bench\n\temail = bench@example.com\n[gc]\n\tauto = 0\n',
  )
  /**
   * @param {string} program
   * @param {readonly string[]} args
   */
  const start = async (program, ...args) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    servers.push(child)
    const lines = createInterface({ input: child.stdout })
    const [origin] = await once(lines, 'line')
    return { origin: String(origin), lines }
  }
  /** @type {Promise<string> | undefined} */
  let model
  return {
    folder,
    env,
    isQuick,
    rounds: (usual) => rounds ?? (isQuick ? 1 : usual),
    size: (full, quick) => (isQuick ? quick : full),
    modelServer: () => (model ??= start(PROGRAMS.modelServer).then(({ origin }) => origin)),
    async gitServer(repositories) {
      const { origin, lines } = await start(PROGRAMS.gitServer, repositories)
      /** @type {number[]} */
      const pushes = []
      lines.on('line', (time) => pushes.push(Number(time)))
      return { origin, pushes }
    },
    async silentServer() {
      const { origin, lines } = await start(PROGRAMS.silentServer)
      return { origin, nextRequest: () => once(lines, 'line') }
    },
    close() {
      for (const server of servers) server.kill()
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/**
 * A new git repository with one commit of `files`.
 * @param {Bench} bench
 * @param {string} name
 * @param {Readonly<Record<string, string>>} files By path.
 * @returns {string} Its folder.
 */
export function makeRepository(bench, name, files) {
  const folder = join(bench.folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  git(bench, folder, ['init', '-q', '-b', 'main'])
  git(bench, folder, ['add', '-A'])
  git(bench, folder, ['commit', '-q', '-m', 'Start'])
  return folder
}

/**
 * Runs git, not measured. Returns what it printed.
 * @param {Bench} bench
 * @param {string} cwd
 * @param {readonly string[]} args
 * @param {string | Uint8Array} [input]
 */
export function git(bench, cwd, args, input) {
  return execFileSync('git', args, {
    cwd,
    env: bench.env,
    maxBuffer: 1024 ** 3,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  }).toString()
}
