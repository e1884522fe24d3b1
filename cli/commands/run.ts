import type { CommandRunner } from '../command.ts'
import { loadWorkflow } from '../definition.ts'
import { executeRun, readExecution } from '../execute.ts'
import { EXIT } from '../exit-status.ts'
import { readGivenFiles, readInput } from '../input.ts'
import { openProjectFor } from '../project.ts'
import { renderInputProblems } from '../ui/input-problems.ts'

/** `codemie-ci run`: runs a workflow, shows it, keeps its record. */
export const run: CommandRunner = async (invocation, cli) => {
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
        ...(model === undefined ? {} : { model }),
      }),
  )
}
