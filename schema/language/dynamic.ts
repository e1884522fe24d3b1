import { Budget } from './budget.ts'
import { PyDict } from './dict.ts'
import { normaliseTemplate } from './jinja/lexer.ts'
import { renderTemplate } from './jinja/render.ts'
import { compileTemplate, DYNAMIC_ENGINE } from './jinja/template.ts'
import { type LanguageProblem, TemplateError } from './problems.ts'
import { PyTuple, type PyValue, truthy } from './values.ts'

/** Under this name a single text is rendered, so a context value of this name replaces every text. */
const SINGLE_TEXT = 'string_value'

/** A rendered text. `problems` says why it stayed as written, when it did. */
export type DynamicText = { readonly value: PyValue; readonly problems: readonly LanguageProblem[] }

/** Rendered arguments; each problem names the argument that stayed as written. */
export type DynamicArguments = {
  readonly value: PyDict
  readonly problems: readonly (LanguageProblem & { readonly argument: string })[]
}

/**
 * Render a task, an output schema or the like with the context store (engine A, plain Jinja2). With an empty context nothing is
 * touched. A text that fails stays as written and the problem says where and why. The value is no text when the context has a
 * key `string_value`: that key replaces every text, with its own type, as upstream does.
 */
export function renderDynamic(text: string, context: PyValue, budget: Budget = new Budget()): DynamicText {
  if (!truthy(context)) return { value: text, problems: [] }
  const resolved = resolveContext(contextDict(context), budget)
  const override = resolved.get(SINGLE_TEXT)
  if (override !== undefined && override !== null) return { value: override, problems: [] }
  const problems: LanguageProblem[] = []
  const value = rendered(text, resolved, budget, (problem) => problems.push(problem))
  return { value, problems }
}

/**
 * Render the arguments of a tool (engine A). Only top-level texts are rendered; a context value that is not null replaces the
 * argument of the same name, whatever it was. The arguments themselves are not changed.
 */
export function renderDynamicArgs(
  args: PyDict,
  context: PyValue,
  budget: Budget = new Budget(),
): DynamicArguments {
  const value = new PyDict()
  if (!truthy(context)) {
    for (const [name, argument] of args.entries()) value.set(name, deepCopy(argument))
    return { value, problems: [] }
  }
  const problems: (LanguageProblem & { argument: string })[] = []
  const resolved = resolveContext(contextDict(context), budget)
  for (const [name, argument] of args.entries()) {
    const override = resolved.get(name)
    if (override !== undefined && override !== null) value.set(name, override)
    else if (typeof argument === 'string')
      value.set(
        name,
        rendered(argument, resolved, budget, (problem) =>
          problems.push({ ...problem, argument: String(name) }),
        ),
      )
    else value.set(name, deepCopy(argument))
  }
  return { value, problems }
}

/** The context as one dictionary; the old form, a list of dictionaries, is laid over each other. */
function contextDict(context: PyValue): PyDict {
  if (context instanceof PyDict) return context
  const merged = new PyDict()
  if (Array.isArray(context))
    for (const part of context)
      if (part instanceof PyDict) for (const [key, value] of part.entries()) merged.set(key, value)
  return merged
}

function rendered(
  text: string,
  context: PyDict,
  budget: Budget,
  onProblem: (problem: LanguageProblem) => void,
): string {
  if (!text.includes('{')) return normaliseTemplate(text)
  try {
    return renderTemplate(compileTemplate(text, DYNAMIC_ENGINE), context, budget)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    onProblem({ ...error.problem, severity: 'warning' })
    return text
  }
}

const REFERENCE = /\{\{-?\s*([\p{L}_][\p{L}\p{N}_]*)/gu

/**
 * The context with its own text values rendered, each after the ones it mentions. Values that mention each other in a circle are
 * rendered in the order of the context and see only the ones before them. Values that fail stay as they are.
 */
function resolveContext(context: PyDict, budget: Budget): PyDict {
  if (!hasTemplates(context)) return context
  const resolved = new PyDict()
  for (const name of resolutionOrder(context)) {
    const value = context.get(name) ?? null
    resolved.set(name, typeof value === 'string' ? rendered(value, resolved, budget, () => undefined) : value)
  }
  return resolved
}

/** Whether rendering the values of a context can change any: a text with a tag, or with line ends that a template loses. */
function hasTemplates(context: PyDict): boolean {
  for (const value of context.values()) if (typeof value === 'string' && CHANGEABLE.test(value)) return true
  return false
}

const CHANGEABLE = /[{\r]|\n$/

/** Kahn's order over the `{{name` mentions, ties in the order of the context; the order of the context when there is a circle. */
function resolutionOrder(context: PyDict): PyValue[] {
  const names = Array.from(context.keys())
  const waiting = new Map<PyValue, number>()
  const users = new Map<PyValue, PyValue[]>()
  for (const [name, value] of context.entries()) {
    const mentioned = typeof value === 'string' && value.includes('{{') ? mentions(value, context) : []
    waiting.set(name, mentioned.length)
    for (const other of mentioned) users.set(other, [...(users.get(other) ?? []), name])
  }
  const order = names.filter((name) => waiting.get(name) === 0)
  for (const name of order) {
    for (const user of users.get(name) ?? []) {
      const left = (waiting.get(user) ?? 0) - 1
      waiting.set(user, left)
      if (left === 0) order.push(user)
    }
  }
  return order.length === names.length ? order : names
}

function mentions(text: string, context: PyDict): string[] {
  const found = new Set<string>()
  for (const match of text.matchAll(REFERENCE)) {
    const name = match[1] ?? ''
    if (context.has(name)) found.add(name)
  }
  return Array.from(found)
}

function deepCopy(value: PyValue): PyValue {
  if (Array.isArray(value)) return value.map(deepCopy)
  if (value instanceof PyDict)
    return new PyDict(Array.from(value.entries(), ([key, item]) => [key, deepCopy(item)] as const))
  return value instanceof PyTuple ? new PyTuple(value.items.map(deepCopy)) : value
}
