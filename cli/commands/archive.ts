import { archiveDefinition, unarchiveDefinition } from '../../runner/move-definition.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'

/** `codemie-ci archive`: puts a workflow away. */
export const archive: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await archiveDefinition(project, definition)
  return await reportChange(invocation, cli, project, change, `${definition.file} is ${change.to} now`)
}

/** `codemie-ci unarchive`: brings it back. */
export const unarchive: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const change = await unarchiveDefinition(project, invocation.required('workflow'))
  return await reportChange(invocation, cli, project, change, `${change.to} is back`)
}
