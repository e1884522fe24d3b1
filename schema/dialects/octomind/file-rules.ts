import type { Located } from '../../diagnostic.ts'
import { nearestName } from '../../nearest.ts'
import { compileRustPattern } from '../../pattern.ts'
import type { Say } from '../../rules/rule.ts'
import { childOf, type YamlNode } from '../../yaml.ts'
import { type DraftLeaf, type DraftStep, type DraftTest, type FileDraft, leavesOf } from './file-draft.ts'
import { checkName, checkPattern, type DraftRule } from './rule.ts'

type FileRule = DraftRule<FileDraft>

/** As the target of an edge: the run is done. */
export const GRAPH_END = '$end'
/** Name of the input of a run in prompts. */
export const INPUT_NAME = 'input'

const someSteps: FileRule = ({ steps, root }, say) => {
  if (steps.length > 0) return
  const at = childOf(root, 'steps') ?? root
  say({
    code: 'no-steps',
    severity: 'error',
    at,
    path: '/steps',
    message: 'The workflow has no steps',
    help: 'Add a [[steps]] table',
  })
}

const maxCost: FileRule = ({ maxCost: cost }, say) => {
  if (!cost || (Number.isFinite(cost.value) && cost.value > 0)) return
  say({
    code: 'out-of-range',
    severity: 'error',
    at: cost.at,
    path: '/max_cost',
    message: "'max_cost' is out of range",
    expected: 'a number above 0',
    found: String(cost.value),
  })
}

const names: FileRule = ({ steps }, say) => {
  const first = new Map<string, Located<string>>()
  const check = (item: DraftLeaf) => {
    const { name, path, node } = item
    const whole = { severity: 'error', path: `${path}/name` } as const
    if (!name) {
      // One of another type is told by the schema.
      if (childOf(node, 'name')) return
      say({
        ...whole,
        code: 'missing-key',
        at: node,
        message: "The key 'name' is missing in this step",
        help: "Add 'name': later prompts refer to the step by it",
      })
      return
    }
    const { value, at } = name
    if (value === INPUT_NAME) {
      say({
        ...whole,
        code: 'reserved-name',
        at,
        message: `No step can be called '${value}': that is the input of the run`,
        help: 'Give it another name',
      })
    } else if (value === GRAPH_END) {
      say({
        ...whole,
        code: 'reserved-name',
        at,
        message: `No step can be called '${value}': that is the end of a graph`,
        help: 'Give it another name',
      })
    }
    const help = 'Give one of them another name; steps under run count as well'
    checkName(name, 'step', first, whole.path, say, help)
  }
  for (const step of steps) {
    check(step)
    if (step.kind !== 'sequential') step.run.forEach(check)
  }
}

/** Keys that a step of its kind cannot do without. */
const requiredKeys: FileRule = (draft, say) => {
  for (const leaf of leavesOf(draft)) {
    for (const key of ['role', 'prompt'] as const) {
      if (childOf(leaf.node, key)) continue
      say({
        code: 'missing-key',
        severity: 'error',
        at: leaf.name?.at ?? leaf.node,
        path: leaf.path,
        message: `The key '${key}' is missing in this step`,
        help: key === 'role' ? "Add 'role': who answers" : "Add 'prompt': what the role is asked",
      })
    }
  }
  for (const step of draft.steps) {
    if (step.kind === 'sequential' || childOf(step.node, 'run')) continue
    say({
      code: 'missing-key',
      severity: 'error',
      at: step.name?.at ?? step.node,
      path: step.path,
      message: `This ${step.kind} step has no steps inside`,
      help: 'Add [[steps.run]] tables below it',
    })
  }
}

const oneKind: FileRule = ({ steps }, say) => {
  for (const { flags, node, path } of steps) {
    if (flags.length < 2) continue
    say({
      code: 'several-kinds',
      severity: 'error',
      at: node,
      path,
      message: `The step is ${flags.join(' and ')} at once`,
      expected: 'at most one of parallel, loop and conditional',
      help: 'Make two steps of it',
    })
  }
}

const notEmpty: FileRule = (draft, say) => {
  for (const leaf of leavesOf(draft)) {
    for (const key of ['model', 'workdir'] as const) {
      const value = leaf[key]
      if (value?.value.trim() !== '') continue
      say({
        code: 'out-of-range',
        severity: 'error',
        at: value.at,
        path: `${leaf.path}/${key}`,
        message: `'${key}' is empty`,
        expected: 'text that is not empty',
        help: `Leave '${key}' out for that of the role`,
      })
    }
  }
}

