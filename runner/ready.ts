import type { Workflow } from '../schema/index.ts'
import { missingPrograms, startableAgents } from './agents/programs.ts'
import type { FindWorkflow } from './calls.ts'
import { completeWorkflow } from './complete.ts'
import { Refusal } from './failure.ts'
import type { EquippedWorkflow } from './interpret.ts'
import {
  missingServerVariables,
  type PreflightProblem,
  placed,
  preflight,
  refusedScripts,
} from './preflight.ts'
import type { Project } from './project.ts'
import { type RunSetup, setUpRun } from './setup.ts'
import type { World } from './world.ts'

/** A workflow that can run: complete, found to lack nothing, and with all that it calls. */
export interface ReadyWorkflow {
  readonly workflow: Workflow
  readonly setup: RunSetup
  /** By the name that states use. */
  readonly called: ReadonlyMap<string, EquippedWorkflow>
}

const EXIT_UNREADY = 2
const EXIT_REFUSED = 5

/**
 * Completes a workflow with its stored assistants and the workflows it calls, and looks for all that would stop it.
 * Refuses with `config-invalid`, and with `not-runnable` and all problems at once: with exit status 5 when policies are all that
 * stands against it, else 2.
 *
 * @param options.model asked instead of those that workflows name.
 * @param options.force it may run although it is retired; those it calls may not. Default: no.
 * @param find where the definitions of called workflows come from: the project, or the record of the run.
 */
export async function makeReady(
  definition: Workflow,
  {
    project,
    world,
    model,
    force,
  }: { readonly project: Project; readonly world: World; readonly model?: string; readonly force?: boolean },
  find: FindWorkflow,
): Promise<ReadyWorkflow> {
  refuseInvalidConfig(project)
  const {
    workflow,
    called,
    skills,
    problems: missing,
  } = await completeWorkflow(definition, project, find, startableAgents(project, world))
  const setup = await setUpRun(project, workflow, world, {
    called: [...called.values()],
    skills,
    ...(model === undefined ? {} : { model }),
  })
  const problems: readonly PreflightProblem[] = [
    ...missing,
    ...setup.obstacles.map(placed),
    ...[workflow, ...called.values()].flatMap((one) => [
      ...preflight(one, { ...setup, kit: setup.kitOf(one) }, project.config, {
        force: force === true && one === workflow,
      }),
      ...missingServerVariables(one, setup, world.env),
    ]),
    ...(await refusedScripts([workflow, ...called.values()], project)),
    ...missingPrograms([workflow, ...called.values()], world.env),
  ]
  if (problems.length > 0) {
    const reasons = new Map(
      problems.map(({ message, help }) => [`${message}\n  ${help}`, { message, help }] as const),
    )
    throw new Refusal('not-runnable', [...reasons.keys()].join('\n'), {
      reasons: [...reasons.values()],
      help: `\`codemie-ci plan ${workflow.id}\` shows what the workflow needs.`,
      exitStatus: problems.every(({ isPolicy }) => isPolicy) ? EXIT_REFUSED : EXIT_UNREADY,
    })
  }
  return {
    workflow,
    setup,
    called: new Map([...called].map(([name, one]) => [name, { workflow: one, kit: setup.kitOf(one) }])),
  }
}

/** Refuses with `config-invalid` when the config of a project has errors. */
export function refuseInvalidConfig({ configDiagnostics }: Project): void {
  const [first] = configDiagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (!first) return
  throw new Refusal('config-invalid', `${first.file}:${first.line}:${first.column}: ${first.message}`, {
    help: first.help ?? '`codemie-ci doctor` shows all problems of the config.',
  })
}
