import { describe, expect, it } from 'vitest'
import { boundsOfModel } from '../../../../runner/models/bounds.ts'
import { modelSettings } from '../../../../runner/models/model-settings.ts'
import { costOf, type PriceOverrides, priceOf, pricesAsOf } from '../../../../runner/models/prices.ts'
import { defaultConfig, readConfig } from '../../../../schema/index.ts'

const million = { inputTokens: 1_000_000, outputTokens: 1_000_000, cachedInputTokens: 0 }
const small = { inputTokens: 1000, outputTokens: 100, cachedInputTokens: 400 }

describe('what a call costs', () => {
  it.each<
    [
      situation: string,
      model: string,
      usage: typeof small | undefined,
      overrides: PriceOverrides,
      usd: number | undefined,
    ]
  >([
    ['known model', 'openai:gpt-4.1', { ...small, cachedInputTokens: 0 }, {}, 0.0028],
    ['cached input is cheaper', 'openai:gpt-4.1', small, {}, 0.0022],
    ['dated name', 'openai:gpt-4.1-2025-04-14', small, {}, 0.0022],
    ['dated name of another style', 'anthropic:claude-haiku-4-5-20251001', small, {}, 0.00114],
    ['no price for cached input', 'gemini:gemini-3.5-flash', small, {}, 0.0024],
    ['long input has its own price', 'gemini:gemini-2.5-pro', million, {}, 17.5],
    ['long input of unknown price', 'openai:gpt-6-sol', million, {}, undefined],
    ['unknown model', 'openai:gpt-99', small, {}, undefined],
    ['known model at a gateway', 'custom:gpt-4.1', small, {}, undefined],
    ["a server of one's own", 'ollama:llama3', small, {}, undefined],
    ['usage not said', 'openai:gpt-4.1', undefined, {}, undefined],
    [
      'override for one provider',
      'custom:gpt-4.1',
      small,
      { 'custom:gpt-4.1': { input: 1, output: 1 } },
      0.0011,
    ],
    ['override for any provider', 'ollama:llama3', small, { llama3: { input: 0, output: 0 } }, 0],
    ['override wins over the table', 'openai:gpt-4.1', small, { 'gpt-4.1': { input: 0, output: 10 } }, 0.001],
    [
      'long input by an override',
      'acme:big',
      { ...small, cachedInputTokens: 0 },
      { big: { input: 1, output: 1, long: { aboveInputTokens: 999, rates: { input: 2, output: 4 } } } },
      0.0024,
    ],
    ['a name that objects inherit', 'constructor:toString', small, {}, undefined],
    [
      'more cached than there was',
      'openai:gpt-4.1',
      { inputTokens: 10, outputTokens: 0, cachedInputTokens: 99 },
      {},
      0.000005,
    ],
  ])('%s', (_, model, usage, overrides, usd) => {
    const cost = costOf(model, usage, overrides)
    if (usd === undefined) expect(cost).toBeUndefined()
    else expect(cost).toBeCloseTo(usd, 12)
  })

  it('has a date and sane rows', () => {
    expect(pricesAsOf).toMatch(/^20\d\d-\d\d-\d\d$/)
    const price = priceOf('anthropic:claude-haiku-5-5')
    expect(price?.long).toEqual({
      aboveInputTokens: 100_000,
      rates: { input: 0.5, cachedInput: 0.05, output: 2.5 },
    })
  })
})

describe('what is known of a model before it is asked', () => {
  const CONFIG = `models:
  aliases: { mine: acme:big }
  providers: { acme: { base_url: 'https://llm.acme.example' } }
  limits: { acme:big: { context_tokens: 2000, output_tokens: 100 }, gpt-5-mini: { output_tokens: 5 } }
prices:
  acme:big: { input: 1, output: 4, long: { above_input_tokens: 1000, input: 3, output: 2 } }
  acme:odd: { input: 1, output: 1, long: { above_input_tokens: 1000 } }
`
  const { config } = readConfig({ file: '.codemie/config.yaml', text: CONFIG })
  const settings = modelSettings(config ?? defaultConfig())

  it.each([
    [
      'the dearest call that fits, by another name',
      'mine',
      { id: 'acme:big', contextTokens: 2000, outputTokens: 100, rates: { input: 3, output: 4 } },
    ],
    [
      'what the config leaves open is that of the table',
      'gpt-5-mini-2025-08-07',
      {
        id: 'openai:gpt-5-mini-2025-08-07',
        contextTokens: 400_000,
        outputTokens: 5,
        rates: { input: 0.25, output: 2 },
      },
    ],
    ['a price that is known for short calls only', 'acme:odd', { id: 'acme:odd' }],
    ['a name that leads nowhere', 'nobody:x', { id: 'nobody:x' }],
  ])('%s', (_situation, model, expected) => {
    expect(boundsOfModel(model, settings)).toEqual(expected)
  })
})
