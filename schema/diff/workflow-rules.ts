import type { Workflow } from '../workflow.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import { ceiling, expense, guards, model, models, permissions } from './classes.ts'
import { inputs, inputsOf, sayInputs } from './inputs.ts'
import { sayTriggers, triggers, triggersOf } from './triggers.ts'
import { fromTo, listed, members } from './values.ts'

/** A workflow that is retired refuses to run, also when another one calls it. */
const lifecycle: ClassRule = {
  words: 'retired: breaking; no longer retired: widening; else neutral',
  of: (before, after) => (after === 'retired' ? 'breaking' : before === 'retired' ? 'widening' : 'neutral'),
}

const OPENINGS: Readonly<Record<Workflow['opening']['kind'], string>> = {
  message: 'its input is the first message',
  name: 'its input has the name input',
  text: 'its first step works on the input',
}

/** Steps of Octomind that are no graph run once each: how many there are is no limit that somebody set. */
function isInOrder({ dialect, states }: Workflow): boolean {
  return dialect !== 'codemie' && states.every(({ next }) => next.kind === 'goto' || next.kind === 'stop')
}

/** What holds for the workflow as a whole. */
export const WORKFLOW_ASPECTS: readonly Aspect<Workflow>[] = [
  { code: 'name-changed', name: 'name', of: ({ name }) => name, class: 'neutral', reach: 'nothing' },
  {
    code: 'description-changed',
    name: 'description',
    of: ({ description }) => description,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'tags-changed',
    name: 'tags',
    of: ({ tags }) => [...tags].sort(),
    class: 'neutral',
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'lifecycle-changed',
    name: 'lifecycle',
    of: ({ lifecycle }) => lifecycle,
    class: lifecycle,
    reach: 'nothing',
  },
  {
    code: 'triggers-changed',
    name: 'what starts it',
    of: (workflow) => triggersOf(workflow.triggers),
    class: triggers,
    reach: 'nothing',
    say: sayTriggers,
  },
  {
    code: 'inputs-changed',
    name: 'inputs',
    of: (workflow) => inputsOf(workflow.inputs),
    class: inputs,
    reach: 'nothing',
    say: sayInputs,
  },
  {
    code: 'permissions-changed',
    name: 'permissions',
    of: (workflow) => workflow.permissions,
    class: permissions,
    reach: 'nothing',
    say: members,
  },
  {
    code: 'guardrails-changed',
    name: 'guardrails',
    of: ({ guardrails }) => guardrails.map(({ value }) => value).sort(),
    class: guards,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'budget-usd-changed',
    name: 'budget in US dollars',
    of: ({ budget }) => budget.usd,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-tokens-changed',
    name: 'budget in tokens',
    of: ({ budget }) => budget.tokens,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'budget-steps-changed',
    name: 'budget in steps',
    of: ({ budget }) => budget.steps,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'model-changed',
    name: 'model',
    of: (workflow) => workflow.models.default,
    class: model,
    reach: 'all',
  },
  {
    code: 'fallback-models-changed',
    name: 'fallback models',
    of: (workflow) => workflow.models.fallback,
    class: models,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'opening-changed',
    name: 'how a run begins',
    of: ({ opening }) => OPENINGS[opening.kind],
    class: 'neutral',
    reach: 'all',
  },
  {
    code: 'role-prompt-changed',
    name: 'prompt of the role',
    of: ({ opening }) => (opening.kind === 'text' ? opening.system : undefined),
    class: 'neutral',
    reach: 'all',
  },
  {
    code: 'role-greeting-changed',
    name: 'what the session begins with',
    of: ({ opening }) => (opening.kind === 'text' ? opening.greeting : undefined),
    class: 'neutral',
    reach: 'all',
  },
  {
    code: 'recursion-limit-changed',
    name: 'recursion limit',
    of: (workflow) => (isInOrder(workflow) ? undefined : workflow.limits.recursionLimit),
    class: ceiling,
    reach: 'nothing',
    // Where one of them runs its steps in order, what follows what tells it.
    say: (before, after) => (before === undefined || after === undefined ? undefined : fromTo(before, after)),
  },
  {
    code: 'concurrency-changed',
    name: 'steps at once',
    of: ({ limits }) => limits.maxConcurrency,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'memory-limits-changed',
    name: 'limits of the conversation',
    of: ({ limits }) => limits.memory,
    class: 'neutral',
    reach: 'nothing',
    say: members,
  },
  {
    code: 'finalizer-changed',
    name: 'summary at the end',
    of: ({ finalizer }) => finalizer,
    class: expense,
    reach: 'nothing',
  },
]
