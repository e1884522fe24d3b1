import type { Located } from '../diagnostic.ts'
import { type DraftItem, mentionsOf } from '../dialects/codemie/draft.ts'
import { readTexts } from '../lax.ts'
import { nearestName } from '../nearest.ts'
import { CONTINUE } from '../workflow.ts'
import { childOf } from '../yaml.ts'
import type { Rule, Say } from './rule.ts'

const SHOWN_NAMES = 8

function namesInWords(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).join(', ')
  return names.length > SHOWN_NAMES
    ? `one of ${shown} and ${names.length - SHOWN_NAMES} more`
    : `one of ${shown}`
}

// Comparing names is the dear part of a report; whoever reads beyond the first hundred wants no more guesses.
const MOST_GUESSES = 100

/** Finds the nearest of some names, until enough guesses were made. */
function guesserOf(names: readonly string[]): (typed: string) => string | undefined {
  let left = MOST_GUESSES
  return (typed) => {
    left -= 1
    return left < 0 ? undefined : nearestName(typed, names)
  }
}

interface Kind {
  readonly code: string
  readonly noun: string
  readonly list: string
}

const ASSISTANT: Kind = { code: 'unknown-assistant', noun: 'Assistant', list: 'assistants' }
const TOOL: Kind = { code: 'unknown-tool', noun: 'Tool', list: 'tools' }
const CUSTOM_NODE: Kind = { code: 'unknown-custom-node', noun: 'Custom node', list: 'custom_nodes' }

/** Makes the check of references into one list. */
function referenceCheck(say: Say, kind: Kind, items: readonly DraftItem[]) {
  const names = items.flatMap((item) => (item.id ? [item.id.value] : []))
  const known = new Set(names)
  const guess = guesserOf(names)
  return (reference: Located<string> | undefined, path: string) => {
    if (!reference || (known.has(reference.value) && reference.value !== '')) return
    const { value, at } = reference
    const help = `Name an entry of '${kind.list}'`
    if (value === '') {
      say({ code: 'empty-reference', severity: 'error', at, path, message: `${kind.noun} is required`, help })
      return
    }
    say({
      code: kind.code,
      severity: 'error',
      at,
      path,
      message: `${kind.noun} '${value}' does not exist`,
      expected: names.length > 0 ? namesInWords(names) : undefined,
      didYouMean: guess(value),
      help: names.length > 0 ? help : `Add it to '${kind.list}', which has no entries`,
    })
  }
}

/** The assistants, tools and custom nodes that states name exist. */
export const workerReferences: Rule = (draft, say) => {
  const checkAssistant = referenceCheck(say, ASSISTANT, draft.assistants)
  const checkTool = referenceCheck(say, TOOL, draft.tools)
  const checkNode = referenceCheck(say, CUSTOM_NODE, draft.customNodes)
  for (const state of draft.states) {
    checkAssistant(state.assistantId, `${state.path}/assistant_id`)
    checkTool(state.toolId, `${state.path}/tool_id`)
    checkNode(state.customNodeId, `${state.path}/custom_node_id`)
    for (const handler of state.errorHandlers) checkTool(handler.notify, `${handler.path}/notify`)
  }
}

/** The states that `next` and `on_error` name exist. */
export const stateReferences: Rule = (draft, say) => {
  const names = draft.states.flatMap((state) => (state.id ? [state.id.value] : []))
  const known = new Set([...names, 'end'])
  const targets = [...names, 'end']
  const handlers = [...targets, CONTINUE]
  const guess = guesserOf(handlers)
  const check = (target: Located<string>, path: string, allowed: readonly string[], help: string) => {
    if (target.value === '') {
      say({
        code: 'empty-reference',
        severity: 'error',
        at: target.at,
        path,
        message: 'State is required',
        help,
      })
    } else if (!known.has(target.value) && !(allowed === handlers && target.value === CONTINUE)) {
      say({
        code: 'unknown-state',
        severity: 'error',
        at: target.at,
        path,
        message: `State '${target.value}' does not exist`,
        expected: namesInWords(allowed),
        didYouMean: guess(target.value),
        help,
      })
    }
  }
  for (const state of draft.states) {
    for (const mention of mentionsOf(state.next)) {
      check(mention.target, mention.path, targets, "Name a state of this file, or 'end'")
    }
    for (const { stateId, path } of state.errorHandlers) {
      if (stateId) check(stateId, path, handlers, "Name a state of this file, 'continue', or 'end'")
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
    assistant: new Set([
      ...draft.states.map((state) => state.assistantId?.value),
      ...draft.assistants.flatMap(({ node }) => readTexts(childOf(node, 'assistant_ids')) ?? []),
    ]),
    tool: new Set(
      draft.states.flatMap((state) => [
        state.toolId?.value,
        ...state.errorHandlers.map(({ notify }) => notify?.value),
      ]),
    ),
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
