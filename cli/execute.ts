import type { RunOptions, RunResult } from '../runner/carry-out.ts'
import { effectsOf } from '../runner/effects/digest.ts'
import type { RunEvent, RunFinished } from '../runner/events.ts'
import type { Project } from '../runner/project.ts'
import { projectRedactor } from '../runner/records.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import type { Invocation } from './invocation.ts'
import { redactedCli } from './redacted.ts'
import { printJson } from './ui/json.ts'
import { readableOutput } from './ui/readable-output.ts'
import { headOf, renderSummary } from './ui/summary.ts'
import { joinViewers, labelWidthFor, openJsonLines, openPlainLog, type Viewer } from './ui/viewer.ts'
import { usageError } from './usage-error.ts'

/** Options of `run` and `resume` that say how to execute. */
export interface Execution {
  readonly commit: boolean
  readonly push: boolean
  /** Steps at once. Default: the workflow's own limit. */
  readonly maxConcurrency?: number
}

/** The run that is carried out, for those who watch it. */
export interface WatchedRun {
  readonly project: Project
  readonly execution: Execution
  /** Of the workflow. */
  readonly name: string
  /** Ids of its states, as far as they are known. */
  readonly stateIds: readonly string[]
}

const MOST_AT_ONCE = 1000
/** Lines of a result that a terminal shows; a pipe gets all. */
const HEAD_LINES = 24

/** Reads the options of an execution. Throws a `Refusal` when they make no sense. */
export function readExecution(invocation: Invocation): Execution {
  const typed = invocation.text('max-concurrency')
  const maxConcurrency = typed === undefined ? undefined : Number(typed)
  if (
    maxConcurrency !== undefined &&
    !(Number.isInteger(maxConcurrency) && maxConcurrency >= 1 && maxConcurrency <= MOST_AT_ONCE)
  ) {
    throw usageError(
      `--max-concurrency takes a whole number from 1 to ${MOST_AT_ONCE}, and not '${typed}'.`,
      'Without it, the limit of the workflow counts.',
    )
  }
  // A run that goes on has a record already.
  const isNew = invocation.command.name === 'run' || invocation.command.name === 'rerun'
  const commit = !isNew || !invocation.flag('no-commit')
  const push = invocation.flag('push')
  if (push && !commit) {
    throw usageError(
      '--push and --no-commit exclude each other.',
      'Without a record there is nothing to push.',
    )
  }
  if (invocation.flag('json') && invocation.flag('jsonl')) {
    throw usageError('--json and --jsonl exclude each other.', 'Both write to standard output.')
  }
  return { commit, push, ...(maxConcurrency === undefined ? {} : { maxConcurrency }) }
}

/**
 * Carries out a run while a person or a program watches it: shows its events, turns Ctrl-C into a stop that saves, prints
 * the result and the last block. Returns the exit status.
 */
export async function executeRun(
  invocation: Invocation,
  outside: Cli,
  watched: WatchedRun,
  start: (options: RunOptions) => Promise<RunResult>,
): Promise<number> {
  const { result, finished, proposing, cli, isForPrograms } = await watchExecution(
    invocation,
    outside,
    watched,
    start,
  )
  if (invocation.flag('json')) printJson(cli, { ...result, ...totalsOf(finished) })
  else if (!isForPrograms && result.output !== undefined) writeOutput(result, cli)
  // A program reads the object; people still have to hear how to go on.
  if (!isForPrograms || cli.stderr.isTerminal || result.exitStatus !== EXIT.done) {
    const summary = {
      runId: result.runId,
      name: watched.name,
      status: result.status,
      failure: result.failure,
      durationMs: finished?.durationMs ?? 0,
      steps: finished?.steps ?? 0,
      spent: finished ?? {},
      record: result.record,
      needsApproval: result.needsApproval,
      asks: result.asks,
      shards: result.shards,
      notKept: result.notKept,
      effects: effectsOf(proposing),
    }
    cli.stderr.write(renderSummary(summary, cli.look.stderr))
  }
  return result.exitStatus
}

/** Carries something out while somebody watches: shows its events, and turns Ctrl-C into a stop that saves. */
export async function watchExecution<R>(
  invocation: Invocation,
  outside: Cli,
  { project, execution, stateIds }: Omit<WatchedRun, 'name'>,
  start: (options: RunOptions) => Promise<R>,
): Promise<{
  readonly result: R
  readonly finished: RunFinished | undefined
  /** What was proposed to be written to GitHub. */
  readonly proposing: readonly RunEvent[]
  /** Where what follows is written. */
  readonly cli: Cli
  readonly isForPrograms: boolean
}> {
  const redact = projectRedactor(project.config, outside.world)
  const cli = redactedCli(outside, redact)
  const isForPrograms = invocation.flag('json') || invocation.flag('jsonl')
  const viewer = await openViewer(invocation, cli, stateIds, isForPrograms, redact)
  const abort = new AbortController()
  const ignore = cli.onInterrupt(() => {
    if (abort.signal.aborted) return cli.exitNow(EXIT.interrupted)
    abort.abort(new Error('interrupted'))
    viewer.stopping()
  })
  let finished: RunFinished | undefined
  const proposing: RunEvent[] = []
  try {
    const result = await start({
      project,
      world: outside.world,
      ...execution,
      signal: abort.signal,
      // Somebody watches the answers of models while they come.
      streaming: isRedrawn(cli),
      onEvent: (event) => {
        if (event.type === 'run-finished') finished = event
        if (event.type === 'attempt-failed' || (event.type === 'effect-finished' && event.proposed))
          proposing.push(event)
        viewer.onEvent(event)
      },
    })
    return { result, finished, proposing, cli, isForPrograms }
  } finally {
    ignore()
    await viewer.end()
  }
}

function isRedrawn(cli: Cli): boolean {
  return cli.canRedraw && cli.terminal !== undefined
}

async function openViewer(
  invocation: Invocation,
  cli: Cli,
  stateIds: readonly string[],
  isForPrograms: boolean,
  redact: (text: string) => string,
): Promise<Viewer> {
  const viewers: Viewer[] = []
  if (invocation.flag('jsonl')) viewers.push(openJsonLines(cli))
  if (isRedrawn(cli) && cli.terminal) {
    const { openTerminalView } = await import('./ui/terminal-view.tsx')
    viewers.push(openTerminalView(cli, cli.terminal.stderr, labelWidthFor(stateIds), redact))
  } else if (!isForPrograms || cli.stderr.isTerminal) viewers.push(openPlainLog(cli, stateIds))
  return joinViewers(viewers)
}

function totalsOf(finished: RunFinished | undefined): Readonly<Record<string, unknown>> {
  if (!finished) return {}
  const { durationMs, steps, usage, costUsd, costUnknown } = finished
  return { durationMs, steps, usage, costUsd, costUnknown }
}

/** A terminal gets the head of it, a pipe all of it, both without control characters of a model's making. */
function writeOutput(result: RunResult, cli: Cli): void {
  const text = readableOutput(result.output ?? '')
  if (!cli.stdout.isTerminal) {
    cli.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`)
    return
  }
  const { head, moreLines } = headOf(text, HEAD_LINES)
  if (head === '') return
  const { dim, symbols } = cli.look.stdout
  const more =
    moreLines > 0 ? dim(`${symbols.ellipsis} ${moreLines} more lines: codemie-ci show ${result.runId}\n`) : ''
  cli.stdout.write(`\n${head}\n${more}`)
}
