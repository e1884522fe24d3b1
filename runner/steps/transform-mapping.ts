import {
  Budget,
  evaluateTransformCondition,
  evaluateTransformFilter,
  evaluateTransformScript,
  getAttribute,
  PyDict,
  type PyValue,
  renderSecure,
  truthy,
  typeName,
} from '../../schema/language/index.ts'
import { walkNames } from './path-extract.ts'
import { TransformProblem } from './transform-problem.ts'

type Warn = (code: string, message: string) => void
type MappingKind = (mapping: PyDict, data: PyDict, warn: Warn) => PyValue

/** Kinds of mapping by the word that stands under `type`. */
const KINDS: Readonly<Record<string, MappingKind>> = {
  extract(mapping, data) {
    const value = walkNames(data, textOf(mapping, 'source_path'))
    return value ?? mapping.get('default') ?? null
  },
  condition(mapping, data, warn) {
    const condition = mapping.get('condition') ?? ''
    const { value, problem } =
      typeof condition === 'string' ? evaluateTransformCondition(condition, data) : notText(condition)
    if (problem !== undefined) {
      warn('condition-failed', `the condition failed, so it counts as false: ${problem.message}`)
    }
    return mapping.get(value ? 'then_value' : 'else_value') ?? null
  },
  template(mapping, data) {
    const template = textOf(mapping, 'template')
    return template === '' ? '' : renderSecure(template, data)
  },
  constant: (mapping) => mapping.get('value') ?? null,
  script: (mapping, data) => evaluateTransformScript(textOf(mapping, 'script'), data),
  array_map: mapArray,
}

/**
 * The value of one mapping of a transform. Its kind stands under `type`; without it, it is `extract`.
 *
 * @param data the source with the outputs of earlier mappings laid over it.
 * @param warn told of conditions and filters that failed.
 * @throws TransformProblem, PyError or LanguageError when the mapping fails.
 */
export function runMapping(mapping: PyDict, data: PyDict, warn: Warn): PyValue {
  const type = mapping.has('type') ? (mapping.get('type') ?? null) : 'extract'
  const kind = typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined
  if (kind === undefined) {
    throw new TransformProblem(
      `"type" is ${typeof type === 'string' ? `"${type}"` : typeName(type)}, which is none of ${Object.keys(KINDS).join(', ')}`,
    )
  }
  return kind(mapping, data, warn)
}

function mapArray(mapping: PyDict, data: PyDict, warn: Warn): PyValue {
  const items = walkNames(data, textOf(mapping, 'source_path'))
  if (!Array.isArray(items)) return []
  const filter = mapping.get('filter_condition') ?? ''
  const field = mapping.get('item_field') ?? null
  const results: PyValue[] = []
  let failures = 0
  let firstFailure = ''
  for (const item of items) {
    if (truthy(filter)) {
      const { value, problem } =
        typeof filter === 'string' ? evaluateTransformFilter(filter, item, data) : notText(filter)
      if (problem !== undefined && failures++ === 0) firstFailure = problem.message
      if (!value) continue
    }
    const result = truthy(field) ? fieldOf(item, field) : item
    if (result !== null) results.push(result)
  }
  if (failures > 0) {
    warn(
      'filter-failed',
      `the filter failed for ${failures} of ${items.length} items, which are left out: ${firstFailure}`,
    )
  }
  return results
}

/** The field of an item: a key of a dictionary, and of anything else the attribute that Python gives it. Else `None`. */
function fieldOf(item: PyValue, field: PyValue): PyValue {
  if (item instanceof PyDict) return item.get(field) ?? null
  if (typeof field !== 'string') throw new TransformProblem('"item_field" must be text')
  return field.startsWith('_') ? null : (getAttribute(item, field, new Budget()) ?? null)
}

/** The outcome of a condition that is not written as text: it fails, as every failing condition does. */
function notText(condition: PyValue): { value: boolean; problem: { message: string } } {
  return { value: false, problem: { message: `it must be text, not ${typeName(condition)}` } }
}

/** A text of the mapping; `""` when it is absent. */
function textOf(mapping: PyDict, key: string): string {
  const value = mapping.get(key) ?? ''
  if (typeof value === 'string') return value
  throw new TransformProblem(`"${key}" must be text, not ${typeName(value)}`)
}
