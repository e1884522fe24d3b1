import type { Dialect } from './workflow.ts'

/**
 * Model calls of one attempt of an agent that may call tools, those of assistants that it asks among them; upstream's limit, far
 * beyond what a sound agent needs.
 */
export const MOST_TURNS = 150

/** What files call the limit of supersteps. The workflows of a configuration of Octomind cannot come to theirs. */
export const SUPERSTEPS_KEYS: Readonly<Record<Dialect, string>> = {
  codemie: 'recursion_limit',
  'octomind-file': 'max_transitions',
  'octomind-config': 'recursion_limit',
}

/** How often an agent is asked again, in one attempt, when its answer does not fit the output schema. */
export const MOST_REASKS = 2

/** Parts of a map that several machines share: the most jobs that a matrix of GitHub Actions has. */
export const MOST_SHARDS = 256

/** Characters that count as a token where the length of a conversation is estimated: the real vocabulary is a download. */
export const CHARACTERS_PER_TOKEN = 4

/** Longest regular expression in characters; matching costs pattern times text. */
export const LONGEST_PATTERN = 2000

/** Name of the state that sums the conversation up at `end`; reserved in definitions. */
export const FINALIZER = 'result_finalizer_node'

/** Name of the state that shortens a long history; reserved in definitions. */
export const MEMORY = 'summarize_memory_node'

/** Name of the state that asks models about a message; reserved in definitions. */
export const CHECK = 'check_guardrails_node'
