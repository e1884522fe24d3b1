import type { Workflow } from '../schema/index.ts'
import { namedTools } from '../schema/needs.ts'
import type { Perform } from './effect.ts'
import { openDoor } from './engine/door.ts'
import { createModelClient, type HttpModelClient } from './models/client.ts'
import { LAST_RESORT_MODEL, modelSettings } from './models/model-settings.ts'
import { createStructuredOutput } from './models/structured.ts'
import type { Project } from './project.ts'
import type { StepKit } from './steps/kit.ts'
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
  const named = all.flatMap((one) => namedTools(one).map(({ name }) => name))
  const tools = all.some(needsTools)
    ? await (await import('./tools/project-tools.ts')).openProjectTools({ config, root }, world, named)
    : NO_TOOLS
  const structured = createStructuredOutput()
  const kitOf = (one: Workflow): StepKit => ({
    defaultModel: one.models.default ?? config.models.default ?? LAST_RESORT_MODEL,
    ...(options.model === undefined ? {} : { modelOverride: options.model }),
    fallbackModels: [...one.models.fallback, ...config.models.fallback],
    structured,
    findTool: tools.offer,
    toolsOf: tools.toolsOf,
    documentsOf: tools.documentsOf,
  })
  return {
    models,
    tools,
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
    return work.kind === 'tool' || work.kind === 'documents-tree'
  })
}

/** What a workflow has that names no tool. Nothing of it is ever asked. */
const NO_TOOLS: ProjectTools = {
  problemOf: (name) => ({ code: 'tool-unknown', message: `there is no tool "${name}" here`, help: '' }),
  offer: () => undefined,
  toolsOf: () => [],
  documentsOf: () => Promise.resolve([]),
  run: ({ tool }) => Promise.reject(new Error(`no state uses the tool ${tool}`)),
}
