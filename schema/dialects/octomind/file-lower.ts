import type { Located, Position } from '../../diagnostic.ts'
import {
  type Assistant,
  type BlockWork,
  bareAssistant,
  type Case,
  CONTINUE,
  type Driver,
  END,
  type OutputPolicy,
  STORES_NOTHING,
  type State,
  type TextTest,
  type Transition,
  type Workflow,
} from '../../workflow.ts'
import { type DraftLeaf, type DraftStep, type DraftTest, type FileDraft, leavesOf } from './file-draft.ts'
import { GRAPH_END } from './file-rules.ts'
import { emptyWorkflow, stateIdFor, TRY_AGAIN } from './lowered.ts'

/** Lowers a draft without errors. */
export function lowerFile(draft: FileDraft, identity: { readonly id: string }): Workflow {
  const { steps, edges, isGraph, maxCost, maxTransitions, name, description, document } = draft
  const declared = [...steps, ...leavesOf(draft)].flatMap((item) => item.name?.value ?? [])
  const lower: Lowering = { isGraph, declared }
  const states = steps.map((step, i): State => {
    const state = lowerStep(step, steps[i - 1], lower)
    const following = steps[i + 1]?.name
    const next: Transition = isGraph
      ? lowerEdges(draft, state)
      : following
        ? { kind: 'goto', to: targetOf(following) }
        : { kind: 'stop' }
    return { ...state, id: stateIdFor(state.id), next }
  })
  return {
    ...emptyWorkflow(document),
    id: identity.id,
    name: name ?? identity.id,
    description,
    dialect: 'octomind-file',
    opening: { kind: 'name' },
    budget: maxCost ? { usd: maxCost.value } : {},
    limits: {
      ...emptyWorkflow(document).limits,
      recursionLimit: isGraph ? (maxTransitions?.value ?? 1) : states.length,
    },
    entry: isGraph && draft.entry ? stateIdFor(draft.entry.value) : (states[0]?.id ?? ''),
    states,
    ...(edges.length === 0 ? {} : {}),
  }
}

interface Lowering {
  readonly isGraph: boolean
  /** Names of all outputs. */
  readonly declared: readonly string[]
}

function lowerStep(step: DraftStep, before: DraftStep | undefined, lower: Lowering): State {
  if (step.kind === 'sequential') return lowerLeaf(step, lower)
  const name = nameOf(step)
  const at = name.at
  return {
    id: name.value,
    at,
    work: { kind: 'block', driver: lowerDriver(step, before, lower), body: lowerBody(step, lower) },
    output: { ...STORES_NOTHING, outputKey: name.value },
    next: { kind: 'stop' },
    retry: { ...TRY_AGAIN, maxAttempts: 1 },
    pauseBefore: false,
    onError: [],
  }
}

function lowerBody(step: DraftStep, lower: Lowering): BlockWork['body'] {
  return step.run.map((leaf) => {
    // Nothing that runs beside others goes on with a conversation.
    const state = lowerLeaf(step.kind === 'parallel' ? { ...leaf, session: 'fresh' } : leaf, lower)
    if (step.kind !== 'parallel' || step.minSuccess === undefined) return state
    return { ...state, onError: [{ catches: [], to: { value: CONTINUE, at: state.at }, at: state.at }] }
  })
}

function lowerDriver(step: DraftStep, before: DraftStep | undefined, { isGraph }: Lowering): Driver {
  switch (step.kind) {
    case 'loop':
      return {
        kind: 'until',
        exit: lowerTest(step.exitWhen),
        maxIterations: step.maxIterations,
        whenNone: isGraph ? 'empty' : 'keep',
      }
    case 'conditional': {
      const inOrder = (chosen: readonly Located<string>[]) =>
        step.run.flatMap(({ name }) =>
          name && chosen.some(({ value }) => value === name.value) ? name.value : [],
        )
      return {
        kind: 'choose',
        when: lowerTest(step.condition),
        onMatch: inOrder(step.onMatch),
        onNoMatch: inOrder(step.onNoMatch),
        whenNone: isGraph ? 'empty' : 'keep',
      }
    }
    default: {
      const { match, minSuccess, maxParallel, run } = step
      const quorum = {
        join: { kind: 'labels' },
        ...(minSuccess ? { minSuccess: minSuccess.value } : {}),
        ...(maxParallel ? { atOnce: maxParallel.value } : {}),
      } as const
      if (!match) {
        const counted = run.flatMap(({ name, count }) => (name && count ? [[name.value, count.value]] : []))
        return { kind: 'all', copies: Object.fromEntries(counted), ...quorum }
      }
      const of = step.source ?? before?.name
      return {
        kind: 'for-each',
        pattern: match,
        takes: 'group',
        as: nameOf(step).value,
        ...(of ? { of } : {}),
        ...quorum,
      }
    }
  }
}

