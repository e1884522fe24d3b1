import { planRun } from '../runner/plan.ts'
import { gatherPlanFacts } from '../runner/plan-facts.ts'
import { planInput } from '../runner/plan-input.ts'
import type { Project } from '../runner/project.ts'
import { ceilingLine } from '../runner/report/ceiling-words.ts'
import type { World } from '../runner/world.ts'
import type { Workflow } from '../schema/index.ts'
import { type EventInputs, inputOf } from './event-input.ts'

/** Effects that are listed. */
const MOST_EFFECTS = 20

/**
 * What a workflow would do that is not run here, as lines for people: models, secrets by name, what reaches the outside, and
 * what it can come to at most. Calls nobody.
 */
export async function planLines(
  project: Project,
  workflow: Workflow,
  inputs: EventInputs,
  world: World,
): Promise<readonly string[]> {
  const input = await planInput(workflow, inputOf(workflow, inputs))
  const { workflow: complete, facts } = await gatherPlanFacts(project, workflow, { world })
  const { models, secrets, effects, ceiling } = planRun(complete, { ...facts, input })
  const most = ceilingLine(ceiling)
  const reached = [...new Set(effects.map(({ state, certainty, by }) => `${state} ${certainty} use ${by}`))]
  return [
    ...(models.length === 0 ? [] : [`asks ${models.join(', ')}`]),
    ...(secrets.length === 0 ? [] : [`needs ${secrets.map(({ variable }) => variable).join(', ')}`]),
    ...reached.slice(0, MOST_EFFECTS),
    ...(reached.length > MOST_EFFECTS ? [`and ${reached.length - MOST_EFFECTS} more`] : []),
    ...(most === undefined ? [] : [`comes to ${most} at most`]),
  ]
}
