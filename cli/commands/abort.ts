import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { renderRecord } from '../ui/summary.ts'

/** `codemie-ci abort`: ends a run for good. What it had is kept. */
export const abort: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const { abortRun } = await import('../../runner/abort.ts')
  const reason = invocation.text('message')
  const { runId, record } = await abortRun({
    project,
    world: cli.world,
    runId: invocation.required('run'),
    push: invocation.flag('push'),
    takeOver: invocation.flag('take-over'),
    ...(reason === undefined ? {} : { reason }),
    onEvent: (event) => {
      if (event.type === 'warning') cli.stderr.write(`${event.message}\n`)
    },
  })
  if (invocation.flag('json')) printJson(cli, { runId, status: 'aborted', record })
  const { dim, red, symbols } = cli.look.stderr
  cli.stderr.write(
    `${red(`${symbols.failed} aborted`)} ${dim(`run ${runId}`)}\n${renderRecord(runId, record, cli.look.stderr)}`,
  )
  return EXIT.done
}
