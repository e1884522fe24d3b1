import { copiesOf, innerStates } from './blocks.ts'
import {
  type Amount,
  amount,
  type Gap,
  gap,
  gapsOf,
  largest,
  lower,
  mostOf,
  NONE,
  ONE,
  sum,
  times,
} from './ceiling/amount.ts'
import { mayBeTemplate } from './ceiling/items.ts'
import { type RunGroup, type Runs, runsOf } from './ceiling/runs.ts'
import { CHARACTERS_PER_TOKEN, FINALIZER, MEMORY, MOST_REASKS, MOST_TURNS } from './limits.ts'
import { withSubAssistants } from './needs.ts'
import { enforcedSchemaOf } from './output-schema.ts'
import type {
  AgentWork,
  Assistant,
  BlockWork,
  LayerWork,
  MoneyAndTokens,
  PromptWork,
  State,
  Workflow,
} from './workflow.ts'

export type { Gap } from './ceiling/amount.ts'

/** What a run can come to at most, before anything is spent. */
export interface Ceiling {
  /** Steps of the whole run, those of called workflows and summaries of long conversations among them. */
  readonly steps: Bound
  /** Calls to models, failed ones included. */
  readonly modelCalls: Bound
  /** Input and output together. */
  readonly tokens: Bound
  readonly usd: Bound
  /** What each state can take, without the budget; those that ask no model are left out. In the order of the definition. */
  readonly states: readonly StateCeiling[]
}

/** One of the sums of a ceiling. */
export interface Bound {
  /** The lower of what the definition makes possible and of the budgets. Absent: `because` says why. */
  readonly most?: number
  /** Whose budget is the lower one. Absent: the definition comes to no more. */
  readonly cappedBy?: BudgetOwner
  /** What it would come to without a budget, where that is known and a budget is lower. */
  readonly worst?: number
  /** Why there is no number without a budget. Absent: there is one. */
  readonly because?: readonly Gap[]
}

/** `workflow`: its own key `budget`; `configuration`: `budgets` of the repository. */
export type BudgetOwner = 'workflow' | 'configuration'

/** What one state can take in all its steps. */
export interface StateCeiling {
  /** Its id; `call/state` inside of a called workflow, `block/state` inside of a block. */
  readonly state: string
  readonly steps?: number
  readonly modelCalls?: number
  readonly tokens?: number
  readonly usd?: number
}

/** What is known of a model before it is asked. */
export interface ModelBounds {
  /** As `provider:model`. */
  readonly id: string
  /** Most input of one call. `undefined`: not known. */
  readonly contextTokens?: number | undefined
  /** Most output of one call. `undefined`: not known. */
  readonly outputTokens?: number | undefined
  /** US dollars for a million tokens, of the dearest call that fits. `undefined`: not known. */
  readonly rates?: { readonly input: number; readonly output: number } | undefined
}

/** A workflow whose assistants are complete, and the models of a run of it. */
export interface BoundedWorkflow {
  readonly workflow: Workflow
  /** Asked where nothing names one. */
  readonly defaultModel: string
  /** Asked in order, after those of the assistant. */
  readonly fallbackModels: readonly string[]
  /** Whether one of its guardrails asks a model. Default: none does. */
  readonly hasAskingGuardrails?: boolean
}

/** What a ceiling depends on besides the definition. */
export interface CeilingOptions {
  /** Asked instead of all others. */
  readonly modelOverride?: string | undefined
  readonly describeModel: (model: string) => ModelBounds
  /** A workflow that a state calls, by the name that the state uses. Default: none is known. */
  readonly findCalled?: ((name: string) => BoundedWorkflow | undefined) | undefined
  /** What the configuration allows each run. */
  readonly budgets?: MoneyAndTokens
  /** Characters of the input. Default: any number. */
  readonly inputCharacters?: number | undefined
}

/**
 * The worst case of a run, from its definition: every choice goes the dearest way, each loop takes all supersteps, each
 * attempt fails but the last, and each answer is as long as it can be. What people ask for while a run waits, and what a
 * resumption tries again, is not in it. Calls that are under way when a budget is spent come on top of that. Pure.
 */