const counts: FileRule = ({ steps }, say) => {
  const only = (leaf: DraftLeaf) => {
    if (leaf.count)
      say({
        code: 'key-without-effect',
        severity: 'error',
        at: leaf.count.at,
        path: `${leaf.path}/count`,
        message: "'count' is only for the steps of a parallel block",
        help: 'Remove it, or put the step into a parallel block',
      })
  }
  for (const step of steps) {
    only(step)
    if (step.kind !== 'parallel') {
      step.run.forEach(only)
      continue
    }
    for (const { count, path } of step.run) {
      if (!count) continue
      if (count.value < 2) {
        say({
          code: 'out-of-range',
          severity: 'error',
          at: count.at,
          path: `${path}/count`,
          message: "'count' is out of range",
          expected: 'at least 2',
          found: String(count.value),
          help: "Leave 'count' out for one execution",
        })
      } else if (step.match) {
        say({
          code: 'key-without-effect',
          severity: 'warning',
          at: count.at,
          path: `${path}/count`,
          message: "'count' has no effect where each item is one execution",
          help: 'Remove it',
        })
      }
    }
  }
}

const staticParallel: FileRule = ({ steps }, say) => {
  for (const step of steps) {
    if (step.kind !== 'parallel' || step.match) continue
    const { run, node, path, source, minSuccess } = step
    if (childOf(node, 'run') && run.length < 2) {
      say({
        code: 'too-few-steps',
        severity: 'error',
        at: step.name?.at ?? node,
        path,
        message: 'A parallel block needs at least 2 steps inside',
        found: String(run.length),
        help: "Add a [[steps.run]] table, or give the block 'match' and 'source'",
      })
    }
    if (source) {
      say({
        code: 'key-without-effect',
        severity: 'error',
        at: source.at,
        path: `${path}/source`,
        message: "'source' needs 'match'",
        help: "Add 'match': the pattern of the items in that output",
      })
    }
    const total = run.reduce((sum, { count }) => sum + (count?.value ?? 1), 0)
    if (minSuccess && (minSuccess.value < 1 || minSuccess.value > total)) {
      say({
        code: 'out-of-range',
        severity: 'error',
        at: minSuccess.at,
        path: `${path}/min_success`,
        message: "'min_success' is out of range",
        expected: `1 to ${total}, the executions of the block`,
        found: String(minSuccess.value),
      })
    }
  }
}

const parallelLimits: FileRule = ({ steps }, say) => {
  for (const { kind, match, maxParallel, minSuccess, path } of steps) {
    if (kind !== 'parallel') continue
    const tooLow = [
      ['max_parallel', maxParallel],
      ...(match ? ([['min_success', minSuccess]] as const) : []),
    ] as const
    for (const [key, value] of tooLow) {
      if (value && value.value < 1)
        say({
          code: 'out-of-range',
          severity: 'error',
          at: value.at,
          path: `${path}/${key}`,
          message: `'${key}' is out of range`,
          expected: 'at least 1',
          found: String(value.value),
        })
    }
  }
}

const dynamicParallel: FileRule = (draft, say) => {
  for (const step of draft.steps) {
    if (step.kind !== 'parallel' || !step.match) continue
    const { run, node, path, source, match } = step
    if (!source && !draft.isGraph && draft.steps[0] !== step) {
      say({
        code: 'default-source',
        severity: 'warning',
        at: match.at,
        path,
        message:
          "The items are taken from the step before, as releases up to 0.36 do; later ones want 'source'",
        help: "Add 'source': the name of that step",
      })
    } else if (!source) {
      say({
        code: 'missing-key',
        severity: 'error',
        at: match.at,
        path,
        message: "'match' needs 'source'",
        help: "Add 'source': the step whose output holds the items",
      })
    }
    if (childOf(node, 'run') && run.length !== 1) {
      say({
        code: 'too-few-steps',
        severity: 'error',
        at: step.name?.at ?? node,
        path,
        message: "A parallel block with 'match' has exactly 1 step inside, which runs for each item",
        found: String(run.length),
      })
    }
    const inside = [step, ...run].find(({ name }) => name && name.value === source?.value)
    if (source && inside) {
      say({
        code: 'unknown-step',
        severity: 'error',
        at: source.at,
        path: `${path}/source`,
        message: `'${source.value}' is part of the block itself`,
        help: 'Take the items from the output of a step before',
      })
    }
    checkPattern(draft, match, childOf(node, 'match'), `${path}/match`, say)
    const compiled = compileRustPattern(match.value)
    if (compiled.ok && compiled.pattern.groups === 0) {
      say({
        code: 'pattern-without-group',
        severity: 'warning',
        at: match.at,
        path: `${path}/match`,
        message: 'The pattern has no group, and an item is what the first group holds: it finds none',
        help: 'Put ( and ) around the item',
      })
    }
  }
}

