import type { RunStatus } from '../../runner/events.ts'
import { isShortened, slugOf } from '../../runner/store/file-name.ts'
import type { ListFilter, RunSummary } from '../../runner/store/list-runs.ts'
import type { RunReader } from '../../runner/store/reader.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { readLimit } from '../limit.ts'
import { openReaderFor } from '../reader.ts'
import { printJson } from '../ui/json.ts'
import { oneLine } from '../ui/plain-text.ts'
import { renderRunTable, runsAsCsv } from '../ui/run-table.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci runs`: the runs that are kept, newest first. */
export const runs: CommandRunner = async (invocation, cli) => {
  const filter = readFilter(invocation, cli.world.now())
  const reader = openReaderFor(cli)
  const found = await withWorkflowIds(reader, await listed(invocation, cli, reader, filter))
  if (invocation.flag('json')) {
    printJson(cli, { runs: found })
    return EXIT.done
  }
  if (invocation.flag('csv')) {
    cli.stdout.write(runsAsCsv(found))
    return EXIT.done
  }
  if (found.length === 0) {
    cli.stdout.write(nothingFound(filter))
    return EXIT.done
  }
  cli.stdout.write(renderRunTable(found, cli.look.stdout, cli.stdout.columns))
  return EXIT.done
}

async function listed(
  invocation: Invocation,
  cli: Cli,
  reader: RunReader,
  filter: ListFilter,
): Promise<readonly RunSummary[]> {
  const found = await reader.list(filter)
  const { workflow } = filter
  if (found.length > 0 || workflow === undefined) return found
  // Reading definitions loads a lot, and is seldom needed.
  const [{ openProjectFor }, { findRunsOf }] = await Promise.all([
    import('../project.ts'),
    import('../workflow-runs.ts'),
  ])
  return await findRunsOf(reader, await openProjectFor(invocation, cli), { ...filter, workflow })
}

/** Runs with the ids of their workflows in the place of slugs. A slug that is no id stays where the record cannot be read. */
async function withWorkflowIds(
  reader: RunReader,
  runs: readonly RunSummary[],
): Promise<readonly RunSummary[]> {
  const shortened = runs.filter(({ workflow }) => isShortened(workflow))
  if (shortened.length === 0) return runs
  const starts = await reader.starts(shortened)
  const idOf = new Map(shortened.map(({ id }, index) => [id, starts[index]?.workflow.id]))
  return runs.map((run) => {
    const workflow = idOf.get(run.id)
    // The record can be made by anybody.
    return workflow !== undefined && slugOf(workflow) === run.workflow ? { ...run, workflow } : run
  })
}

function nothingFound({ workflow, limit: _, ...more }: ListFilter): string {
  if (Object.keys(more).length > 0) return 'No run matches.\n'
  return workflow === undefined
    ? 'There are no runs yet. `codemie-ci run <workflow>` makes one.\n'
    : `There are no runs of '${oneLine(workflow)}'.\n`
}

function readFilter(invocation: Invocation, now: number): ListFilter {
  if (invocation.flag('json') && invocation.flag('csv')) {
    throw usageError('--json and --csv exclude each other.', 'Both write to standard output.')
  }
  const statuses = invocation.texts('status')
  const given = {
    workflow: invocation.argument('workflow'),
    statuses: statuses.length === 0 ? undefined : (statuses as readonly RunStatus[]),
    branch: invocation.text('branch'),
    actor: invocation.text('actor'),
    event: invocation.text('event'),
    since: readMoment(invocation, 'since', now),
    until: readMoment(invocation, 'until', now),
    minCostUsd: readAmount(invocation, 'min-cost'),
    maxCostUsd: readAmount(invocation, 'max-cost'),
    limit: readLimit(invocation),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `7d` is seven days ago; a date is its beginning in UTC, and as an end the whole day. */
function readMoment(invocation: Invocation, name: 'since' | 'until', now: number): number | undefined {
  const typed = invocation.text(name)
  if (typed === undefined) return undefined
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(typed) ?? []
  if (count !== undefined) return now - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]
  const isIso = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(typed)
  const hasZone = /(?:Z|[+-]\d{2}:\d{2})$/.test(typed) || !typed.includes('T')
  const at = isIso ? Date.parse(hasZone ? typed : `${typed}Z`) : Number.NaN
  const isDay = !typed.includes('T')
  if (!Number.isNaN(at)) return name === 'until' && isDay ? at + UNIT_MS.d : at
  throw usageError(
    `--${name} takes a date, a time or an age, and not '${typed}'.`,
    'For example 2026-11-01, 2026-11-01T08:30Z, 12h or 7d.',
  )
}

function readAmount(invocation: Invocation, name: 'min-cost' | 'max-cost'): number | undefined {
  const typed = invocation.text(name)
  if (typed === undefined) return undefined
  const amount = typed.trim() === '' ? Number.NaN : Number(typed)
  if (amount >= 0 && Number.isFinite(amount)) return amount
  throw usageError(`--${name} takes US dollars, and not '${typed}'.`, 'For example 0.5.')
}
