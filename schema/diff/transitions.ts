import { type Transition, targetsOf } from '../workflow.ts'
import { cameAndWent, isLong } from './values.ts'

/** `goes to 'a' → goes to 'b'`, or what is different where that is too long. */
export function sayTransition(before: unknown, after: unknown): string {
  const [a, b] = [before as Transition, after as Transition]
  const { came, went } = cameAndWent(targetNames(a), targetNames(b))
  if (a.kind === 'fan-out' && b.kind === 'fan-out')
    return moved(came, went) ?? 'goes to the same states in another order'
  const [old, now] = [describe(a), describe(b)]
  if (!isLong(old) && !isLong(now)) return `${old} → ${now}`
  return moved(came, went) ?? 'chooses what follows in another way'
}

const targetNames = (next: Transition) => targetsOf(next).map(({ value }) => value)

/** `undefined`: the targets are the same. */
function moved(came: readonly string[], went: readonly string[]): string | undefined {
  const parts = [
    ...(came.length > 0 ? [`now also goes to ${quoted(came)}`] : []),
    ...(went.length > 0 ? [`no longer goes to ${quoted(went)}`] : []),
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}

/** `'a' and 'b'`, `'a', 'b' and 3 more`. */
export function quoted(names: readonly string[]): string {
  const shown = names.slice(0, names.length > 3 ? 2 : 3).map((name) => `'${name}'`)
  const rest = names.length - shown.length
  const last = rest > 0 ? `${rest} more` : shown.pop()
  return shown.length === 0 ? `${last}` : `${shown.join(', ')} and ${last}`
}

function describe(next: Transition): string {
  switch (next.kind) {
    case 'stop':
      return 'nothing follows'
    case 'goto':
      return `goes to '${next.to.value}'`
    case 'fan-out':
      return `goes to ${quoted(targetNames(next))} at once`
    case 'choose': {
      const cases = next.cases.map(({ when, to }) => `'${to.value}' if ${when.value}`)
      return `goes to ${[...cases, `else '${next.otherwise.value}'`].join(', ')}`
    }
    case 'map': {
      const how = [...(next.passOutput ? ['its whole output'] : []), ...(next.resplit ? ['split again'] : [])]
      return `goes to '${next.to.value}' for each of ${next.items.value}${how.map((one) => `, ${one}`).join('')}`
    }
  }
}
