import type { Workflow } from '../schema/index.ts'
import type { AssistantFiles } from './assistant-files.ts'
import { type AvailableSkill, resolveAssistants } from './assistants.ts'
import { type FindWorkflow, resolveCalls } from './calls.ts'
import { type PreflightProblem, placed } from './preflight.ts'

/** A workflow with all that it calls, and stored assistants in the place of references to them. */
export interface CompleteWorkflow {
  readonly workflow: Workflow
  /** The workflows that are called, at any depth, by the name that states use. */
  readonly called: ReadonlyMap<string, Workflow>
  /** Those of all its assistants, by id. */
  readonly skills: ReadonlyMap<string, AvailableSkill>
  /** What could not be completed, each with its place. */
  readonly problems: readonly PreflightProblem[]
}

/**
 * Puts together what a workflow names but does not hold itself.
 *
 * @param find where the definitions of called workflows come from: the project, or the record of the run.
 * @param canStart see {@link resolveAssistants}.
 */
export async function completeWorkflow(
  definition: Workflow,
  files: AssistantFiles,
  find: FindWorkflow,
  canStart?: (command: readonly string[]) => boolean,
): Promise<CompleteWorkflow> {
  const calls = await resolveCalls(definition, find)
  const complete = (one: Workflow) => resolveAssistants(one, files, canStart)
  const [own, ...called] = await Promise.all([
    complete(definition),
    ...calls.called.map(async ({ name, workflow }) => ({ name, ...(await complete(workflow)) })),
  ])
  const missing = [...calls.problems, ...[own, ...called].flatMap(({ problems }) => problems)]
  return {
    workflow: own.workflow,
    called: new Map(called.map(({ name, workflow }) => [name, workflow])),
    skills: new Map([own, ...called].flatMap(({ skills }) => [...skills])),
    problems: missing.map(placed),
  }
}
