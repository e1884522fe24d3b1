import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Effect } from '../../../runner/effect.ts'
import { budgetDoor, lowerBudget, type Spending } from '../../../runner/engine/budget.ts'
import { NO_MEMORY } from '../../../runner/engine/memory.ts'
import { stateOfPath } from '../../../runner/engine/step.ts'
import { StepFailure } from '../../../runner/failure.ts'
import { interpret } from '../../../runner/interpret.ts'
import type { ModelReply } from '../../../runner/models/model.ts'
import { AnswerFailure } from '../../../runner/models/model-failure.ts'
import { createStructuredOutput } from '../../../runner/models/structured.ts'
import type { StepKit } from '../../../runner/steps/kit.ts'
import type { Tool } from '../../../runner/tools/tool.ts'
import { ceilingOf } from '../../../schema/ceiling.ts'
import { readWorkflow } from '../../../schema/read.ts'
import type { Workflow } from '../../../schema/workflow.ts'

const IDS = ['a', 'b', 'c', 'd', 'e']
const CONTEXT_TOKENS = 1000
const MOST_OUTPUT = 200
/** US dollars for a million tokens. */
const RATES = { input: 1000, output: 7000 }
/** A text of as many tokens as are summed up in one call. */
const LONG = 'x'.repeat(400_000)
/** More calls than this would only take time; none of the short scripts gets there. */
const ENOUGH = 600

const SCHEMA = (maxItems?: number) =>
  JSON.stringify({
    type: 'object',
    properties: { items: { type: 'array', ...(maxItems === undefined ? {} : { maxItems }) } },
  })

const rarely = <T, U>(one: fc.Arbitrary<T>, otherwise: U) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary: one })

/** A definition as random as it may be, and how likely its models are to do what they should not. */
const scenes = fc.record({
  states: fc.array(
    fc.record({
      next: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...IDS, 'end').map((to) => ({ state_id: to })) },
        {
          weight: 2,
          arbitrary: fc
            .tuple(fc.constantFrom(...IDS, 'end'), fc.constantFrom(...IDS, 'end'))
            .map(([then, otherwise]) => ({ condition: { expression: 'x', then, otherwise } })),
        },
        {
          weight: 1,
          arbitrary: fc
            .uniqueArray(fc.constantFrom(...IDS, 'end'), { minLength: 1, maxLength: 3 })
            .map((state_ids) => ({ state_ids })),
        },
        { weight: 2, arbitrary: fc.constantFrom(...IDS).map((to) => ({ state_id: to, iter_key: 'items' })) },
      ),
      maxItems: fc.constantFrom(undefined, 2, 3, 3),
      described: fc.boolean(),
      resplit: fc.boolean(),
      tools: rarely(fc.constant(true), false),
      onError: fc.option(fc.constantFrom(...IDS, 'end', 'continue'), { nil: undefined }),
      attempts: fc.integer({ min: 1, max: 3 }),
      maxTokens: fc.option(fc.integer({ min: 50, max: 300 }), { nil: undefined }),
      calls: rarely(fc.constant(true), false),
    }),
    { minLength: IDS.length, maxLength: IDS.length },
  ),
  finalizer: fc.boolean(),
  recursionLimit: fc.constantFrom(1, 3, 6, 9, 12),
  messages: fc.integer({ min: 2, max: 6 }),
  fallback: fc.boolean(),
  // Rarely: a budget ends nearly every run before it shows anything else.
  budget: rarely(
    fc.record(
      {
        steps: fc.integer({ min: 1, max: 30 }),
        tokens: fc.integer({ min: 1000, max: 40_000 }),
        usd: fc.integer({ min: 1, max: 20 }),
      },
      { requiredKeys: [] },
    ),
    {},
  ),
  /** Answers that a model cannot take many of at once. */
  long: rarely(fc.constant(true), false),
  stepsOfAll: rarely(fc.integer({ min: 1, max: 25 }), undefined),
  seed: fc.noBias(fc.integer({ min: 1, max: 2 ** 31 - 2 })),
  trouble: fc.constantFrom(0, 0, 0.1, 0.5, 1),
})
type Scene = typeof scenes extends fc.Arbitrary<infer S> ? S : never

function read(file: string, definition: unknown): Workflow {
  const { workflow, diagnostics } = readWorkflow({ file, text: JSON.stringify(definition) })
  if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return workflow
}

