import type { MoneyAndTokens, Workflow } from '../../schema/workflow.ts'
import type { AgentReply } from '../agents/agent.ts'
import type { AgentEffect, Effect, EffectReply, ModelEffect, Perform } from '../effect.ts'
import type { RunEvent } from '../events.ts'
import { StepFailure } from '../failure.ts'
import type { ModelReply, Usage } from '../models/model.ts'
import { AnswerFailure } from '../models/model-failure.ts'

/** Spent over the whole run, earlier tries included. */
export interface Spending {
  usd: number
  tokens: number
  /** Answers whose cost, or whose tokens, nobody told: the sums above are lower bounds. */
  withoutUsd: number
  withoutTokens: number
}

/** What the journal of earlier tries says was spent. Pure. */
export function spendingOf(events: Iterable<RunEvent>): Spending {
  const spending: Spending = { usd: 0, tokens: 0, withoutUsd: 0, withoutTokens: 0 }
  const withCalls = new Set<string>()
  for (const event of events) {
    if (event.type === 'effect-finished' && event.kind !== 'tool') {
      withCalls.add(event.path)
      addTo(spending, event)
    }
    if (event.type === 'attempt-failed' && wasPaid(event)) addTo(spending, event)
    // A record that would be too large leaves out the calls behind finished steps; the sums of the steps stay.
    if (event.type === 'step-finished' && wasPaid(event) && !withCalls.has(event.path)) addTo(spending, event)
  }
  return spending
}

/** Whether a step, or an attempt that failed, tells of anything that it took; an agent may tell no more than what it cost. */
export function wasPaid({ usage, costUsd }: Cost): boolean {
  return usage !== undefined || costUsd !== undefined
}

/** What an answer took, as its event or the answer itself tells. */
interface Cost {
  readonly usage?: Usage | undefined
  readonly costUsd?: number | undefined
  /** `costUsd` is a lower bound. */
  readonly costUnknown?: boolean
}

function addTo(spending: Spending, { usage, costUsd, costUnknown }: Cost): void {
  if (costUsd === undefined || costUnknown) spending.withoutUsd++
  spending.usd += costUsd ?? 0
  if (usage === undefined) spending.withoutTokens++
  else spending.tokens += usage.inputTokens + usage.outputTokens
}

/** What a run may spend: the repository's ceiling, and below it what the workflow asks for. Pure. */
export function lowerBudget(ceiling: MoneyAndTokens, wanted: MoneyAndTokens): MoneyAndTokens {
  const lower = (key: keyof MoneyAndTokens) => {
    const limits = [ceiling[key], wanted[key]].filter((limit) => limit !== undefined)
    return limits.length === 0 ? {} : { [key]: Math.min(...limits) }
  }
  return { ...lower('usd'), ...lower('tokens'), ...lower('steps') }
}

/** What holds for a run. */
export interface RunBudget extends MoneyAndTokens {
  /**
   * US dollars that may be spent when a step has finished: no call is held back, and exactly so much is allowed. Octomind's
   * `max_cost`.
   */
  readonly usdAfterSteps?: number
}

/** What a run may spend, and when that is looked at. Pure. */
export function budgetOfRun(
  ceiling: MoneyAndTokens,
  { budget, dialect }: Pick<Workflow, 'budget' | 'dialect'>,
): RunBudget {
  const { usd, ...others } = budget
  if (dialect !== 'octomind-file' || usd === undefined) return lowerBudget(ceiling, budget)
  return { ...lowerBudget(ceiling, others), usdAfterSteps: usd }
}

/** Call it after each step that has finished while nothing else runs; it throws when too much was spent by then. */
export function spendingCheck({ usdAfterSteps: limit }: RunBudget, spending: Spending): () => void {
  return () => {
    if (limit !== undefined && spending.usd > limit)
      throw spent(
        dollars(limit),
        inDollars(spending),
        "Raise the workflow's own 'max_cost' and start a new run.",
      )
  }
}

/**
 * Counts the steps of a run, those that a resumption takes from the journal included. Call it before each step; it
 * throws when that one is more than `limit`.
 */
