import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Effect } from '../../../runner/effect.ts'
import { NO_MEMORY } from '../../../runner/engine/memory.ts'
import { stateOfPath } from '../../../runner/engine/step.ts'
import { StepFailure } from '../../../runner/failure.ts'
import { interpret } from '../../../runner/interpret.ts'
import type { ModelReply } from '../../../runner/models/model.ts'
import { createStructuredOutput } from '../../../runner/models/structured.ts'
import type { StepKit } from '../../../runner/steps/kit.ts'
import { ceilingOf } from '../../../schema/ceiling.ts'
import { readWorkflow } from '../../../schema/read.ts'
import type { Workflow } from '../../../schema/workflow.ts'

const count = fc.integer({ min: 1, max: 3 })

/** One step of a file of its own, by its place. */
const step = fc.record({
  kind: fc.constantFrom('plain', 'loop', 'parallel', 'items', 'conditional'),
  rounds: count,
  inside: count,
  retries: fc.integer({ min: 0, max: 2 }),
  copies: fc.option(fc.integer({ min: 2, max: 3 }), { nil: undefined }),
  needed: fc.boolean(),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const scenes = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
  isGraph: fc.boolean(),
  transitions: fc.integer({ min: 1, max: 8 }),
  layers: fc.record({ rounds: count, actors: count, isChosen: fc.boolean(), aggregates: fc.boolean() }),
  trouble: fc.constantFrom(0, 0, 0.1, 0.4),
  yes: fc.constantFrom(0, 0.3, 0.8),
  seed: fc.integer({ min: 1, max: 2 ** 31 - 2 }),
})
type Scene = typeof scenes extends fc.Arbitrary<infer S> ? S : never

const leaf = (table: string, name: string, { retries }: Step, more = '') =>
  `[[${table}]]\nname = "${name}"\nrole = "r"\nprompt = "x"\nretries = ${retries}\n${more}`

function stepText(one: Step, i: number): string {
  const name = `s${i}`
  const inside = Array.from({ length: one.inside }, (_, k) => leaf('steps.run', `${name}i${k}`, one)).join('')
  const head = `[[steps]]\nname = "${name}"\n`
  switch (one.kind) {
    case 'loop':
      return `${head}loop = true\nmax_iterations = ${one.rounds}\nexit_when = { contains = "yes" }\n${inside}`
    case 'parallel': {
      const copies = one.copies === undefined ? '' : `count = ${one.copies}\n`
      const needed = one.needed ? 'min_success = 1\n' : ''
      return `${head}parallel = true\n${needed}${inside}${leaf('steps.run', `${name}more`, one, copies)}`
    }
    case 'items':
      // Without a step before there is no output to look through.
      return i === 0
        ? leaf('steps', name, one)
        : `${head}parallel = true\nsource = "s0"\nmatch = '(\\w+)'\n${leaf('steps.run', `${name}i0`, one)}`
    case 'conditional':
      return i === 0
        ? leaf('steps', name, one)
        : `${head}conditional = true\ncondition = { output = "s0", contains = "yes" }\non_match = ["${name}i0"]\n${inside}`
    default:
      return leaf('steps', name, one)
  }
}

function fileOf({ steps, isGraph, transitions }: Scene): string {
  // In a graph the first step has an output of its own whatever it is, and each step may lead back to it.
  const all = steps.map((one, i) => stepText(i === 0 ? { ...one, kind: 'plain' } : one, i))
  if (!isGraph) return `name = "W"\n${all.join('')}`
  const edges = steps.map((_, i) => {
    const next = i === steps.length - 1 ? '$end' : `s${i + 1}`
    return `[[edges]]\nfrom = "s${i}"\nto = "s0"\nwhen = { contains = "yes" }\n[[edges]]\nfrom = "s${i}"\nto = "${next}"\n`
  })
  return `name = "W"\nentry = "s0"\nmax_transitions = ${transitions}\n${all.join('')}${edges.join('')}`
}

