import type { ModelBounds } from '../../schema/ceiling.ts'
import type { ModelLimits } from '../../schema/index.ts'
import { limitsOf } from './limits.ts'
import { highestRates, type PriceOverrides, priceOf } from './prices.ts'
import { locateModel, type ModelSettings } from './providers.ts'

/** What the project's config says of models: where ids lead, what they cost, how much goes into one call. */
export interface BoundsSettings extends ModelSettings {
  readonly prices?: PriceOverrides
  /** By model id, as in `prices`. */
  readonly modelLimits?: Readonly<Record<string, ModelLimits>>
}

/** What is known of a model before it is asked, whichever way its id is written. Pure. */
export function boundsOfModel(model: string, settings: BoundsSettings): ModelBounds {
  const place = locateModel(model, settings)
  if ('problem' in place) return { id: model }
  const id = `${place.provider}:${place.model}`
  const { contextTokens, outputTokens } = limitsOf(id, settings.modelLimits)
  const price = priceOf(id, settings.prices)
  const rates = price && highestRates(price, contextTokens ?? Number.POSITIVE_INFINITY)
  return { id, contextTokens, outputTokens, rates }
}
