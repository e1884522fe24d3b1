import type { Located } from '../diagnostic.ts'
import { type DraftItem, mentionsOf } from '../dialects/codemie/draft.ts'
import { nearestName } from '../nearest.ts'
import { childOf } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

const SHOWN_NAMES = 8

function namesInWords(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(', ')
  return names.length > SHOWN_NAMES
    ? `one of ${shown} and ${names.length - SHOWN_NAMES} more`
    : `one of ${shown}`
}

interface Kind {
  readonly code: string
  readonly noun: string
  readonly list: string
}

const ASSISTANT: Kind = { code: 'unknown-assistant', noun: 'Assistant', list: 'assistants' }
const TOOL: Kind = { code: 'unknown-tool', noun: 'Tool', list: 'tools' }
const CUSTOM_NODE: Kind = { code: 'unknown-custom-node', noun: 'Custom node', list: 'custom_nodes' }

function checkReference(
  say: Say,
  kind: Kind,
  reference: Located<string> | undefined,
  path: string,
  items: readonly DraftItem[],
) {
  if (!reference) return
  const { value, at } = reference
  if (value === '') {
    say({
      code: 'empty-reference',
      severity: 'error',
      at,
      path,
      message: `${kind.noun} is required`,
      help: `Name an entry of '${kind.list}'`,
    })
    return
  }
  if (items.some((item) => item.id?.value === value)) return
  const names = items.flatMap((item) => (item.id ? [item.id.value] : []))
  say({
    code: kind.code,
    severity: 'error',
    at,
    path,
    message: `${kind.noun} '${value}' does not exist`,
    expected: names.length > 0 ? namesInWords(names) : undefined,
    didYouMean: nearestName(value, names),
    help:
      names.length > 0 ? `Name an entry of '${kind.list}'` : `Add it to '${kind.list}', which has no entries`,
  })
}

/** The assistants, tools and custom nodes that states name exist. */
export const workerReferences: Rule = (draft, say) => {
  for (const state of draft.states) {
    checkReference(say, ASSISTANT, state.assistantId, `${state.path}/assistant_id`, draft.assistants)
    checkReference(say, TOOL, state.toolId, `${state.path}/tool_id`, draft.tools)
    checkReference(say, CUSTOM_NODE, state.customNodeId, `${state.path}/custom_node_id`, draft.customNodes)
  }
}

/** The states that `next` and `on_error` name exist. */
export const stateReferences: Rule = (draft, say) => {
  const names = draft.states.flatMap((state) => (state.id ? [state.id.value] : []))
  const known = new Set([...names, 'end'])
  const check = (target: Located<string>, path: string, also: readonly string[], help: string) => {
    if (target.value === '') {
      say({
        code: 'empty-reference',
        severity: 'error',
        at: target.at,
        path,
        message: 'State is required',
        help,
      })
    } else if (!known.has(target.value) && !also.includes(target.value)) {
      say({
        code: 'unknown-state',
        severity: 'error',
        at: target.at,
        path,
        message: `State '${target.value}' does not exist`,
        expected: namesInWords([...names, 'end', ...also]),
        didYouMean: nearestName(target.value, [...names, 'end', ...also]),
        help,
      })
    }
  }
  for (const state of draft.states) {
    for (const mention of mentionsOf(state.next)) {
      check(mention.target, mention.path, [], "Name a state of this file, or 'end'")
    }
    const handler = childOf(state.node, 'on_error')
    if (handler?.kind === 'scalar' && typeof handler.value === 'string') {
      const at = draft.document.at(handler.start, handler.end)
      check(
        { value: handler.value, at },
        `${state.path}/on_error`,
        ['continue'],
        "Name a state of this file, 'continue', or 'end'",
      )
    }
  }
}

/** Ids are unique in their list: states must be, of the others only the first is ever used. */
export const duplicateIds: Rule = (draft, say) => {
  const lists = [
    ['state', draft.states],
    ['assistant', draft.assistants],
    ['tool', draft.tools],
    ['custom node', draft.customNodes],
  ] as const
  for (const [noun, items] of lists) {
    const first = new Map<string, DraftItem>()
    for (const item of items) {
      if (!item.id) continue
      const earlier = first.get(item.id.value)
      if (!earlier?.id) {
        first.set(item.id.value, item)
        continue
      }
      say({
        code: 'duplicate-id',
        severity: noun === 'state' ? 'error' : 'warning',
        at: item.id.at,
        path: `${item.path}/id`,
        message: `There are two ${noun}s with the id '${item.id.value}'`,
        found: `the first one is in line ${earlier.id.at.line}`,
        help:
          noun === 'state'
            ? 'Give each state an id of its own'
            : 'Rename one of them: only the first is used',
      })
    }
  }
}

/** Entries that no state uses are said, so that a typo in a reference is not the only sign. */
export const unusedEntries: Rule = (draft, say) => {
  const used = {
    assistant: new Set(draft.states.map((state) => state.assistantId?.value)),
    tool: new Set(draft.states.map((state) => state.toolId?.value)),
    'custom node': new Set(draft.states.map((state) => state.customNodeId?.value)),
  }
  const lists = [
    ['assistant', draft.assistants],
    ['tool', draft.tools],
    ['custom node', draft.customNodes],
  ] as const
  for (const [noun, items] of lists) {
    for (const item of items) {
      if (!item.id || used[noun].has(item.id.value)) continue
      say({
        code: 'unused-entry',
        severity: 'info',
        at: item.id.at,
        path: `${item.path}/id`,
        message: `No state uses the ${noun} '${item.id.value}'`,
        help: 'Use it or remove it',
      })
    }
  }
}