function configOf({ layers: { rounds, actors, isChosen, aggregates } }: Scene): string {
  const layer = (name: string) => `[[layers]]\nname = "${name}"\ndescription = "d"\nsystem_prompt = "x"\n`
  return `${layer('a')}${layer('b')}[[workflows]]
name = "w"
description = "W"
[[workflows.steps]]
name = "work"
type = "loop"
max_iterations = ${rounds}
exit_pattern = "yes"
[[workflows.steps.substeps]]
name = "act"
type = "parallel"
parallel_layers = [${Array.from({ length: actors }, () => '"a"').join()}]
${aggregates ? 'aggregator = "b"' : ''}
[[workflows.steps.substeps]]
name = "check"
type = "conditional"
layer = "b"
condition_pattern = "yes"
on_match = [${isChosen ? '"a"' : ''}]
on_no_match = ["a", "b"]
`
}

/** The roles answer themselves, as where the program is not there. */
function withoutOctomind(workflow: Workflow): Workflow {
  const text = JSON.stringify(workflow, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'commandIsOptional' in value
      ? { ...value, command: undefined }
      : value,
  )
  return JSON.parse(text) as Workflow
}

function randomFrom(seed: number): () => number {
  let at = seed
  return () => {
    at = (at * 48_271) % 2_147_483_647
    return at / 2_147_483_647
  }
}

async function check(text: string, { seed, trouble, yes }: Scene, seen: { known: number; exact: number }) {
  const { workflow: read, diagnostics } = readWorkflow({ file: 'w.toml', text })
  if (!read) throw new Error(diagnostics.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  const workflow = withoutOctomind(read)
  const random = randomFrom(seed)
  const models = { defaultModel: 'm', fallbackModels: [] }
  const ceiling = ceilingOf(
    { workflow, ...models },
    { describeModel: (id) => ({ id }), inputCharacters: 5, findCalled: () => undefined },
  )
  const calls = new Map<string, number>()
  let started = 0
  const paths: string[] = []
  const kit: StepKit = {
    ...models,
    findTool: () => undefined,
    toolsOf: () => [],
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
  const perform = async (effect: Effect): Promise<unknown> => {
    if (effect.kind !== 'model') return {}
    const state = stateOfPath(effect.path)
    calls.set(state, (calls.get(state) ?? 0) + 1)
    if (random() < trouble)
      throw new StepFailure('provider-down', 'down', { blame: 'provider', retryable: true })
    return {
      text: random() < yes ? 'yes' : 'one two',
      toolCalls: [],
      finishReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 1, cachedInputTokens: 0 },
      model: effect.request.model,
      costUsd: undefined,
    } satisfies ModelReply
  }
  await interpret({
    workflow,
    kit,
    findCalled: () => undefined,
    input: { text: 'Start', fileNames: [] },
    perform: perform as never,
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
    signal: new AbortController().signal,
    emit: async (event) => {
      if (event.type !== 'step-started' || event.attempt > 1) return
      started++
      paths.push(event.path)
    },
    streaming: false,
    strict: false,
  })
  const all = [...calls.values()].reduce((sum, many) => sum + many, 0)
  const { steps, modelCalls, states } = ceiling
  const words = `${text}\n${JSON.stringify({ started, all, steps, modelCalls })}`
  expect(started, words).toBeLessThanOrEqual(steps.most ?? Number.POSITIVE_INFINITY)
  expect(all, words).toBeLessThanOrEqual(modelCalls.most ?? Number.POSITIVE_INFINITY)
  for (const [state, many] of calls) {
    // The second state of one name in a block is `b#2`, and its path does not tell it from a second visit.
    const told = states.filter((one) => one.state.replace(/#\d+$/, '') === state)
    expect(told, `${state} is not told of\n${words}`).not.toEqual([])
    const most = told.reduce((sum, one) => sum + (one.modelCalls ?? Number.POSITIVE_INFINITY), 0)
    expect(many, `${state}\n${words}`).toBeLessThanOrEqual(most)
  }
  expect(paths.length, paths.join('\n')).toBe(new Set(paths).size)
  if (modelCalls.most !== undefined) seen.known++
  if (started === steps.most) seen.exact++
}

it.each([
  ['a file of its own', fileOf],
  ['a configuration', configOf],
])('a run of %s never comes to more than its ceiling says', async (_form, textOf) => {
  const seen = { known: 0, exact: 0 }
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => check(textOf(scene), scene, seen)),
    { numRuns: 150 },
  )
  // What is never reached, or never known, proves nothing.
  expect(seen.known, JSON.stringify(seen)).toBeGreaterThan(40)
  expect(seen.exact).toBeGreaterThan(10)
})
