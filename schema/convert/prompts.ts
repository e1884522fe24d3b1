import type { Located } from '../diagnostic.ts'
import { rangesIn } from '../dialects/octomind/file-context.ts'
import { namesIn } from '../dialects/octomind/placeholders.ts'
import { valuesIn } from './assistants.ts'
import type { Draft } from './draft.ts'
import { textLiteral } from './expressions.ts'

/** A task, and whether names in it are to be filled in. */
export interface Task {
  readonly text: string
  readonly isTemplate: boolean
}

/** What the names of a prompt stand for. */
export interface KnownOutputs {
  /** Expression for an output. `undefined`: the workflow has none of that name. */
  readonly expressionOf: (name: string) => string | undefined
  /** Names that may have no output yet; octomind leaves them as they are written then. */
  readonly later: ReadonlySet<string>
  /** Whether an output can be an empty text. */
  readonly canBeEmpty: (name: string) => boolean
}

/** Four braces around a name stand for two. */
const ESCAPED = /\{\{\{\{([A-Z_]+)\}\}\}\}/g

/** A prompt as a task. Values of the project that it names are lost. */
export function taskOf(
  draft: Draft,
  { value, at }: Located<string>,
  role: string,
  outputs: KnownOutputs,
): Task {
  const prompt = value.trim().replace(/<context>\s*<\/context>/g, '')
  const values = valuesIn(prompt.replace(ESCAPED, '').replaceAll('{{ROLE}}', ''))
  if (values.length > 0)
    draft.lose(
      at,
      `The prompt names ${values.join(', ')}: there is nothing that puts values of the project into a task`,
    )
  if (rangesIn(prompt).length > 0)
    draft.lose(
      at,
      'The prompt shows lines of files in <context>: there is nothing that puts files into a task',
    )
  const written = (text: string) => text.replace(ESCAPED, '{{$1}}').replaceAll('{{ROLE}}', role)
  const parts: string[] = []
  let end = 0
  for (const { name, start, end: next } of namesIn(prompt)) {
    const expression = outputs.expressionOf(name)
    if (expression === undefined) continue
    const shown = outputs.later.has(name)
      ? `${expression} | default(${textLiteral(prompt.slice(start, next))})`
      : expression
    parts.push(literal(written(prompt.slice(end, start)), true), `{{ ${shown} }}`)
    end = next
  }
  if (parts.length === 0) return { text: written(prompt), isTemplate: false }
  draft.note(
    at,
    'An output with {{ }} or {% %} in it is filled in itself where a task names it, as it is not in Octomind',
  )
  const template = parts.join('') + literal(written(prompt.slice(end)), false)
  // Octomind takes the blanks away that stand beside an empty output at the edge of a prompt.
  const hasBareEdge = edgeNames(prompt).some(outputs.canBeEmpty)
  return { text: hasBareEdge ? `{% filter trim %}${template}{% endfilter %}` : template, isTemplate: true }
}

/** Names with nothing but blanks and other names between them and an edge of the text. */
function edgeNames(text: string): readonly string[] {
  const edges = [/^(?:\s*\{\{[\w-]+\}\})+/, /(?:\{\{[\w-]+\}\}\s*)+$/].map(
    (edge) => edge.exec(text)?.[0] ?? '',
  )
  return namesIn(edges.join('')).map(({ name }) => name)
}

/** Fixed text in a template: braces that would begin something are spelled. */
function literal(text: string, isBeforeName: boolean): string {
  return text.replace(isBeforeName ? /\{(?=[{%#]|$)/g : /\{(?=[{%#])/g, "{{ '{' }}")
}
