import { nearestName } from '../nearest.ts'
import type { Rule } from './rule.ts'

/** Who can be to blame for a failure; each is a name that `catch` takes. */
const PARTIES = ['workflow', 'user', 'model', 'provider', 'tool', 'infrastructure', 'budget', 'policy']
/** What a person's no is called; the only code of one word. */
const REJECTED = 'rejected'
/** A code of a failure (`step-timeout`), or the beginning of some (`provider-*`). */
const CODE = /^[a-z]+(?:-[a-z]+)+$|^[a-z]+(?:-[a-z]+)*-\*$/

/** Handlers of `on_error` that can never do anything. */
export const errorHandlers: Rule = (draft, say) => {
  for (const { errorHandlers: handlers } of draft.states) {
    const catchAll = handlers.findIndex(({ catches }) => catches === undefined)
    for (const [index, { node, path, catches, stateId, notify }] of handlers.entries()) {
      if (!stateId && !notify) {
        say({
          code: 'empty-handler',
          severity: 'error',
          at: node,
          path,
          message: 'This error handler does nothing',
          expected: "'state_id', 'notify', or both",
          help: 'Say which state takes over, or which tool is told',
        })
      }
      if (catchAll >= 0 && index > catchAll) {
        say({
          code: 'handler-never-used',
          severity: 'warning',
          at: node,
          path,
          message: 'This error handler is never used: one before it catches everything',
          help: "Move it before the handler that has no 'catch'",
        })
      }
      if (catches?.length === 0) {
        say({
          code: 'empty-reference',
          severity: 'error',
          at: node,
          path: `${path}/catch`,
          message: "'catch' is empty, so it does not say which failures the handler is for",
          help: "Name them, or leave 'catch' out: then it is for all but those of budget and policy",
        })
      }
      for (const { value, at } of catches ?? []) {
        if (PARTIES.includes(value) || value === REJECTED || CODE.test(value)) continue
        say({
          code: 'unknown-failure',
          severity: 'warning',
          at,
          path: `${path}/catch`,
          message: `No failure is called '${value}', so this handler does not catch it`,
          expected: `a code such as step-timeout or ${REJECTED}, the beginning of some as in provider-*, or one of ${PARTIES.join(', ')}`,
          didYouMean: nearestName(value, [...PARTIES, REJECTED]),
        })
      }
    }
  }
}
