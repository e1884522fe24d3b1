import { copiesOf } from '../../schema/blocks.ts'
import { groupBy } from '../../schema/group-by.ts'
import type {
  AllDriver,
  BlockWork,
  ChooseDriver,
  Driver,
  ForEachDriver,
  State,
  UntilDriver,
} from '../../schema/workflow.ts'
import { type FailureInfo, StepFailure } from '../failure.ts'
import { positionText } from '../steps/render-text.ts'
import { FailedInside, PausedInside } from './engine.ts'
import type { Scope, Step } from './step.ts'
import type { StepWarning } from './step-effects.ts'
import { holdsTest, matchesOf } from './text-test.ts'

/** How a block reaches the engine that runs its body. */
export interface BlockWorld {
  /**
   * Runs states one after the other, under paths that begin with `within`. `failure`: the last one did not succeed, and that
   * is to be no failure of the run. Fails with `FailedInside`, `PausedInside`, or the reason of the run's signal.
   */
  readonly run: (
    states: readonly State[],
    from: Scope,
    within: string,
    beside?: 'beside others',
  ) => Promise<Ran>
  /** Fails with a `StepFailure` when a state could not even be asked for. Asks nobody. */
  readonly check: (state: State, from: Scope) => Promise<void>
  /** Throws when too much was spent by now. */
  readonly checkSpending: () => void
  /** Steps at once in the whole block, over what its definition says. `undefined`: that alone counts. */
  readonly maxConcurrency: number | undefined
  readonly warn: (warning: StepWarning) => void
}

export interface Ran {
  readonly scope: Scope
  readonly failure?: FailureInfo
}

/** Where no definition says how many, so many run at once: connections and programs are not endless. */
const MOST_AT_ONCE = 100

/** Runs the body of a block as its driver says, and gives what is left behind. Fails with what its body fails with. */
export async function runBlock(step: Step, { driver, body }: BlockWork, world: BlockWorld): Promise<Scope> {
  const { context, history, incoming: text, finished, path } = step
  const block: Block = { path, body, world, start: { context, history, text, finished: [...finished] } }
  const scope = await DRIVERS[driver.kind](driver as never, block)
  const { outputKey } = step.state.output
  return outputKey === undefined ? scope : named(scope, [[outputKey, scope.text ?? '']])
}

interface Block {
  readonly path: string
  readonly body: readonly State[]
  readonly world: BlockWorld
  readonly start: Scope
}

const DRIVERS: {
  readonly [K in Driver['kind']]: (driver: Extract<Driver, { kind: K }>, block: Block) => Promise<Scope>
} = {
  once: async (_, { body, start, path, world }) => (await world.run(body, start, path)).scope,
  until: runUntil,
  'for-each': (driver, block) =>
    driver.as === undefined ? runInTurn(driver, block) : runItemsAtOnce(driver, driver.as, block),
  all: runAll,
  choose: runChoice,
}

async function runUntil(
  { exit, maxIterations, whenNone }: UntilDriver,
  { body, path, start, world }: Block,
): Promise<Scope> {
  let scope = maxIterations === 0 && whenNone === 'empty' ? { ...start, text: '' } : start
  for (let i = 1; i <= maxIterations; i++) {
    scope = (await world.run(body, scope, `${path}[${i}]`)).scope
    if (holdsTest(exit, scope.text, scope)) return scope
  }
  world.warn({
    code: 'loop-exhausted',
    message: `After ${maxIterations} iterations the loop still had not come to what it waits for; the run goes on with what there is`,
  })
  return scope
}

/** All items share one conversation, so each waits for the one before. */
async function runInTurn(driver: ForEachDriver, { body, path, start, world }: Block): Promise<Scope> {
  let scope = start
  const texts: string[] = []
  for (const [i, text] of itemsOf(driver, start).entries()) {
    scope = (await world.run(body, { ...scope, text }, `${path}[${i + 1}]`)).scope
    texts.push(scope.text ?? '')
  }
  return {
    ...scope,
    text: joined(
      driver.join,
      texts.map((text) => ({ text, label: '' })),
    ),
  }
}

