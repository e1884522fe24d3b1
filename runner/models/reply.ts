import { isJsonObject } from '../../schema/json-object.ts'
import type { ToolCall, Usage } from './model.ts'

/** What an answer said, before it is priced and named. */
export interface ReplyDraft {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
  /** `undefined`: the answer did not say why it ended. */
  readonly finishReason: string | undefined
  readonly usage: Usage | undefined
  /** The model's name as the answer gives it. */
  readonly model: string | undefined
  /** The words with which the model declined, if it did. */
  readonly refusal: string | undefined
  /** US dollars, from providers that say so. */
  readonly reportedCostUsd: number | undefined
}

/**
 * Reads a chat completion.
 *
 * @returns `undefined` when the value is no chat completion with at least one choice.
 */
export function readCompletion(value: unknown): ReplyDraft | undefined {
  const choice = isJsonObject(value) && Array.isArray(value.choices) ? value.choices[0] : undefined
  if (!isJsonObject(value) || !isJsonObject(choice) || !isJsonObject(choice.message)) return undefined
  const { message } = choice
  const collector = new ToolCallCollector()
  for (const [index, call] of list(message.tool_calls).entries())
    collector.add(isJsonObject(call) ? { ...call, index } : call)
  const toolCalls = collector.finish()
  return {
    text: readText(message.content),
    toolCalls,
    // Some servers leave it out of a whole answer, where nothing can be missing.
    finishReason: readString(choice.finish_reason) ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
    usage: readUsage(value.usage),
    model: readString(value.model),
    refusal: readString(message.refusal),
    reportedCostUsd: readCost(value.usage),
  }
}

/** Puts a streamed answer together. */
export class ReplyStream {
  readonly #toolCalls = new ToolCallCollector()
  #text = ''
  #refusal = ''
  #finishReason: string | undefined
  #usage: Usage | undefined
  #cost: number | undefined
  #model: string | undefined

  /**
   * Takes the next chunk of the stream.
   *
   * @returns the text that it adds, `""` for none.
   */
  add(chunk: unknown): string {
    if (!isJsonObject(chunk)) return ''
    this.#model ??= readString(chunk.model)
    // Some providers send running totals in every chunk; the last one counts.
    this.#usage = readUsage(chunk.usage) ?? this.#usage
    this.#cost = readCost(chunk.usage) ?? this.#cost
    const choice = list(chunk.choices).find((one) => isJsonObject(one) && (one.index ?? 0) === 0)
    if (!isJsonObject(choice)) return ''
    this.#finishReason = readString(choice.finish_reason) ?? this.#finishReason
    if (!isJsonObject(choice.delta)) return ''
    const { delta } = choice
    for (const call of list(delta.tool_calls)) this.#toolCalls.add(call)
    this.#refusal += readString(delta.refusal) ?? ''
    const text = readText(delta.content)
    this.#text += text
    return text
  }

  /** What has come; a missing `finishReason` means that the stream broke off. */
  finish(): ReplyDraft {
    return {
      text: this.#text,
      toolCalls: this.#toolCalls.finish(),
      finishReason: this.#finishReason,
      usage: this.#usage,
      model: this.#model,
      refusal: this.#refusal === '' ? undefined : this.#refusal,
      reportedCostUsd: this.#cost,
    }
  }
}

/** Joins the pieces of tool calls. */
class ToolCallCollector {
  readonly #calls: { index: number; id: string; name: string; arguments: string }[] = []

  add(piece: unknown): void {
    if (!isJsonObject(piece)) return
    const what = isJsonObject(piece.function) ? piece.function : {}
    const id = readString(piece.id) ?? ''
    const name = readString(what.name) ?? ''
    const call = this.#find(typeof piece.index === 'number' ? piece.index : undefined, id, name)
    call.id ||= id
    call.name ||= name
    call.arguments += readArguments(what.arguments)
  }

  finish(): ToolCall[] {
    return this.#calls
      .filter((call) => call.name !== '')
      .map((call, at) => ({
        id: call.id || `call_${at + 1}`,
        name: call.name,
        arguments: call.arguments === '' ? '{}' : call.arguments,
      }))
  }

  /**
   * Pieces belong together by `index`. Two habits of other servers: the index is left out, or every call has index 0;
   * then a new id with a name starts a new call.
   */
  #find(index: number | undefined, id: string, name: string) {
    const last = this.#calls.at(-1)
    const known = index === undefined ? last : this.#calls.findLast((call) => call.index === index)
    const isAnother = known !== undefined && id !== '' && known.id !== '' && id !== known.id && name !== ''
    if (known && !isAnother) return known
    const created = { index: index ?? this.#calls.length, id: '', name: '', arguments: '' }
    this.#calls.push(created)
    return created
  }
}

/** Usage as OpenAI counts it, with the spellings of DeepSeek and Anthropic for cached input. */
function readUsage(value: unknown): Usage | undefined {
  if (!isJsonObject(value)) return undefined
  const input = readCount(value.prompt_tokens)
  const output = readCount(value.completion_tokens)
  if (input === undefined && output === undefined) return undefined
  const details = isJsonObject(value.prompt_tokens_details) ? value.prompt_tokens_details : {}
  const total = readCount(value.total_tokens) ?? 0
  return {
    inputTokens: input ?? 0,
    // Gemini counts what it thought only in the total, and charges it as output.
    outputTokens: Math.max(output ?? 0, total - (input ?? 0)),
    cachedInputTokens:
      readCount(details.cached_tokens) ??
      readCount(value.prompt_cache_hit_tokens) ??
      readCount(value.cache_read_input_tokens) ??
      0,
  }
}

function readCost(usage: unknown): number | undefined {
  const cost = isJsonObject(usage) ? usage.cost : undefined
  return typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? cost : undefined
}

/** Content is a string, or a list of parts of which the text counts. */
function readText(value: unknown): string {
  if (typeof value === 'string') return value
  return list(value)
    .map((part) => (isJsonObject(part) && part.type === 'text' ? (readString(part.text) ?? '') : ''))
    .join('')
}

/** Arguments are JSON text; some servers send the object itself. */
function readArguments(value: unknown): string {
  return typeof value === 'string' ? value : isJsonObject(value) ? JSON.stringify(value) : ''
}

function readString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
