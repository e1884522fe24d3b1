import type { MoneyAndTokens, RepositoryConfig, Workflow } from '../schema/index.ts'
import { agentSettings } from './agents/policy.ts'
import { missingPrograms, programsOf, startableAgents } from './agents/programs.ts'
import { ceilingOfRun } from './ceiling.ts'
import { completeWorkflow } from './complete.ts'
import { costUnknown, type KnownPrices, lowerBudget, priceUnknown } from './engine/budget.ts'
import { modelSettings } from './models/model-settings.ts'
import { providerPresets, type ResolvedModel, resolveModel } from './models/providers.ts'
import type { PlanOptions } from './plan.ts'
import { modelsOf, type PreflightProblem, placed, preflight, refusedScripts } from './preflight.ts'
import type { Project } from './project.ts'
import { setUpRun } from './setup.ts'
import type { World } from './world.ts'

/** A workflow ready to be planned, and what `planRun` needs to know besides it. */
export interface PlanFacts {
  /** With stored assistants in the place of references to them. */
  readonly workflow: Workflow
  readonly facts: Omit<PlanOptions, 'input'>
}

/**
 * Looks up what a plan needs: tools, models, stored assistants, which variables are set, and what the run itself would
 * refuse. Reads files of the repository; calls nobody.
 *
 * @param options.model asked instead of those the workflow names.
 * @param options.force the run may happen although the workflow is retired. Default: no.
 */
export async function gatherPlanFacts(
  project: Project,
  definition: Workflow,
  {
    world,
    model,
    force = false,
  }: { readonly world: World; readonly model?: string | undefined; readonly force?: boolean },
): Promise<PlanFacts> {
  const { config } = project
  const { workflow, called, skills, problems } = await completeWorkflow(
    definition,
    project,
    project.find,
    startableAgents(project, world),
  )
  const all = [workflow, ...called.values()]
  const chosen = { called: [...called.values()], skills, ...(model === undefined ? {} : { model }) }
  // A key that is not set is a secret that is missing, not a reason to hide where a model leads or what a tool is.
  const env = { ...placeholderKeys(config), ...withoutEmpty(world.env) }
  const setup = await setUpRun(project, workflow, { ...world, env }, chosen)
  const settings = modelSettings(config)
  const resolve = (id: string): ResolvedModel => {
    const resolved = resolveModel(id, settings, world.env)
    return !resolved.ok && resolved.problem.code === 'provider-key-missing'
      ? setup.models.resolve(id)
      : resolved
  }
  const models = all.flatMap((one) => modelsOf(one, setup.kitOf(one), config))
  return {
    workflow,
    facts: {
      defaultModel: setup.kit.defaultModel,
      modelOverride: model,
      models,
      findCalled(name) {
        const found = called.get(name)
        return found && { workflow: found, defaultModel: setup.kitOf(found).defaultModel }
      },
      describeModel: (id) => {
        const resolved = resolve(id)
        if (!resolved.ok) return { id }
        const { endpoint } = resolved
        return { id: `${endpoint.provider}:${endpoint.model}`, keyVariable: endpoint.keyVariable }
      },
      findTool: (name) => setup.kit.findTool(name)?.tool,
      integrationOf: (tool, alias) => setup.kit.findTool(tool, alias)?.integrationAlias,
      serversOf: (user) => setup.tools.servers.usedBy(user).map(setup.tools.servers.describe),
      agentVariables: (command) => agentSettings(command, config)?.env ?? [],
      integrationSecrets: (alias) => Object.values(config.integrations.get(alias)?.env ?? {}),
      ceilingOf: (input) =>
        ceilingOfRun(
          {
            own: { workflow, kit: setup.kit },
            findCalled(name) {
              const found = called.get(name)
              return found && { workflow: found, kit: setup.kitOf(found) }
            },
            models: setup.models,
            budgets: config.budgets,
          },
          input,
        ),
      isSet: (variable) => (world.env[variable] ?? '') !== '',
      obstacles: [
        ...problems,
        ...unpriced(lowerBudget(config.budgets, workflow.budget), models, all.flatMap(programsOf), setup),
        ...setup.obstacles.map(placed),
        ...all.flatMap((one) =>
          preflight(
            one,
            { kit: setup.kitOf(one), tools: setup.tools, models: { ...setup.models, resolve } },
            config,
            { force: force && one === workflow },
          ),
        ),
        ...(await refusedScripts(all, project)),
        ...missingPrograms(all, world.env),
      ],
    },
  }
}

/** With a budget in dollars, the first call of such a model or agent would end the run. */
function unpriced(
  { usd }: MoneyAndTokens,
  models: readonly string[],
  programs: readonly (readonly string[])[],
  { knowsPrice, reportsCost }: KnownPrices,
): readonly PreflightProblem[] {
  if (usd === undefined) return []
  const failures = [
    ...[...new Set(models)].filter((model) => !knowsPrice(model)).map(priceUnknown),
    ...programs.filter((command) => !reportsCost(command)).map(costUnknown),
  ]
  return failures.map(({ message, help = '' }) => ({ message, help }))
}

function placeholderKeys(config: RepositoryConfig): Readonly<Record<string, string>> {
  const names = [
    ...Object.values(providerPresets).flatMap(({ keyEnv }) => keyEnv.slice(0, 1)),
    ...[...config.models.providers.values()].flatMap(({ apiKeyEnv }) => apiKeyEnv ?? []),
    ...[...config.integrations.values()].flatMap(({ env }) => Object.values(env)),
  ]
  return Object.fromEntries(names.map((name) => [name, 'placeholder']))
}

/** An empty variable is how CI systems pass a secret that is not there. */
function withoutEmpty(env: World['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value ? [[name, value] as const] : [])),
  )
}
