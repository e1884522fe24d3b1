import type { Diagnostic, RepositoryConfig, Workflow } from '../schema/index.ts'
import { refinersIn } from '../schema/needs.ts'
import { modelSettings, modelsOfWorkflow } from './models/model-settings.ts'
import { priceOf, priceTable } from './models/prices.ts'
import { locateModel } from './models/providers.ts'

/** US dollars for a million tokens of answer, from which on a model is more than refining a text needs. */
const DEAR_USD = 10

/** How much less a model costs that is proposed in its place, at least. */
const TIMES_CHEAPER = 4

/** Those who only refine a text, with a model that is known to be dear. */
export function dearRefiners(
  workflow: Workflow,
  config: Pick<RepositoryConfig, 'models' | 'prices'>,
): readonly Diagnostic[] {
  const settings = modelSettings(config)
  const { defaultModel } = modelsOfWorkflow(workflow, config)
  return refinersIn(workflow).flatMap(({ stateId, name, assistant, at }): readonly Diagnostic[] => {
    // What a program asks is not known here.
    if (assistant.command !== undefined && !assistant.commandIsOptional) return []
    const written = assistant.model ?? defaultModel
    const place = locateModel(written, settings)
    if ('problem' in place) return []
    const model = `${place.provider}:${place.model}`
    const price = priceOf(model, settings.prices)
    if (price === undefined || price.output < DEAR_USD) return []
    const cheaper = Object.entries(priceTable[place.provider] ?? {}).find(
      ([, { output }]) => output * TIMES_CHEAPER <= price.output,
    )
    return [
      {
        ...at,
        code: 'model-too-dear',
        severity: 'warning',
        message: `'${name}' refines a text and asks ${model}, whose answers cost ${dollars(price.output)} for a million tokens`,
        help: cheaper
          ? `A smaller model is enough to make a text clearer, such as ${place.provider}:${cheaper[0]} for ${dollars(cheaper[1].output)}`
          : 'A smaller model is enough to make a text clearer',
        stateId,
      },
    ]
  })
}

function dollars(usd: number): string {
  return `$${Number.isInteger(usd) ? usd : usd.toFixed(2)}`
}
