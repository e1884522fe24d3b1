import type { CommandRunner } from '../command.ts'
import { goOn, readAnswer } from '../go-on.ts'

/** `codemie-ci approve`: says yes to a run that waits, and goes on with it. */
export const approve: CommandRunner = async (invocation, cli) =>
  goOn(
    invocation,
    cli,
    { ...(await readAnswer(invocation, cli)), decision: 'approved' },
    invocation.argument('step'),
  )