const tests: FileRule = (draft, say) => {
  const check = (test: DraftTest) => {
    if (!test.contains && !test.matches) {
      say({
        code: 'empty-test',
        severity: 'error',
        at: test.node,
        path: test.path,
        message: 'The condition tests nothing',
        expected: "'contains' or 'matches'",
      })
    }
    checkPattern(draft, test.matches, childOf(test.node, 'matches'), `${test.path}/matches`, say)
    if (test.output?.value === INPUT_NAME) {
      say({
        code: 'unknown-step',
        severity: 'error',
        at: test.output.at,
        path: `${test.path}/output`,
        message: 'A condition cannot test the input of the run',
        help: 'Test the output of a step',
      })
    }
  }
  for (const step of draft.steps) {
    if (step.kind === 'loop' && step.exitWhen) check(step.exitWhen)
    if (step.kind === 'conditional' && step.condition) check(step.condition)
  }
  for (const { when } of draft.edges) if (when) check(when)
}

const loops: FileRule = ({ steps }, say) => {
  for (const step of steps) {
    if (step.kind !== 'loop') continue
    const { run, node, path, exitWhen, maxIterations } = step
    const at = step.name?.at ?? node
    if (childOf(node, 'run') && run.length === 0)
      say({
        code: 'too-few-steps',
        severity: 'error',
        at,
        path,
        message: 'A loop needs at least 1 step inside',
      })
    if (!exitWhen && childOf(node, 'exit_when')?.kind !== 'scalar') {
      say({
        code: 'missing-key',
        severity: 'error',
        at,
        path,
        message: "The key 'exit_when' is missing in this loop",
        help: "Add exit_when = { matches = '(?m)^DONE' }, say",
      })
    }
    if (!childOf(node, 'max_iterations')) {
      say({
        code: 'loop-without-limit',
        severity: 'warning',
        at,
        path,
        message: `The loop does not say how often it may run, so 10 rounds are the most`,
        help: "Add 'max_iterations'",
      })
    } else if (maxIterations === 0) {
      say({
        code: 'loop-without-limit',
        severity: 'warning',
        at,
        path,
        message: 'With max_iterations = 0 the loop never runs',
        help: 'Raise it, or remove the loop',
      })
    }
  }
}

const conditionals: FileRule = ({ steps }, say) => {
  for (const step of steps) {
    if (step.kind !== 'conditional') continue
    const { node, path, condition, onMatch, onNoMatch, run } = step
    const at = step.name?.at ?? node
    if (!condition)
      say({
        code: 'missing-key',
        severity: 'error',
        at,
        path,
        message: "The key 'condition' is missing in this conditional step",
        help: "Add condition = { contains = '…' }",
      })
    if (onMatch.length + onNoMatch.length === 0) {
      say({
        code: 'missing-key',
        severity: 'error',
        at,
        path,
        message: "The step has neither 'on_match' nor 'on_no_match'",
        help: 'Say which of its steps run when the condition holds, or when it does not',
      })
    }
    const known = run.flatMap(({ name }) => name?.value ?? [])
    for (const target of [...onMatch, ...onNoMatch]) {
      if (known.includes(target.value)) continue
      unknownStep(target, known, path, say, 'is no step of this block')
    }
  }
}

export function unknownStep(
  { value, at }: Located<string>,
  known: readonly string[],
  path: string,
  say: Say,
  why: string,
): void {
  say({
    code: 'unknown-step',
    severity: 'error',
    at,
    path,
    message: `'${value}' ${why}`,
    didYouMean: nearestName(value, known),
    help: known.length === 0 ? undefined : `Steps that can be named here: ${known.join(', ')}`,
  })
}

/** Keys that stand at a step of a kind that does not read them. */
const keysOfOtherKinds: FileRule = ({ steps }, say) => {
  const READ: Readonly<Record<DraftStep['kind'], readonly string[]>> = {
    sequential: [
      'role',
      'prompt',
      'session',
      'timeout',
      'retries',
      'model',
      'workdir',
      'count',
      'skills',
      'capabilities',
    ],
    parallel: ['run', 'min_success', 'max_parallel', 'source', 'match'],
    loop: ['run', 'max_iterations', 'exit_when'],
    conditional: ['run', 'condition', 'on_match', 'on_no_match'],
  }
  const all = new Set(Object.values(READ).flat())
  for (const { kind, node, path } of steps) {
    if (node.kind !== 'map') continue
    for (const [key, entry] of node.entries) {
      // Reported already where it is an error.
      if (!all.has(key) || READ[kind].includes(key) || key === 'count') continue
      say({
        code: 'key-without-effect',
        severity: 'warning',
        at: entry.key as YamlNode,
        path: `${path}/${key}`,
        message: `'${key}' has no effect in a ${kind} step`,
        help: 'Remove it, or give the step the kind that it is for',
      })
    }
  }
}

/** Rules between the keys of a file of its own, but for what graphs and references ask. The order has no meaning. */
export const STEP_RULES: readonly FileRule[] = [
  someSteps,
  maxCost,
  names,
  requiredKeys,
  oneKind,
  notEmpty,
  counts,
  staticParallel,
  parallelLimits,
  dynamicParallel,
  tests,
  loops,
  conditionals,
  keysOfOtherKinds,
]
