import type { World } from '../runner/world.ts'
import type { Diagnostic, Severity } from '../schema/index.ts'
import type { CiEvent } from './event.ts'

/** Everything that the action may touch. Made in `index.ts` from the process and GitHub's toolkit, in tests from data. */
export interface ActionEnvironment {
  /** `cwd` is the workspace: the directory that `working-directory` counts from. */
  readonly world: World
  /** The text of an input of `action.yml`, without white space around it; `''` when it is not given. */
  readonly input: (name: string) => string
  /** What started the job; `undefined` outside of GitHub Actions. Only asked for when it matters. */
  readonly event: () => Promise<CiEvent | undefined>
  readonly job: Job
  /** Aborted: the job is cancelled. What runs is cut off, saved and can be resumed. */
  readonly signal: AbortSignal
}

/** The job that the action is a step of: where it answers. */
export interface Job {
  /** Appends lines to the log, whatever they hold: see `logText`. */
  log(text: string): void
  /** Appends lines that the log shows folded under a title. */
  group(title: string, text: string): void
  /** Marks a place in a file. GitHub shows 10 of each severity: see `chooseAnnotations`. */
  annotate(diagnostic: Diagnostic): void
  /** Says something about the whole step, above the log and on the page of the run. */
  say(severity: Severity, title: string, message: string): void
  /** Sets an output of `action.yml`. */
  setOutput(name: OutputName, value: string): void
  /** Appends Markdown to the job's summary; nothing where there is none. At most 1 MiB for a step. */
  summarise(markdown: string): Promise<void>
  /** Keeps a value out of everything that this job prints from now on, other steps included. */
  mask(secret: string): void
}

/** Names of the outputs in `action.yml`. */
export type OutputName =
  | 'status'
  | 'run-id'
  | 'record'
  | 'report'
  | 'runs'
  | 'output'
  | 'digest'
  | 'tokens'
  | 'cost-usd'
  | 'widening'
  | 'changes'
  | 'effects'
  | 'carried-out'
  | 'artifact'
  | 'matrix'

/** The same job with secrets taken out of everything that leaves. */
export function guardJob(job: Job, redact: (text: string) => string): Job {
  return {
    log: (text) => job.log(redact(text)),
    group: (title, text) => job.group(redact(title), redact(text)),
    annotate: (diagnostic) => job.annotate(redactMembers(diagnostic, redact)),
    say: (severity, title, message) => job.say(severity, redact(title), redact(message)),
    setOutput: (name, value) => job.setOutput(name, redact(value)),
    summarise: (markdown) => job.summarise(redact(markdown)),
    mask: (secret) => job.mask(secret),
  }
}

function redactMembers(diagnostic: Diagnostic, redact: (text: string) => string): Diagnostic {
  const members = Object.entries(diagnostic).map(([key, value]) => [
    key,
    typeof value === 'string' ? redact(value) : value,
  ])
  return Object.fromEntries(members) as Diagnostic
}
