import { projectRedactor } from '../runner/records.ts'
import { digestOption } from '../runner/report/said-words.ts'
import type { Cli } from './context.ts'
import { readExecution } from './execute.ts'
import { EXIT } from './exit-status.ts'
import type { Invocation } from './invocation.ts'
import { openProjectFor } from './project.ts'
import { redactedCli } from './redacted.ts'
import { printJson } from './ui/json.ts'
import { stripControls } from './ui/plain-text.ts'
import { readableOutput } from './ui/readable-output.ts'
import { type NextCommand, renderNext } from './ui/summary.ts'
import { openJsonLines } from './ui/viewer.ts'
import { usageError } from './usage-error.ts'

/** Has a model rework the output that a person is looking at. The run waits on, so the exit status is 3. */
export async function requestChanges(invocation: Invocation, outside: Cli, request: string): Promise<number> {
  if (request.trim() === '') {
    throw usageError(
      '--request-changes is empty.',
      'Say what is to be different: --request-changes "Half as long".',
    )
  }
  const { push } = readExecution(invocation)
  const project = await openProjectFor(invocation, outside)
  const cli = redactedCli(outside, projectRedactor(project.config, outside.world))
  const { reviseOutput } = await import('../runner/revise.ts')
  const lines = invocation.flag('jsonl') ? openJsonLines(cli) : undefined
  const abort = new AbortController()
  const ignore = cli.onInterrupt(() => {
    if (abort.signal.aborted) return cli.exitNow(EXIT.interrupted)
    abort.abort(new Error('interrupted'))
  })
  try {
    const revised = await reviseOutput({
      project,
      world: cli.world,
      runId: invocation.required('run'),
      request,
      signal: abort.signal,
      commit: true,
      push,
      takeOver: invocation.flag('take-over'),
      onEvent: (event) => {
        if (lines) lines.onEvent(event)
        else if (event.type === 'warning') cli.stderr.write(`${event.message}\n`)
      },
    })
    if (lines) return EXIT.waiting
    if (invocation.flag('json')) {
      printJson(cli, revised)
      return EXIT.waiting
    }
    const { runId, path, output, heldBefore, needsApproval, asks } = revised
    cli.stdout.write(`${stripControls(readableOutput(output)).trimEnd()}\n`)
    const { yellow, dim, symbols } = cli.look.stderr
    const next: readonly NextCommand[] = [
      needsApproval
        ? { name: 'approve', command: `codemie-ci approve ${runId}${digestOption(asks)}` }
        : { name: 'go on', command: `codemie-ci resume ${runId}` },
      { name: 'again', command: `codemie-ci resume ${runId} --request-changes "what else"` },
    ]
    cli.stderr.write(
      `\n${yellow(`${symbols.paused} the output of ${path} was reworked`)} ${dim(`${symbols.dot} the run still waits before ${heldBefore.join(', ')}`)}\n${renderNext(next, cli.look.stderr)}`,
    )
    return EXIT.waiting
  } catch (error) {
    if (error !== abort.signal.reason) throw error
    cli.stderr.write('interrupted: the output stays as it was, and the run waits on\n')
    return EXIT.interrupted
  } finally {
    ignore()
  }
}
