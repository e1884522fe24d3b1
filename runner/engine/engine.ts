import type { Located } from '../../schema/diagnostic.ts'
import type { LanguageProblem } from '../../schema/language/index.ts'
import { PyDict, parseOutput } from '../../schema/language/index.ts'
import { CHARACTERS_PER_TOKEN, CHECK, FINALIZER, MEMORY, SUPERSTEPS_KEYS } from '../../schema/limits.ts'
import { CONTINUE, type State, type Workflow } from '../../schema/workflow.ts'
import type { Ask } from '../events.ts'
import { type FailureInfo, StepFailure } from '../failure.ts'
import type { PauseAnswer } from './answers.ts'
import { digestOfYes } from './ask.ts'
import { applyContextUpdates, NO_CONTEXT_UPDATE } from './context.ts'
import { CheckedMessages, type Guard, type ModelCheck, readVerdict, withMessages } from './guard.ts'
import { handlerOf } from './handlers.ts'
import { History, type Message } from './history.ts'
import { planWrites, StepOutput, type StepWrites } from './output.ts'
import { goTo, type IterationItem, type Route, route, type Send } from './route.ts'
import {
  type FinishedStep,
  type HeldStep,
  type InternalId,
  internalState,
  placeName,
  type RunInput,
  type Scope,
  type Step,
  type StepResult,
} from './step.ts'
import { analyseTopology, type Topology } from './topology.ts'

export interface EngineOptions {
  readonly workflow: Workflow
  readonly input: RunInput
  /** Steps at once; the workflow's own limit where absent. */
  readonly maxConcurrency?: number
  /** What people said so far, in order. */
  readonly answers: readonly PauseAnswer[]
  /** Path of the step that runs this workflow; absent: it is the run's own. Paths of its steps begin with it. */
  readonly within?: string
  /** Go on from here, as the body of a block does. Default: begin with the input. */
  readonly from?: Scope
  /**
   * Runs one step to its end, retries included. Fails with a `StepFailure`, a {@link PausedInside} or {@link FailedInside}, or
   * the signal's reason.
   */
  readonly runStep: (step: Step) => Promise<StepResult>
  readonly signal: AbortSignal
  /** How steps that need a yes ask for it. Default: any yes will do. */
  readonly approvals?: Approvals
  /**
   * Which steps of a superstep are run here; when none is, the engine stops and hands them on. It must be the same for the
   * same steps. Default: all.
   */
  readonly select?: (steps: readonly Step[]) => readonly Step[]
  /** A superstep is about to start; `steps` in start order. */
  readonly onSuperstep?: (number: number, steps: readonly Step[]) => void
  /** A condition could not be evaluated and counted as false. */
  readonly onProblem?: (problem: LanguageProblem, at: Located<string>, path: string) => void
  /** What is checked before steps get to see the last message. Default: nothing. */
  readonly guard?: Guard
  /** A guardrail masked something in the last message before a step. */
  readonly onMasked?: (path: string, guardrail: string, places: number) => void
  /** What each superstep did, for comparing and debugging; in merge order. */
  readonly observe?: (view: SuperstepView) => void
}

/** What binds a yes to what it was given for. */
export interface Approvals {
  /** `words`: what others said to the steps that are held with it. */
  readonly askFor: (step: Step, words: readonly PauseAnswer[]) => Promise<Ask>
  /** The step is finished, so that its yes is used up. */
  readonly isFinished: (path: string) => boolean
  /** A yes was given for something else than what the step would do now. */
  readonly onVoid: (path: string) => void
}

export interface SuperstepView {
  readonly number: number
  readonly steps: readonly {
    readonly step: Step
    readonly result: StepResult | undefined
    readonly writes: StepWrites | undefined
    readonly failure: unknown
  }[]
  /** The shared state afterwards; `undefined` when a step failed. */
  readonly context: PyDict | undefined
  readonly history: History | undefined
}

export type EngineOutcome =
  | {
      readonly status: 'succeeded'
      readonly output: string | undefined
      readonly scope: Scope
      /** Why the last step did not succeed although the run goes on. Absent: it did. */
      readonly failure?: FailureInfo
    }
  | {
      readonly status: 'paused'
      readonly before: readonly HeldStep[]
      /** Path of the step whose output an edit would replace. */
      readonly last: string | undefined
    }
  | {
      readonly status: 'failed'
      readonly failure: unknown
      readonly path: string | undefined
      /** What there was when it failed. Absent: nothing had begun. */
      readonly scope?: Scope
    }
  | { readonly status: 'interrupted' }
  /** Nothing of what comes next is for this machine; see {@link EngineOptions.select}. */
  | { readonly status: 'handed-on'; readonly steps: readonly Step[] }