export function stepCounter(limit: number | undefined): () => void {
  let steps = 0
  return () => {
    if (limit !== undefined && ++steps > limit)
      throw spent(`${limit} steps`, 'the next one would be too many')
  }
}

/**
 * A door that stops asking models and agents once the budget is spent. A call that is under way is not cut off, so the last one
 * may go over. A price that nobody knows is not 0: with a limit on money, such a model is not asked; nor is any
 * after an answer that did not say what it took.
 */
export function budgetDoor(
  inner: Perform,
  budget: RunBudget,
  spending: Spending,
  knows: KnownPrices,
): Perform {
  const countsDollars = budget.usd !== undefined || budget.usdAfterSteps !== undefined
  if (!countsDollars && budget.tokens === undefined) return inner
  return async <E extends Effect>(effect: E): Promise<EffectReply<E>> => {
    if (effect.kind === 'tool') return inner(effect)
    if (countsDollars) refuseUnpriced(effect, knows)
    if (countsDollars && spending.withoutUsd > 0) throw usageUnknown('dollars')
    if (budget.tokens !== undefined && spending.withoutTokens > 0) throw usageUnknown('tokens')
    if (budget.usd !== undefined && spending.usd >= budget.usd) {
      throw spent(dollars(budget.usd), inDollars(spending))
    }
    if (budget.tokens !== undefined && spending.tokens >= budget.tokens) {
      throw spent(`${budget.tokens} tokens`, `${spending.tokens} tokens`)
    }
    try {
      const reply = await inner(effect)
      addTo(spending, reply as ModelReply | AgentReply)
      return reply
    } catch (error) {
      // Refused or filtered: the answer cannot be used, and yet it was paid for.
      if (error instanceof AnswerFailure) addTo(spending, error)
      throw error
    }
  }
}

/** Whom a budget in dollars lets a run ask. */
export interface KnownPrices {
  readonly knowsPrice: (model: string) => boolean
  /** Whether an agent tells what its answers cost. */
  readonly reportsCost: (command: readonly string[]) => boolean
}

function refuseUnpriced(effect: ModelEffect | AgentEffect, { knowsPrice, reportsCost }: KnownPrices): void {
  if (effect.kind === 'agent') {
    if (!reportsCost(effect.request.command)) throw costUnknown(effect.request.command)
  } else if (!knowsPrice(effect.request.model)) throw priceUnknown(effect.request.model)
}

/** Code of the failure that ends a run with the status `budget-exceeded`. */
export const BUDGET_EXCEEDED = 'budget-exceeded'

const dollars = (limit: number) => `${limit} US dollars`
const inDollars = ({ usd }: Spending) => `$${usd.toFixed(4)}`

const RAISE_BUDGET =
  "Raise 'budgets' in .codemie/config.yaml and resume, or the workflow's own budget and start a new run."

function spent(limit: string, sum: string, help = RAISE_BUDGET): StepFailure {
  return new StepFailure(BUDGET_EXCEEDED, `The budget of ${limit} is spent (${sum})`, {
    blame: 'policy',
    help,
  })
}

function usageUnknown(unit: 'dollars' | 'tokens'): StepFailure {
  return new StepFailure(
    'usage-unknown',
    `A model's answer did not say how many tokens it took, so a budget in ${unit} cannot be kept`,
    {
      blame: 'policy',
      help: 'Ask a provider that reports usage, or limit steps instead.',
    },
  )
}

/** Why an agent is not asked where a budget in dollars has to be kept. */
export function costUnknown(command: readonly string[]): StepFailure {
  return new StepFailure(
    'price-unknown',
    `What the agent '${command.join(' ')}' costs is not known, so a budget in dollars cannot be kept`,
    {
      blame: 'policy',
      help: 'If it tells what its answers cost, say so with reports_cost: true under policy.agents in .codemie/config.yaml; or limit steps instead.',
    },
  )
}

/** Why a model is not asked where a budget in dollars has to be kept. */
export function priceUnknown(model: string): StepFailure {
  return new StepFailure(
    'price-unknown',
    `The price of '${model}' is not known, so a budget in dollars cannot be kept`,
    {
      blame: 'policy',
      help: "Give its price under 'prices' in .codemie/config.yaml, or limit tokens instead.",
    },
  )
}
