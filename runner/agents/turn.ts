import { isJsonObject, type JsonObject } from '../../schema/json-object.ts'
import { decodeUtf8 } from '../process/run-process.ts'
import { oneLine } from '../report/plain-text.ts'
import type { AgentProgress, AgentToolCall } from './agent.ts'
import { NOTHING_TOLD, readSums, type Sums } from './sums.ts'

/** Tool calls that are kept of one prompt, and characters of each title. */
const MOST_CALLS = 200
const MOST_TITLE = 200

/** What an agent tells between a prompt and its answer. */
export class Turn {
  readonly #maxBytes: number
  readonly #onProgress: ((piece: AgentProgress) => void) | undefined
  readonly #calls = new Map<string, AgentToolCall>()
  readonly #pieces: string[] = []
  #bytes = 0
  #isCut = false
  #callsLeftOut = 0
  #sums: Sums = NOTHING_TOLD

  /** @param maxBytes of the text that is kept. */
  constructor(maxBytes: number, onProgress?: (piece: AgentProgress) => void) {
    this.#maxBytes = maxBytes
    this.#onProgress = onProgress
  }

  /** All its messages so far, without anything between them. */
  get text(): string {
    return this.#pieces.join('')
  }

  get toolCalls(): readonly AgentToolCall[] {
    return [...this.#calls.values()]
  }

  /** What it said last of its session as a whole, in this turn. */
  get sums(): Sums {
    return this.#sums
  }

  /** What did not fit, and what it was not allowed. */
  get warnings(): readonly { readonly code: string; readonly message: string }[] {
    const denied = [...this.#calls.values()].filter(({ permission }) => permission === 'denied')
    return [
      ...(denied.length > 0
        ? [
            {
              code: 'agent-denied',
              message: `It asked for what the config does not allow it, and was denied: ${denied
                .slice(0, 5)
                .map(({ title, kind = 'other' }) => `${title} (${kind})`)
                .join(', ')}${denied.length > 5 ? ` and ${denied.length - 5} more` : ''}`,
            },
          ]
        : []),
      ...(this.#isCut
        ? [{ code: 'agent-output-cut', message: `Its answer was cut after ${this.#maxBytes} bytes` }]
        : []),
      ...(this.#callsLeftOut > 0
        ? [{ code: 'agent-calls-left-out', message: `It reported ${this.#callsLeftOut} more tool calls` }]
        : []),
    ]
  }

  /** The params of a `session/update`. What is not understood is skipped: agents tell more than we want to know. */
  hear(params: unknown): void {
    if (!isJsonObject(params) || !isJsonObject(params['update'])) return
    const { update } = params as { readonly update: JsonObject }
    this.#sums = readSums(this.#sums, params, update)
    switch (update['sessionUpdate']) {
      case 'agent_message_chunk': {
        const { content } = update
        if (isJsonObject(content) && typeof content['text'] === 'string') this.#say(content['text'])
        break
      }
      case 'tool_call':
      case 'tool_call_update':
        this.#note(update)
        break
      default:
        break
    }
  }

  /** The policy answered when it asked whether it may call a tool. */
  permitted(toolCall: JsonObject, isAllowed: boolean): void {
    this.#note(toolCall, { permission: isAllowed ? 'allowed' : 'denied' })
  }

  #say(text: string): void {
    if (this.#isCut || text === '') return
    const room = this.#maxBytes - this.#bytes
    const bytes = Buffer.byteLength(text)
    this.#isCut = bytes > room
    const kept = this.#isCut ? decodeUtf8(Buffer.from(text).subarray(0, room), true) : text
    this.#bytes += bytes
    this.#pieces.push(kept)
    this.#onProgress?.({ text: kept })
  }

  #note(said: JsonObject, more: Partial<AgentToolCall> = {}): void {
    const id = typeof said['toolCallId'] === 'string' ? said['toolCallId'] : ''
    const known = this.#calls.get(id)
    if (!known && this.#calls.size >= MOST_CALLS) {
      this.#callsLeftOut++
      return
    }
    const told = Object.fromEntries(
      (['title', 'kind', 'status'] as const).flatMap((key) => {
        const value = said[key]
        return typeof value === 'string' ? [[key, oneLine(value).slice(0, MOST_TITLE)]] : []
      }),
    )
    const call = { title: '', ...known, ...told, ...more }
    this.#calls.set(id, call)
    if (call.title !== '' && call.title !== known?.title) this.#onProgress?.({ tool: call.title })
  }
}
