import { type JsonObject, parseJsonObject } from '../../schema/json-object.ts'
import { fromJson, repr } from '../../schema/language/index.ts'
import { MOST_TURNS } from '../../schema/limits.ts'
import { TOOL_OUTPUT_TOKENS } from '../../schema/workflow.ts'
import type { ToolRequest } from '../effect.ts'
import type { Message } from '../engine/history.ts'
import type { StepEffects } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { callRequest } from '../mcp/requests.ts'
import type { ChatMessage, ModelReply, ToolCall } from '../models/model.ts'
import { askModel } from './ask-model.ts'
import { NO_FILES, type ShownFiles } from './attachments.ts'
import type { OfferedTool } from './kit.ts'
import { equip, type Speaker } from './speaker.ts'
import { toolOutputForModel } from './tool-output.ts'

/** The talk of one attempt of an agent step. */
export class Conversation {
  readonly #effects: StepEffects
  #calls = 0

  constructor(effects: StepEffects) {
    this.#effects = effects
  }

  /**
   * Asks until the model answers without wanting a tool. What its tools do wrong is told to the model, not to the run. A
   * program that answers as an agent is asked once.
   * Fails with `agent-does-not-end`, and with what model calls fail with.
   */
  async converse(bare: Speaker, opening: readonly ChatMessage[]): Promise<ModelReply> {
    const { command } = bare.assistant
    if (command !== undefined) {
      const { askProgram } = await import('../agents/ask-program.ts')
      return askProgram(this.#effects, command, opening)
    }
    const speaker = await equip(bare, this.#effects)
    const messages = [...opening]
    while (this.#calls++ < MOST_TURNS) {
      const reply = await askModel(this.#effects, { ...speaker.request, messages }, speaker.fallback)
      const [first] = reply.toolCalls
      if (first === undefined) return reply
      if (speaker.tools.size + speaker.others.size === 0) throw nothingToCall(first, reply)
      messages.push({ role: 'assistant', content: reply.text, toolCalls: reply.toolCalls })
      messages.push(...(await this.#answer(reply.toolCalls, speaker)))
    }
    throw new StepFailure(
      'agent-does-not-end',
      `The agent called its model ${MOST_TURNS} times without an answer`,
      {
        blame: 'model',
        help: 'Tell the assistant in its prompt when to stop calling tools.',
      },
    )
  }

  /**
   * Tools are called at once. Assistants are asked one after the other: the journal finds the effects of a step by their
   * order, and each has many.
   */
  async #answer(calls: readonly ToolCall[], speaker: Speaker): Promise<readonly ChatMessage[]> {
    const { tools, others, assistant } = speaker
    const begun = [
      Promise.all(calls.map((call) => (others.has(call.name) ? undefined : this.#callTool(call, speaker)))),
      this.#askOthers(calls, others),
    ] as const
    // When one that is asked fails, the record still has what the tools did.
    await Promise.allSettled(begun)
    const [ofTools, ofOthers] = await Promise.all(begun)
    const limit = assistant.toolOutputTokens ?? TOOL_OUTPUT_TOKENS
    return calls.map((call, index) => ({
      role: 'tool',
      toolCallId: call.id,
      content: toolOutputForModel(
        ofTools[index] ?? ofOthers.get(call),
        tools.get(call.name)?.mcp?.tokensLimit ?? limit,
      ),
    }))
  }

  async #askOthers(calls: readonly ToolCall[], others: Speaker['others']) {
    const answers = new Map<ToolCall, string>()
    for (const call of calls) {
      const other = others.get(call.name)
      if (other) answers.set(call, await this.#ask(other, parseArguments(call.arguments)?.['question']))
    }
    return answers
  }

  async #ask(other: Speaker, question: unknown): Promise<string> {
    if (typeof question !== 'string' || question === '')
      return 'Error: the arguments must be {"question": "…"}'
    const { text } = await this.converse(other, openingMessages(other, [], question))
    return text
  }

  /** Gives the tool's result, or what it did wrong. */
  async #callTool(call: ToolCall, { tools, others }: Speaker): Promise<unknown> {
    const offered = tools.get(call.name)
    if (!offered)
      return `Error: there is no tool '${call.name}'. Tools: ${[...tools.keys(), ...others.keys()].join(', ')}`
    const args = parseArguments(call.arguments)
    if (args === undefined) return 'Error: the arguments are not a JSON object'
    try {
      return await this.#effects.tool(requestOf(offered, args))
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error
      // The wording is what models that work with CodeMie prompts see there.
      return `Error calling tool: ${call.name} with: \nArguments: ${repr(fromJson(args))}. \nThe root cause is: '${error.message}'`
    }
  }
}

/** A model that makes tools up where it has none cannot be told what to call instead, so it is not asked on. */
function nothingToCall({ name }: ToolCall, { model }: ModelReply): StepFailure {
  return new StepFailure(
    'no-tool-offered',
    `${model} wants to call '${name}', and the assistant has no tools`,
    {
      blame: 'model',
      retryable: true,
      help: "Give the assistant the tool under 'tools', or ask for less.",
    },
  )
}

function requestOf({ tool, integrationAlias, mcp }: OfferedTool, args: JsonObject): ToolRequest {
  if (mcp) return callRequest(mcp.server, mcp.called, args)
  return { tool: tool.name, args, ...(integrationAlias === undefined ? {} : { integrationAlias }) }
}

function parseArguments(text: string): JsonObject | undefined {
  return text.trim() === '' ? {} : parseJsonObject(text)
}

/** What a speaker is first sent: its prompt, what was said before, what it is asked, and the files that go with that. */
export function openingMessages(
  { system }: Speaker,
  history: readonly Message[],
  task: string,
  { text, images }: ShownFiles = NO_FILES,
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
