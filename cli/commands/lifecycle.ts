import { setLifecycle } from '../../runner/edit-definition.ts'
import { STAGES } from '../../schema/lifecycle.ts'
import { helpWithName } from '../../schema/nearest.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci lifecycle`: says how far a workflow has come. */
export const lifecycle: CommandRunner = async (invocation, cli) => {
  const wanted = invocation.required('stage')
  const stage = STAGES.find((one) => one === wanted)
  if (!stage) throw usageError(`There is no stage '${wanted}'.`, helpWithName(wanted, STAGES, 'There are'))
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await setLifecycle(project, definition, stage)
  const words = change.files.length > 0 ? `is ${stage} now` : `is ${stage} already`
  return await reportChange(invocation, cli, project, change, `${definition.file} ${words}`)
}