/** The shared state that all steps of a superstep started from. */
type Shared = Pick<Scope, 'context' | 'history'>

interface Done {
  readonly step: Step
  readonly result: StepResult
  readonly writes: StepWrites
  readonly route: Route
}

type Outcome = { readonly step: Step; readonly done?: Done; readonly failure?: unknown }

/** Thrown by a step whose own workflow waits for a person: the run around it waits too. */
export class PausedInside extends Error {
  override readonly name = 'PausedInside'
  readonly before: readonly HeldStep[]
  readonly last: string | undefined

  constructor({ before, last }: Extract<EngineOutcome, { status: 'paused' }>) {
    super('the run waits for a person')
    this.before = before
    this.last = last
  }
}

/** Thrown by a step whose body failed: the run fails where that failed. */
export class FailedInside extends Error {
  override readonly name = 'FailedInside'
  readonly failure: unknown
  readonly path: string | undefined
  /** What there was when it failed. Absent: nothing had begun. */
  readonly scope: Scope | undefined

  constructor({ failure, path, scope }: Extract<EngineOutcome, { status: 'failed' }>) {
    super('a step inside of a block failed', { cause: failure })
    this.failure = failure
    this.path = path
    this.scope = scope
  }
}

/**
 * Interprets a workflow in supersteps: all scheduled steps run, then all their writes are merged in a fixed order,
 * then the next steps are computed. Nothing here touches the world, and nothing depends on which step is faster, so
 * the same answers of the steps always give the same run.
 */
export async function runEngine(options: EngineOptions): Promise<EngineOutcome> {
  return new Engine(options).run()
}

