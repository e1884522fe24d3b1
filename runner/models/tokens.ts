import type { ChatMessage, ToolOffer } from './model.ts'

/**
 * A rough count of the tokens of a text: one for every four bytes of its UTF-8 form, rounded up.
 *
 * For English text that is the usual "four characters a token"; counting bytes keeps it near for scripts whose letters
 * take two to four bytes. It is meant for limits and warnings, off by up to a third either way; what a call really
 * used comes from the provider.
 */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4)
}

/** What a provider adds around every message, in tokens. */
const messageOverhead = 4

/** What an image of usual size takes; providers count by its width and height. */
const imageTokens = 1000

/** The same estimate for everything that a request sends: messages, tool calls in them, and the tools offered. */
export function estimateRequestTokens(request: {
  readonly messages: readonly ChatMessage[]
  readonly tools?: readonly ToolOffer[]
}): number {
  let total = 0
  for (const message of request.messages) {
    total += messageOverhead + estimateTokens(message.content)
    if (message.role === 'user') total += imageTokens * (message.images?.length ?? 0)
    if (message.role === 'assistant') {
      for (const call of message.toolCalls ?? []) {
        total += messageOverhead + estimateTokens(call.name) + estimateTokens(call.arguments)
      }
    }
  }
  for (const tool of request.tools ?? []) {
    total += messageOverhead + estimateTokens(JSON.stringify(tool))
  }
  return total
}
