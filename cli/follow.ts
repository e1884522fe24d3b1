import { exitStatusOf } from '../runner/exit-status.ts'
import { projectRedactor } from '../runner/records.ts'
import { LEASE_TTL_MS } from '../runner/store/lease.ts'
import type { RunAccount } from '../runner/store/read-account.ts'
import type { RunReader } from '../runner/store/reader.ts'
import { openRemote } from '../runner/store/remote.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import type { Invocation } from './invocation.ts'
import { openProjectFor } from './project.ts'
import { redactedCli } from './redacted.ts'
import { renderProblem } from './report-error.ts'
import { describeSilence } from './ui/silence.ts'
import { joinViewers, openJsonLines, openPlainLog } from './ui/viewer.ts'

/**
 * Follows the run that the command line names while it goes on, here or on another machine, and hands it over when it has
 * ended or waits. Ctrl-C ends following, not the run.
 *
 * @param finish shows the run as it is then.
 * @returns the exit status of the run, or 130 when the person stopped.
 */
export async function follow(
  invocation: Invocation,
  outside: Cli,
  reader: RunReader,
  finish: (account: RunAccount, cli: Cli) => void,
): Promise<number> {
  const project = await openProjectFor(invocation, outside)
  const cli = redactedCli(outside, projectRedactor(project.config, outside.world))
  const { dim, yellow, symbols } = cli.look.stderr
  const log = openPlainLog(cli, [])
  const viewer = invocation.flag('jsonl') ? joinViewers([openJsonLines(cli), log]) : log
  const abort = new AbortController()
  let toldOf: string | undefined
  const ignore = cli.onInterrupt(() => abort.abort(new Error('interrupted')))
  try {
    const account = await reader.follow(invocation.required('run'), {
      signal: abort.signal,
      sleep: cli.world.sleep,
      onEvent: (event) => viewer.onEvent(event),
      onSeen: (at) => {
        const now = cli.world.now()
        if (at === toldOf || now - Date.parse(at) < LEASE_TTL_MS) return
        toldOf = at
        cli.stderr.write(
          `  ${yellow(symbols.warning)} ${describeSilence(at, now)}: its machine may be gone, and resume takes the run over\n`,
        )
      },
      onUnreachable: ({ code, message }) =>
        cli.stderr.write(renderProblem({ code, message }, cli.look.stderr)),
      openRemote: () => openRemote(project.repository, project.config.results.remote),
    })
    finish(account, cli)
    return exitStatusOf(account.manifest.status, account.manifest.failure)
  } catch (error) {
    if (!abort.signal.aborted) throw error
    cli.stderr.write(dim('  stopped following; the run goes on\n'))
    return EXIT.interrupted
  } finally {
    ignore()
    await viewer.end()
  }
}