export function ceilingOf(own: BoundedWorkflow, options: CeilingOptions): Ceiling {
  const limits: readonly (readonly [BudgetOwner, MoneyAndTokens])[] = [
    ['workflow', own.workflow.budget],
    ['configuration', options.budgets ?? {}],
  ]
  const most = limits.flatMap(([, { steps }]) => steps ?? [])
  const stepLimit = most.length === 0 ? undefined : amount(Math.min(...most))
  const scope = boundScope(own, { ...options, stepLimit }, [own.workflow.file], options.inputCharacters)
  const cost = stepLimit ? lowerCost(scope.cost, scaled(scope.dearest, stepLimit)) : scope.cost
  return {
    steps: boundOf(scope.steps, limits, 'steps'),
    modelCalls: boundOf(cost.modelCalls, [], 'steps'),
    tokens: boundOf(cost.tokens, limits, 'tokens'),
    usd: boundOf(cost.usd, limits, 'usd'),
    states: scope.rows.map(({ state, steps, cost: each }) => {
      const row = { steps: mostOf(steps), ...perKey((key) => mostOf(each[key])) }
      return {
        state,
        ...(Object.fromEntries(Object.entries(row).filter(([, v]) => v !== undefined)) as object),
      }
    }),
  }
}

function boundOf(
  worst: Amount,
  limits: readonly (readonly [BudgetOwner, MoneyAndTokens])[],
  key: keyof MoneyAndTokens,
): Bound {
  const own = mostOf(worst)
  const because = gapsOf(worst)
  let bound: Bound = own === undefined ? {} : { most: own }
  for (const [cappedBy, budget] of limits) {
    const limit = budget[key]
    if (limit === undefined || (bound.most !== undefined && bound.most <= limit)) continue
    bound = { most: limit, cappedBy, ...(own === undefined ? {} : { worst: own }) }
  }
  return because.length === 0 ? bound : { ...bound, because }
}

/** What asking models comes to. */
type Cost = Readonly<Record<(typeof COST_KEYS)[number], Amount>>
const COST_KEYS = ['modelCalls', 'tokens', 'usd'] as const

const perKey = <T>(of: (key: keyof Cost) => T): Readonly<Record<keyof Cost, T>> => ({
  modelCalls: of('modelCalls'),
  tokens: of('tokens'),
  usd: of('usd'),
})

const FREE: Cost = perKey(() => NONE)
const sumCosts = (costs: readonly Cost[]): Cost => perKey((key) => sum(costs.map((cost) => cost[key])))
const dearestOf = (costs: readonly Cost[]): Cost => perKey((key) => largest(costs.map((cost) => cost[key])))
const scaled = (cost: Cost, by: Amount): Cost => perKey((key) => times(cost[key], by))
const lowerCost = (a: Cost, b: Cost): Cost => perKey((key) => lower(a[key], b[key]))

interface Row {
  readonly state: string
  readonly steps: Amount
  readonly cost: Cost
}

/** What a workflow comes to in one call of it, or as a whole run. */
interface ScopeBound {
  readonly steps: Amount
  readonly cost: Cost
  /** Of any one step, calls of other workflows and blocks taken apart into theirs. */
  readonly dearest: Cost
  readonly rows: readonly Row[]
}

/** One step of a state, and what it starts in a called workflow. */
interface StepBound {
  readonly cost: Cost
  readonly called?: ScopeBound
}

interface ScopeOptions extends CeilingOptions {
  /** Steps of the whole run that a budget allows. */
  readonly stepLimit: Amount | undefined
}

/** @param chain files of the workflows that this one is called inside of, itself included. */
function boundScope(
  own: BoundedWorkflow,
  options: ScopeOptions,
  chain: readonly string[],
  inputCharacters: number | undefined,
): ScopeBound {
  const { workflow } = own
  const runs = runsOf(workflow)
  const runsOfState = (id: string) => runs.of.get(id) ?? NONE
  const authored = sum(runs.groups.map(({ together }) => together))
  const finished = options.stepLimit ? lower(authored, options.stepLimit) : authored
  const many: ScopeRuns = { runs, memory: memoryOf(workflow, runs, { finished, inputCharacters }) }
  const summaries = summariesOf(own, options, many)
  const steps = new Map(
    workflow.states.map((state) => [
      state.id,
      mostOf(runsOfState(state.id)) === 0
        ? { cost: FREE }
        : boundStep(state, own, options, { ...many, chain }),
    ]),
  )
  const stepOf = (id: string): StepBound => steps.get(id) ?? { cost: FREE }
  const groups = runs.groups.map(({ states, together }) => {
    const all = states.map(({ id }) => ({ runs: runsOfState(id), ...whole(stepOf(id)) }))
    // A loop that is all supersteps long takes its dearest state as often as that, and not each of its states.
    return {
      cost: lowerCost(
        sumCosts(all.map((one) => scaled(one.cost, one.runs))),
        scaled(dearestOf(all.map(({ cost }) => cost)), together),
      ),
      inner: lower(
        sum(all.map((one) => times(one.steps, one.runs))),
        times(largest(all.map((one) => one.steps)), together),
      ),
    }
  })
  const checks = own.hasAskingGuardrails ? GUARDRAILS : NONE
  const ownSteps = sum([authored, checks, ...summaries.map((one) => one.steps)])
  // Each superstep is one step where nothing runs side by side, summaries included.
  const limit = amount(workflow.limits.recursionLimit)
  const dearest = dearestOf([
    ...[...steps.values()].flatMap(({ cost, called }) => (called ? [cost, called.dearest] : [cost])),
    ...summaries.map(({ each }) => each),
  ])
  return {
    steps: sum([runs.isOneByOne ? lower(ownSteps, limit) : ownSteps, ...groups.map(({ inner }) => inner)]),
    cost: sumCosts([...[...groups, ...summaries].map(({ cost }) => cost), perKey(() => checks)]),
    dearest,
    rows: [
      ...workflow.states.flatMap(({ id }) => rowsOf(id, runsOfState(id), stepOf(id))),
      ...summaries.filter((one) => mostOf(one.steps) !== 0),
    ],
  }
}

