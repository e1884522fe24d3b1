import { type JsonObject, parseJsonObject } from '../../schema/json-object.ts'
import { dumpsJson, fromJson, repr, toJson } from '../../schema/language/index.ts'
import { enforcedSchemaOf } from '../../schema/output-schema.ts'
import type { AgentWork } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepEffects, StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import type { ChatMessage, ModelReply, ModelRequest, ToolCall, ToolOffer } from '../models/model.ts'
import type { Tool } from '../tools/tool.ts'
import { agentTask } from './agent-task.ts'
import { askModel } from './ask-model.ts'
import { type ShownFiles, showFiles } from './attachments.ts'
import { definitionDict } from './definition-values.ts'
import type { OfferedTool, StepKit } from './kit.ts'
import { renderText } from './render-text.ts'
import { toolOutputForModel } from './tool-output.ts'

/** Model calls of one agent step; upstream's limit, far beyond what a sound agent needs. */
const MAX_MODEL_CALLS = 150

/** An agent state: the assistant's model answers the task, calling tools on the way until it has an answer. */
export function prepareAgent(
  step: Step,
  work: AgentWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  const { assistant } = work
  const task = agentTask(step, work, warn)
  const described = work.outputSchema ? renderText(work.outputSchema, step.context, warn) : undefined
  const schema = described === undefined ? undefined : enforcedSchemaOf(described)
  const tools = new Map(kit.toolsOf(assistant).map((offered) => [offered.tool.name, offered]))
  const offers = offersOf([...tools.values()].map(({ tool }) => tool))
  const system = systemPrompt(assistant.systemPrompt ?? '', described, schema !== undefined)
  const request: Omit<ModelRequest, 'messages'> = {
    model: kit.modelOverride ?? assistant.model ?? kit.defaultModel,
    ...(offers.length > 0 ? { tools: offers } : {}),
    ...(schema ? { responseSchema: { name: 'answer', schema } } : {}),
    ...parametersOf(work),
  }
  const fallback = kit.modelOverride ? [] : [...assistant.fallbackModels, ...kit.fallbackModels]
  return {
    task,
    intend: () => ({ task: task === '' ? step.input.text : task, request: { ...request, fallback, system } }),
    async execute(effects) {
      const ask = async (messages: readonly ChatMessage[]) =>
        converse(messages, {
          tools,
          effects,
          toolOutputTokens: assistant.toolOutputTokens,
          ask: (m) => askModel(effects, { ...request, messages: m }, fallback),
        })
      // A task that renders to nothing leaves the run's own input as what is asked.
      const turn = task === '' ? step.input.text : task
      const messages = openingMessages(system, step.history.toArray(), turn, showFiles(step))
      if (!schema) {
        const reply = await ask(messages)
        if (reply.finishReason === 'length') effects.warn(truncated(reply))
        return reply.text
      }
      return dumpsJson(fromJson(await kit.structured.request({ schema, messages, ask })))
    },
  }
}

interface Conversation {
  readonly tools: ReadonlyMap<string, OfferedTool>
  readonly effects: StepEffects
  readonly toolOutputTokens: number
  readonly ask: (messages: readonly ChatMessage[]) => Promise<ModelReply>
}

/** Asks until the model answers without wanting a tool. What its tools do wrong is told to the model, not to the run. */
async function converse(opening: readonly ChatMessage[], conversation: Conversation): Promise<ModelReply> {
  const messages = [...opening]
  for (let calls = 1; calls <= MAX_MODEL_CALLS; calls++) {
    const reply = await conversation.ask(messages)
    if (reply.toolCalls.length === 0) return reply
    messages.push({ role: 'assistant', content: reply.text, toolCalls: reply.toolCalls })
    const answers = await Promise.all(reply.toolCalls.map((call) => answerToolCall(call, conversation)))
    messages.push(...answers)
  }
  throw new StepFailure(
    'agent-does-not-end',
    `The agent called its model ${MAX_MODEL_CALLS} times without an answer`,
    {
      blame: 'model',
      help: 'Tell the assistant in its prompt when to stop calling tools.',
    },
  )
}

function truncated({ model }: ModelReply): StepWarning {
  return {
    code: 'model-output-truncated',
    message: `The answer of ${model} hit its length limit and is not complete. Raise \`max_tokens\` in the parameters of the assistant, or ask for less`,
  }
}

async function answerToolCall(call: ToolCall, conversation: Conversation): Promise<ChatMessage> {
  const { tools, effects, toolOutputTokens } = conversation
  const answer = (content: string): ChatMessage => ({ role: 'tool', toolCallId: call.id, content })
  const offered = tools.get(call.name)
  if (!offered)
    return answer(`Error: there is no tool '${call.name}'. Tools: ${[...tools.keys()].join(', ')}`)
  const args = parseArguments(call.arguments)
  if (args === undefined) return answer('Error: the arguments are not a JSON object')
  try {
    const { tool, ...integration } = offered
    const result = await effects.tool({ tool: tool.name, args, ...integration })
    return answer(toolOutputForModel(result, toolOutputTokens))
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    // The wording is what models that work with CodeMie prompts see there.
    return answer(
      `Error calling tool: ${call.name} with: \nArguments: ${repr(fromJson(args))}. \nThe root cause is: '${error.message}'`,
    )
  }
}

function parseArguments(text: string): JsonObject | undefined {
  return text.trim() === '' ? {} : parseJsonObject(text)
}

function openingMessages(
  system: string,
  history: readonly Message[],
  task: string,
  { text, images }: ShownFiles,
): readonly ChatMessage[] {
  const opening: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }]
  for (const message of history) if (message.text !== '') opening.push(chatMessageOf(message))
  opening.push({ role: 'user', content: task + text, ...(images.length > 0 ? { images } : {}) })
  return opening
}

/** One object per message, however many steps see it: requests are digested message by message. */
const chatMessages = new WeakMap<Message, ChatMessage>()

function chatMessageOf(message: Message): ChatMessage {
  const known = chatMessages.get(message)
  if (known) return known
  const made: ChatMessage = { role: message.role, content: message.text }
  chatMessages.set(message, made)
  return made
}

function systemPrompt(prompt: string, schema: string | undefined, enforced: boolean): string {
  if (schema === undefined) return prompt
  const instruction = enforced
    ? `Your answer is read by a program as JSON of this schema:\n${schema}`
    : `Answer with one JSON document and nothing around it. It must have this form:\n${schema}`
  return prompt === '' ? instruction : `${prompt}\n\n${instruction}`
}

function parametersOf({ assistant }: AgentWork): Pick<ModelRequest, 'parameters'> {
  const parameters: Readonly<Record<string, unknown>> = {
    // Definitions keep whole numbers as bigint, which JSON does not know.
    ...(toJson(definitionDict(assistant.parameters)) as object),
    ...(assistant.temperature === undefined ? {} : { temperature: assistant.temperature }),
  }
  return Object.keys(parameters).length > 0 ? { parameters } : {}
}

/** Equal lists of tools give the same object, so that requests can be digested cheaply. */
const knownOffers = new Map<string, readonly ToolOffer[]>()

function offersOf(tools: readonly Tool[]): readonly ToolOffer[] {
  const key = tools.map((tool) => tool.name).join('\n')
  let offers = knownOffers.get(key)
  if (!offers) {
    offers = tools.map(({ name, description, parameters }) => ({ name, description, parameters }))
    knownOffers.set(key, offers)
  }
  return offers
}
