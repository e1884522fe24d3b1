import { summarise, versionsOf, type WorkflowVersion } from '../../runner/versions.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { readLimit } from '../limit.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { formatTime } from '../ui/numbers.ts'
import { oneLine } from '../ui/plain-text.ts'

/** `codemie-ci versions`: the history of a workflow, and what each version changed. */
export const versions: CommandRunner = async (invocation, cli) => {
  const limit = readLimit(invocation)
  const project = await openProjectFor(invocation, cli)
  const { file } = await project.find(invocation.required('workflow'))
  const history = await versionsOf(project.repository, file, limit)
  if (invocation.flag('json')) {
    printJson(cli, { file, ...history })
    return EXIT.done
  }
  const { bold, dim, yellow, symbols } = cli.look.stdout
  if (history.versions.length === 0) cli.stdout.write(`${oneLine(file)} is not committed yet\n`)
  let path = file
  for (const version of history.versions) {
    if (version.file !== path)
      cli.stdout.write(`  ${dim(`before ${oneLine(path)} it was ${oneLine(version.file)}`)}\n`)
    path = version.file
    const { commit, at, author, subject, lifecycle } = version
    const state = lifecycle === undefined || lifecycle === 'development' ? '' : ` ${symbols.dot} ${lifecycle}`
    cli.stdout.write(
      `${yellow(commit.slice(0, 12))} ${formatTime(at)}  ${oneLine(author)}  ${bold(oneLine(subject))}${dim(state)}\n`,
    )
    cli.stdout.write(`  ${describe(version)}\n`)
  }
  if (history.isCutOff) {
    cli.stderr.write(
      'This clone is shallow, and the history goes on before it: `git fetch --unshallow` brings the rest.\n',
    )
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