async function runItemsAtOnce(driver: ForEachDriver, as: string, block: Block): Promise<Scope> {
  const { start, path, body } = block
  const [template] = body
  if (!template) return start
  const items = itemsOf(driver, start)
  if (items.length === 0) throw noItems(driver)
  const jobs = items.map((item, i) => ({
    state: template,
    label: `${template.id} #${i + 1}`,
    within: `${path}[${i + 1}]`,
    from: named(forkOf(start), [[as, item]]),
  }))
  const answers = await runJobs(jobs, driver, block)
  const text = joined(
    driver.join,
    answers.map(({ job, text = '' }) => ({ label: job.label, text })),
  )
  return { ...named(start, [...keysOf(template, text), [as, text]]), text, finished: rowsOf(start, answers) }
}

async function runAll(driver: AllDriver, block: Block): Promise<Scope> {
  const { body, start, path, world } = block
  const jobs = body.flatMap((state) => {
    const copies = copiesOf(driver, state.id)
    return Array.from({ length: copies }, (_, i) => ({
      state,
      label: copies === 1 ? state.id : `${state.id} #${i + 1}`,
      within: copies === 1 ? path : `${path}[${i + 1}]`,
      from: forkOf(start),
    }))
  })
  const answers = await runJobs(jobs, driver, block)
  const parts = body.map((state) => {
    const own = answers.filter(({ job }) => job.state === state)
    const isCounted = copiesOf(driver, state.id) > 1
    const text = isCounted
      ? joined(
          driver.join,
          own.map(({ job, text = '' }) => ({ label: job.label, text })),
        )
      : (own[0]?.text ?? '')
    return { state, label: state.id, text }
  })
  const text = joined(driver.join, parts)
  const keys = parts.flatMap((part) => keysOf(part.state, part.text))
  const scope = { ...named(start, keys), text, finished: rowsOf(start, answers) }
  return driver.aggregator ? (await world.run([driver.aggregator], scope, path)).scope : scope
}

async function runChoice(driver: ChooseDriver, { body, path, start, world }: Block): Promise<Scope> {
  const { first, when, onMatch, onNoMatch, whenNone } = driver
  let scope = first ? (await world.run([first], start, path)).scope : start
  const chosen = holdsTest(when, scope.text, scope) ? onMatch : onNoMatch
  const states = chosen.flatMap((id) => body.find((state) => state.id === id) ?? [])
  if (states.length > 0) scope = (await world.run(states, scope, path)).scope
  else if (whenNone === 'empty') scope = { ...scope, text: '' }
  const missing = body.flatMap((state) => keysOf(state, '')).filter(([key]) => !scope.context.has(key))
  return missing.length === 0 ? scope : named(scope, missing)
}

interface Job {
  readonly state: State
  /** Its name in joined answers. */
  readonly label: string
  readonly within: string
  readonly from: Scope
}

interface Answer {
  readonly job: Job
  /** `undefined`: it failed. */
  readonly text: string | undefined
  readonly finished: Scope['finished']
}

/**
 * Runs jobs at once and waits for all of them, also when one fails. In the order of the jobs. Fails when fewer succeed than
 * have to, and before any has begun when one could not.
 */
