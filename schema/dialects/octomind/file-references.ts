import { nearestName } from '../../nearest.ts'
import type { Say } from '../../rules/rule.ts'
import { childOf } from '../../yaml.ts'
import { type DraftLeaf, type DraftStep, type DraftTest, type FileDraft, leavesOf } from './file-draft.ts'
import { GRAPH_END, INPUT_NAME, unknownStep } from './file-rules.ts'
import { namesIn, PROJECT_VALUES } from './placeholders.ts'
import type { DraftRule } from './rule.ts'

type FileRule = DraftRule<FileDraft>

/** Names of outputs that can be there at some place. */
type Scope = ReadonlySet<string>

/** Prompts and conditions name only what is there when the steps run in the order of the file. */
const orderedReferences: FileRule = (draft, say) => {
  if (draft.isGraph) return
  const seen = new Set<string>()
  const add = (items: readonly Pick<DraftLeaf, 'name'>[]) => {
    for (const { name } of items) if (name) seen.add(name.value)
  }
  for (const step of draft.steps) {
    switch (step.kind) {
      case 'sequential':
        checkPrompt(draft, step, seen, say)
        add([step])
        break
      case 'parallel':
        checkSource(step, seen, say)
        if (step.match) add([step])
        for (const leaf of step.run) checkPrompt(draft, leaf, seen, say)
        add([step, ...step.run])
        break
      case 'loop':
        add(step.run)
        for (const leaf of step.run) checkPrompt(draft, leaf, seen, say)
        checkTest(step.exitWhen, seen, say)
        break
      case 'conditional':
        checkTest(step.condition, seen, say)
        for (const leaf of step.run) {
          checkPrompt(draft, leaf, seen, say)
          add([leaf])
        }
        break
    }
  }
}

/** In a graph any step may come before any other, so only what no route can bring is an error. */
const graphReferences: FileRule = (draft, say) => {
  if (!draft.isGraph) return
  const all = joined(namesOf(draft.steps), namesOf(leavesOf(draft)))
  for (const step of draft.steps) {
    if (step.kind === 'parallel') {
      checkSource(step, all, say)
      const hidden = joined(namesOf(step.run), step.match ? [] : namesOf([step]))
      const scope = new Set([...all].filter((name) => !hidden.has(name)))
      for (const leaf of step.run) checkPrompt(draft, leaf, scope, say)
      continue
    }
    for (const leaf of step.kind === 'sequential' ? [step] : step.run) checkPrompt(draft, leaf, all, say)
    checkTest(step.exitWhen, all, say)
    checkTest(step.condition, all, say)
  }
  for (const { when } of draft.edges) checkTest(when, all, say)
}

function namesOf(items: readonly Pick<DraftLeaf, 'name'>[]): Scope {
  return new Set(items.flatMap(({ name }) => name?.value ?? []))
}

function joined(...scopes: readonly Iterable<string>[]): Scope {
  return new Set(scopes.flatMap((scope) => [...scope]))
}

function checkPrompt(
  { document }: FileDraft,
  { prompt, node, path }: DraftLeaf,
  scope: Scope,
  say: Say,
): void {
  const text = childOf(node, 'prompt')
  if (!prompt || text?.kind !== 'scalar') return
  const fixed: readonly string[] = [INPUT_NAME, ...PROJECT_VALUES]
  const said = new Set<string>()
  for (const { name, start, end } of namesIn(prompt.value)) {
    if (scope.has(name) || fixed.includes(name) || said.has(name)) continue
    said.add(name)
    const from = document.offsetIn?.(text, start) ?? text.start
    const to = document.offsetIn?.(text, end) ?? text.end
    const known = [INPUT_NAME, ...scope]
    say({
      code: 'unknown-variable',
      severity: 'error',
      at: document.at(from, to),
      path: `${path}/prompt`,
      message: `{{${name}}} is nothing that is known here`,
      didYouMean: nearestName(name, [...known, ...PROJECT_VALUES]),
      help: `Outputs that this prompt can name: ${known.join(', ')}`,
    })
  }
}

function checkTest(test: DraftTest | undefined, scope: Scope, say: Say): void {
  const { output, path } = test ?? {}
  if (!output || scope.has(output.value) || output.value === INPUT_NAME) return
  unknownStep(output, [...scope], `${path}/output`, say, 'is no step that has an output here')
}

function checkSource({ source, path, match, run, name }: DraftStep, scope: Scope, say: Say): void {
  if (!source || !match || scope.has(source.value)) return
  if ([name, ...run.map((leaf) => leaf.name)].some((own) => own?.value === source.value)) return
  unknownStep(source, [...scope], `${path}/source`, say, 'is no step that has an output here')
}

