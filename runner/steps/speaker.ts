import { toJson } from '../../schema/language/index.ts'
import type { Assistant } from '../../schema/workflow.ts'
import type { ModelRequest, ToolOffer } from '../models/model.ts'
import { definitionDict } from './definition-values.ts'
import type { OfferedTool, StepKit } from './kit.ts'

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
  /** Assistants that it can ask, by the name under which the model calls them. */
  readonly others: ReadonlyMap<string, Speaker>
}

/**
 * Makes an assistant ready, and those that it can ask.
 *
 * @param form what the answer must look like: an instruction at the end of the prompt, and a schema for the provider.
 */
export function speakerOf(
  assistant: Assistant,
  kit: StepKit,
  form: { readonly instruction?: string } & Pick<ModelRequest, 'responseSchema'> = {},
): Speaker {
  const tools = new Map(kit.toolsOf(assistant).map((offered) => [offered.tool.name, offered]))
  const others = new Map(assistant.subAssistants.map((one) => [askingName(one.id), speakerOf(one, kit)]))
  const offers = offersOf([
    ...[...tools.values()].map(({ tool: { name, description, parameters } }) => ({
      name,
      description,
      parameters,
    })),
    ...[...others].map(([name, other]) => askingOffer(name, other.assistant)),
  ])
  const { instruction, responseSchema } = form
  return {
    assistant,
    system: [assistant.systemPrompt, assistant.skillIds.length > 0 ? USE_SKILLS : undefined, instruction]
      .filter((part) => part !== undefined && part !== '')
      .join('\n\n'),
    request: {
      model: kit.modelOverride ?? assistant.model ?? kit.defaultModel,
      ...(offers.length > 0 ? { tools: offers } : {}),
      ...(responseSchema ? { responseSchema } : {}),
      ...parametersOf(assistant),
    },
    fallback: kit.modelOverride ? [] : [...assistant.fallbackModels, ...kit.fallbackModels],
    tools,
    others,
  }
}

/** All that a speaker would ask the world for, and those whom it can ask; equal for equal requests. */
export function intentOf({ request, fallback, system, others }: Speaker): unknown {
  const asks = [...others.values()].map(intentOf)
  return { ...request, fallback, system, ...(asks.length === 0 ? {} : { asks }) }
}

const USE_SKILLS =
  'You have skills: instructions for particular kinds of work. When one fits what you are asked, load it with the tool "skill" before you begin, and follow it.'

/** Names that model providers accept: letters, digits, `_` and `-`, at most 64. */
function askingName(id: string): string {
  return `ask_${id.replace(/[^A-Za-z0-9_-]+/g, '_')}`.slice(0, 64)
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

function offersOf(offers: readonly ToolOffer[]): readonly ToolOffer[] {
  const key = JSON.stringify(offers)
  const known = knownOffers.get(key)
  if (!known) knownOffers.set(key, offers)
  return known ?? offers
}
