import { changeTags } from '../../runner/edit-definition.ts'
import type { CommandRunner } from '../command.ts'
import { openProjectFor } from '../project.ts'
import { reportChange } from '../report-change.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci tag`: adds tags to a workflow and takes some away. */
export const tag: CommandRunner = async (invocation, cli) => {
  const [add, remove] = [invocation.rest('tags'), invocation.texts('remove')]
  if (add.length + remove.length === 0) {
    throw usageError(
      "'codemie-ci tag' needs a tag to add, or one to --remove.",
      'For example `codemie-ci tag review security`.',
    )
  }
  const both = add.find((one) => remove.includes(one))
  if (both !== undefined)
    throw usageError(`The tag '${both}' is to be added and removed.`, 'Say one of the two.')
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(invocation.required('workflow'))
  const change = await changeTags(project, definition, { add, remove })
  const words = change.files.length > 0 ? 'has other tags now' : 'has these tags already'
  return await reportChange(invocation, cli, project, change, `${definition.file} ${words}`)
}
