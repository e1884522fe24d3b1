import type { ModelLimits } from '../../schema/index.ts'
import { lookUpModel, type ModelTable } from './look-up-model.ts'

const takes = (contextTokens: number, outputTokens: number): ModelLimits => ({ contextTokens, outputTokens })

const openai: Readonly<Record<string, ModelLimits>> = {
  'gpt-5.4': takes(1_050_000, 128_000),
  'gpt-5.4-mini': takes(400_000, 128_000),
  'gpt-5.4-nano': takes(400_000, 128_000),
  'gpt-5.2': takes(400_000, 128_000),
  'gpt-5.1': takes(400_000, 128_000),
  'gpt-5': takes(400_000, 128_000),
  'gpt-5-mini': takes(400_000, 128_000),
  'gpt-5-nano': takes(400_000, 128_000),
  'gpt-4.1': takes(1_047_576, 32_768),
  'gpt-4.1-mini': takes(1_047_576, 32_768),
  'gpt-4.1-nano': takes(1_047_576, 32_768),
  'gpt-4o': takes(128_000, 16_384),
  'gpt-4o-mini': takes(128_000, 16_384),
  o3: takes(200_000, 100_000),
  'o4-mini': takes(200_000, 100_000),
}

const anthropic: Readonly<Record<string, ModelLimits>> = {
  'claude-fable-5-1': takes(1_000_000, 128_000),
  'claude-fable-5': takes(1_000_000, 128_000),
  'claude-opus-5-5': takes(1_000_000, 128_000),
  'claude-opus-5': takes(1_000_000, 128_000),
  'claude-opus-4-8': takes(1_000_000, 128_000),
  'claude-opus-4-7': takes(1_000_000, 128_000),
  'claude-opus-4-6': takes(1_000_000, 128_000),
  'claude-opus-4-5': takes(200_000, 64_000),
  'claude-sonnet-5-5': takes(1_000_000, 128_000),
  'claude-sonnet-5': takes(1_000_000, 128_000),
  'claude-sonnet-4-6': takes(1_000_000, 128_000),
  // Longer input needs a header that is not sent.
  'claude-sonnet-4-5': takes(200_000, 64_000),
  'claude-haiku-5-5': takes(1_000_000, 128_000),
  'claude-haiku-4-5': takes(200_000, 64_000),
}

const gemini: Readonly<Record<string, ModelLimits>> = {
  'gemini-3.1-pro-preview': takes(1_048_576, 65_536),
  'gemini-2.5-pro': takes(1_048_576, 65_536),
  'gemini-2.5-flash': takes(1_048_576, 65_536),
  'gemini-2.5-flash-lite': takes(1_048_576, 65_536),
}

/** What the providers publish, for the models whose limits are known for sure. The rest is for the config to say. */
export const limitTable: ModelTable<ModelLimits> = {
  openai,
  azure: openai,
  anthropic,
  gemini,
  google: gemini,
}

/**
 * How much goes into one call of a model: what the config says, else the table.
 *
 * @param model `provider:model`
 */
export function limitsOf(model: string, overrides: Readonly<Record<string, ModelLimits>> = {}): ModelLimits {
  const known = lookUpModel(model, {}, limitTable)
  return { ...known, ...lookUpModel(model, overrides, {}) }
}
