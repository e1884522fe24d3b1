import { helpWithName } from '../../schema/nearest.ts'
import type { CommandRunner } from '../command.ts'
import { listCommand, saveCommand, searchCommand, showCommand, useCommand } from '../template-actions.ts'
import { usageError } from '../usage-error.ts'

/** What can be done with templates, by the first word after the command. */
const ACTIONS: Readonly<Record<string, CommandRunner>> = {
  list: listCommand,
  search: searchCommand,
  show: showCommand,
  use: useCommand,
  save: saveCommand,
}

/** `codemie-ci templates`: find, look at, use and make templates. */
export const templates: CommandRunner = async (invocation, cli) => {
  const action = invocation.argument('action') ?? 'list'
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
  if (run) return await run(invocation, cli)
  throw usageError(
    `'codemie-ci templates' does not know '${action}'.`,
    helpWithName(action, Object.keys(ACTIONS), 'It knows'),
  )
}
