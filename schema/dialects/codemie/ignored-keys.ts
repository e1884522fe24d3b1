import type { KnownIgnoredKey } from '../../shape.ts'

const RENAME = 'is not the name CodeMie reads'

/**
 * Keys that real files have although CodeMie never reads them. A typo is worth a guess at the right name; these deserve
 * to be told what happens.
 */
export const IGNORED_KEYS: readonly KnownIgnoredKey[] = [
  { within: 'tool', key: 'toolset', effect: 'the tool is found by its name alone', help: 'Remove it' },
  {
    within: 'tool of an assistant',
    key: 'toolset',
    effect: 'the tool is found by its name alone',
    help: 'Remove it',
  },
  {
    within: 'retry policy',
    key: 'initial_interval_seconds',
    effect: `it ${RENAME}, so the first pause stays what it is (0.5 seconds by default)`,
    help: "Write 'initial_interval', in seconds",
  },
  {
    within: 'retry policy',
    key: 'max_interval_seconds',
    effect: `it ${RENAME}, so the longest pause stays what it is (128 seconds by default)`,
    help: "Write 'max_interval', in seconds",
  },
  {
    within: 'retry policy',
    key: 'backoff_multiplier',
    effect: `it ${RENAME}`,
    help: "Write 'backoff_factor'",
  },
  {
    within: 'execution config',
    key: 'use_flyweight_history',
    effect: 'the history is always kept whole',
    help: 'Remove it',
  },
  {
    within: 'state',
    key: 'use_flyweight_history',
    effect: 'the history is always kept whole',
    help: 'Remove it',
  },
  {
    within: 'state',
    key: 'output_format',
    effect: 'the answer is asked for as text',
    help: "Describe the form in 'output_schema'",
  },
  {
    within: 'execution config',
    key: 'limit_tool_output_tokens',
    effect: 'the limit is set for each assistant',
    help: "Move it into the entries of 'assistants'",
  },
  { within: 'next', key: 'meta_iter_state_id', effect: 'it is a note of the editor of CodeMie' },
  { within: 'next', key: 'meta_next_state_id', effect: 'it is a note of the editor of CodeMie' },
  {
    within: 'case of a switch',
    key: 'iter_key',
    effect: 'a case cannot iterate',
    help: "Let the case lead to a state that has 'iter_key'",
  },
  {
    within: 'custom node',
    key: 'task',
    effect: 'a node takes its task from the state that names it',
    help: "Write 'task' in the state",
  },
]
