import { lookUpModel } from './look-up-model.ts'
import type { Usage } from './model.ts'

/** US dollars for a million tokens. */
export interface PriceRates {
  readonly input: number
  /** Input that the provider had in its cache. `undefined`: charged like `input`. */
  readonly cachedInput?: number
  readonly output: number
}

export interface ModelPrice extends PriceRates {
  /**
   * What the whole call costs when its input is longer than `aboveInputTokens`. Without `rates`, such a call has another
   * price that this table does not know.
   */
  readonly long?: { readonly aboveInputTokens: number; readonly rates?: PriceRates }
}

/** Prices of the project's config, by model id: `openai:gpt-5` for one provider, `gpt-5` for any. They win over the table. */
export type PriceOverrides = Readonly<Record<string, ModelPrice>>

/** The day on which the table was last compared with published prices. */
export const pricesAsOf = '2026-11-21'

const flat = (input: number, cachedInput: number, output: number): ModelPrice => ({
  input,
  cachedInput,
  output,
})

const upTo = (aboveInputTokens: number, short: ModelPrice, rates?: PriceRates): ModelPrice => ({
  ...short,
  long: rates ? { aboveInputTokens, rates } : { aboveInputTokens },
})

/** From 272,000 input tokens on OpenAI's newer models are dearer. */
const openAiLong = 272_000

const openai: Record<string, ModelPrice> = {
  'gpt-6.1-sol': upTo(openAiLong, flat(2, 0.1, 10)),
  'gpt-6-sol': upTo(openAiLong, flat(2, 0.2, 10)),
  'gpt-6-luna': upTo(openAiLong, flat(0.1, 0.01, 0.5)),
  'gpt-6-astra': upTo(openAiLong, { input: 10, output: 50 }),
  'gpt-5.5': upTo(openAiLong, flat(5, 0.5, 30)),
  'gpt-5.4': upTo(openAiLong, flat(2.5, 0.25, 15)),
  'gpt-5.4-mini': flat(0.75, 0.075, 4.5),
  'gpt-5.4-nano': flat(0.2, 0.02, 1.25),
  'gpt-5.2': flat(1.75, 0.175, 14),
  'gpt-5.1': flat(1.25, 0.125, 10),
  'gpt-5': flat(1.25, 0.125, 10),
  'gpt-5-mini': flat(0.25, 0.025, 2),
  'gpt-5-nano': flat(0.05, 0.005, 0.4),
  'gpt-4.1': flat(2, 0.5, 8),
  'gpt-4.1-mini': flat(0.4, 0.1, 1.6),
  'gpt-4.1-nano': flat(0.1, 0.025, 0.4),
  'gpt-4o': flat(2.5, 1.25, 10),
  'gpt-4o-mini': flat(0.15, 0.075, 0.6),
  o3: flat(2, 0.5, 8),
  'o4-mini': flat(1.1, 0.275, 4.4),
}

const anthropic: Record<string, ModelPrice> = {
  'claude-fable-5-1': flat(10, 0.25, 50),
  'claude-fable-5': flat(10, 1, 50),
  'claude-opus-5-5': flat(4, 0.2, 20),
  'claude-opus-5': flat(5, 0.5, 25),
  'claude-opus-4-8': flat(5, 0.5, 25),
  'claude-opus-4-7': flat(5, 0.5, 25),
  'claude-opus-4-6': flat(5, 0.5, 25),
  'claude-opus-4-5': flat(5, 0.5, 25),
  'claude-sonnet-5-5': flat(2, 0.1, 10),
  'claude-sonnet-5': flat(2, 0.2, 10),
  'claude-sonnet-4-6': flat(3, 0.3, 15),
  'claude-sonnet-4-5': upTo(200_000, flat(3, 0.3, 15)),
  'claude-haiku-5-5': upTo(100_000, flat(0.1, 0.01, 0.5), flat(0.5, 0.05, 2.5)),
  'claude-haiku-4-5': flat(1, 0.1, 5),
}

const gemini: Record<string, ModelPrice> = {
  // The regular price. A promotion halves it until the end of 2026; the dearer one keeps a budget on the safe side.
  'gemini-3.8-flash': { input: 1.5, output: 7.5 },
  'gemini-3.5-flash': { input: 1.5, output: 9 },
  'gemini-3.5-flash-lite': { input: 0.3, output: 2.5 },
  'gemini-3.1-pro-preview': upTo(200_000, flat(2, 0.2, 12), flat(4, 0.4, 18)),
  'gemini-2.5-pro': upTo(200_000, flat(1.25, 0.125, 10), flat(2.5, 0.25, 15)),
  'gemini-2.5-flash': flat(0.3, 0.03, 2.5),
  'gemini-2.5-flash-lite': flat(0.1, 0.01, 0.4),
}

/**
 * The providers whose bills follow a list price. A gateway, a GitHub token or a server of one's own has another price or
 * none, so their models stay unknown until the config names one.
 */
export const priceTable: Readonly<Record<string, Readonly<Record<string, ModelPrice>>>> = {
  openai,
  azure: openai,
  anthropic,
  gemini,
  google: gemini,
}

/**
 * The price of a model: the config's, else the table's. A dated or `latest` spelling (`gpt-4.1-2025-04-14`,
 * `claude-haiku-4-5-20251001`) has the price of the undated one.
 *
 * @param model `provider:model`
 * @returns `undefined`: not known, which is not the same as free.
 */
export function priceOf(model: string, overrides: PriceOverrides = {}): ModelPrice | undefined {
  return lookUpModel(model, overrides, priceTable)
}

/** The rates of the dearest call that has no more than so much input. `undefined`: not known. */
export function highestRates(
  price: ModelPrice,
  mostInputTokens: number,
): Pick<PriceRates, 'input' | 'output'> | undefined {
  const { input, output, long } = price
  if (long === undefined || mostInputTokens <= long.aboveInputTokens) return { input, output }
  if (long.rates === undefined) return undefined
  return { input: Math.max(input, long.rates.input), output: Math.max(output, long.rates.output) }
}

/**
 * What a call cost, in US dollars, not rounded.
 *
 * @param model `provider:model`
 * @param usage `undefined`: the provider did not say; then the cost is not known either.
 * @returns `undefined`: not known, which is not the same as 0.
 */
export function costOf(
  model: string,
  usage: Usage | undefined,
  overrides: PriceOverrides = {},
): number | undefined {
  const price = priceOf(model, overrides)
  if (!price || !usage) return undefined
  const rates = price.long && usage.inputTokens > price.long.aboveInputTokens ? price.long.rates : price
  if (!rates) return undefined
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens)
  const total =
    (usage.inputTokens - cached) * rates.input +
    cached * (rates.cachedInput ?? rates.input) +
    usage.outputTokens * rates.output
  return total / 1_000_000
}
