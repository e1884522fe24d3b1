import { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { asPyError, PyError, typeError } from './errors.ts'
import { renderTemplate } from './jinja/render.ts'
import { compileTemplate, SECURE_ENGINE, templateError } from './jinja/template.ts'
import { parseJson } from './json.ts'
import { pyLength } from './operators.ts'
import type { TemplateError } from './problems.ts'
import { type PyValue, truthy } from './values.ts'

/** A rule that refuses templates before they are rendered. */
type Rule = { readonly name: string; readonly message: string }

const RULES = {
  word: {
    name: 'forbidden-word',
    message: 'the secure engine refuses this word anywhere in a tag, because it could reach the host',
  },
  blanks: {
    name: 'blanks-in-variable',
    message:
      "the secure engine takes an expression with blanks only when it has a comparison, 'in', 'is', 'and', 'or', 'not' or brackets; write {{ a|upper }} without blanks, or {% set x = a + 1 %} first",
  },
  variable: {
    name: 'variable-name',
    message: 'the secure engine takes {{ … }} only when it starts with a plain name, a literal or a bracket',
  },
} as const satisfies Record<string, Rule>

/** Words that upstream refuses inside tags, also inside longer words: `macos.x` has `os.`, `profile(1)` has `file(`. */
const FORBIDDEN = [
  /__\w+?__/,
  /os\./,
  /sys\./,
  /subprocess/,
  /(?:open|eval|exec|compile|file|input|globals|locals|getattr|setattr|delattr)\s*\(/,
] as const

/** A tag as it stands in the text; Jinja finds its end more carefully, upstream's rules look no closer. */
type Tag = { readonly text: string; readonly start: number; readonly isPrint: boolean }

function nextTag(text: string, from: number, open: '{{' | '{%'): Tag | undefined {
  const start = text.indexOf(open, from)
  const end = start < 0 ? -1 : text.indexOf(open === '{{' ? '}}' : '%}', start + 3)
  return end < 0 ? undefined : { text: text.slice(start, end + 2), start, isPrint: open === '{{' }
}

/** All tags from left to right; with `printsOnly` block tags count as text. */
function* tagsOf(text: string, printsOnly = false): Generator<Tag> {
  let print = nextTag(text, 0, '{{')
  let block = printsOnly ? undefined : nextTag(text, 0, '{%')
  for (;;) {
    const isPrintFirst = print !== undefined && (block === undefined || print.start < block.start)
    const tag = isPrintFirst ? print : block
    if (tag === undefined) return
    yield tag
    const end = tag.start + tag.text.length
    if (print !== undefined && print.start < end) print = nextTag(text, end, '{{')
    if (block !== undefined && block.start < end) block = nextTag(text, end, '{%')
  }
}

const RAW_TAG = /^\{%[-+]?\s*(?:raw|endraw)\s*[-+]?%\}$/
/** What may stand beside blanks in an expression. */
const WITH_BLANKS = / in | not | and | or | is |==|!=|>=|<=|[()]/
const LITERAL = /^["'\d[({]/
/** Text in doubled braces that is meant as JSON: a quoted key, or an object or list with a quoted text. */
const JSON_LIKE = /^(?:(?:"[^"]*"|'[^']*')\s*:|\{[^}]*["']|\[[^\]|]*["'])/

function inside(tag: Tag): string {
  return tag.text.slice(2, -2)
}

function isJsonLike(expression: string): boolean {
  return JSON_LIKE.test(expression.trim())
}

function hasTags(text: string): boolean {
  for (const tag of tagsOf(text))
    if (tag.isPrint ? !isJsonLike(inside(tag)) : !RAW_TAG.test(tag.text)) return true
  return false
}

function refuse(rule: Rule, text: string, offset: number): TemplateError {
  return templateError(
    new PyError('TemplateRule', `${rule.message} (rule "${rule.name}")`, offset),
    text,
    rule.name,
  )
}

/** The first breach of upstream's rules in a template, or nothing. */
export function findBreach(text: string): TemplateError | undefined {
  for (const tag of tagsOf(text)) {
    if (tag.isPrint && isJsonLike(inside(tag))) continue
    const place = FORBIDDEN.map((word) => tag.text.search(word)).find((index) => index >= 0)
    if (place !== undefined) return refuse(RULES.word, text, tag.start + place)
  }
  for (const tag of tagsOf(text, true)) {
    const expression = inside(tag).trim()
    if (expression === '' || isJsonLike(expression)) continue
    if (/\s/.test(expression) && !WITH_BLANKS.test(expression)) return refuse(RULES.blanks, text, tag.start)
    const first = expression.split(/[\s.|[(]/)[0] ?? ''
    if (first !== '' && !LITERAL.test(first) && !/^[\p{L}\p{N}_]+$/u.test(first))
      return refuse(RULES.variable, text, tag.start)
  }
  return undefined
}

/** Put JSON in doubled braces into raw blocks, so that Jinja leaves it alone. */
function protectJson(text: string): string {
  let result = ''
  let place = 0
  for (const tag of tagsOf(text, true)) {
    if (!isJsonLike(inside(tag))) continue
    result += `${text.slice(place, tag.start)}{% raw %}${tag.text}{% endraw %}`
    place = tag.start + tag.text.length
  }
  return result + text.slice(place)
}

/** Names that a template may see: plain words that do not start with an underscore. */
function visibleContext(context: PyDict): PyDict {
  const visible = new PyDict()
  for (const [key, value] of context.entries())
    if (typeof key === 'string' && /^[\p{L}\p{N}_]+$/u.test(key) && !key.startsWith('_'))
      visible.set(key, value)
  return visible
}

/**
 * Render a template of a transform or a state processor (engine B, sandboxed Jinja2 with trimmed blocks). Text without tags comes
 * back untouched. Throws {@link TemplateError}; its `rule` is set when one of upstream's rules refused the template.
 */
export function renderSecure(template: string, context: PyDict, budget: Budget = new Budget()): string {
  if (!hasTags(template)) return template
  const breach = findBreach(template)
  if (breach !== undefined) throw breach
  return renderTemplate(
    compileTemplate(protectJson(template), SECURE_ENGINE),
    visibleContext(context),
    budget,
  )
}

/** The text that {@link renderSecure} would compile; absent when it has no tags and is used as it is. */
export function secureSource(template: string): string | undefined {
  return hasTags(template) ? protectJson(template) : undefined
}

const DEFAULT_BATCH = `# Summary
{% for item in items %}
{% for key, value in item.items() %}{{ key }}: {{ value }}{% endfor %}
{% endfor %}`

/**
 * Render the items that a state processor collected, with the name `items`. Texts are read as JSON; what is no object is left out,
 * and with nothing left the result is empty. Without a template each item's fields are listed. Throws {@link TemplateError}, also
 * for a text that is a JSON number, boolean or null.
 */
export function renderBatch(
  items: readonly PyValue[],
  template: string | undefined,
  budget: Budget = new Budget(),
): string {
  const kept = items.flatMap((item) => batchItem(item))
  if (kept.length === 0) return ''
  return renderSecure(template ?? DEFAULT_BATCH, new PyDict([['items', kept]]), budget)
}

function batchItem(item: PyValue): PyDict[] {
  if (typeof item !== 'string') return item instanceof PyDict ? [item] : []
  let value: PyValue
  try {
    value = parseJson(item)
  } catch (error) {
    asPyError(error)
    return []
  }
  try {
    // Upstream asks for the length first, so a bare number fails the whole batch.
    pyLength(value)
  } catch (error) {
    const { message } = asPyError(error)
    throw templateError(typeError(`an item of the batch is not a JSON object: ${message}`), item)
  }
  return value instanceof PyDict && truthy(value) ? [value] : []
}
