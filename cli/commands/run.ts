import { ROLE } from '../../schema/workflow.ts'
import type { CommandRunner } from '../command.ts'
import { loadWorkflow } from '../definition.ts'
import { executeRun, readExecution } from '../execute.ts'
import { EXIT } from '../exit-status.ts'
import { readGivenFiles, readInput } from '../input.ts'
import type { Invocation } from '../invocation.ts'
import { openProjectFor } from '../project.ts'
import { renderInputProblems } from '../ui/input-problems.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci run`: runs a workflow, shows it, keeps its record. */
export const run: CommandRunner = async (line, cli) => {
  const invocation = asToRole(line)
  const execution = readExecution(invocation)
  const here = await openProjectFor(invocation, cli)
  const loaded = await loadWorkflow(invocation, here, cli, { isStrict: invocation.flag('strict') })
  if (!loaded) return EXIT.usage
  const { workflow, project } = loaded
  const input = await readInput(invocation, workflow, cli)
  if (invocation.flag('dry-run')) {
    const { showPlan } = await import('./plan.ts')
    return showPlan(invocation, project, workflow, input, cli, invocation.flag('force'))
  }
  if (input.problems.length > 0) {
    cli.stderr.write(renderInputProblems(input, workflow, cli.look.stderr))
    return EXIT.usage
  }
  const files = await readGivenFiles(invocation, project, cli)
  const { startRun } = await import('../../runner/run.ts')
  const model = invocation.text('model')
  return executeRun(
    invocation,
    cli,
    { project, execution, name: workflow.name, stateIds: workflow.states.map(({ id }) => id) },
    (options) =>
      startRun({
        ...options,
        workflow,
        input: input.text,
        files,
        strict: invocation.flag('strict'),
        force: invocation.flag('force'),
        untilShards: invocation.flag('until-shards'),
        ...(model === undefined ? {} : { model }),
      }),
  )
}

/** Where several configurations have a role of one name, it is named by its path: `team.toml#developer`. */
function addressOfRole(role: string): string {
  const [, file, name] = /^(.+\.toml)#(?:role:)?(.+)$/i.exec(role) ?? []
  return file === undefined ? `${ROLE}${role}` : `${file}#${ROLE}${name}`
}

/** A role is a workflow of its own; what stands in the place of the workflow's name is what the role is told. */
function asToRole(line: Invocation): Invocation {
  const role = line.text('role')
  if (role === undefined) return line
  const told = line.argument('workflow')
  if (told !== undefined && line.text('input') !== undefined) {
    throw usageError('The input is given more than once.', 'Use one of TEXT, --input, --input-file and -.')
  }
  const isText = told !== undefined && told !== '-'
  return line.with({
    positionals: [addressOfRole(role), ...(told === '-' ? ['-'] : [])],
    options: isText ? { input: told } : {},
  })
}
