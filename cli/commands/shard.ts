import { count } from '../../runner/report/plain-text.ts'
import type { ShardResult } from '../../runner/shards/run-shard.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { readExecution, watchExecution } from '../execute.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { renderProblem } from '../report-error.ts'
import { printJson } from '../ui/json.ts'
import { renderNext } from '../ui/summary.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci shard`: does a part of a list that several machines share, and keeps what came out of it. */
export const shard: CommandRunner = async (invocation, outside) => {
  const execution = readExecution(invocation)
  const number = readNumber(invocation.required('number'))
  const project = await openProjectFor(invocation, outside)
  const records = await openRecordsFor(project, outside, { push: execution.push })
  const { manifest } = await records.read(invocation.required('run'))
  const { runShard } = await import('../../runner/shards/run-shard.ts')
  const { result, cli, isForPrograms } = await watchExecution(
    invocation,
    outside,
    { project, execution, stateIds: [] },
    (options) => runShard({ ...options, runId: manifest.id, number }),
  )
  if (invocation.flag('json')) printJson(cli, result)
  if (!isForPrograms || result.status !== 'succeeded') cli.stderr.write(renderShard(result, cli))
  return result.exitStatus
}

function readNumber(typed: string): number {
  if (/^[1-9]\d{0,3}$/.test(typed)) return Number(typed)
  throw usageError(
    `The number of a shard is a whole number from 1, and not '${typed}'.`,
    '`codemie-ci show <run>` says how many shards there are.',
  )
}

function renderShard(result: ShardResult, cli: Cli): string {
  const { runId, shard: number, of, items, status, failure, wasDone } = result
  const { green, red, symbols } = cli.look.stderr
  const which = `shard ${number} of ${of}, ${describeItems(items)}`
  if (status === 'succeeded')
    return `\n${green(`${symbols.done} ${which}: ${wasDone ? 'done before' : 'done'}`)}\n`
  const again = renderNext(
    [{ name: 'again', command: `codemie-ci shard ${runId} ${number}` }],
    cli.look.stderr,
  )
  const why = failure ? renderProblem(failure, cli.look.stderr) : ''
  return `\n${red(`${symbols.failed} ${which}: ${status}; what is finished is kept`)}\n${why}${again}`
}

/** `items 6 to 7`, `item 3`. */
function describeItems({ first, last }: ShardResult['items']): string {
  return first === last ? `item ${first}` : `${count(last - first + 1, 'item')} (${first} to ${last})`
}