/** The outer workflow may call the inner one, which is the same without calls. */
function definitionOf(scene: Scene, isInner: boolean): Workflow {
  return read(isInner ? 'inner.yaml' : 'outer.yaml', {
    enable_summarization_node: scene.finalizer,
    recursion_limit: scene.recursionLimit,
    messages_limit_before_summarization: scene.messages,
    ...(isInner ? {} : { budget: scene.budget }),
    assistants: scene.states.map(({ tools, maxTokens }, index) => ({
      id: `as${index}`,
      system_prompt: 'x',
      ...(tools ? { tools: [{ name: 'look' }] } : {}),
      ...(maxTokens === undefined ? {} : { parameters: { max_tokens: maxTokens } }),
      ...(scene.fallback ? { fallback_models: ['other'] } : {}),
    })),
    states: scene.states.map((state, index) => ({
      id: IDS[index],
      ...(state.calls && !isInner
        ? { workflow_id: 'inner' }
        : {
            assistant_id: `as${index}`,
            ...(state.described ? { output_schema: SCHEMA(state.maxItems) } : {}),
          }),
      task: 'Work',
      retry_policy: { max_attempts: state.attempts, initial_interval: 1 },
      ...(state.resplit ? { finish_iteration: true } : {}),
      ...(state.onError === undefined ? {} : { on_error: state.onError }),
      next: state.next,
    })),
  })
}

function randomFrom(seed: number): () => number {
  let at = seed
  return () => {
    at = (at * 48_271) % 2_147_483_647
    return at / 2_147_483_647
  }
}

const LOOK: Tool = {
  name: 'look',
  description: 'Looks',
  parameters: { type: 'object' },
  reach: 'read',
  aliases: [],
  run: () => Promise.resolve('seen'),
}

/** Answers as badly as a model and its provider may, within the limits that they have. */
function scriptOf({ seed, trouble, long }: Scene, count: (path: string) => void) {
  const random = randomFrom(seed)
  return async (effect: Effect): Promise<unknown> => {
    if (effect.kind !== 'model') return { result: 'seen' }
    count(effect.path)
    const { request } = effect
    const isBad = random() < trouble
    if (isBad && random() < 0.3)
      throw new StepFailure('provider-down', 'down', { blame: 'provider', retryable: random() < 0.5 })
    const limit = Math.min(MOST_OUTPUT, Number(request.parameters?.['max_tokens'] ?? MOST_OUTPUT))
    const isDear = random() < 0.5
    const usage = {
      inputTokens: isDear ? CONTEXT_TOKENS : 10,
      outputTokens: isDear ? limit : 1,
      cachedInputTokens: 0,
    }
    const costUsd = (usage.inputTokens * RATES.input + usage.outputTokens * RATES.output) / 1_000_000
    if (isBad && random() < 0.2)
      throw new AnswerFailure('model-refused', 'no', { retryable: random() < 0.5, help: '', usage, costUsd })
    const isWrong = isBad && random() < 0.5
    const items = Array.from({ length: Math.floor(random() * (isWrong ? 9 : 4)) }, (_, index) => index)
    const text =
      isWrong && random() < 0.3
        ? 'not JSON'
        : JSON.stringify({ items, x: random() < 0.7, ...(long ? { text: LONG } : {}) })
    const toolCalls =
      request.tools !== undefined && random() < 0.5 + trouble / 2
        ? [{ id: '1', name: 'look', arguments: '{}' }]
        : []
    return {
      text,
      toolCalls,
      finishReason: 'stop',
      usage,
      model: request.model,
      costUsd,
    } satisfies ModelReply
  }
}

const fits = (spent: number, { most }: { readonly most?: number | undefined }, more = 0) =>
  most === undefined || spent <= most + more + 1e-6

