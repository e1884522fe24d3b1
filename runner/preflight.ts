import type { Assistant, RepositoryConfig, State, Work, Workflow } from '../schema/index.ts'
import { unprovidedTools } from './needs.ts'
import type { RunSetup } from './setup.ts'
import { positionText } from './steps/render-text.ts'

/** One reason why a workflow cannot run here. */
export interface PreflightProblem {
  readonly message: string
  readonly help: string
}

/**
 * Everything that would stop a workflow half-way and can be known before anything is spent: tools that nothing
 * provides, integrations that are not known, models that lead nowhere, keys that are not set, and what this version does
 * not do. Touches nothing.
 */
export function preflight(
  workflow: Workflow,
  { kit, tools, models }: Pick<RunSetup, 'kit' | 'tools' | 'models'>,
  { datasources }: Pick<RepositoryConfig, 'datasources'>,
): readonly PreflightProblem[] {
  const problems = new Map<string, PreflightProblem>()
  const add = (problem: PreflightProblem | undefined) => {
    if (problem) problems.set(problem.message, problem)
  }
  if (workflow.lifecycle === 'retired') add(RETIRED)
  for (const { work, onError } of workflow.states) {
    for (const called of [work, ...onError.flatMap(({ notify }) => notify ?? [])]) {
      add(unsupportedWork(called))
    }
    if (work.kind !== 'agent') continue
    for (const problem of unsupportedIn(work.assistant)) add(problem)
    for (const id of work.assistant.datasourceIds) {
      if (!datasources.has(id)) add(unknownDatasource(work.assistant, id))
    }
  }
  for (const { at, message, help } of unprovidedTools(workflow, tools.problemOf)) {
    add({ message: `${positionText(at)}: ${message}`, help })
  }
  for (const model of modelsOf(workflow, kit)) {
    const resolved = models.resolve(model)
    if (!resolved.ok) add(resolved.problem)
  }
  return [...problems.values()]
}

type ModelsOfKit = Pick<RunSetup['kit'], 'defaultModel' | 'modelOverride'>

/** Models that a run of the workflow asks, fallbacks left out, each once. */
export function modelsOf(workflow: Workflow, kit: ModelsOfKit): readonly string[] {
  const models = new Set<string>()
  for (const state of workflow.states) {
    const model = modelOf(state, kit)
    if (model !== undefined) models.add(model)
  }
  if (workflow.finalizer) models.add(kit.modelOverride ?? kit.defaultModel)
  return [...models]
}

function modelOf({ work }: State, kit: ModelsOfKit): string | undefined {
  switch (work.kind) {
    case 'agent':
      return kit.modelOverride ?? work.assistant.model ?? kit.defaultModel
    case 'state-processor':
      return kit.modelOverride ?? work.model ?? kit.defaultModel
    case 'summary':
      return kit.modelOverride ?? kit.defaultModel
    case 'tool':
    case 'transform':
    case 'documents-tree':
    case 'bedrock-flow':
    case 'call':
    case 'block':
      return undefined
  }
}

const RETIRED: PreflightProblem = {
  message: 'The workflow is retired: it can be read and compared, but not run',
  help: "Change its 'lifecycle' to run it again.",
}

const LATER = 'A later version does. Until then, leave it out or map it to a built-in tool.'

function unsupportedWork(work: Work): PreflightProblem | undefined {
  switch (work.kind) {
    case 'tool':
      return work.mcpServer
        ? {
            message: `Tool '${work.toolId}' is called on an MCP server, which this version does not do`,
            help: LATER,
          }
        : undefined
    case 'bedrock-flow':
      return { message: 'Bedrock flows are not called by this version', help: LATER }
    case 'block':
      return { message: 'Blocks are not run by this version', help: LATER }
    case 'agent':
    case 'transform':
    case 'state-processor':
    case 'documents-tree':
    case 'summary':
    case 'call':
      return undefined
  }
}

function unknownDatasource({ id: assistant }: Assistant, id: string): PreflightProblem {
  return {
    message: `Assistant '${assistant}' searches datasource '${id}', which the config does not know`,
    help: `Say where it is: datasources: { ${id}: { path: docs } } in .codemie/config.yaml.`,
  }
}

function unsupportedIn(assistant: Assistant): readonly PreflightProblem[] {
  const found: [boolean, string][] = [
    [assistant.command !== undefined, 'an ACP agent'],
    [assistant.mcpServers.some((server) => server.enabled), 'MCP servers'],
    [assistant.skillIds.length > 0, 'skills'],
  ]
  return found
    .filter(([uses]) => uses)
    .map(([, what]) => ({
      message: `Assistant '${assistant.id}' uses ${what}, which this version does not do`,
      help: LATER,
    }))
}
