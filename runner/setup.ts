import { withInner } from '../schema/blocks.ts'
import type { Work, Workflow } from '../schema/index.ts'
import { assistantsOf, namedTools, namesTools, withSubAssistants } from '../schema/needs.ts'
import type { Agents } from './agents/agents.ts'
import { agentSettings } from './agents/policy.ts'
import { textsOfSkill } from './assistant-files.ts'
import type { AvailableSkill } from './assistants.ts'
import type { Perform } from './effect.ts'
import { openDoor } from './engine/door.ts'
import { createModelClient, type HttpModelClient } from './models/client.ts'
import { modelSettings, modelsOfWorkflow } from './models/model-settings.ts'
import { createStructuredOutput } from './models/structured.ts'
import { pipeFoldersOf } from './pipe-folders.ts'
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
  /** Whether an agent tells what its answers cost. */
  readonly reportsCost: (command: readonly string[]) => boolean
  /** Ends connections and programs that the run has started. Never rejects. */
  readonly close: () => Promise<void>
  /** What is wrong with guardrails that the workflows name, and with Bedrock flows. */
  readonly obstacles: readonly (GuardrailProblem | FlowProblem)[]
}

/**
 * Wires models and tools up from a project's config and the environment. Starts nothing.
 *
 * @param options.model asked instead of those that workflows name.
 * @param options.called workflows that this one calls; tools are loaded for them too.
 * @param options.skills those that assistants have, by id.
 */
export async function setUpRun(
  { config, root, configFiles }: Pick<Project, 'config' | 'root' | 'configFiles'>,
  workflow: Workflow,
  world: World,
  options: {
    readonly model?: string
    readonly called?: readonly Workflow[]
    readonly skills?: ReadonlyMap<string, AvailableSkill>
  } = {},
): Promise<RunSetup> {
  const models = createModelClient({ settings: modelSettings(config), env: world.env, now: world.now })
  const all = [workflow, ...(options.called ?? [])]
  const { guardrails, problems } = await readGuardrails(all, config)
  const callsFlows = all.some(({ states }) => states.some(({ work }) => work.kind === 'bedrock-flow'))
  const flows = callsFlows
    ? (await import('./tools/bedrock-flow.ts')).flowProblems(all, config, world.env)
    : []
  const named = all.flatMap((one) => namedTools(one).map(({ name }) => name))
  const open = async () => {
    const { openProjectTools } = await import('./tools/project-tools.ts')
    return await openProjectTools({ config, root, configFiles }, world, { named, skills: options.skills })
  }
  const tools = all.some(needsTools) ? await open() : openedWhenCalled(open)
  const structured = createStructuredOutput()
  // With the package of the protocol, which few workflows need.
  let agents: Promise<Agents> | undefined
  const openAgents = () => {
    agents ??= import('./agents/agents.ts').then(
      (module) => new module.Agents({ config, root, env: world.env }),
    )
    return agents
  }
  const pipeFolders = await pipeFoldersOf(all, root)
  const kitOf = (one: Workflow): StepKit => ({
    ...(pipeFolders ? { pipeFolders } : {}),
    ...modelsOfWorkflow(one, config),
    ...(options.model === undefined ? {} : { modelOverride: options.model }),
    structured,
    findTool: tools.offer,
    skillTextsOf: (assistant) => {
      const ids = new Set(withSubAssistants(assistant).flatMap(({ skillIds }) => skillIds))
      return Promise.all([...ids].flatMap((id) => options.skills?.get(id) ?? []).map(textsOfSkill))
    },
    toolsOf: tools.toolsOf,
    serverToolOf: tools.serverToolOf,
    serversOf: tools.serversOf,
    endpointOf: tools.endpointOf,
    guardrails,
    documentsOf: tools.documentsOf,
  })
  return {
    models,
    tools,
    obstacles: [...problems, ...flows],
    knowsPrice: (model) => models.priceOf(model) !== undefined,
    reportsCost: (command) => agentSettings(command, config)?.reportsCost === true,
    async close() {
      models.close()
      await tools.close()
      await (await agents)?.close()
    },
    kit: kitOf(workflow),
    kitOf,
    perform: openDoor({
      model: ({ request, signal, onText }) => models.call(request, { signal, ...(onText ? { onText } : {}) }),
      tool: ({ request, signal }) => tools.run(request, signal),
      agent: async ({ request, ...hearing }) => (await openAgents()).perform(request, hearing),
    }),
  }
}

/** The tools take longer to load than all the rest; a workflow of models and transforms does without. */
function needsTools(workflow: Workflow): boolean {
  return (
    namesTools(workflow) ||
    withInner(workflow.states).some(({ work }) => BY_TOOLS.includes(work.kind)) ||
    assistantsOf(workflow).some(({ datasourceIds, skillIds }) => datasourceIds.length + skillIds.length > 0)
  )
}

/** Kinds of work that tools do although no tool is named. */
const BY_TOOLS: readonly Work['kind'][] = ['documents-tree', 'bedrock-flow', 'script']

/** What a workflow has that names no tool. Only a prompt of Octomind may find, when it is filled in, that it has to look around. */
function openedWhenCalled(open: () => Promise<ProjectTools>): ProjectTools {
  let opened: Promise<ProjectTools> | undefined
  return {
    ...NO_TOOLS,
    async run(request, signal) {
      opened ??= open()
      return (await opened).run(request, signal)
    },
    close: async () => (await opened)?.close(),
  }
}

const NO_TOOLS: Omit<ProjectTools, 'run' | 'close'> = {
  problemOf: (name) => ({ code: 'tool-unknown', message: `there is no tool "${name}" here`, help: '' }),
  offer: () => undefined,
  toolsOf: () => [],
  serverToolOf: () => undefined,
  serversOf: () => [],
  servers: {
    usedBy: () => [],
    describe: ({ name }) => ({ name, variables: [] }),
    problemsOf: () => [],
  },
  endpointOf: ({ name }) => {
    throw new Error(`no state uses the MCP server ${name}`)
  },
  documentsOf: () => Promise.resolve([]),
}
