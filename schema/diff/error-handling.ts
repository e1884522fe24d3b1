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
    'a failure that ended the run leads on: widening; one that led on ends it: narrowing; only in another order: neutral',
  of: (before, after) => {
    const { came, went } = cameAndWent(before, after)
    const isEnd = (one: string) => one.endsWith(` → ${FAILS}`)
    return widest([
      ...came.map((one) => (isEnd(one) ? 'narrowing' : 'widening')),
      ...went.map((one) => (isEnd(one) ? 'widening' : 'narrowing')),
    ])
  },
}

/** Tools that are told of failures, without what the file calls them. */
export function notifiedOf(handlers: readonly ErrorHandler[]): readonly Omit<ToolWork, 'toolId'>[] {
  return handlers.flatMap(({ notify }) => {
    if (notify === undefined) return []
    const { toolId: _, ...tool } = notify
    return [tool]
  })
}
