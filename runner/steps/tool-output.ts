import { dumpsJson, fromJson } from '../../schema/language/index.ts'
import { estimateTokens } from '../models/tokens.ts'

/** A tool's result as text: text as it is, anything else as JSON. */
export function textOfResult(result: unknown): string {
  return typeof result === 'string' ? result : dumpsJson(fromJson(result))
}

/** A tool's result as a model gets it: at most `limit` tokens, and told so where it was cut. */
export function toolOutputForModel(result: unknown, limit: number): string {
  return truncateToTokens(textOfResult(result), limit)
}

/** Cuts `text` in proportion to how far it is over `limit` tokens; the wording is what CodeMie prompts expect. */
export function truncateToTokens(text: string, limit: number): string {
  const used = estimateTokens(text)
  if (used <= limit) return text
  const ratio = limit / used
  const cut = text.slice(0, Math.floor(text.length * ratio))
  return `Tool output is truncated. Ratio limit/used_tokens: ${ratio}. Tool output: ${cut}`
}
