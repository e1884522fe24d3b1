import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The action as GitHub gets it. */
export const BUNDLE = fileURLToPath(new URL('../../dist/action/index.cjs', import.meta.url))

/** A folder with what GitHub fetches for `uses:` of the built action. For the caller to remove. */
export function copyAction(): string {
  const folder = mkdtempSync(join(tmpdir(), 'codemie-action-'))
  const description = fileURLToPath(new URL('../../action/action.yml', import.meta.url))
  cpSync(description, join(folder, 'action/action.yml'), { recursive: true })
  cpSync(dirname(BUNDLE), join(folder, 'dist/action'), { recursive: true })
  return folder
}

/** The action as a process of its own, as a runner starts it. */
export interface RunningAction {
  readonly process: ChildProcess
  readonly ended: Promise<EndedAction>
}

export interface EndedAction {
  /** Exit status, or the name of the signal that ended it. */
  readonly status: number | string
  readonly stdout: string
  readonly stderr: string
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, string>>
  /** Markdown. */
  readonly summary: string
}

/** Starts the built action with a bare environment, files for its answers, and no standard input. */
export function startAction(settings: {
  /** Binary that runs it. Default: the one that runs the tests. */
  readonly node?: string
  /** The workspace. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly inputs?: Readonly<Record<string, string>>
  /** A directory for the files of the job. */
  readonly files: string
}): RunningAction {
  const output = join(settings.files, 'output')
  const summary = join(settings.files, 'summary.md')
  // The runner makes both before a step starts.
  for (const file of [output, summary]) writeFileSync(file, '')
  const inputs = {
    'working-directory': '.',
    strict: 'false',
    commit: 'true',
    push: 'false',
    comment: 'true',
    ...settings.inputs,
  }
  const child = spawn(settings.node ?? process.execPath, [BUNDLE], {
    cwd: settings.cwd,
    env: {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: settings.cwd,
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      ...Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]),
      ),
      ...settings.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    stdout += piece
  })
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    stderr += piece
  })
  const ended = new Promise<EndedAction>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({
        status: code ?? signal ?? '',
        stdout,
        stderr,
        outputs: readOutputs(output),
        summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '',
      }),
    )
  })
  return { process: child, ended }
}

/** Reads `name<<delimiter`, lines, `delimiter`. Source: "Workflow commands", multiline strings. */
function readOutputs(file: string): Readonly<Record<string, string>> {
  const text = readFileSync(file, 'utf8')
  const found = text.matchAll(/^([\w-]+)<<(ghadelimiter_[\w-]+)\n([\s\S]*?)\n\2$/gm)
  return Object.fromEntries([...found].map(([, name, , value]) => [name ?? '', value ?? '']))
}