/** A step with all that it starts. */
function whole({ cost, called }: StepBound): { readonly cost: Cost; readonly steps: Amount } {
  return called ? { cost: sumCosts([cost, called.cost]), steps: called.steps } : { cost, steps: NONE }
}

function rowsOf(state: string, runs: Amount, { cost, called }: StepBound): readonly Row[] {
  if (mostOf(runs) === 0) return []
  const own = mostOf(cost.modelCalls) === 0 ? [] : [{ state, steps: runs, cost: scaled(cost, runs) }]
  const inner = (called?.rows ?? []).map((row) => ({
    state: `${state}/${row.state}`,
    steps: times(row.steps, runs),
    cost: scaled(row.cost, runs),
  }))
  return [...own, ...inner]
}

interface ScopeRuns {
  readonly runs: Runs
  readonly memory: Memory
}

/** Summing up conversations that got too long. */
interface Memory {
  readonly steps: Amount
  /** Calls of all these steps, if each is tried once. */
  readonly calls: Amount
  /** Calls of one of them. */
  readonly pieces: Amount
}

function boundStep(
  state: State,
  own: BoundedWorkflow,
  options: ScopeOptions,
  { runs, chain, memory }: ScopeRuns & { readonly chain: readonly string[] },
): StepBound {
  const { work } = state
  const attempts = amount(state.retry.maxAttempts)
  switch (work.kind) {
    case 'agent':
    case 'prompt':
    case 'layer':
      return { cost: scaled(boundAgent(state.id, work, own, options), attempts) }
    case 'state-processor': {
      const each = boundAnswer(work.model, own.fallbackModels, own, options)
      const sources = sourcesOf(String(work.config['state_id'] ?? ''), runs, memory.steps)
      return { cost: scaled(each, times(attempts, sources)) }
    }
    case 'call': {
      const name = work.workflow.value
      const called = options.findCalled?.(name)
      if (called === undefined || chain.includes(called.workflow.file)) {
        return { cost: open('unknown', state.id, `the workflow '${name}' that it calls is not known`) }
      }
      const scope = boundScope(called, options, [...chain, called.workflow.file], undefined)
      return { cost: FREE, called: inside(state.id, scope) }
    }
    case 'bedrock-flow':
      return { cost: open('unknown', state.id, `what its ${work.kind} takes is not known`) }
    case 'block':
      return {
        cost: FREE,
        called: inside(state.id, boundBody(state.id, work, own, options, { runs, chain, memory })),
      }
    case 'summary': {
      const each = scaled(boundAnswer(undefined, own.fallbackModels, own, options), attempts)
      return { cost: work.of === 'run' ? each : scaled(each, memory.pieces) }
    }
    case 'tool':
    case 'transform':
    case 'documents-tree':
    case 'script':
      return { cost: FREE }
  }
}