it('a run never comes to more than its ceiling says', async () => {
  const seen = { runs: 0, known: 0, exact: 0, stopped: 0 }
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => {
      const [workflow, inner] = [definitionOf(scene, false), definitionOf(scene, true)]
      const describeModel = (id: string) => ({
        id,
        contextTokens: CONTEXT_TOKENS,
        outputTokens: MOST_OUTPUT,
        rates: RATES,
      })
      const models = { defaultModel: 'm', fallbackModels: scene.fallback ? ['last'] : [] }
      const budgets = scene.stepsOfAll === undefined ? {} : { steps: scene.stepsOfAll }
      const { steps, modelCalls, tokens, usd, states } = ceilingOf(
        { workflow, ...models },
        { describeModel, budgets, inputCharacters: 5, findCalled: () => ({ workflow: inner, ...models }) },
      )
      let calls = 0
      let started = 0
      const stop = new AbortController()
      const stopAt = (count: number) => {
        if (count >= ENOUGH) stop.abort(new Error('enough'))
      }
      const ofStates = new Map<string, { steps: number; modelCalls: number }>()
      const count = (state: string, what: 'steps' | 'modelCalls') => {
        const known = ofStates.get(state) ?? { steps: 0, modelCalls: 0 }
        known[what]++
        ofStates.set(state, known)
      }
      const answer = scriptOf(scene, (path) => {
        count(stateOfPath(path), 'modelCalls')
        stopAt(++calls)
      })
      const spending: Spending = { usd: 0, tokens: 0, withoutUsd: 0, withoutTokens: 0 }
      const budget = lowerBudget(budgets, workflow.budget)
      const kit: StepKit = {
        ...models,
        findTool: () => ({ tool: LOOK }),
        toolsOf: ({ tools }) => tools.map(() => ({ tool: LOOK })),
        serverToolOf: () => undefined,
        skillTextsOf: () => Promise.resolve([]),
        serversOf: () => [],
        guardrails: new Map(),
        endpointOf: ({ name }) => {
          throw new Error(`no scene has the server ${name}`)
        },
        structured: createStructuredOutput(),
        documentsOf: () => Promise.resolve([]),
      }
      await interpret({
        workflow,
        kit,
        findCalled: () => ({ workflow: inner, kit }),
        input: { text: 'Start', fileNames: [] },
        // A budget that nobody reaches makes the door count.
        perform: budgetDoor(answer as never, { tokens: 1e12, ...budget }, spending, {
          knowsPrice: () => true,
          reportsCost: () => true,
        }),
        memory: NO_MEMORY,
        answers: [],
        world: {
          cwd: '/',
          env: {},
          now: () => 0,
          random: () => 0,
          randomHex: () => '',
          sleep: () => Promise.resolve(),
        },
        signal: stop.signal,
        emit: async (event) => {
          if (event.type === 'step-started' && event.attempt === 1) {
            count(event.state, 'steps')
            stopAt(++started)
          }
        },
        streaming: false,
        strict: false,
        ...(budget.steps === undefined ? {} : { maxSteps: budget.steps }),
      })
      // Calls that were under way when a budget was spent come on top: as many as there are steps at once.
      const atOnce = workflow.limits.maxConcurrency ** 2
      const over = (limit: number | undefined, one: number) => (limit === undefined ? 0 : one * atOnce)
      const dearest = CONTEXT_TOKENS + MOST_OUTPUT
      const dearestUsd = (CONTEXT_TOKENS * RATES.input + MOST_OUTPUT * RATES.output) / 1_000_000
      expect(
        {
          steps: fits(started, steps),
          calls: fits(calls, modelCalls),
          tokens: fits(spending.tokens, tokens, over(budget.tokens, dearest)),
          usd: fits(spending.usd, usd, over(budget.usd, dearestUsd)),
        },
        JSON.stringify({ started, calls, spending, steps, modelCalls, tokens, usd }),
      ).toEqual({ steps: true, calls: true, tokens: true, usd: true })
      for (const { state, ...most } of states) {
        const had = ofStates.get(state) ?? { steps: 0, modelCalls: 0 }
        expect(
          {
            steps: fits(had.steps, { most: most.steps }),
            calls: fits(had.modelCalls, { most: most.modelCalls }),
          },
          `${state}: ${JSON.stringify({ had, most })}`,
        ).toEqual({ steps: true, calls: true })
      }
      const told = new Set(states.map(({ state }) => state))
      expect([...ofStates].filter(([state, { modelCalls: asked }]) => asked > 0 && !told.has(state))).toEqual(
        [],
      )
      seen.runs++
      if (modelCalls.most !== undefined) seen.known++
      if (started === steps.most) seen.exact++
      if (stop.signal.aborted) seen.stopped++
    }),
    { numRuns: 100 },
  )
  // What is never reached, or never known, proves nothing.
  expect(seen.known).toBeGreaterThan(seen.runs / 4)
  expect(seen.exact).toBeGreaterThan(seen.runs / 20)
  expect(seen.stopped).toBeLessThan(seen.runs / 2)
}, 120_000)
