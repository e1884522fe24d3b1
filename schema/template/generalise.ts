import { openEnvelope } from '../dialects/codemie/envelope.ts'
import { helpWithName } from '../nearest.ts'
import { dataOf, readYaml, type YamlNode, type YamlScalar } from '../yaml.ts'
import { applyTextEdits, placeBehind, spellLines, spellValue, type TextEdit } from '../yaml-edit.ts'
import { placeholdersIn } from './placeholder.ts'

/** A value of a workflow that becomes a parameter. */
export interface Generalised {
  /** Keys, ids and places from 0 that lead there, e.g. `states.review.task` or `tools.0.tool_args.limit`. */
  readonly path: string
  /** Of the parameter. */
  readonly name: string
}

/** What came of it; `problems` are sentences, and with one there is no text. */
export type GeneralisedText =
  | { readonly text: string; readonly problems?: undefined }
  | { readonly text?: undefined; readonly problems: readonly string[] }

/**
 * Makes the text of a template out of that of a workflow: each value at a path becomes a placeholder, and a parameter that has the
 * value as its default. Everything else stays as it is. A name may be given to several paths that hold the same value.
 */
export function generaliseWorkflow(
  text: string,
  category: string | undefined,
  wanted: readonly Generalised[],
): GeneralisedText {
  const document = readYaml('', text)
  const { config, document: inner, envelope } = openEnvelope(document)
  if (!config || inner !== document) return { problems: ['The workflow is a text inside of its file'] }
  const problems: string[] = []
  const edits: TextEdit[] = []
  const defaults = new Map<string, unknown>()
  for (const { path, name } of wanted) {
    const found = find(config, path)
    if (typeof found === 'string') {
      problems.push(found)
      continue
    }
    const value = dataOf(found)
    if (defaults.has(name) && defaults.get(name) !== value) {
      problems.push(`The parameter '${name}' cannot stand for two different values`)
    }
    defaults.set(name, value)
    edits.push({ start: found.start, end: endOf(text, found), text: `<<${name}>>` })
  }
  const taken = (envelope ?? config).entries
  for (const key of ['category', 'parameters']) {
    if (taken.has(key))
      problems.push(`The workflow has a key '${key}' already, which means something else in a template`)
  }
  const [literal] = wanted.length > 0 ? placeholdersIn(config, []) : []
  if (literal) problems.push(`The workflow says <<${literal.name}>> already, which would be a placeholder`)
  const at = placeBehind(document, ['name', 'description', 'tags'])
  if (at === undefined) problems.push('The workflow is written in one piece, without lines for its keys')
  if (at === undefined || problems.length > 0) return { problems }
  const head = [
    ...(category === undefined ? [] : [`category: ${spellValue(category)}\n`]),
    ...(defaults.size === 0 ? [] : ['parameters:\n']),
    ...[...defaults].map(([name, value]) => parameter(name, value)),
  ].join('')
  return { text: applyTextEdits(text, [...edits, { start: at, end: at, text: head }]) }
}

function parameter(name: string, value: unknown): string {
  const type = typeof value === 'bigint' ? 'integer' : typeof value === 'string' ? 'string' : typeof value
  const lines = typeof value === 'string' ? spellLines(value, 6) : undefined
  const spelled = typeof value === 'bigint' ? String(value) : (lines ?? spellValue(value))
  return `  ${name}:\n    type: ${type}\n    default: ${spelled}\n`
}

/** The line break at the end of a block is not part of what is replaced. */
function endOf(text: string, { start, end, style }: YamlScalar): number {
  return style === 'block' ? start + text.slice(start, end).trimEnd().length : end
}

/** The single value at a path, or a sentence about why there is none. */
function find(root: YamlNode, path: string): YamlScalar | string {
  let node = root
  for (const part of path.split('.')) {
    const names = namesIn(node)
    const next = names.get(part)
    if (!next)
      return `There is no '${part}' of '${path}' in the workflow. ${helpWithName(part, [...names.keys()])}`
    node = next
  }
  if (node.kind === 'scalar' && ['string', 'bigint', 'number', 'boolean'].includes(typeof node.value))
    return node
  return `'${path}' is no text, number or truth value, and only these become parameters`
}

/** What can stand in a path: keys of a map; of a list the ids of its items, and their places. */
function namesIn(node: YamlNode): ReadonlyMap<string, YamlNode> {
  if (node.kind === 'map') return new Map([...node.entries].map(([key, { value }]) => [key, value]))
  if (node.kind === 'scalar') return new Map()
  return new Map([
    ...node.items.map((item, index) => [String(index), item] as const),
    ...node.items.flatMap((item) => {
      const id = item.kind === 'map' ? item.entries.get('id')?.value : undefined
      return id?.kind === 'scalar' ? [[id.source, item] as const] : []
    }),
  ])
}
