import type { Vector } from './recorded.ts'

/**
 * Recorded calls that we answer differently on purpose. Each entry names the section of the behaviour notes; it looks at
 * what the call asks for, never at its name. A difference that no entry covers is a bug.
 */
export interface VectorException {
  readonly section: string
  readonly why: string
  readonly functions: readonly string[]
  readonly applies: (vector: Vector) => boolean
}

export const vectorExceptions: readonly VectorException[] = [
  {
    section: '9 b',
    why: 'clear_context_store with output_key stores nothing and does not crash',
    functions: ['node_update'],
    applies: ({ input }) => nextOf(input)['clear_context_store'] === true && 'output_key' in nextOf(input),
  },
  {
    section: '9 c, 10.13',
    why: 'append_to_context with keep_current gives plain lists, as it does in a normal run',
    functions: ['node_update', 'reduce_context'],
    applies: ({ input }) =>
      nextOf(input)['clear_context_store'] === 'keep_current' ||
      textOf(input).includes('context_store_keep_new_only'),
  },
  {
    section: '9 g',
    why: 'valid JSON is decoded by the rules of JSON: escaped pairs are one character, an escaped slash is a slash',
    functions: ['safe_eval', 'condition', 'parse', 'convert_value', 'route', 'iter_items'],
    applies: ({ input }) => /\\\\u[dD][89a-fA-F]|\\\\\//.test(textOf(input)),
  },
  {
    section: '4.1',
    why: 'in a circle of context values the order of the context decides, wherever the circle stands',
    functions: ['render_dynamic', 'render_args'],
    applies: ({ input }) => hasCircle(input['context']),
  },
  {
    section: '2.8',
    why: 'there is no place in an iteration without an item',
    functions: ['iter_items'],
    applies: ({ input }) => {
      const state = input['task_state'] as Readonly<Record<string, unknown>> | undefined
      return (
        state !== undefined && (!(String(input['iter_key']) in state) || state['iteration_node_number'] === 0)
      )
    },
  },
  {
    section: '1.8',
    why: 'the reserved ids __start__ and __end__ are refused as targets',
    functions: ['route'],
    applies: ({ input }) => textOf(nextOf(input)).includes('"__end__"'),
  },
  {
    section: '10.21',
    why: 'a context value string_value that is no text is a failure with that reason',
    functions: ['agent_prompt'],
    applies: ({ input }) => textOf(input['context']).includes('"string_value"'),
  },
]

function nextOf(input: Vector['input']): Readonly<Record<string, unknown>> {
  return (input['next'] ?? {}) as Readonly<Record<string, unknown>>
}

function textOf(value: unknown): string {
  return JSON.stringify(value ?? null)
}

/** Whether the texts of a context refer to each other in a circle. */
function hasCircle(context: unknown): boolean {
  if (typeof context !== 'object' || context === null) return false
  const entries = Object.entries(context).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  const leadsTo = new Map(
    entries.map(([key, text]) => [
      key,
      entries.map(([k]) => k).filter((k) => new RegExp(`\\{\\{\\s*${k}\\b`).test(text)),
    ]),
  )
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (leadsTo.get(from) ?? []).some(
      (next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))),
    )
  return entries.some(([key]) => reaches(key, key, new Set()))
}
