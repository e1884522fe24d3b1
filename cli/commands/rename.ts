import { renameDefinition } from '../../runner/move-definition.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'

/** `codemie-ci rename`: another name for a workflow. */
export const rename: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await renameDefinition(project, definition, invocation.required('name'), {
    callers: invocation.flag('callers'),
  })
  return await reportChange(invocation, cli, project, change, `${definition.file} is ${change.to} now`)
}
