import { isJsonObject, type JsonObject } from '../../schema/json-object.ts'
import type { Usage } from '../models/model.ts'

/** What a session took since it began, as far as its agent tells. */
export interface Sums {
  readonly usage: Usage | undefined
  /** US dollars. */
  readonly costUsd: number | undefined
}

/** Of an agent that says nothing of it. */
export const NOTHING_TOLD: Sums = { usage: undefined, costUsd: undefined }

/** Where Octomind tells what its session took; other agents tell only the cost. */
const OCTOMIND = 'octomind.usage'

/** The sums after an update; each is what was told last. Anything but a number that is 0 or more says nothing. */
export function readSums(known: Sums, params: JsonObject, update: JsonObject): Sums {
  const octomind = [update, params].map(({ _meta: meta }) =>
    isJsonObject(meta) ? meta[OCTOMIND] : undefined,
  )
  const told = octomind.find(isJsonObject) ?? {}
  const cost = update['sessionUpdate'] === 'usage_update' ? dollars(update['cost']) : undefined
  return {
    usage: usageOf(told) ?? known.usage,
    costUsd: cost ?? amountOf(told, 'session_cost') ?? known.costUsd,
  }
}

/** What one prompt took: the sums after it less those before. A session that counts anew took what it says now. */
export function sumsSince(before: Sums, after: Sums): Sums {
  const less = (now: number, then: number) => Math.max(0, now - then)
  const { usage: old = NO_TOKENS, costUsd: oldUsd = 0 } = before
  const { usage, costUsd } = after
  return {
    usage: usage && {
      inputTokens: less(usage.inputTokens, old.inputTokens),
      outputTokens: less(usage.outputTokens, old.outputTokens),
      cachedInputTokens: less(usage.cachedInputTokens, old.cachedInputTokens),
    },
    costUsd: costUsd === undefined ? undefined : less(costUsd, oldUsd),
  }
}

const NO_TOKENS: Usage = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0 }

function dollars(cost: unknown): number | undefined {
  return isJsonObject(cost) && cost['currency'] === 'USD' ? amountOf(cost, 'amount') : undefined
}

function usageOf(told: JsonObject): Usage | undefined {
  const input = amountOf(told, 'input_tokens')
  const output = amountOf(told, 'output_tokens')
  if (input === undefined && output === undefined) return undefined
  return {
    inputTokens: input ?? 0,
    outputTokens: output ?? 0,
    cachedInputTokens: amountOf(told, 'cache_read_tokens') ?? 0,
  }
}

function amountOf(object: JsonObject, key: string): number | undefined {
  const value = object[key]
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
}
