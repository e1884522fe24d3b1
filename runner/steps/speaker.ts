import { toJson } from '../../schema/language/index.ts'
import type { Assistant, McpServer } from '../../schema/workflow.ts'
import type { StepEffects } from '../engine/step-effects.ts'
import type { McpEndpoint } from '../mcp/endpoint.ts'
import type { ModelRequest, ToolOffer } from '../models/model.ts'
import { definitionDict } from './definition-values.ts'
import type { OfferedTool, StepKit } from './kit.ts'
import type { RenderedServer } from './server-tools.ts'

/** An assistant made ready to be asked. */
export interface Speaker {
  readonly assistant: Assistant
  /** `''`: none. */
  readonly system: string
  /** What all its model calls have in common. */
  readonly request: Omit<ModelRequest, 'messages'>
  /** Asked in order when its model cannot answer. */
  readonly fallback: readonly string[]
  /** By the name under which the model calls them. */
  readonly tools: ReadonlyMap<string, OfferedTool>
  /** Those whose tools are offered, too, once they have told them; see {@link equip}. */
  readonly servers: readonly RenderedServer[]
  /** Assistants that it can ask, by the name under which the model calls them. */
  readonly others: ReadonlyMap<string, Speaker>
}

/** What speakers are made with. */
export interface SpeakerKit extends StepKit {
  /** A server with the values of the step's context in it. Fails with a `StepFailure` when it is not known or not allowed. */
  readonly render: (server: McpServer) => McpEndpoint
}

/**
 * Makes an assistant ready, and those that it can ask.
 *
 * @param form what the answer must look like: an instruction at the end of the prompt, and a schema for the provider.
 */
export function speakerOf(
  assistant: Assistant,
  kit: SpeakerKit,
  form: { readonly instruction?: string } & Pick<ModelRequest, 'responseSchema'> = {},
): Speaker {
  if (assistant.command) return programOf(assistant, assistant.command, form.instruction)
  const tools = byName(kit.toolsOf(assistant))
  const others = new Map<string, Speaker>()
  for (const one of new Map(assistant.subAssistants.map((other) => [other.id, other])).values()) {
    const isTaken = (name: string) => tools.has(name) || others.has(name)
    others.set(askingName(one.id, isTaken), speakerOf(one, kit))
  }
  const { instruction, responseSchema } = form
  return {
    assistant,
    system: paragraphs(assistant.systemPrompt, assistant.skillIds.length > 0 ? USE_SKILLS : '', instruction),
    request: {
      model: kit.modelOverride ?? assistant.model ?? kit.defaultModel,
      ...offersOf({ tools, others }),
      ...(responseSchema ? { responseSchema } : {}),
      ...parametersOf(assistant),
    },
    fallback: kit.modelOverride ? [] : [...assistant.fallbackModels, ...kit.fallbackModels],
    tools,
    servers: kit.serversOf(assistant).map((used) => ({ ...used, endpoint: kit.render(used.server) })),
    others,
  }
}

/** A program that answers as an agent: it has its own model, tools and skills, and none of ours. */
function programOf(assistant: Assistant, command: readonly string[], instruction = ''): Speaker {
  return {
    assistant,
    system: paragraphs(assistant.systemPrompt, instruction),
    request: { model: command.join(' ') },
    fallback: [],
    tools: new Map(),
    servers: [],
    others: new Map(),
  }
}

function paragraphs(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}

/** Adds the tools of its servers to those of a speaker. Fails with what asking a server for them fails with. */
export async function equip(speaker: Speaker, effects: StepEffects): Promise<Speaker> {
  const { servers, tools: own, others, request } = speaker
  if (servers.length === 0) return speaker
  const { offerServerTools } = await import('./server-tools.ts')
  const more = await offerServerTools(servers, [...own.keys(), ...others.keys()], effects)
  const tools = byName([...own.values(), ...more])
  return { ...speaker, tools, request: { ...request, ...offersOf({ tools, others }) } }
}

/** All that a speaker would ask the world for, and those whom it can ask; equal for equal requests. */
export function intentOf({ request, fallback, system, servers, others }: Speaker): unknown {
  const asks = [...others.values()].map(intentOf)
  return {
    ...request,
    fallback,
    system,
    ...(servers.length === 0 ? {} : { servers: servers.map(reachOf) }),
    ...(asks.length === 0 ? {} : { asks }),
  }
}

/** A server, and the tools of it that names of the workflow stand for. */
function reachOf({ endpoint, names }: RenderedServer): unknown {
  return names ? { ...endpoint, names: [...names] } : endpoint
}

function byName(tools: readonly OfferedTool[]): ReadonlyMap<string, OfferedTool> {
  return new Map(tools.map((offered) => [offered.tool.name, offered]))
}

const USE_SKILLS =
  'You have skills: instructions for particular kinds of work. When one fits what you are asked, load it with the tool "skill" before you begin, and follow it.'

/** Names that model providers accept: letters, digits, `_` and `-`, at most 64. Ids that come to one name are numbered. */
function askingName(id: string, isTaken: (name: string) => boolean): string {
  const plain = `ask_${id.replace(/[^A-Za-z0-9_-]+/g, '_')}`.slice(0, 64)
  let name = plain
  for (let n = 2; isTaken(name); n++) name = `${plain.slice(0, 60)}_${n}`
  return name
}

function askingOffer(name: string, { id, description }: Assistant): ToolOffer {
  return {
    name,
    description: `Asks the assistant ${id}${description === '' ? '' : `: ${description}`}. It sees nothing but the question, and gives its answer as text.`,
    parameters: {
      type: 'object',
      properties: {
        question: {
          type: 'string',
          minLength: 1,
          description: 'What it is asked to do, with all that it needs to know.',
        },
      },
      required: ['question'],
      additionalProperties: false,
    },
  }
}

function parametersOf(assistant: Assistant): Pick<ModelRequest, 'parameters'> {
  const parameters: Readonly<Record<string, unknown>> = {
    // Definitions keep whole numbers as bigint, which JSON does not know.
    ...(toJson(definitionDict(assistant.parameters)) as object),
    ...(assistant.temperature === undefined ? {} : { temperature: assistant.temperature }),
  }
  return Object.keys(parameters).length > 0 ? { parameters } : {}
}

/** Equal offers are one object, so that requests can be digested cheaply. */
const knownOffers = new Map<string, readonly ToolOffer[]>()

function offersOf({ tools, others }: Pick<Speaker, 'tools' | 'others'>): Pick<ModelRequest, 'tools'> {
  const offers = [
    ...[...tools.values()].map(({ tool: { name, description, parameters } }) => ({
      name,
      description,
      parameters,
    })),
    ...[...others].map(([name, { assistant }]) => askingOffer(name, assistant)),
  ]
  if (offers.length === 0) return {}
  const key = JSON.stringify(offers)
  const known = knownOffers.get(key)
  if (!known) knownOffers.set(key, offers)
  return { tools: known ?? offers }
}
