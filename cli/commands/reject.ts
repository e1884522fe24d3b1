import type { CommandRunner } from '../command.ts'
import { goOn, readStep } from '../go-on.ts'

/** `codemie-ci reject`: says no to a run that waits; the steps that wait fail and are not run. */
export const reject: CommandRunner = async (invocation, cli) => {
  const reason = invocation.text('message')
  return goOn(invocation, cli, {
    ...readStep(invocation),
    decision: 'rejected',
    ...(reason === undefined ? {} : { reason }),
  })
}
