import { PROJECT_VALUES, namesIn as placesIn } from '../schema/dialects/octomind/placeholders.ts'
import { ancestorsOf, graphOf } from '../schema/graph.ts'
import { PyDict, parseOutput, renderDynamic } from '../schema/language/index.ts'
import type { State, Workflow } from '../schema/workflow.ts'

/** A text as far as it is known before the run: what is not yet known stands in it as it was written. */
export interface PlannedText {
  readonly text: string
  /** Names that get their value during the run, and the states they come from, as far as that can be told. */
  readonly unknown: readonly { readonly name: string; readonly from: readonly string[] }[]
}

/** What the context holds at the start, and who writes into it later. */
export interface ContextKeys {
  /** The input of the run, without the blanks around it. */
  readonly input: string
  readonly values: PyDict
  /** States that set a key, by the key. */
  readonly producers: ReadonlyMap<string, readonly string[]>
  /** Whether `a` can run before `b`. */
  readonly isBefore: (a: string, b: string) => boolean
}

/** Reads the context that a run starts with from its input, and the keys that states will set from the definition. */
export function contextKeysOf(workflow: Workflow, input: string): ContextKeys {
  const parsed = input === '' ? undefined : parseOutput(input)
  const producers = new Map<string, string[]>()
  for (const state of workflow.states) {
    for (const key of keysSetBy(state)) {
      const known = producers.get(key)
      if (known) known.push(state.id)
      else producers.set(key, [state.id])
    }
  }
  const graph = graphOf(workflow)
  const ancestors = new Map<string, ReadonlySet<string>>()
  return {
    input: input.trim(),
    values: parsed instanceof PyDict ? parsed : new PyDict(),
    producers,
    isBefore: (a, b) => {
      let before = ancestors.get(b)
      if (!before) {
        before = ancestorsOf(graph, b)
        ancestors.set(b, before)
      }
      return before.has(a)
    },
  }
}

function keysSetBy({ work, output }: State): readonly string[] {
  const keys: string[] = output.outputKey === undefined ? [] : [output.outputKey]
  if (!output.storeInContext) return keys
  if (work.kind === 'agent' && work.outputSchema) keys.push(...keysOfSchema(work.outputSchema.value))
  if (work.kind === 'transform') {
    const mappings = work.config['mappings']
    if (Array.isArray(mappings)) {
      for (const mapping of mappings as readonly { readonly output_field?: unknown }[]) {
        if (typeof mapping?.output_field === 'string') keys.push(mapping.output_field)
      }
    }
  }
  return keys
}

/** Top-level keys of an answer: of a JSON Schema its properties, of an example its own keys. */
function keysOfSchema(text: string): readonly string[] {
  try {
    const value = JSON.parse(text) as { readonly properties?: object } | null
    if (typeof value !== 'object' || value === null) return []
    return Object.keys(typeof value.properties === 'object' ? value.properties : value)
  } catch {
    return []
  }
}

/** `{{ … }}`, with the blanks and dashes that Jinja allows. */
const PLACEHOLDER = /\{\{-?([\s\S]*?)-?\}\}/g
const WORDS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(\.|\|)?\s*([A-Za-z_]\w*)(\s*=(?!=))?/g
const KEYWORDS = new Set(
  'and or not in is if else true false none True False None defined undefined range loop dict namespace'.split(
    ' ',
  ),
)

/**
 * Renders what is known of a template for a state. A placeholder whose names are all known is filled in; every other
 * one stays. With block tags (`{% … %}`) the text is rendered as a whole or not at all. `isPartOfMap`: the keys of the
 * current item are known only during the run, and may take the place of any name.
 */
export function renderKnown(
  text: string,
  context: ContextKeys,
  stateId: string,
  isPartOfMap: boolean,
): PlannedText {
  const unknown = new Map<string, readonly string[]>()
  const isKnown = (name: string) => {
    const from = (context.producers.get(name) ?? []).filter((id) => context.isBefore(id, stateId))
    if (from.length === 0 && context.values.has(name) && !isPartOfMap) return true
    unknown.set(name, from)
    return false
  }
  const render = (piece: string) => {
    const { value } = renderDynamic(piece, context.values)
    return typeof value === 'string' ? value : piece
  }
  if (text.includes('{%')) {
    const names = namesIn(text.replace(/\{#[\s\S]*?#\}/g, ''))
    const rendered = names.map(isKnown).every(Boolean) ? render(text) : text
    return { text: rendered, unknown: listOf(unknown) }
  }
  const rendered = text.replace(PLACEHOLDER, (piece, expression: string) => {
    const names = namesOf(expression)
    return names.length > 0 && names.map(isKnown).every(Boolean) ? render(piece) : piece
  })
  return { text: rendered, unknown: listOf(unknown) }
}

/**
 * Fills the input into a prompt that names outputs as `{{name}}`. Every other name that gets a value stays; one that neither
 * a step nor the project gives is a text.
 *
 * @param declared names of the steps of the workflow, each of which gives the output of its name.
 */
export function fillKnown(prompt: string, input: string, declared: readonly string[]): PlannedText {
  const unknown = new Map<string, readonly string[]>()
  let text = ''
  let end = 0
  for (const { name, start, end: next } of placesIn(prompt)) {
    const place = prompt.slice(start, next)
    if (declared.includes(name)) unknown.set(name, [name])
    else if (PROJECT_VALUES.some((one) => one === name)) unknown.set(name, ['the project'])
    text += prompt.slice(end, start) + (name === 'input' && input !== '' ? input : place)
    end = next
  }
  return { text: text + prompt.slice(end), unknown: listOf(unknown) }
}

function listOf(unknown: ReadonlyMap<string, readonly string[]>): PlannedText['unknown'] {
  return [...unknown].map(([name, from]) => ({ name, from }))
}

/** Names that an expression looks up: no attributes, filters, keywords, strings or names of arguments. */
function namesOf(expression: string): readonly string[] {
  const names = new Set<string>()
  for (const [, before, name, assigns] of expression.matchAll(WORDS)) {
    if (name !== undefined && before === undefined && assigns === undefined && !KEYWORDS.has(name))
      names.add(name)
  }
  return [...names]
}

/** Names that a template with blocks looks up and does not set itself. */
function namesIn(template: string): readonly string[] {
  const bound = new Set<string>()
  const used = new Set<string>()
  for (const [, tag = '', print = ''] of template.matchAll(/\{%-?([\s\S]*?)-?%\}|\{\{-?([\s\S]*?)-?\}\}/g)) {
    const loop = /^\s*for\s+([\w\s,]+?)\s+in\b([\s\S]*)$/.exec(tag)
    const set = /^\s*set\s+([\w\s,]+?)\s*=([\s\S]*)$/.exec(tag)
    const binding = loop ?? set
    for (const name of (binding?.[1] ?? '').split(',')) if (name.trim() !== '') bound.add(name.trim())
    const body = binding ? (binding[2] ?? '') : tag.replace(/^\s*\w+/, '')
    for (const name of namesOf(`${body} ${print}`)) used.add(name)
  }
  return [...used].filter((name) => !bound.has(name))
}
