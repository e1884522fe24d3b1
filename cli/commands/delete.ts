import { deleteDefinition } from '../../runner/move-definition.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'

/** `codemie-ci delete`: removes a workflow. */
export const deleteWorkflow: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await deleteDefinition(project, definition, { force: invocation.flag('force') })
  return await reportChange(invocation, cli, project, change, `${definition.file} is deleted`)
}
