import type { Draft, DraftState } from '../dialects/codemie/draft.ts'
import { isJsonObject } from '../json-object.ts'
import { checkTemplate } from '../language/index.ts'
import { readText } from '../lax.ts'
import { nearestName } from '../nearest.ts'
import { enforcedSchemaIn, enforcedSchemaOf } from '../output-schema.ts'
import { childOf, entryOf, type YamlNode } from '../yaml.ts'
import { placeInside } from './expressions.ts'
import type { Rule } from './rule.ts'

/** The first `{{ … }}` or `{% … %}` of a text. Plain searching: a pattern would look for the end anew from every brace. */
function firstPlaceholder(text: string): { readonly index: number; readonly text: string } | undefined {
  const found = [
    ['{{', '}}'],
    ['{%', '%}'],
  ].flatMap(([open = '', close = '']) => {
    const index = text.indexOf(open)
    const end = index < 0 ? -1 : text.indexOf(close, index + open.length)
    return end < 0 ? [] : [{ index, text: text.slice(index, end + close.length) }]
  })
  return found.sort((a, b) => a.index - b.index)[0]
}

/** Placeholders in a task are filled in only on request; otherwise the model reads `{{name}}` literally. */
export const literalTemplates: Rule = (draft, say) => {
  for (const state of draft.states) {
    if (!state.assistantId || state.renderTask || !state.task?.value.includes('{')) continue
    const node = childOf(state.node, 'task')
    const match = firstPlaceholder(state.task.value)
    if (!node || !match) continue
    say({
      code: 'template-not-rendered',
      severity: 'warning',
      at: placeInside(draft, node, match.index, match.text.length),
      path: `${state.path}/task`,
      message: `'${match.text.replaceAll(/\s+/g, ' ')}' reaches the model as it stands: this task is not a template`,
      help: "Add 'resolve_dynamic_values_in_prompt: true' to the state",
    })
  }
}

/** Ids of the states that some state iterates into. */
function mapTargetsOf({ states }: Draft): ReadonlySet<string> {
  return new Set(states.flatMap(({ next }) => (next.iterKey && next.stateId ? [next.stateId.value] : [])))
}

/** `{{task}}` looks like the item of an iteration but is never set. */
export const itemVariable: Rule = (draft, say) => {
  const mapTargets = mapTargetsOf(draft)
  for (const state of draft.states) {
    const node = childOf(state.node, 'task')
    const match = /\{\{-?\s*task\s*-?\}\}/.exec(state.task?.value ?? '')
    if (!node || !match || !state.renderTask) continue
    const isItem = mapTargets.has(state.id?.value ?? '')
    say({
      code: 'no-item-variable',
      severity: 'warning',
      at: placeInside(draft, node, match.index, match[0].length),
      path: `${state.path}/task`,
      message: isItem
        ? "'{{task}}' is empty for items that are text: the item is added after the task by itself"
        : "'{{task}}' is empty unless the context has a key of that name",
      help: isItem ? "Remove it; the model gets the item as 'Current task: …'" : 'Name a key of the context',
    })
  }
}

/** What the JSON text of an `output_schema` says about the keys of the answer. `undefined`: nothing. */
function keysOfSchema(state: DraftState): readonly string[] | undefined {
  const text = state.outputSchema?.value
  if (text === undefined) return undefined
  // Half JSON with dots in it is common, and a failing parse is dear.
  if (text.includes('...')) return undefined
  try {
    const example: unknown = JSON.parse(text)
    const schema = enforcedSchemaIn(example)
    if (schema) return Object.keys(schema.properties as object)
    return isJsonObject(example) ? Object.keys(example) : undefined
  } catch {
    return undefined
  }
}

