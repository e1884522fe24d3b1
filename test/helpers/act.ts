import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Stands in for actions/checkout, which cannot be fetched without a network. */
const CHECKOUT = fileURLToPath(new URL('./act-checkout', import.meta.url))

const UPLOAD = fileURLToPath(new URL('./act-upload', import.meta.url))
/** As generated workflows name it. */
const UPLOAD_NAME = 'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f'

/** A program on the PATH; `undefined` when there is none. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** What a workflow file did when act ran it. */
export interface ActRun {
  readonly status: number | string
  /** `success` or `failure`, by `<workflow>/<job>`. */
  readonly jobs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly annotations: readonly {
    readonly level: string
    readonly message: string
    readonly file?: string
  }[]
  readonly summaries: readonly string[]
  /** What steps printed. */
  readonly text: string
  /** Everything that act said; to be shown when a test fails, and not kept. */
  readonly log: string
}

/**
 * Runs the workflow files of a clone with act in host mode: no container, steps run on this machine as this user.
 *
 * `permissions`, the filters of `on:` and GitHub's limits are not enforced, and a step has a terminal.
 */
export async function runWorkflows(options: {
  readonly act: string
  /** A clone at the commit of the event. */
  readonly clone: string
  readonly event: string
  readonly payload: object
  /** `owner/name` on the server. */
  readonly repository: string
  readonly serverUrl: string
  readonly sha: string
  readonly ref: string
  readonly token: string
  /** Folder of each action that does not lie on the server, by `owner/name@ref`. */
  readonly actions: Readonly<Record<string, string>>
  /** Binary that runs JavaScript actions: act takes the first one on the PATH, whatever `using` says. */
  readonly node: string
  /** Default: 1001. */
  readonly runId?: number
  /** Folder for what steps upload, each artifact in a folder by its name. Default: one that goes. */
  readonly uploads?: string
}): Promise<ActRun> {
  const home = mkdtempSync(join(tmpdir(), 'codemie-act-'))
  try {
    const eventFile = join(home, 'event.json')
    writeFileSync(eventFile, JSON.stringify(options.payload))
    mkdirSync(join(home, 'cache'))
    mkdirSync(join(home, 'uploads'))
    const context = {
      GITHUB_SERVER_URL: options.serverUrl,
      GITHUB_API_URL: `${options.serverUrl}/api/v3`,
      GITHUB_REPOSITORY: options.repository,
      GITHUB_REF: options.ref,
      // act's name for GITHUB_SHA.
      SHA_REF: options.sha,
      CODEMIE_TEST_UPLOADS: options.uploads ?? join(home, 'uploads'),
      GITHUB_RUN_ID: String(options.runId ?? 1001),
      GITHUB_RUN_ATTEMPT: '1',
    }
    const args = [
      ...[options.event, '-C', options.clone, '-e', eventFile, '--actor', 'octo', '--json'],
      // Else the working tree is copied, with files that nobody committed.
      ...['--no-skip-checkout', '-P', 'ubuntu-24.04=-self-hosted', '--cache-server-addr', '127.0.0.1'],
      ...['--cache-server-path', join(home, 'cache-server'), '--action-cache-path', join(home, 'actions')],
      ...Object.entries({ ...options.actions, [UPLOAD_NAME]: UPLOAD }).flatMap(([name, folder]) => [
        '--local-repository',
        `${name}=${folder === 'checkout' ? CHECKOUT : folder}`,
      ]),
      ...Object.entries(context).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...['-s', 'GITHUB_TOKEN'],
    ]
    const child = spawn(options.act, args, {
      // A job sees the whole environment of act, so it is given next to none.
      env: {
        PATH: [dirname(options.node), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
        HOME: home,
        XDG_CACHE_HOME: join(home, 'cache'),
        LANG: 'C.UTF-8',
        TERM: 'dumb',
        GIT_PAGER: 'cat',
        GITHUB_TOKEN: options.token,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let log = ''
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      log += piece
    })
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      log += piece
    })
    const status = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code ?? signal ?? ''))
    })
    return { status, ...readLog(log) }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** One line of act's JSON log. */
interface LogLine {
  readonly command?: string
  readonly arg?: string
  readonly name?: string
  readonly kvPairs?: { readonly file?: string }
  readonly content?: string
  readonly job?: string
  readonly jobResult?: string
  readonly raw_output?: boolean
  readonly msg?: string
}

function readLog(log: string): Omit<ActRun, 'status'> {
  const lines = log.split('\n').flatMap((line): LogLine[] => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
  const of = (...commands: string[]) => lines.filter(({ command = '' }) => commands.includes(command))
  return {
    jobs: Object.fromEntries(
      // act fills names up to the length of the longest.
      lines.flatMap(({ job, jobResult }) => (job && jobResult ? [[job.trim(), jobResult]] : [])),
    ),
    outputs: Object.fromEntries(of('set-output').map(({ name = '', arg = '' }) => [name, arg])),
    annotations: of('error', 'warning', 'notice').map(({ command = '', arg = '', kvPairs }) => ({
      level: command,
      message: arg,
      ...kvPairs,
    })),
    summaries: of('summary').map(({ content = '' }) => content),
    text: lines.map(({ raw_output, msg = '' }) => (raw_output ? msg : '')).join(''),
    log,
  }
}