/** What one step of a block starts: each state of it as often as its driver can have it run. */
function boundBody(
  id: string,
  work: BlockWork,
  own: BoundedWorkflow,
  options: ScopeOptions,
  scope: ScopeRuns & { readonly chain: readonly string[] },
): ScopeBound {
  const parts = innerStates(work).map((state) => ({
    state,
    ...boundStep(state, own, options, scope),
  }))
  const ways = waysThrough(work, id).map((runsOf) => {
    const all = parts.map((part) => ({ part, runs: runsOf(part.state), ...whole(part) }))
    return {
      steps: sum(all.flatMap(({ runs, steps }) => [runs, times(steps, runs)])),
      cost: sumCosts(all.map(({ cost, runs }) => scaled(cost, runs))),
    }
  })
  const most = (state: State) => largest(waysThrough(work, id).map((runsOf) => runsOf(state)))
  return {
    steps: largest(ways.map(({ steps }) => steps)),
    cost: dearestOf(ways.map(({ cost }) => cost)),
    dearest: dearestOf(parts.flatMap(({ cost, called }) => (called ? [cost, called.dearest] : [cost]))),
    rows: parts.flatMap((part) => rowsOf(part.state.id, most(part.state), part)),
  }
}

/** How often each state of a block runs, for each way that a run can take through it. */
function waysThrough({ driver }: BlockWork, id: string): readonly ((state: State) => Amount)[] {
  switch (driver.kind) {
    case 'once':
      return [() => ONE]
    case 'until':
      return [() => amount(driver.maxIterations)]
    case 'for-each':
      return [() => gap({ kind: 'unbounded', sentence: `a text decides how many items '${id}' has` })]
    case 'all':
      return [({ id }) => amount(copiesOf(driver, id))]
    case 'choose':
      return [driver.onMatch, driver.onNoMatch].map(
        (chosen) => (state) =>
          state === driver.first ? ONE : amount(chosen.filter((one) => one === state.id).length),
      )
  }
}

const open = (kind: Gap['kind'], state: string, sentence: string): Cost =>
  perKey(() => gap({ kind, state, sentence }))

const GUARDRAILS = gap({ kind: 'unknown', sentence: 'how often its guardrails ask a model is not known' })

/** One attempt of an agent. */
function boundAgent(
  state: string,
  work: AgentWork | PromptWork | LayerWork,
  own: BoundedWorkflow,
  options: ScopeOptions,
): Cost {
  const { assistant } = work
  const outputSchema = work.kind === 'agent' ? work.outputSchema : undefined
  const assistants = withSubAssistants(assistant)
  const program = assistants.find(({ command }) => command !== undefined)?.command
  if (program !== undefined)
    return open('unknown', state, `what the program '${program.join(' ')}' takes is not known`)
  const isHeldToSchema =
    outputSchema !== undefined &&
    (mayBeTemplate(outputSchema.value) || enforcedSchemaOf(outputSchema.value) !== undefined)
  const asks = mayCallTools(assistant) ? MOST_TURNS : isHeldToSchema ? 1 + MOST_REASKS : 1
  const answers = assistants.map((one) =>
    boundAnswer(one.model, [...one.fallbackModels, ...own.fallbackModels], own, options, longestAnswer(one)),
  )
  return scaled(dearestOf(answers), amount(asks))
}

/** Whether an assistant is offered anything to call. */
function mayCallTools({ tools, datasourceIds, skillIds, subAssistants, mcpServers }: Assistant): boolean {
  return [tools, datasourceIds, skillIds, subAssistants, mcpServers].some((list) => list.length > 0)
}

/** What the parameters of an assistant allow: the client sends either name on, whichever the provider knows. */
function longestAnswer({ parameters }: Assistant): number | undefined {
  const limits = ['max_tokens', 'max_completion_tokens']
    .map((name) => parameters[name])
    .filter((limit) => typeof limit === 'bigint' || typeof limit === 'number')
  return limits.length === 0 ? undefined : Math.max(...limits.map(Number))
}

/** One answer: models that cannot give one cost nothing, so it is the dearest of them. */
function boundAnswer(
  model: string | undefined,
  fallback: readonly string[],
  { defaultModel }: BoundedWorkflow,
  { modelOverride, describeModel }: ScopeOptions,
  longest?: number,
): Cost {
  const names = modelOverride === undefined ? [model ?? defaultModel, ...fallback] : [modelOverride]
  const models = [...new Set(names)].map(describeModel)
  const limits = models.map(({ id, contextTokens, outputTokens, rates }) => {
    const output = Math.min(longest ?? Number.POSITIVE_INFINITY, outputTokens ?? Number.POSITIVE_INFINITY)
    const known = (value: number | undefined, sentence: string): Amount =>
      value === undefined || !Number.isFinite(value) ? gap({ kind: 'unknown', sentence }) : amount(value)
    const input = known(contextTokens, `how much input '${id}' takes is not known`)
    const answer = known(output, `how long an answer of '${id}' gets is not known`)
    const price = (rate: number | undefined) =>
      known(rate === undefined ? undefined : rate / 1_000_000, `what '${id}' costs at most is not known`)
    return {
      tokens: sum([input, answer]),
      usd: sum([times(input, price(rates?.input)), times(answer, price(rates?.output))]),
    }
  })
  return {
    modelCalls: amount(names.length),
    tokens: largest(limits.map(({ tokens }) => tokens)),
    usd: largest(limits.map(({ usd }) => usd)),
  }
}

