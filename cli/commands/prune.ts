import { startOfRun } from '../../runner/store/run-id.ts'
import { groupBy } from '../../schema/group-by.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { readCount } from '../limit.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { count } from '../ui/plain-text.ts'
import { tellWarnings } from '../ui/warning.ts'

/** `codemie-ci prune`: which old records leave the tip of the branch, and with `--yes` that they do. */
export const prune: CommandRunner = async (invocation, cli) => {
  const keepDays = readCount(invocation, 'keep-days', '--keep-days 90')
  const keepRuns = readCount(invocation, 'keep-runs', '--keep-runs 90')
  const archive = invocation.text('archive')
  const isPreview = !invocation.flag('yes')
  const project = await openProjectFor(invocation, cli)
  const { pruneRuns } = await import('../../runner/prune.ts')
  const result = await pruneRuns({
    project,
    world: cli.world,
    push: invocation.flag('push'),
    isPreview,
    ...(keepDays === undefined ? {} : { keepDays }),
    ...(keepRuns === undefined ? {} : { keepRuns }),
    ...(archive === undefined ? {} : { archive }),
    onEvent: tellWarnings(cli),
  })
  if (invocation.flag('json')) {
    printJson(cli, { isPreview, ...result })
    return EXIT.done
  }
  const { pruned, kept, remote } = result
  const branch = remote === undefined ? 'codemie/runs' : `codemie/runs of ${remote}`
  if (pruned.length === 0 && result.archive === undefined) {
    cli.stdout.write(`Nothing leaves ${branch}: ${count(kept, 'record')} there, all of them stay\n`)
    return EXIT.done
  }
  const verb = isPreview ? 'would leave' : 'left'
  cli.stdout.write(`${count(pruned.length, 'record')} ${verb} the tip of ${branch}, ${kept} stay\n`)
  const byWorkflow = groupBy(pruned, ({ workflow }) => workflow)
  const widest = Math.max(0, ...[...byWorkflow.keys()].map((name) => name.length))
  for (const [workflow, runs] of [...byWorkflow].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [from, to] = [runs.at(0), runs.at(-1)].map((run) => startOfRun(run?.id ?? '').slice(0, 10))
    cli.stdout.write(
      `  ${workflow.padEnd(widest)}  ${count(runs.length, 'run')}, ${from === to ? from : `${from} to ${to}`}\n`,
    )
  }
  if (result.archive !== undefined)
    cli.stdout.write(`  the branch as it was ${isPreview ? 'would be' : 'is'} kept as ${result.archive}\n`)
  cli.stderr.write(
    isPreview
      ? 'This was a preview; --yes does it. `codemie-ci show` reads the records after that, too.\n'
      : '`codemie-ci show` reads them as before: the history keeps them.\n',
  )
  return EXIT.done
}