/** What a graph needs beside its steps. */
const graph: FileRule = (draft, say) => {
  const { maxTransitions, isGraph, root, entry, edges, steps } = draft
  const limit = '/max_transitions'
  if (maxTransitions && maxTransitions.value < 1) {
    say({
      code: 'out-of-range',
      severity: 'error',
      at: maxTransitions.at,
      path: limit,
      message: "'max_transitions' is out of range",
      expected: 'at least 1',
      found: String(maxTransitions.value),
    })
  }
  if (!isGraph) {
    if (maxTransitions)
      say({
        code: 'key-without-effect',
        severity: 'error',
        at: maxTransitions.at,
        path: limit,
        message: "'max_transitions' is for graphs",
        help: "Set 'entry' and add [[edges]], or remove it",
      })
    return
  }
  const missing = {
    severity: 'error',
    code: 'missing-key',
    at: entry?.at ?? edges[0]?.node ?? root,
    path: '',
  } as const
  if (!entry)
    say({ ...missing, message: "A graph needs 'entry'", help: "Add 'entry': the step that runs first" })
  if (edges.length === 0)
    say({
      ...missing,
      message: 'A graph needs [[edges]]',
      help: 'Add an edge from each step to the next one, and one to $end',
    })
  if (!maxTransitions)
    say({
      ...missing,
      message: "A graph needs 'max_transitions'",
      help: "Add 'max_transitions': how many steps a run may take",
    })
  const nodes = steps.flatMap(({ name }) => name?.value ?? [])
  if (entry && !nodes.includes(entry.value))
    unknownStep(entry, nodes, '/entry', say, 'is no step at the top of this file')
  for (const { from, to, path } of edges) {
    if (from && !nodes.includes(from.value))
      unknownStep(from, nodes, `${path}/from`, say, 'is no step at the top of this file')
    if (to && to.value !== GRAPH_END && !nodes.includes(to.value)) {
      unknownStep(to, [...nodes, GRAPH_END], `${path}/to`, say, 'is no step at the top of this file')
    }
  }
}

/** Each step has one way that always applies, and that one is its last. */
const defaultEdges: FileRule = ({ isGraph, steps, edges }, say) => {
  if (!isGraph || edges.length === 0) return
  for (const { name, path, node } of steps) {
    if (!name) continue
    const own = edges.filter(({ from }) => from?.value === name.value)
    const defaults = own.filter(({ when }) => !when)
    const whole = { severity: 'error', at: name.at ?? node, path } as const
    if (own.length === 0) {
      say({
        ...whole,
        code: 'no-way-on',
        message: `No edge leaves '${name.value}'`,
        help: `Add one to the next step, or to ${GRAPH_END}`,
      })
    } else if (defaults.length !== 1) {
      say({
        ...whole,
        code: 'default-edge',
        message: `'${name.value}' has ${defaults.length} edges without 'when'`,
        expected: 'exactly 1, as its last edge',
      })
    } else if (own.at(-1) !== defaults[0]) {
      say({
        ...whole,
        code: 'default-edge',
        at: defaults[0]?.node ?? name.at,
        message: `The edge without 'when' of '${name.value}' is not its last one, so those after it never apply`,
        help: 'Move it behind the others',
      })
    }
  }
}

const reachability: FileRule = ({ isGraph, steps, edges, entry }, say) => {
  if (!isGraph || !entry || !steps.some(({ name }) => name?.value === entry.value)) return
  const reached = new Set([entry.value])
  for (const id of reached) {
    for (const { from, to } of edges) if (from?.value === id && to) reached.add(to.value)
  }
  for (const { name, path } of steps) {
    if (!name || reached.has(name.value)) continue
    say({
      code: 'unreachable-state',
      severity: 'error',
      at: name.at,
      path,
      message: `No way leads from '${entry.value}' to '${name.value}'`,
      help: 'Add an edge that leads there, or remove the step',
    })
  }
  if (!reached.has(GRAPH_END)) {
    say({
      code: 'no-end',
      severity: 'error',
      at: entry.at,
      path: '/edges',
      message: `No way leads from '${entry.value}' to ${GRAPH_END}`,
      help: `Add an edge to ${GRAPH_END}`,
    })
  }
}

/** Rules about names in prompts and conditions, and about graphs. The order has no meaning. */
export const REFERENCE_RULES: readonly FileRule[] = [
  orderedReferences,
  graphReferences,
  graph,
  defaultEdges,
  reachability,
]