class Engine {
  readonly #options: EngineOptions
  readonly #topology: Topology
  /** How often each place was taken; paths with a number are places too. */
  readonly #pathCounts = new Map<string, number>()
  readonly #finished: FinishedStep[]
  /** Deferred states that were triggered and still wait, with the paths that triggered them. */
  readonly #waiting = new Map<string, string[]>()
  #shared: Shared = { context: new PyDict(), history: History.empty }
  #supersteps = 0
  /** The step that finished last, in the order of merging. */
  #last: Done | undefined
  /** What the steps that come next work on. */
  #text: string | undefined
  /** As steps get to see it. */
  #input: RunInput
  readonly #checked: CheckedMessages | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    this.#topology = analyseTopology(options.workflow)
    this.#input = options.input
    this.#finished = options.from?.finished ?? []
    this.#checked = options.guard && new CheckedMessages(options.guard)
  }

  async run(): Promise<EngineOutcome> {
    const outcome = await this.#run()
    return outcome.status === 'failed' ? { scope: this.#scope(), ...outcome } : outcome
  }

  async #run(): Promise<EngineOutcome> {
    const { workflow, input, signal, from } = this.#options
    const { text, ...shared } = from ?? beginning(workflow, input)
    this.#shared = shared
    this.#text = text
    let steps: readonly Step[] = [this.#edgeStep(workflow.entry, [])]
    while (steps.length > 0) {
      if (signal.aborted) return { status: 'interrupted' }
      for (const prepare of [this.#guardInput, this.#shortenMemory, this.#guardInput]) {
        const prepared = await prepare.call(this, steps)
        if ('status' in prepared) return prepared
        steps = prepared.steps
      }
      if (steps.some(isHeld)) {
        const said = this.#answersFor(steps)
        const before = await this.#waitingOf(steps, said)
        if (before.length > 0) return { status: 'paused', before, last: this.#last?.step.path }
        const guarded = await this.#guardInput(this.#applyAnswers(said, steps))
        if ('status' in guarded) return guarded
        steps = guarded.steps
      }
      const before = this.#shared
      const outcome = await this.#superstep(steps)
      if ('status' in outcome) return outcome
      this.#merge(outcome.done)
      steps = this.#schedule(outcome.done, before)
    }
    const failure = this.#last?.result.failure
    return {
      status: 'succeeded',
      output: this.#text,
      scope: this.#scope(),
      ...(failure ? { failure } : {}),
    }
  }

  #scope(): Scope {
    return { ...this.#shared, text: this.#text, finished: this.#finished }
  }

  /** Runs the steps of one superstep. Nothing is merged unless all of them finished. */
  async #superstep(scheduled: readonly Step[]): Promise<EngineOutcome | { readonly done: readonly Done[] }> {
    const { workflow, signal, select } = this.#options
    const steps = select ? select(scheduled) : scheduled
    if (steps.length === 0) return { status: 'handed-on', steps: scheduled }
    const limit = workflow.limits.recursionLimit
    if (this.#supersteps >= limit) {
      const next = [...new Set(steps.map(({ state }) => `'${state.id}'`))].join(', ')
      const failure = new StepFailure(
        'recursion-limit',
        `The run needs more than ${limit} supersteps; the next one would run ${next}`,
        {
          blame: 'workflow',
          help: `Raise '${SUPERSTEPS_KEYS[workflow.dialect]}' in ${workflow.file}, or mend the loop that does not end.`,
        },
      )
      return { status: 'failed', failure, path: undefined }
    }
    if (steps.length > MOST_STEPS_AT_ONCE)
      return { status: 'failed', failure: tooManySteps(steps), path: undefined }
    this.#supersteps++
    const inStartOrder = toStartOrder(steps, (step) => step)
    this.#options.onSuperstep?.(this.#supersteps, inStartOrder)
    const outcomes = await this.#runAll(inStartOrder)
    const inMergeOrder = steps.map((step) => outcomes.get(step)).filter((outcome) => outcome !== undefined)
    const done = inMergeOrder.map((outcome) => outcome.done).filter((d) => d !== undefined)
    if (done.length === steps.length) return { done }
    this.#observe(inMergeOrder, undefined)
    if (signal.aborted) return { status: 'interrupted' }
    const failures = inMergeOrder.filter((outcome) => outcome.failure !== undefined)
    const failed = failures.find(({ failure }) => !(failure instanceof PausedInside))
    if (failed?.failure instanceof FailedInside) {
      const { failure, path, scope } = failed.failure
      return { status: 'failed', failure, path, ...(scope ? { scope } : {}) }
    }
    if (failed) return { status: 'failed', failure: failed.failure, path: failed.step.path }
    const pauses = failures.flatMap(({ failure }) => (failure instanceof PausedInside ? [failure] : []))
    const last = pauses.find((pause) => pause.last !== undefined)?.last
    return { status: 'paused', before: pauses.flatMap(({ before }) => before), last }
  }

  /** At most `maxConcurrency` at once. After a failure nothing new starts; what runs is awaited, so that it is kept. */
  async #runAll(steps: readonly Step[]): Promise<ReadonlyMap<Step, Outcome>> {
    const { workflow, signal, maxConcurrency } = this.#options
    const width = Math.min(maxConcurrency ?? workflow.limits.maxConcurrency, steps.length)
    const outcomes = new Map<Step, Outcome>()
    let next = 0
    let stop = false
    const work = async () => {
      while (!stop && !signal.aborted) {
        const step = steps[next++]
        if (!step) return
        const outcome = await this.#runOne(step)
        outcomes.set(step, outcome)
        if (!outcome.done && !(outcome.failure instanceof PausedInside)) stop = true
      }
    }
    await Promise.all(Array.from({ length: width }, work))
    return outcomes
  }

  async #runOne(step: Step): Promise<Outcome> {
    try {
      const result = await this.#options.runStep(step)
      const output = new StepOutput(result.output)
      const firstItem = step.item?.first ? step.item.value : undefined
      const writes = planWrites(step.state.output, output, step.history, firstItem)
      const takenOver = result.failure && handlerOf(step.state.onError, result.failure)?.to?.value
      const taken: Route =
        takenOver !== undefined && takenOver !== CONTINUE
          ? goTo(takenOver)
          : route(step, output, result.scope?.context ?? step.context, (problem, at) =>
              this.#options.onProblem?.(problem, at, step.path),
            )
      return { step, done: { step, result, writes, route: taken } }
    } catch (failure) {
      return { step, failure: failure ?? new Error('a step failed without a reason') }
    }
  }

  #merge(done: readonly Done[]): void {
    // A block is the only step of its superstep.
    this.#shared = done[0]?.result.scope ?? {
      context: applyContextUpdates(
        this.#shared.context,
        done.map((d) => d.writes.context),
      ),
      history: this.#shared.history.apply(done.map((d) => d.writes.history)),
    }
    // Who reads earlier outputs finds them in the order in which their steps started, as upstream's log has them.
    for (const { step, result } of toStartOrder(done, (d) => d.step)) {
      const { path, state } = step
      const { task, output, attempt = 1, scope } = result
      // What ran inside of a block comes before it.
      for (const row of scope?.finished.slice(step.finished.length) ?? []) this.#finished.push(row)
      this.#finished.push({ path, state: state.id, name: displayName(step), task, output, attempt })
    }
    this.#last = done.at(-1) ?? this.#last
    this.#text = this.#last?.result.scope ? this.#last.result.scope.text : this.#last?.result.output
    this.#observe(
      done.map((d) => ({ step: d.step, done: d })),
      this.#shared,
    )
  }

  #observe(outcomes: readonly Outcome[], merged: Shared | undefined): void {
    this.#options.observe?.({
      number: this.#supersteps,
      steps: outcomes.map(({ step, done, failure }) => ({
        step,
        result: done?.result,
        writes: done?.writes,
        failure,
      })),
      context: merged?.context,
      history: merged?.history,
    })
  }

  /**
   * The steps of the next superstep, in merge order: edges by state id, then sends as they were asked for.
   * A send sees what was shared `before` its sender ran, and what the sender alone wrote.
   */
  #schedule(done: readonly Done[], before: Shared): readonly Step[] {
    const triggered = new Map<string, string[]>()
    const sends: { readonly send: Send; readonly from: Done }[] = []
    for (const from of done) {
      for (const id of from.route.edges) {
        addPath(this.#topology.deferred.has(id) ? this.#waiting : triggered, id, from.step.path)
      }
      for (const send of from.route.sends) sends.push({ send, from })
      if (from.route.ends && this.#options.workflow.finalizer) addPath(triggered, FINALIZER, from.step.path)
    }
    // A join waits while any ordinary edge has work to do, and as long as something pending still leads to it.
    if (triggered.size === 0) {
      for (const id of this.#ripeStates(new Set(sends.map(({ send }) => send.to)))) {
        triggered.set(id, this.#waiting.get(id) ?? [])
        this.#waiting.delete(id)
      }
    }
    const edges = [...triggered].sort(([a], [b]) => compareCodePoints(a, b))
    return [...edges.map(([id, after]) => this.#edgeStep(id, after)), ...this.#sendSteps(sends, before)]
  }

  /** Waiting states that nothing pending can still lead to. States of one loop do not wait for each other. */
  #ripeStates(sendTargets: ReadonlySet<string>): readonly string[] {
    const waiting = [...this.#waiting.keys()]
    return waiting.filter(
      (id) =>
        ![...sendTargets].some((other) => other !== id && this.#topology.leadsTo(other, id)) &&
        !waiting.some((other) => this.#topology.isBefore(other, id)),
    )
  }

  #edgeStep(id: string, after: readonly string[]): Step {
    const state = id === FINALIZER ? this.#internalState(FINALIZER) : this.#stateOf(id)
    return this.#step(state, 'edge', this.#shared, undefined, after)
  }

  #sendSteps(
    sends: readonly { readonly send: Send; readonly from: Done }[],
    before: Shared,
  ): readonly Step[] {
    // All branches of one split share one view: it is immutable, and there may be ten thousand of them.
    const views = new Map<Done, Shared>()
    return sends.map(({ send, from }) => {
      let view = views.get(from)
      if (!view) {
        view = viewOfBranch(from, send, before)
        views.set(from, view)
      }
      return this.#step(this.#stateOf(send.to), 'send', view, send.item, [from.step.path])
    })
  }

  #stateOf(id: string): State {
    const state = this.#topology.states.get(id)
    if (!state) throw new Error(`no state '${id}': the workflow was not validated`)
    return state
  }

  #internalState(id: InternalId): State {
    return internalState(id, this.#stateOf(this.#options.workflow.entry))
  }

  #step(
    state: State,
    via: Step['via'],
    view: Shared,
    item: IterationItem | undefined,
    after: readonly string[],
  ): Step {
    const { within } = this.#options
    const items = (item?.lineage ?? []).map((n) => `[${n}]`).join('')
    return {
      path: this.#newPath(`${within === undefined ? '' : `${within}/`}${placeName(state.id)}${items}`),
      state,
      via,
      ...view,
      item,
      incoming: this.#text,
      isMapTarget: this.#topology.mapTargets.has(state.id),
      input: this.#input,
      after,
      finished: this.#finished,
    }
  }

  /** The place itself, or with a number behind it when it was taken: `fix`, `fix#2`. Ids can look like either. */
  #newPath(place: string): string {
    let count = this.#pathCounts.get(place) ?? 0
    let path = place
    do path = ++count === 1 ? place : `${place}#${count}`
    while (count > 1 && this.#pathCounts.has(path))
    this.#pathCounts.set(place, count)
    if (path !== place) this.#pathCounts.set(path, 1)
    return path
  }

  /** Sums up the histories that are too long for the agents about to see them, in a superstep of its own. */
  async #shortenMemory(steps: readonly Step[]): Promise<EngineOutcome | { readonly steps: readonly Step[] }> {
    const { messages, tokens } = this.#options.workflow.limits.memory
    const tooLong = new Set<History>()
    for (const { state, history } of steps) {
      if (state.work.kind !== 'agent') continue
      if (history.length > messages || history.characters / CHARACTERS_PER_TOKEN > tokens)
        tooLong.add(history)
    }
    if (tooLong.size === 0) return { steps }
    const memory = this.#internalState(MEMORY)
    const summaries = [...tooLong].map((history) =>
      this.#step(memory, 'edge', { context: this.#shared.context, history }, undefined, []),
    )
    const outcome = await this.#superstep(summaries)
    if ('status' in outcome) return outcome
    const shortened = new Map<History, History>()
    for (const { step, result } of outcome.done) {
      const summary: Message = { role: 'assistant', text: result.output }
      shortened.set(step.history, History.of([...step.history.toArray().slice(0, 1), summary]))
    }
    const shorten = (history: History) => shortened.get(history) ?? history
    this.#shared = { ...this.#shared, history: shorten(this.#shared.history) }
    this.#merge(outcome.done)
    return { steps: steps.map((step) => ({ ...step, history: shorten(step.history) })) }
  }

  /**
   * Checks the last message that each step is about to see, once for all of them, and changes or takes it out everywhere.
   * Models are asked in a superstep of its own. Steps whose message is blocked do not run.
   */
  async #guardInput(steps: readonly Step[]): Promise<EngineOutcome | { readonly steps: readonly Step[] }> {
    const checked = this.#checked
    if (!checked) return { steps }
    const now = new Map<Message, Message>()
    const lastOf = ({ history: { last } }: Step) => last && (now.get(last) ?? last)
    const asks = new Map<Message, Map<string, ModelCheck>>()
    for (const step of steps) {
      const [before, last] = [step.history.last, lastOf(step)]
      if (!before || !last) continue
      const { message, masked = [], asks: questions } = checked.look(last, step.state)
      for (const { name, places } of masked) this.#options.onMasked?.(step.path, name, places)
      if (message !== before) now.set(before, message)
      const known = asks.get(last) ?? new Map<string, ModelCheck>()
      asks.delete(last)
      asks.set(message, new Map([...known, ...questions.map((check) => [check.name, check] as const)]))
    }
    const problem = await this.#askAbout(asks, checked)
    if (problem) return problem
    const blocked = new Map<Step, string>()
    for (const step of steps) {
      const last = lastOf(step)
      const why = last && checked.whyBlocked(last, step.state)
      if (why !== undefined) blocked.set(step, why)
    }
    for (const step of blocked.keys()) {
      const { last } = step.history
      if (last) now.set(last, checked.standIn(last, step.state))
    }
    if (now.size === 0) return { steps }
    return {
      steps: this.#withMessages(steps, now).map((step, i) => withBlock(step, blocked.get(steps[i] as Step))),
    }
  }

  /** `undefined`: all questions were answered. Nobody's answer is merged. */
  async #askAbout(
    asks: ReadonlyMap<Message, ReadonlyMap<string, ModelCheck>>,
    checked: CheckedMessages,
  ): Promise<EngineOutcome | undefined> {
    const open = [...asks].filter(([, checks]) => checks.size > 0)
    if (open.length === 0) return undefined
    const state = this.#internalState(CHECK)
    const about = new Map(
      open.map(([message, checks]): [Step, Message] => {
        const view = { context: new PyDict(), history: History.of([message]) }
        return [{ ...this.#step(state, 'edge', view, undefined, []), checks: [...checks.values()] }, message]
      }),
    )
    const outcome = await this.#superstep([...about.keys()])
    if ('status' in outcome) return outcome
    for (const { step, result } of outcome.done) {
      const verdict = readVerdict(result.output)
      const message = about.get(step)
      if (message && verdict) checked.block(message, verdict.guardrail, verdict.why)
    }
    return undefined
  }

  /** Puts other messages in the place of some, in the shared state, in every branch and in the input. */
  #withMessages(steps: readonly Step[], now: ReadonlyMap<Message, Message>): readonly Step[] {
    const changed = new Map<History, History>()
    const change = (history: History) => {
      const known = changed.get(history) ?? withMessages(history, now)
      changed.set(history, known)
      return known
    }
    this.#shared = { ...this.#shared, history: change(this.#shared.history) }
    const said = [...now.keys()].find((one) => one.isFromOutside && one.text === this.#input.text)
    const text = said && now.get(said)?.text
    if (text !== undefined) this.#input = { ...this.#input, text }
    return steps.map((step) => ({ ...step, history: change(step.history), input: this.#input }))
  }

  /**
   * The steps that go on waiting for a person. One answer releases all that is held, as upstream has it; but each step
   * that needs a yes has to get its own, and for exactly what it would do.
   */
  async #waitingOf(steps: readonly Step[], said: readonly PauseAnswer[]): Promise<readonly HeldStep[]> {
    const { approvals } = this.#options
    const words = said.filter(hasWords)
    const waiting: HeldStep[] = []
    for (const step of steps) {
      const { path, state } = step
      if (step.blocked !== undefined) continue
      if (!state.approval) {
        if (said.length === 0) waiting.push({ path, needsApproval: false })
        continue
      }
      const answer = said.findLast(({ to }) => to.has(path))
      if (answer?.decision === 'rejected' || approvals?.isFinished(path)) continue
      if (answer?.decision === 'approved') {
        const others = words.filter((one) => one !== answer)
        const asked = await approvals?.askFor(step, others)
        if (!asked || answer.digests?.[path] === digestOfYes(asked, answer.revised ?? new Map())) continue
        approvals?.onVoid(path)
      }
      const ask = await approvals?.askFor(step, words)
      waiting.push({ path, needsApproval: true, ...(ask ? { ask } : {}) })
    }
    return waiting
  }

  /** What people said to the given steps, in order. */
  #answersFor(steps: readonly Step[]): readonly PauseAnswer[] {
    return this.#options.answers.filter(({ to }) => steps.some(({ path }) => to.has(path)))
  }

  /** The held steps as they go on after people spoke; what was said changes the shared state too. */
  #applyAnswers(said: readonly PauseAnswer[], steps: readonly Step[]): readonly Step[] {
    const last = this.#last?.step
    const edit = last && said.map((answer) => editOf(answer, last.path)).findLast((one) => one !== undefined)
    const outputKey = edit && (edit.outputKey ?? last.state.output.outputKey)
    const at = this.#finished.findIndex(({ path }) => path === last?.path)
    const row = this.#finished[at]
    if (edit && row) this.#finished[at] = { ...row, output: edit.output }
    const spoken = said.flatMap(({ userInput = '' }) => (userInput === '' ? [] : [userInput]))
    const change = changeBy(spoken, edit && { output: edit.output, outputKey })
    this.#shared = change(this.#shared)
    return steps.map((step) => {
      const view = step.via === 'edge' ? this.#shared : change(step)
      const { decision, reason = '' } = said.findLast(({ to }) => to.has(step.path)) ?? {}
      const isRejected = decision === 'rejected' && isHeld(step)
      return { ...step, ...view, ...(isRejected ? { rejection: reason } : {}) }
    })
  }
}

/** More steps than this in one superstep come from a fan-out that leads back to itself, which doubles them each time. */
const MOST_STEPS_AT_ONCE = 100_000

function tooManySteps({ length }: readonly Step[]): StepFailure {
  return new StepFailure(
    'too-many-steps',
    `${length} steps would start at once; at most ${MOST_STEPS_AT_ONCE} can`,
    {
      blame: 'workflow',
      help: 'Split the list into smaller ones, or mend the fan-out that leads back to itself.',
    },
  )
}

/** Branches start before the states that edges lead to, and are merged after them: upstream does both. */
function toStartOrder<T>(ones: readonly T[], stepOf: (one: T) => Step): readonly T[] {
  return [
    ...ones.filter((one) => stepOf(one).via === 'send'),
    ...ones.filter((one) => stepOf(one).via === 'edge'),
  ]
}

function withBlock(step: Step, blocked: string | undefined): Step {
  return blocked === undefined ? step : { ...step, blocked }
}

function isHeld({ state }: Step): boolean {
  return state.pauseBefore || state.approval === true
}

/** Whether others who wait get to see more than that somebody answered. */
function hasWords({ userInput = '', edit, revised }: PauseAnswer): boolean {
  return userInput !== '' || edit !== undefined || revised !== undefined
}

/** What a run begins with. */
function beginning({ opening, name }: Workflow, input: RunInput): Omit<Scope, 'finished'> {
  const context = new PyDict()
  switch (opening.kind) {
    case 'message':
      return { ...readInput(input), text: undefined }
    case 'name':
      context.set(INPUT, input.text.trim())
      return { context, history: History.empty, text: undefined }
    case 'text': {
      const { system, greeting } = opening
      const prompt = system === undefined ? [] : [{ role: 'system', text: system } as const]
      // A workflow that has a greeting is the run of a role, and is called as the role is.
      const history = History.of([...prompt, { role: 'assistant', text: greeting, filledFor: name }])
      return { context, history, text: input.text }
    }
  }
}

/** Name under which prompts find the input of a run. */
const INPUT = 'input'

function readInput(input: RunInput): Shared {
  const context = withKeysOf(input.text, new PyDict())
  if (input.fileNames.length > 0) context.set('file_names', [...input.fileNames])
  return {
    context,
    history: input.text === '' ? History.empty : History.of([personSays(input.text)]),
  }
}

/** What an answer puts in the place of the output of the step that finished last. */
function editOf({ edit, revised }: PauseAnswer, last: string): PauseAnswer['edit'] {
  if (edit && (edit.path ?? last) === last) return edit
  const output = revised?.get(last)
  return output === undefined ? undefined : { output }
}

/**
 * What people change in the shared state and in each branch's view of it. The views share their messages, and a step
 * that clears the history clears what it saw by identity, so a new message is made once for all of them.
 */
function changeBy(
  spoken: readonly string[],
  edit: { readonly output: string; readonly outputKey: string | undefined } | undefined,
): (view: Shared) => Shared {
  const edited = new Map<Message, Message>()
  const said = spoken.map(personSays)
  return (view) => {
    let { history } = view
    const context = view.context.copy()
    if (edit) {
      const messages = history.toArray()
      const last = messages.at(-1)
      if (last) {
        const replacement = edited.get(last) ?? { ...last, text: edit.output }
        edited.set(last, replacement)
        history = History.of([...messages.slice(0, -1), replacement])
      }
      if (edit.outputKey !== undefined) context.set(edit.outputKey, edit.output)
    }
    return {
      context: spoken.reduce((before, text) => withKeysOf(text, before), context),
      history: history.append(said),
    }
  }
}

/** A copy of the context with what a person said in it, where that is a dict. */
function withKeysOf(text: string, context: PyDict): PyDict {
  const said = text === '' ? undefined : parseOutput(text)
  return applyContextUpdates(context, said instanceof PyDict ? [{ ...NO_CONTEXT_UPDATE, set: said }] : [])
}

function personSays(text: string): Message {
  return { role: 'user', text, isFromOutside: true }
}

function viewOfBranch(from: Done, send: Send, before: Shared): Shared {
  const context = applyContextUpdates(before.context, [from.writes.context])
  const history = before.history.apply([from.writes.history])
  const keys = from.step.state.output.branchKeys
  // Only the outermost split hides keys: inside an iteration its items see what their sender sees.
  if (keys === '*' || !send.item || from.step.item) return { context, history }
  const visible = new PyDict()
  for (const key of keys) {
    const value = context.get(key)
    if (value !== undefined) visible.set(key, value)
  }
  return { context: visible, history }
}

/** The name that people know: `review 2 of 5` inside an iteration, the state's id elsewhere. */
export function displayName({ state, item }: Step): string {
  return item && item.ofTotal > 1 ? `${state.id} ${item.number} of ${item.ofTotal}` : state.id
}

function addPath(into: Map<string, string[]>, id: string, path: string): void {
  const paths = into.get(id)
  if (paths) paths.push(path)
  else into.set(id, [path])
}

/** Python's order of strings, which differs from JavaScript's beyond the basic plane. */
function compareCodePoints(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
