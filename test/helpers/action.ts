import type { CiEvent } from '../../action/event.ts'
import type { OutputName } from '../../action/job.ts'
import { type ActionResult, runAction } from '../../action/main.ts'
import type { World } from '../../runner/world.ts'
import type { Diagnostic, Severity } from '../../schema/index.ts'

/** A step of a job, and everything it said. */
export interface SeenStep extends ActionResult {
  readonly log: string
  readonly annotations: readonly Diagnostic[]
  readonly said: readonly { readonly severity: Severity; readonly title: string; readonly message: string }[]
  readonly outputs: Readonly<Partial<Record<OutputName, string>>>
  /** Markdown. */
  readonly summary: string
  readonly masked: readonly string[]
}

export interface StepSettings {
  /** The workspace. */
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>
  /** Inputs by name; those that are left out have the default of `action.yml`. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly event?: CiEvent
  readonly signal?: AbortSignal
}

/** Defaults in `action.yml` that are not empty. */
const DEFAULTS: Readonly<Record<string, string>> = {
  'working-directory': '.',
  strict: 'false',
  commit: 'true',
  push: 'false',
  comment: 'true',
  'approval-label': 'codemie:approved',
  'author-may-approve': 'false',
}

/** 2026-01-02 03:04:05 UTC. */
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)

/** Runs the action in this process: real git, but the clock stands still and waits take no time. */
export async function runStep({ cwd, env, inputs = {}, event, signal }: StepSettings): Promise<SeenStep> {
  const log: string[] = []
  const annotations: Diagnostic[] = []
  const said: SeenStep['said'][number][] = []
  const outputs: Partial<Record<OutputName, string>> = {}
  const summary: string[] = []
  const masked: string[] = []
  let random = 0
  const world: World = {
    cwd,
    env,
    now: () => NOW,
    random: () => 0,
    randomHex: (digits) => String(++random).padStart(digits, '0').slice(-digits),
    sleep: async (_, pending) => pending.throwIfAborted(),
  }
  const result = await runAction({
    world,
    input: (name) => inputs[name] ?? DEFAULTS[name] ?? '',
    event: async () => event,
    signal: signal ?? new AbortController().signal,
    job: {
      log: (text) => log.push(text),
      group: (title, text) => log.push(`[${title}]`, text),
      annotate: (diagnostic) => annotations.push(diagnostic),
      say: (severity, title, message) => said.push({ severity, title, message }),
      setOutput: (name, value) => {
        outputs[name] = value
      },
      summarise: async (markdown) => void summary.push(markdown),
      mask: (secret) => masked.push(secret),
    },
  })
  return { ...result, log: log.join('\n'), annotations, said, outputs, summary: summary.join(''), masked }
}

/** An event as the toolkit tells it. */
export function makeEvent(changes: Partial<CiEvent> = {}): CiEvent {
  return {
    name: 'push',
    payload: { repository: { pushed_at: Date.UTC(2026, 0, 1, 12) / 1000 } },
    ref: 'refs/heads/main',
    sha: 'a'.repeat(40),
    repository: 'acme/app',
    serverUrl: 'https://forge.test',
    actor: 'octo',
    runId: '1001',
    attempt: 1,
    job: 'ai',
    step: '__codemie_codemie-ci',
    ...changes,
  }
}
