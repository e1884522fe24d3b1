import type { Located, Position } from '../../diagnostic.ts'
import {
  type BlockWork,
  type Driver,
  type LayerWork,
  type OutputPolicy,
  ROLE,
  type ScriptWork,
  STORES_NOTHING,
  type State,
  type TextTest,
  type Transition,
  type Workflow,
} from '../../workflow.ts'
import type {
  ConfigDraft,
  DraftBlock,
  DraftFlow,
  DraftFlowStep,
  DraftLayer,
  DraftPipeline,
  DraftPipelineStep,
  DraftRole,
} from './config-draft.ts'
import { DEFAULT_ITERATIONS } from './file-draft.ts'
import { emptyWorkflow, stateIdFor, TRY_AGAIN } from './lowered.ts'
import { lowerLayer, lowerRole } from './roles.ts'

/** Texts between the answers of a parallel step, for people and for an aggregator. */
const BETWEEN = '\n\n'
const BETWEEN_FOR_AGGREGATOR = '\n\n---\n\n'

/** Lowers one workflow of a draft without errors. Its session begins with an empty greeting, as every session does. */
export function lowerWorkflow(draft: ConfigDraft, flow: DraftFlow): Workflow {
  const states = lowerSteps(draft, flow.steps)
  return {
    ...whole(draft, flow.name?.value ?? '', flow.description, states),
    opening: { kind: 'text', greeting: '' },
  }
}

/**
 * Lowers a role: its pipeline, its workflow, and its own session on what these make of the input. A workflow that fails leaves
 * the input as it was; a pipeline that fails ends the run.
 */
export function lowerRoleRun(draft: ConfigDraft, role: DraftRole): Workflow {
  const assistant = lowerRole(draft, role)
  const { at } = assistant
  const flow = draft.workflows.find(({ name }) => name && name.value === role.workflow?.value)
  const pipeline = draft.pipelines.find(({ name }) => name && name.value === role.pipeline?.value)
  const prepared = flow
    ? [
        blockState(
          role.workflow ?? { value: '', at },
          { kind: 'once', orElse: 'incoming' },
          lowerSteps({ ...draft, sessionModel: assistant.model }, flow.steps),
        ),
      ]
    : []
  const own = {
    ...plainState({ value: assistant.id, at }),
    work: { kind: 'layer', assistant, sees: 'session' } satisfies LayerWork,
  }
  const scripts = pipeline ? lowerPipeline(pipeline, assistant.id) : []
  return {
    ...whole(draft, `${ROLE}${assistant.id}`, role.description, uniqueStates([...scripts, ...prepared, own])),
    name: assistant.id,
    opening: { kind: 'text', system: assistant.systemPrompt ?? '', greeting: assistant.greeting ?? '' },
  }
}

function whole(
  { document }: ConfigDraft,
  id: string,
  description: string | undefined,
  states: readonly State[],
): Omit<Workflow, 'opening'> {
  const empty = emptyWorkflow(document)
  return {
    ...empty,
    id,
    name: id,
    description: description ?? '',
    dialect: 'octomind-config',
    limits: { ...empty.limits, recursionLimit: states.length },
    entry: stateIdFor(states[0]?.id ?? ''),
    states: chained(states.map((state) => ({ ...state, id: stateIdFor(state.id) }))),
  }
}

function chained(states: readonly State[]): readonly State[] {
  return states.map((state, i) => {
    const next = states[i + 1]
    const transition: Transition = next
      ? { kind: 'goto', to: { value: next.id, at: next.at } }
      : { kind: 'stop' }
    return { ...state, next: transition }
  })
}

function lowerSteps(draft: ConfigDraft, steps: readonly DraftFlowStep[]): readonly State[] {
  return uniqueStates(steps.map((step) => lowerStep(draft, step)))
}

function lowerStep(draft: ConfigDraft, step: DraftFlowStep): State {
  const name = nameOf(step)
  const layer = (target: Located<string>, id = target): State => layerState(draft, target, id)
  switch (step.type) {
    case 'parallel': {
      const { parallelLayers } = step
      const all = [...parallelLayers, ...(step.aggregator ? [step.aggregator] : [])]
      const states = uniqueStates(all.map((one) => layer(one)))
      const aggregator = states[parallelLayers.length]
      const text = aggregator ? BETWEEN_FOR_AGGREGATOR : BETWEEN
      const join = { kind: 'separator', text } as const
      return blockState(
        name,
        { kind: 'all', copies: {}, join, ...(aggregator ? { aggregator } : {}) },
        states.slice(0, parallelLayers.length),
      )
    }
    case 'conditional': {
      const inside = lowerSteps(draft, step.substeps)
      const branch = (targets: readonly Located<string>[]): readonly State[] =>
        targets.map((target) => {
          if (draft.layers.some((one) => one.name?.value === target.value)) return layer(target)
          return inside.find(({ id }) => id === target.value) ?? commandState(target)
        })
      const onMatch = step.onMatch.length > 0 ? branch(step.onMatch) : inside
      return choice(step, step.layer ? layer(step.layer) : undefined, onMatch, branch(step.onNoMatch))
    }
    case 'loop':
    case 'foreach': {
      const body =
        step.type === 'foreach' && step.substeps.length === 0 && step.layer
          ? [layer(step.layer)]
          : lowerSteps(draft, step.substeps)
      return repetition(step, body)
    }
    default:
      return layer(step.layer ?? name, name)
  }
}

