import { type BoundedWorkflow, type Ceiling, ceilingOf } from '../schema/ceiling.ts'
import type { MoneyAndTokens } from '../schema/index.ts'
import { guardrailsIn } from '../schema/needs.ts'
import type { EquippedWorkflow } from './interpret.ts'
import type { HttpModelClient } from './models/client.ts'

/** What the ceiling of a run is reckoned from. */
export interface CeilingFacts {
  /** Complete: with stored assistants in the place of references to them. */
  readonly own: EquippedWorkflow
  readonly findCalled: (name: string) => EquippedWorkflow | undefined
  readonly models: Pick<HttpModelClient, 'boundsOf'>
  /** Of the repository's configuration. */
  readonly budgets: MoneyAndTokens
}

/**
 * The worst case of a run, see {@link ceilingOf}, with the models and prices that it would have here. Asks nobody.
 *
 * @param input what the run starts with. Default: any input.
 */
export function ceilingOfRun({ own, findCalled, models, budgets }: CeilingFacts, input?: string): Ceiling {
  return ceilingOf(bounded(own), {
    modelOverride: own.kit.modelOverride,
    describeModel: (model) => models.boundsOf(model),
    findCalled: (name) => {
      const called = findCalled(name)
      return called && bounded(called)
    },
    budgets,
    inputCharacters: input?.length,
  })
}

function bounded({ workflow, kit }: EquippedWorkflow): BoundedWorkflow {
  const { defaultModel, fallbackModels, guardrails } = kit
  const hasAskingGuardrails = guardrailsIn(workflow).some(({ value }) => guardrails.get(value)?.check)
  return { workflow, defaultModel, fallbackModels, hasAskingGuardrails }
}

/** The sums of a ceiling, as a record keeps them. */
export type RecordedCeiling = Omit<Ceiling, 'states'>

/** Reasons that a record keeps of one sum: a definition can have thousands of maps. */
const MOST_REASONS = 3

/** What a record keeps of a ceiling. */
export function recordedCeiling({ states: _, ...sums }: Ceiling): RecordedCeiling {
  const short = Object.entries(sums).map(([key, { because, ...bound }]) => [
    key,
    because === undefined ? bound : { ...bound, because: because.slice(0, MOST_REASONS) },
  ])
  return Object.fromEntries(short) as RecordedCeiling
}
