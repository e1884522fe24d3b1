import type { Workflow } from '../schema/index.ts'
import type { Perform } from './effect.ts'
import { openDoor } from './engine/door.ts'
import { createModelClient, type HttpModelClient } from './models/client.ts'
import { LAST_RESORT_MODEL, modelSettings } from './models/model-settings.ts'
import { createStructuredOutput } from './models/structured.ts'
import { type GuardrailProblem, readGuardrails } from './policy/guardrails.ts'
import type { Project } from './project.ts'
import type { StepKit } from './steps/kit.ts'
import type { FlowProblem } from './tools/bedrock-flow.ts'
import type { ProjectTools } from './tools/project-tools.ts'
import type { World } from './world.ts'

/** All that running a workflow needs beside the workflow. */
export interface RunSetup {
  readonly kit: StepKit
  /** The kit of a workflow that is called: its own models, the same tools. */
  readonly kitOf: (workflow: Workflow) => StepKit
  /** The door to the real world. */
  readonly perform: Perform
  readonly models: HttpModelClient
  readonly tools: ProjectTools
  readonly knowsPrice: (model: string) => boolean
  /** What is wrong with guardrails that the workflows name, and with Bedrock flows. */
  readonly obstacles: readonly (GuardrailProblem | FlowProblem)[]
}

/**
 * Wires models and tools up from a project's config and the environment. Starts nothing.
 *
 * @param options.model asked instead of those that workflows name.
 * @param options.called workflows that this one calls; tools are loaded for them too.
 */
export async function setUpRun(
  { config, root }: Pick<Project, 'config' | 'root'>,
  workflow: Workflow,
  world: World,
  options: { readonly model?: string; readonly called?: readonly Workflow[] } = {},
): Promise<RunSetup> {
  const models = createModelClient({ settings: modelSettings(config), env: world.env, now: world.now })
  const all = [workflow, ...(options.called ?? [])]
  const { guardrails, problems } = await readGuardrails(all, config)
  const callsFlows = all.some(({ states }) => states.some(({ work }) => work.kind === 'bedrock-flow'))
  const flows = callsFlows
    ? (await import('./tools/bedrock-flow.ts')).flowProblems(all, config, world.env)
    : []
  const tools = all.some(needsTools)
    ? (await import('./tools/project-tools.ts')).openProjectTools(config, root, world)
    : NO_TOOLS
  const structured = createStructuredOutput()
  const kitOf = (one: Workflow): StepKit => ({
    defaultModel: one.models.default ?? config.models.default ?? LAST_RESORT_MODEL,
    ...(options.model === undefined ? {} : { modelOverride: options.model }),
    fallbackModels: [...one.models.fallback, ...config.models.fallback],
    structured,
    findTool(name) {
      const lookup = tools.find(name)
      return lookup.found ? lookup.tool : undefined
    },
    toolsOf: tools.toolsOf,
    guardrails,
    documentsOf: tools.documentsOf,
  })
  return {
    models,
    tools,
    obstacles: [...problems, ...flows],
    knowsPrice: (model) => models.priceOf(model) !== undefined,
    kit: kitOf(workflow),
    kitOf,
    perform: openDoor({
      model: ({ request, signal, onText }) => models.call(request, { signal, ...(onText ? { onText } : {}) }),
      tool: ({ request, signal }) => tools.run(request, signal),
    }),
  }
}

/** The tools take longer to load than all the rest; a workflow of models and transforms does without. */
function needsTools({ states }: Workflow): boolean {
  return states.some(({ work, onError }) => {
    if (onError.some(({ notify }) => notify !== undefined)) return true
    if (work.kind === 'agent') return work.assistant.tools.length + work.assistant.datasourceIds.length > 0
    return work.kind === 'tool' || work.kind === 'documents-tree' || work.kind === 'bedrock-flow'
  })
}

/** What a workflow has that names no tool. Nothing of it is ever asked. */
const NO_TOOLS: ProjectTools = {
  find: (name) => ({ found: false, problem: `there is no tool "${name}" here`, help: '' }),
  toolsOf: () => [],
  documentsOf: () => Promise.resolve([]),
  run: ({ tool }) => Promise.reject(new Error(`no state uses the tool ${tool}`)),
}
