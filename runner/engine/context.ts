import { PyDict, type PyValue, truthy } from '../../schema/language/index.ts'

/** A value equal to this text deletes its key when it reaches the context; upstream's marker, so it can never be stored. */
export const DELETE_MARKER = '__DELETE_KEY__'

/** What one step does to the shared context. */
export interface ContextUpdate {
  /** Start from nothing: `clear` stores nothing either, `keep-current` stores only what this update sets. */
  readonly start: 'merge' | 'keep-current' | 'clear'
  readonly set: PyDict
  /** Key to the list of values that are appended to what is there. */
  readonly append: PyDict
  readonly drop: readonly PyValue[]
}

export const NO_CONTEXT_UPDATE: ContextUpdate = {
  start: 'merge',
  set: new PyDict(),
  append: new PyDict(),
  drop: [],
}

/**
 * The context after the given updates, applied one after the other; `context` itself stays as it is, and so do the
 * values in it. Appending turns what is there into a list: a list grows, a truthy value becomes its first element, an
 * empty one (`""`, `0`, `null`, absent) is dropped.
 */
export function applyContextUpdates(context: PyDict, updates: readonly ContextUpdate[]): PyDict {
  let next = context.copy()
  // Lists made here may grow in place: a map over many items would copy them once per item otherwise.
  const owned = new Set<PyValue[]>()
  for (const update of updates) {
    if (update.start === 'clear') {
      next = new PyDict()
      continue
    }
    if (update.start === 'keep-current') next = new PyDict()
    for (const [key, value] of update.set.entries()) {
      if (value === DELETE_MARKER) next.delete(key)
      else next.set(key, value)
    }
    for (const [key, values] of update.append.entries()) {
      if (!Array.isArray(values)) continue
      const old = next.get(key)
      if (Array.isArray(old) && owned.has(old)) {
        old.push(...values)
        continue
      }
      const list = [...listToExtend(old), ...values]
      owned.add(list)
      next.set(key, list)
    }
    for (const key of update.drop) next.delete(key)
  }
  return next
}

function listToExtend(old: PyValue | undefined): readonly PyValue[] {
  if (Array.isArray(old)) return old
  return old !== undefined && truthy(old) ? [old] : []
}
