import type { State, Transition } from '../workflow.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import { ceiling, guard, powers } from './classes.ts'
import { errorHandling, handlersOf, notifiedOf } from './error-handling.ts'
import { secretsOf } from './secrets.ts'
import { sayTransition } from './transitions.ts'
import { cameAndWent, fromTo, isSame, listed, meaningOf, members, membersOf } from './values.ts'

/** A retry is a further call that is paid for. */
const retries: ClassRule = {
  words: 'more attempts: widening; fewer: narrowing; other pauses: neutral',
  of: (before, after) => {
    const [a, b] = [before, after].map((policy) => Number(membersOf(policy).get('attempts')))
    return a === b ? 'neutral' : Number(b) > Number(a) ? 'widening' : 'narrowing'
  },
}

function sayRetries(before: unknown, after: unknown): string {
  return members(before, after, {
    came: (name) => name,
    changed: (name, a, b) => (name === 'attempts' ? `${a} → ${b} attempts` : `${name} ${fromTo(a, b)}`),
  })
}

/** Tools that are told are powers; their arguments are not. */
const notifications: ClassRule = {
  words: 'a tool came, with what it may reach: widening; only went: narrowing; other arguments: neutral',
  of: (before, after, whole) => {
    const [a, b] = [before, after].map((tools) =>
      (tools as ReturnType<typeof notifiedOf>).map(({ tool, integrationAlias, mcpServer }) =>
        meaningOf([tool, integrationAlias, mcpServer]),
      ),
    )
    return powers.of(a, b, whole)
  },
}

function sayNotifications(before: unknown, after: unknown): string {
  const [a, b] = [before, after].map((tools) =>
    (tools as ReturnType<typeof notifiedOf>).map(({ tool, integrationAlias }) =>
      integrationAlias === undefined ? tool : `${tool} (${integrationAlias})`,
    ),
  )
  if (isSame(a, b)) return 'given something else'
  const { came, went } = cameAndWent(a, b)
  return came.length + went.length === 0 ? 'told of other failures' : listed(a, b)
}

/** What states name that holds credentials. Told of states that came and went, too, with those inside of them. */
export const SECRETS: Aspect<readonly State[]> = {
  code: 'secrets-changed',
  name: 'secrets and variables that it names',
  of: (states) => [...new Set(states.flatMap(secretsOf))].sort(),
  class: powers,
  // The text that names them is compared by itself.
  reach: 'nothing',
  say: listed,
}

/** Two forms of a choice mean the same, and how many machines share a list changes nothing of what comes out. */
function meaningOfNext(next: Transition): unknown {
  if (next.kind === 'choose') return { ...next, form: undefined }
  return next.kind === 'map' ? { ...next, shards: undefined } : next
}

/** What becomes of a step and when it runs, whatever it does. */
export const STATE_ASPECTS: readonly Aspect<State>[] = [
  { ...SECRETS, of: secretsOf },
  {
    code: 'transition-changed',
    name: 'what follows',
    of: ({ next }) => meaningOfNext(next),
    class: 'neutral',
    reach: 'followers',
    say: sayTransition,
    isSentence: true,
  },
  {
    code: 'shards-changed',
    name: 'shards of its list',
    // What goes and what comes with another way on is told there.
    of: ({ next }) => (next.kind === 'map' ? (next.shards ?? 'none') : undefined),
    class: 'neutral',
    reach: 'nothing',
    say: (before, after) => (before === undefined || after === undefined ? undefined : fromTo(before, after)),
  },
  {
    code: 'output-policy-changed',
    name: 'its output',
    // As authors write it.
    of: ({ output }) => ({
      store_in_context: output.storeInContext,
      include_in_llm_history: output.includeInHistory,
      clear_prior_messages: output.clearHistory,
      clear_context_store: output.context,
      reset_keys_in_context_store: output.resetKeys,
      output_key: output.outputKey,
      append_to_context: output.append,
      result_as_human_message: output.asUserMessage,
      include_in_iterator_context: output.branchKeys,
    }),
    class: 'neutral',
    reach: 'followers',
    say: members,
  },
  {
    code: 'error-handling-changed',
    name: 'on_error',
    of: ({ onError }) => handlersOf(onError),
    class: errorHandling,
    reach: 'followers',
    say: (before, after) => listed(before, after).replaceAll(/ (?=[+−])/g, ', '),
  },
  {
    code: 'notifications-changed',
    name: 'tools told of failures',
    of: ({ onError }) => notifiedOf(onError),
    class: notifications,
    reach: 'followers',
    say: sayNotifications,
  },
  {
    code: 'retry-changed',
    name: 'retries',
    of: ({ retry }) => ({
      attempts: retry.maxAttempts,
      'first pause in ms': retry.initialIntervalMs,
      'longest pause in ms': retry.maxIntervalMs,
      'growth of the pause': retry.backoffFactor,
      'after any failure': retry.always ?? false,
    }),
    class: retries,
    reach: 'nothing',
    say: sayRetries,
  },
  {
    code: 'timeout-changed',
    name: 'time limit in ms',
    of: ({ timeoutMs }) => timeoutMs,
    class: ceiling,
    reach: 'nothing',
  },
  {
    code: 'approval-changed',
    name: 'approval',
    of: ({ approval }) => approval ?? false,
    class: guard,
    reach: 'nothing',
  },
  {
    code: 'pause-changed',
    name: 'pause before it',
    of: ({ pauseBefore }) => pauseBefore,
    class: guard,
    reach: 'nothing',
  },
  {
    code: 'cache-changed',
    name: 'cache',
    of: ({ cache }) => cache ?? false,
    class: guard,
    reach: 'nothing',
  },
]
