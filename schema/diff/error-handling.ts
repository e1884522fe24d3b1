import { CONTINUE, type ErrorHandler, type ToolWork } from '../workflow.ts'
import type { ClassRule } from './aspect.ts'
import { widest } from './classes.ts'
import { cameAndWent } from './values.ts'

const FAILS = 'fails'

/** `tool → 'fallback'`: for each failure that is caught what becomes of the run, in the order they are looked at. */
export function handlersOf(handlers: readonly ErrorHandler[]): readonly string[] {
  return handlers.flatMap(({ catches, to }) =>
    (catches.length === 0 ? ['any failure'] : catches).map((failure) => `${failure} → ${goalOf(to?.value)}`),
  )
}

const goalOf = (to: string | undefined) => (to === undefined ? FAILS : to === CONTINUE ? CONTINUE : `'${to}'`)

/** A handler that lets the run fail keeps a failure from those after it. */
export const errorHandling: ClassRule = {
  words:
    'a failure that ended the run leads on, or a handler that leads on now stands before one that ends it: widening; the other way round: narrowing; else neutral',
  of: (before, after) => {
    const [a, b] = [before, after] as readonly (readonly string[])[]
    const { came, went } = cameAndWent(a, b)
    return widest([
      ...came.map((one) => (isEnd(one) ? 'narrowing' : 'widening')),
      ...went.map((one) => (isEnd(one) ? 'widening' : 'narrowing')),
      ...(isOvertaken(a, b) ? (['widening'] as const) : []),
      ...(isOvertaken(b, a) ? (['narrowing'] as const) : []),
    ])
  },
}

const isEnd = (one: string) => one.endsWith(` → ${FAILS}`)

/** Whether one that ends the run stood before one that leads on, and stands behind it now. */
function isOvertaken(before: readonly string[] = [], after: readonly string[] = []): boolean {
  return before.some((end, place) => {
    const now = after.indexOf(end)
    return (
      isEnd(end) &&
      now !== -1 &&
      after.slice(0, now).some((one) => !isEnd(one) && before.indexOf(one, place) !== -1)
    )
  })
}

/** Tools that are told of failures, without what the file calls them. */
export function notifiedOf(handlers: readonly ErrorHandler[]): readonly Omit<ToolWork, 'toolId'>[] {
  return handlers.flatMap(({ notify }) => {
    if (notify === undefined) return []
    const { toolId: _, ...tool } = notify
    return [tool]
  })
}
