import { listTemplates } from '../../runner/templates.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { createWorkflow } from '../new-workflow.ts'
import { openProjectFor } from '../project.ts'
import { BLANK, BUILT_IN } from '../templates/index.ts'
import { choose } from '../ui/choose.ts'
import { oneLine } from '../ui/plain-text.ts'

/** `codemie-ci new`: a workflow from a template. */
export const newWorkflow: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const template = invocation.text('from-template') ?? (await chooseTemplate(project.root, cli))
  const name = invocation.required('name')
  return await createWorkflow(invocation, cli, project, {
    name,
    template,
    isOctomind: invocation.flag('octomind'),
  })
}

async function chooseTemplate(root: string, cli: Cli): Promise<string> {
  if (!cli.canAsk || !cli.terminal) return BLANK.id
  const usable = (await listTemplates(root, BUILT_IN)).flatMap(({ template }) => template ?? [])
  const chosen = await choose(
    'Which template do you want to start from?',
    usable.map(({ id, description }) => ({ name: oneLine(id), summary: oneLine(description) })),
    cli,
    cli.terminal,
  )
  return usable[chosen]?.id ?? BLANK.id
}