function lowerLeaf(leaf: DraftLeaf, { isGraph, declared }: Lowering): State {
  const { role, prompt, session, timeout, retries, model, workdir } = leaf
  const name = nameOf(leaf)
  const { at } = name
  return {
    id: name.value,
    at,
    work: {
      kind: 'prompt',
      assistant: roleAssistant(role ?? { value: '', at }, model),
      prompt: prompt ?? { value: '', at },
      session,
      declared,
      needsNames: isGraph,
      env: environmentOf(leaf),
      ...(workdir ? { folder: workdir } : {}),
    },
    output: { ...STORES_NOTHING, outputKey: name.value } satisfies OutputPolicy,
    next: { kind: 'stop' },
    retry: { ...TRY_AGAIN, maxAttempts: retries + 1 },
    pauseBefore: false,
    onError: [],
    ...(timeout > 0 ? { timeoutMs: timeout * 1000 } : {}),
  }
}

/** What the program octomind is told of a step beside its prompt. */
function environmentOf({ skills, capabilities }: DraftLeaf): Readonly<Record<string, string>> {
  const listed = { OCTOMIND_SKILLS: skills, OCTOMIND_CAPABILITIES: capabilities }
  return Object.fromEntries(
    Object.entries(listed).flatMap(([name, all]) =>
      all.length === 0 ? [] : [[name, all.map(({ value }) => value).join(',')]],
    ),
  )
}

function roleAssistant({ value, at }: Located<string>, model: Located<string> | undefined): Assistant {
  return {
    ...bareAssistant(value, at),
    ref: value,
    ...(model ? { model: model.value } : {}),
    command: ['octomind', 'acp', value],
    commandIsOptional: true,
  }
}

function lowerEdges({ edges }: FileDraft, { id, at }: State): Transition {
  const own = edges.filter(({ from }) => from?.value === id)
  const cases = own.flatMap(({ when, to }): Case[] =>
    when && to ? [{ when: testInWords(when, at), test: lowerTest(when), to: targetOf(to) }] : [],
  )
  const otherwise = targetOf(own.find(({ when }) => !when)?.to ?? { value: GRAPH_END, at })
  return cases.length === 0
    ? { kind: 'goto', to: otherwise }
    : { kind: 'choose', form: 'edges', cases, otherwise }
}

function targetOf(to: Located<string>): Located<string> {
  return { ...to, value: to.value === GRAPH_END ? END : stateIdFor(to.value) }
}

function lowerTest(test: DraftTest | undefined): TextTest {
  const { output, contains, matches } = test ?? {}
  return {
    ...(output ? { of: output } : {}),
    ...(contains ? { contains } : {}),
    ...(matches ? { matches } : {}),
  }
}

function testInWords({ output, contains, matches }: DraftTest, at: Position): Located<string> {
  const subject = output ? `${output.value} ` : ''
  const parts = [
    ...(contains ? [`contains ${JSON.stringify(contains.value)}`] : []),
    ...(matches ? [`matches ${matches.value}`] : []),
  ]
  return { value: subject + parts.join(' or '), at: contains?.at ?? matches?.at ?? at }
}

function nameOf({ name, node }: DraftLeaf): Located<string> {
  if (!name) throw new Error(`a step without a name at offset ${node.start}: the draft was not checked`)
  return name
}
