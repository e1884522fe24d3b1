import { revertDefinition } from '../../runner/revert.ts'
import { summarise } from '../../runner/versions.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { oneLine } from '../ui/plain-text.ts'

/** `codemie-ci revert`: an earlier version of a workflow, in the working tree. */
export const revert: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const reverted = await revertDefinition(project.repository, definition, invocation.required('revision'), {
    force: invocation.flag('force'),
  })
  if (invocation.flag('json')) {
    printJson(cli, reverted)
    return EXIT.done
  }
  const { file, commit, changes, isChanged, message } = reverted
  const version = `the version of ${commit.slice(0, 12)}`
  if (!isChanged) cli.stdout.write(`${oneLine(file)} is ${version} already\n`)
  else {
    cli.stdout.write(`${oneLine(file)} is ${version} again\n`)
    if (changes.length > 0) cli.stdout.write(`  ${oneLine(summarise(changes))}\n`)
    cli.stderr.write(`Nothing is committed yet: git commit -m '${message}' -- '${file}'\n`)
  }
  return EXIT.done
}
