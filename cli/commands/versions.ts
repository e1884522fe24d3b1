import { historyOf } from '../../runner/file-history.ts'
import { countRuns, type RunCounts, runsOf } from '../../runner/version-runs.ts'
import { describeVersions, summarise, type WorkflowVersion } from '../../runner/versions.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { readLimit } from '../limit.ts'
import { openProjectFor } from '../project.ts'
import { openReaderFor } from '../reader.ts'
import { printJson } from '../ui/json.ts'
import { formatTime } from '../ui/numbers.ts'
import { count, oneLine } from '../ui/plain-text.ts'
import { writeHistoryIsCut } from '../ui/warning.ts'

/** `codemie-ci versions`: the history of a workflow, and what each version changed. */
export const versions: CommandRunner = async (invocation, cli) => {
  const limit = readLimit(invocation)
  const project = await openProjectFor(invocation, cli)
  const { file, id } = await project.find(invocation.required('workflow'))
  const history = await historyOf(project.repository, file)
  const [described, runs] = await Promise.all([
    describeVersions(project.repository.git, history, [...history.keys()].slice(0, limit), id),
    runsOf(openReaderFor(cli), history, id),
  ])
  const { byBlob, other } = countRuns(runs, history)
  const none: RunCounts = { total: 0, ended: 0, succeeded: 0 }
  const versions = described.map((one) => ({ ...one, runs: byBlob.get(one.blob ?? '') ?? none }))
  const isCutOff = versions.length === history.length && history.some(({ isOldestHere }) => isOldestHere)
  if (invocation.flag('json')) {
    printJson(cli, { file, versions, isCutOff, otherRuns: other })
    return EXIT.done
  }
  const { bold, dim, yellow, symbols } = cli.look.stdout
  if (versions.length === 0) cli.stdout.write(`${oneLine(file)} is not committed yet\n`)
  let path = file
  for (const version of versions) {
    if (version.file !== path)
      cli.stdout.write(`  ${dim(`before ${oneLine(path)} it was ${oneLine(version.file)}`)}\n`)
    path = version.file
    const { commit, at, author, subject, lifecycle } = version
    const state = lifecycle === undefined || lifecycle === 'development' ? '' : ` ${symbols.dot} ${lifecycle}`
    cli.stdout.write(
      `${yellow(commit.slice(0, 12))} ${formatTime(at)}  ${oneLine(author)}  ${bold(oneLine(subject))}${dim(state)}\n`,
    )
    cli.stdout.write(`  ${describe(version)}\n`)
    if (version.runs.total > 0) cli.stdout.write(`  ${dim(describeRuns(version.runs))}\n`)
  }
  if (other > 0) {
    cli.stdout.write(
      dim(
        `${count(other, 'run')} had a definition that none of its versions has, such as one that was not committed\n`,
      ),
    )
  }
  if (isCutOff) {
    writeHistoryIsCut(cli)
  }
  return EXIT.done
}

function describe({ meaning, blob, isMerge }: WorkflowVersion): string {
  if (blob === undefined) return 'removed'
  if (meaning === 'first') return 'the first version'
  if (meaning === 'oldest-here') return 'the oldest version in this clone'
  if (meaning === 'unreadable') return 'this version, or the one before it, has errors'
  if (meaning.length > 0) return oneLine(summarise(meaning))
  return isMerge ? 'brings two versions together' : 'means the same'
}

function describeRuns({ total, ended, succeeded }: RunCounts): string {
  const share = ended === 0 ? 'none has ended' : `${Math.round((100 * succeeded) / ended)} % succeeded`
  return `${count(total, 'run')}, ${share}`
}