/** Finished steps that a state processor may read: those whose name begins as it says. */
function sourcesOf(prefix: string, runs: Runs, memory: Amount): Amount {
  // Steps of a map are called `review 2 of 5`.
  const isMeant = (id: string) => id.startsWith(prefix) || prefix.startsWith(`${id} `)
  return sum([
    ...[...runs.of].filter(([id]) => isMeant(id)).map(([, many]) => many),
    ...(isMeant(MEMORY) ? [memory] : []),
    ...(isMeant(FINALIZER) ? [runs.ends] : []),
  ])
}

/**
 * How often a conversation that got too long can be summed up: before each step of an agent that sees another one, but
 * not where it has hardly begun.
 *
 * @param given.finished steps of the workflow in the run.
 */
function memoryOf(
  { entry, states, limits }: Workflow,
  { groups }: Runs,
  given: { readonly finished: Amount; readonly inputCharacters: number | undefined },
): Memory {
  const { inputCharacters = Number.POSITIVE_INFINITY, finished } = given
  const isShort = inputCharacters / CHARACTERS_PER_TOKEN <= limits.memory.tokens
  const isStart = ({ states: [first, ...more], together }: RunGroup) =>
    first?.id === entry && more.length === 0 && mostOf(together) === 1
  // What is longer than a model takes is read piece by piece, a message at least in each. The first step of an item adds
  // two: the item and its output.
  const hasItems = states.some(({ next }) => next.kind === 'map')
  const messages = (steps: Amount) => times(lower(steps, finished), amount(hasItems ? 2 : 1))
  const piecesAfter = (steps: Amount) => largest([ONE, messages(steps)])
  const rows = groups.filter((group) => !(isShort && isStart(group)))
  const steps = sum(rows.map(({ conversations }) => conversations))
  const calls = sum(rows.map(({ conversations, before }) => times(conversations, piecesAfter(before))))
  // Where all see the one conversation, a message that was summed up is gone.
  const isShared = states.every(({ next }) => next.kind !== 'map' && next.kind !== 'fan-out')
  return {
    steps,
    calls: isShared ? lower(calls, sum([steps, messages(finished)])) : calls,
    pieces: piecesAfter(finished),
  }
}

interface Summary {
  readonly state: string
  readonly steps: Amount
  /** One step. */
  readonly each: Cost
  /** All of them. */
  readonly cost: Cost
}

/** The steps that no author wrote. They are tried as often as the first state. */
function summariesOf(
  own: BoundedWorkflow,
  options: ScopeOptions,
  { runs, memory }: ScopeRuns,
): readonly Summary[] {
  const { workflow } = own
  const attempts = workflow.states.find(({ id }) => id === workflow.entry)?.retry.maxAttempts ?? 1
  const one = scaled(boundAnswer(undefined, own.fallbackModels, own, options), amount(attempts))
  const { steps, calls, pieces } = memory
  const each = mostOf(steps) === 0 ? FREE : scaled(one, pieces)
  return [
    { state: MEMORY, steps, each, cost: scaled(one, calls) },
    ...(workflow.finalizer
      ? [{ state: FINALIZER, steps: runs.ends, each: one, cost: scaled(one, runs.ends) }]
      : []),
  ]
}

/** The bound of a called workflow with its states named as in paths of steps. */
function inside(state: string, { steps, cost, dearest, rows }: ScopeBound): ScopeBound {
  const name = (one: Amount): Amount =>
    'most' in one
      ? one
      : {
          gaps: one.gaps.map((each) => ({
            ...each,
            ...(each.state === undefined ? {} : { state: `${state}/${each.state}` }),
          })),
        }
  const named = (cost: Cost) => perKey((key) => name(cost[key]))
  return {
    steps: name(steps),
    cost: named(cost),
    dearest: named(dearest),
    rows: rows.map((row) => ({ ...row, steps: name(row.steps), cost: named(row.cost) })),
  }
}