/** The list to iterate over is in the answer that the state asks for. A state that hands its own item on looks for none. */
export const iterKeyInSchema: Rule = (draft, say) => {
  const mapTargets = mapTargetsOf(draft)
  for (const state of draft.states) {
    if (mapTargets.has(state.id?.value ?? '') && !state.finishIteration) continue
    const { iterKey, path } = state.next
    const keys = iterKey && keysOfSchema(state)
    if (!iterKey || !keys || keys.length === 0) continue
    const first = iterKey.value.startsWith('/') ? iterKey.value.split('/')[1] : iterKey.value
    if (first === undefined || first === '' || keys.includes(first)) continue
    say({
      code: 'iter-key-not-in-schema',
      severity: 'warning',
      at: iterKey.at,
      path: `${path}/iter_key`,
      message: `The output_schema of '${state.id?.value ?? ''}' has no '${first}': an answer without it starts nothing, and the path ends`,
      expected: `one of ${keys.join(', ')}`,
      didYouMean: nearestName(first, keys),
      help: "Name a key of the answer in 'iter_key'",
    })
  }
}

/** An `output_schema` that is nearly a JSON Schema is not enforced, which is easy to miss. */
export const describedSchemas: Rule = (draft, say) => {
  for (const state of draft.states) {
    const entry = entryOf(state.node, 'output_schema')
    const text = state.outputSchema?.value
    if (!entry || text === undefined || !state.assistantId || text.includes('{{') || text.includes('{%'))
      continue
    if (!/"(?:type|properties)"\s*:/.test(text) || !/"type"\s*:\s*"(?:object|array)"/.test(text)) continue
    if (enforcedSchemaOf(text)) continue
    say({
      code: 'schema-not-enforced',
      severity: 'info',
      at: entry.value,
      path: `${state.path}/output_schema`,
      message:
        "This output_schema is only described to the model: it is no JSON object with 'type' and 'properties' that draft 07 allows",
      help: 'Correct it if the answer must be held to it',
    })
  }
}

interface WrittenTemplate {
  readonly node: YamlNode
  readonly path: string
  readonly engine: 'dynamic' | 'secure'
}

/** All texts of a file that are rendered as templates, with the engine that renders them. */
function templatesOf(draft: Draft): readonly WrittenTemplate[] {
  const found: WrittenTemplate[] = []
  const add = (node: YamlNode | undefined, path: string, engine: 'dynamic' | 'secure') => {
    if (node && /\{[{%#]/.test(readText(node) ?? '')) found.push({ node, path, engine })
  }
  for (const state of draft.states) {
    if (state.assistantId && state.renderTask)
      add(childOf(state.node, 'task'), `${state.path}/task`, 'dynamic')
    if (state.assistantId) add(childOf(state.node, 'output_schema'), `${state.path}/output_schema`, 'dynamic')
    const args = childOf(state.node, 'tool_args')
    if (args?.kind === 'map')
      for (const [name, entry] of args.entries) add(entry.value, `${state.path}/tool_args/${name}`, 'dynamic')
  }
  for (const tool of draft.tools) {
    const args = childOf(tool.node, 'tool_args')
    if (args?.kind === 'map')
      for (const [name, entry] of args.entries) add(entry.value, `${tool.path}/tool_args/${name}`, 'dynamic')
  }
  for (const item of draft.customNodes) {
    const config = childOf(item.node, 'config')
    add(childOf(config, 'output_template'), `${item.path}/config/output_template`, 'secure')
    const mappings = childOf(config, 'mappings')
    if (mappings?.kind === 'seq') {
      mappings.items.forEach((mapping, i) => {
        add(childOf(mapping, 'template'), `${item.path}/config/mappings/${i}/template`, 'secure')
      })
    }
  }
  return found
}

/** Templates can be rendered at all. Where they cannot, the text is used as it stands, or the step fails. */
export const templateSyntax: Rule = (draft, say) => {
  for (const { node, path, engine } of templatesOf(draft)) {
    const text = readText(node) ?? ''
    for (const problem of checkTemplate(text, engine)) {
      say({
        code: 'template-syntax',
        severity: 'warning',
        at: placeInside(draft, node, problem.offset),
        path,
        message: `The template cannot be rendered, so ${engine === 'dynamic' ? 'the text is used as it stands' : 'the step fails'}: ${problem.message}`,
        help:
          problem.hint === undefined
            ? undefined
            : problem.hint.charAt(0).toUpperCase() + problem.hint.slice(1),
      })
    }
  }
}
