import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'

/** `codemie-ci share`: the link of a record. */
export const share: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const shared = await store.share(invocation.required('run'))
  if (invocation.flag('json')) printJson(cli, shared)
  else cli.stdout.write(`${shared.link}\n`)
  return EXIT.done
}
