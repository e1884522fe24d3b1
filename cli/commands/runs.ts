import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'
import { formatTime } from '../ui/numbers.ts'
import { displayWidth, oneLine, padEnd } from '../ui/plain-text.ts'
import { renderStatus } from '../ui/summary.ts'
import { usageError } from '../usage-error.ts'

const USUAL_LIMIT = 20

/** `codemie-ci runs`: the runs that are kept, newest first. */
export const runs: CommandRunner = async (invocation, cli) => {
  const limit = readLimit(invocation.text('limit'))
  const workflow = invocation.argument('workflow')
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const found = await store.list({ limit, ...(workflow === undefined ? {} : { workflow }) })
  if (invocation.flag('json')) {
    printJson(cli, { runs: found })
    return EXIT.done
  }
  if (found.length === 0) {
    cli.stdout.write(
      workflow === undefined
        ? 'There are no runs yet. `codemie-ci run <workflow>` makes one.\n'
        : `There are no runs of '${oneLine(workflow)}'.\n`,
    )
    return EXIT.done
  }
  const rows = found.map(({ id, workflow: name, status, startedAt }) => ({
    id,
    name: oneLine(name),
    status: renderStatus(status, cli.look.stdout),
    startedAt: formatTime(startedAt),
  }))
  const width = (pick: (row: (typeof rows)[number]) => string) =>
    Math.max(...rows.map((row) => displayWidth(pick(row))))
  const statusWidth = width(({ status }) => status)
  const nameWidth = width(({ name }) => name)
  for (const { id, name, status, startedAt } of rows) {
    cli.stdout.write(
      `${padEnd(status, statusWidth)}  ${padEnd(name, nameWidth)}  ${cli.look.stdout.dim(startedAt)}  ${id}\n`,
    )
  }
  return EXIT.done
}

function readLimit(typed: string | undefined): number {
  if (typed === undefined) return USUAL_LIMIT
  const limit = Number(typed)
  if (Number.isInteger(limit) && limit >= 1) return limit
  throw usageError(`--limit takes a whole number from 1, and not '${typed}'.`, 'For example -n 5.')
}