/** The block of a loop or foreach step. */
function repetition<S>(step: DraftBlock<S>, body: readonly State[]): State {
  const name = nameOf(step)
  const driver: Driver =
    step.type === 'loop'
      ? {
          kind: 'until',
          whenNone: 'keep',
          exit: testOf(step.exitPattern, name.at),
          maxIterations: step.maxIterations ?? DEFAULT_ITERATIONS,
        }
      : {
          kind: 'for-each',
          pattern: step.parsePattern ?? { value: '', at: name.at },
          takes: 'whole',
          atOnce: 1,
          join: { kind: 'separator', text: BETWEEN },
        }
  return blockState(name, driver, body)
}

function choice<S>(
  step: DraftBlock<S>,
  first: State | undefined,
  onMatch: readonly State[],
  onNoMatch: readonly State[],
): State {
  const name = nameOf(step)
  const before = first ? [first] : []
  const body = uniqueStates([...before, ...onMatch, ...onNoMatch]).slice(before.length)
  const ids = body.map(({ id }) => id)
  return blockState(
    name,
    {
      kind: 'choose',
      ...(first ? { first } : {}),
      when: testOf(step.conditionPattern, name.at),
      onMatch: ids.slice(0, onMatch.length),
      onNoMatch: ids.slice(onMatch.length),
      whenNone: 'keep',
    },
    body,
  )
}

function layerState(draft: ConfigDraft, target: Located<string>, id: Located<string>): State {
  const layer = draft.layers.find(({ name }) => name?.value === target.value)
  if (!layer) throw new Error(`no layer '${target.value}': the draft was not checked`)
  return {
    ...plainState(id),
    work: {
      kind: 'layer',
      assistant: lowerLayer(draft, layer),
      sees: viewOf(layer),
      ...(layer.workdir && layer.workdir.value !== '.' ? { folder: layer.workdir } : {}),
    },
    output: policyOf(layer),
  }
}

function viewOf({ inputMode }: DraftLayer): LayerWork['sees'] {
  const mode = inputMode?.value
  return mode === 'all' || mode === 'summary' ? mode : 'last'
}

/** What becomes of a layer's answer in the session, which is apart from the text that it hands on. */
function policyOf({ outputMode, outputRole }: DraftLayer): OutputPolicy {
  const mode = outputMode?.value ?? 'none'
  return {
    ...STORES_NOTHING,
    includeInHistory: mode !== 'none',
    clearHistory: mode === 'replace' ? 'but-system' : mode === 'restart',
    asUserMessage: outputRole?.value === 'user',
  }
}

/** The scripts that the input of a role goes through. */
function lowerPipeline(pipeline: DraftPipeline, role: string): readonly State[] {
  const { steps } = pipeline
  const lower = (step: DraftPipelineStep, top: number): State => {
    const name = nameOf(step)
    const environment = (at: string) => ({
      PIPELINE_NAME: pipeline.name?.value ?? '',
      PIPELINE_STEP: at,
      PIPELINE_STEP_INDEX: String(top + 1),
      PIPELINE_TOTAL_STEPS: String(steps.length),
      OCTOMIND_ROLE: role,
    })
    const script = (command: Located<string>, id: Located<string>, at: string): State => ({
      ...commandState(command, id),
      work: { kind: 'script', command, env: environment(at), keepsText: false },
      timeoutMs: step.timeout * 1000,
    })
    const branch = (targets: readonly Located<string>[]) =>
      targets.map((target) => script(target, target, `${name.value}:${target.value}`))
    switch (step.type) {
      case 'conditional': {
        const first = step.command && script(step.command, step.command, name.value)
        return choice(step, first, branch(step.onMatch), branch(step.onNoMatch))
      }
      case 'loop':
      case 'foreach':
        return repetition(step, uniqueStates(step.substeps.map((one) => lower(one, top))))
      default:
        return script(step.command ?? name, name, name.value)
    }
  }
  return steps.map(lower)
}

function commandState(command: Located<string>, id = command): State {
  return {
    ...plainState(id),
    work: { kind: 'script', command, env: {}, keepsText: true } satisfies ScriptWork,
  }
}

function blockState(name: Located<string>, driver: Driver, body: BlockWork['body']): State {
  return { ...plainState(name), work: { kind: 'block', driver, body } }
}

function plainState({ value, at }: Located<string>): Omit<State, 'work'> {
  return {
    id: value,
    at,
    output: STORES_NOTHING,
    next: { kind: 'stop' },
    retry: { ...TRY_AGAIN, maxAttempts: 1 },
    pauseBefore: false,
    onError: [],
  }
}

/** States of one body have ids of their own: the second of a name is called `name#2`. */
function uniqueStates(states: readonly State[]): readonly State[] {
  const taken = new Set<string>()
  return states.map((state) => {
    let { id } = state
    for (let n = 2; taken.has(id); n++) id = `${state.id}#${n}`
    taken.add(id)
    return id === state.id ? state : { ...state, id }
  })
}

function testOf(pattern: Located<string> | undefined, at: Position): TextTest {
  return { matches: pattern ?? { value: '', at } }
}

function nameOf({ name, node }: Pick<DraftBlock<unknown>, 'name' | 'node'>): Located<string> {
  if (!name) throw new Error(`a step without a name at offset ${node.start}: the draft was not checked`)
  return name
}
