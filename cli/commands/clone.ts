import { cloneDefinition } from '../../runner/move-definition.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'

/** `codemie-ci clone`: a copy of a workflow under another name. */
export const clone: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await cloneDefinition(project, definition, invocation.required('name'))
  const events = new Set((definition.workflow?.triggers ?? []).map(({ event }) => event))
  events.delete('workflow_dispatch')
  const starts = events.size > 0 ? `, and starts by the same events: ${[...events].join(', ')}` : ''
  const words = `${change.to} is a copy of ${definition.file}${starts}`
  return await reportChange(invocation, cli, project, change, words)
}
