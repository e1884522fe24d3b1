import { exitStatusOf } from '../runner/exit-status.ts'
import { Refusal, StepFailure } from '../runner/failure.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import type { Palette } from './ui/palette.ts'
import { stripControls } from './ui/plain-text.ts'

/** Where to tell us of a bug. Source: `bugs` in package.json. */
export const BUGS_URL = 'https://github.com/codemie/codemie-ci/issues'

/** Says on standard error what went wrong, and returns the exit status for it. */
export function reportError(error: unknown, cli: Cli): number {
  const palette = cli.look.stderr
  if (error instanceof Refusal) {
    cli.stderr.write(renderRefusal(error, palette))
    return error.exitStatus
  }
  if (error instanceof StepFailure) {
    cli.stderr.write(renderProblem(error, palette))
    return exitStatusOf('failed', error.toInfo())
  }
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error)
  cli.stderr.write(
    `${palette.red('This is a bug in codemie-ci')} ${cli.version} (Node ${process.versions.node}, ${process.platform}).\n` +
      `Please report it, with what follows and the command you typed: ${BUGS_URL}\n\n${stripControls(stack)}\n`,
  )
  return EXIT.failed
}

/** Each reason with what to do about it, and then what helps with all of them. */
function renderRefusal(refusal: Refusal, palette: Palette): string {
  const { code, help, reasons } = refusal
  if (reasons.length === 0) return renderProblem(refusal, palette)
  return (
    reasons.map((reason) => renderProblem({ code, ...reason }, palette)).join('') + helpLine(help, palette)
  )
}

/** `error code: message` as the problems of a file look, and what to do about it. Ends with a line feed. */
export function renderProblem(
  problem: { readonly code: string; readonly message: string; readonly help?: string | undefined },
  palette: Palette,
): string {
  const head = `${palette.red(`error ${problem.code}`)}: ${stripControls(problem.message)}\n`
  return head + helpLine(problem.help, palette)
}

function helpLine(help: string | undefined, palette: Palette): string {
  return help ? `  ${palette.cyan('=')} help: ${stripControls(help)}\n` : ''
}
