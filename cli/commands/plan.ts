import { planRun } from '../../runner/plan.ts'
import { gatherPlanFacts } from '../../runner/plan-facts.ts'
import type { InputPlan } from '../../runner/plan-input.ts'
import type { Project } from '../../runner/project.ts'
import { toText, type Workflow } from '../../schema/index.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { loadWorkflow } from '../definition.ts'
import { EXIT } from '../exit-status.ts'
import { readInput } from '../input.ts'
import type { Invocation } from '../invocation.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { renderPlan } from '../ui/plan-text.ts'

/** `codemie-ci plan`: what a run would do. */
export const plan: CommandRunner = async (invocation, cli) => {
  const here = await openProjectFor(invocation, cli)
  const loaded = await loadWorkflow(invocation, here, cli, { isStrict: invocation.flag('strict') })
  if (!loaded) return EXIT.usage
  const { workflow, project } = loaded
  return showPlan(invocation, project, workflow, await readInput(invocation, workflow, cli), cli)
}

/**
 * Prints the plan of a run. Exit status 2 when the input would stop it.
 *
 * @param force the run may happen although the workflow is retired. Default: no, and the plan says so.
 */
export async function showPlan(
  invocation: Invocation,
  project: Project,
  workflow: Workflow,
  input: InputPlan,
  cli: Cli,
  force = false,
): Promise<number> {
  const { workflow: complete, facts } = await gatherPlanFacts(project, workflow, {
    world: cli.world,
    model: invocation.text('model'),
    force,
  })
  const planned = planRun(complete, { ...facts, input })
  if (invocation.flag('json')) printJson(cli, planned)
  else {
    const columns = Math.min(cli.stdout.columns ?? 100, 120)
    cli.stdout.write(renderPlan(planned, { palette: cli.look.stdout, columns, drawing: toText(workflow) }))
  }
  return input.problems.length > 0 ? EXIT.usage : EXIT.done
}