async function runJobs(
  jobs: readonly Job[],
  { atOnce = MOST_AT_ONCE, minSuccess }: Pick<AllDriver, 'atOnce' | 'minSuccess'>,
  { world, start }: Block,
): Promise<readonly Answer[]> {
  for (const [state, [first]] of groupBy(jobs, (job) => job.state))
    if (first) await world.check(state, first.from)
  const results = await inPool(
    jobs,
    Math.min(atOnce, world.maxConcurrency ?? atOnce),
    async ({ state, from, within }) => {
      try {
        return await world.run([state], from, within, 'beside others')
      } catch (error) {
        if (error instanceof FailedInside || error instanceof PausedInside) return error
        throw error
      }
    },
  )
  const paused = results.find((result) => result instanceof PausedInside)
  if (paused) throw paused
  const failed = results.find((result) => result instanceof FailedInside)
  if (failed && minSuccess === undefined) {
    world.checkSpending()
    // What ran beside others leaves nothing in the conversation.
    throw new FailedInside({ ...failed, status: 'failed', scope: start })
  }
  const answers = jobs.map((job, i): Answer => {
    const ran = results[i]
    if (ran === undefined || ran instanceof Error) return { job, text: undefined, finished: [] }
    return { job, text: ran.failure ? undefined : (ran.scope.text ?? ''), finished: ran.scope.finished }
  })
  const succeeded = answers.filter(({ text }) => text !== undefined).length
  if (minSuccess !== undefined && succeeded < minSuccess) {
    world.checkSpending()
    throw tooFew(succeeded, jobs.length, minSuccess)
  }
  return answers
}

/** The results in the order of what they are of; at most `width` at once. */
async function inPool<T, R>(all: readonly T[], width: number, work: (one: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(all.length)
  let next = 0
  const worker = async () => {
    for (let i = next++; i < all.length; i = next++) results[i] = await work(all[i] as T)
  }
  await Promise.all(Array.from({ length: Math.min(width, all.length) }, worker))
  return results
}

function itemsOf({ of, pattern, takes }: ForEachDriver, { context, text }: Scope): readonly string[] {
  const source = of === undefined ? (text ?? '') : context.get(of.value)
  if (typeof source !== 'string') {
    throw new StepFailure(
      'output-missing',
      `${positionText((of ?? pattern).at)}: the step '${of?.value}' has no output at this point`,
      { blame: 'workflow', help: 'Take the items from an output that every way to this place has.' },
    )
  }
  const matches = matchesOf(pattern, source)
  return takes === 'whole'
    ? matches.map(({ whole, group1 }) => group1 ?? whole)
    : matches.map(({ group1 }) => group1?.trim() ?? '').filter((item) => item !== '')
}

function noItems({ of, pattern }: ForEachDriver): StepFailure {
  return new StepFailure(
    'no-items',
    `${positionText(pattern.at)}: the pattern finds no item in ${of ? `the output of '${of.value}'` : 'the text'}`,
    {
      blame: 'workflow',
      help: 'The pattern needs a group around the item, and the step before has to answer in the form that it looks for.',
    },
  )
}

function tooFew(succeeded: number, total: number, needed: number): StepFailure {
  return new StepFailure(
    'too-few-succeeded',
    `Only ${succeeded} of ${total} executions succeeded, and ${needed} have to`,
    { blame: 'provider', help: "Look at the failures of its steps above, or lower 'min_success'." },
  )
}

function joined(
  join: AllDriver['join'],
  parts: readonly { readonly label: string; readonly text: string }[],
): string {
  if (join.kind === 'separator') return parts.map(({ text }) => text).join(join.text)
  return parts
    .filter(({ text }) => text.trim() !== '')
    .map(({ label, text }) => `── ${label} ──\n${text.trim()}`)
    .join('\n\n')
}

/** What a job starts from: nothing that it leaves in the conversation gets to the others. */
function forkOf(scope: Scope): Scope {
  return { ...scope, finished: [] }
}

function rowsOf({ finished }: Scope, answers: readonly Answer[]): Scope['finished'] {
  return [...finished, ...answers.flatMap((answer) => answer.finished)]
}

function keysOf({ output: { outputKey } }: State, text: string): readonly (readonly [string, string])[] {
  return outputKey === undefined ? [] : [[outputKey, text]]
}

function named(scope: Scope, outputs: readonly (readonly [name: string, text: string])[]): Scope {
  const context = scope.context.copy()
  for (const [name, text] of outputs) context.set(name, text)
  return { ...scope, context }
}
