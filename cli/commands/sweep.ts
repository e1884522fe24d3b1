import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { count, oneLine } from '../ui/plain-text.ts'
import { tellWarnings } from '../ui/warning.ts'
import { usageError } from '../usage-error.ts'

const DAY_MS = 24 * 3_600_000

/** `codemie-ci sweep`: finishes what other processes left of their records. */
export const sweep: CommandRunner = async (invocation, cli) => {
  const typed = invocation.text('abandon-after')
  const days = typed === undefined ? undefined : Number(typed)
  if (days !== undefined && !(Number.isInteger(days) && days >= 1)) {
    throw usageError(`--abandon-after takes a number of days from 1, and not '${typed}'.`, 'For example 30.')
  }
  const project = await openProjectFor(invocation, cli)
  const { sweepRuns } = await import('../../runner/sweep.ts')
  const result = await sweepRuns({
    project,
    world: cli.world,
    push: invocation.flag('push'),
    ...(days === undefined ? {} : { abandonAfterMs: days * DAY_MS }),
    onEvent: tellWarnings(cli),
  })
  if (invocation.flag('json')) {
    printJson(cli, result)
    return EXIT.done
  }
  const { committed, published, abandoned, removedShards, pruned, live } = result
  const rows: readonly (readonly [readonly string[], string])[] = [
    [committed, 'had ended and was committed'],
    [published, 'was put on codemie/runs'],
    [abandoned, 'was abandoned, and is aborted now'],
    [removedShards, 'belonged to no run, and was removed'],
    [pruned, 'left the tip of codemie/runs; the history keeps it'],
    [live, 'is under way or waits'],
  ]
  for (const [ids, words] of rows) for (const id of ids) cli.stdout.write(`${oneLine(id)} ${words}\n`)
  const done = committed.length + published.length + abandoned.length + removedShards.length + pruned.length
  cli.stderr.write(done === 0 ? 'Everything is in order.\n' : `${count(done, 'thing')} put in order.\n`)
  return EXIT.done
}
