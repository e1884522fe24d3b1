import type { CommandRunner } from '../command.ts'
import { goOn, readAnswer, readStep } from '../go-on.ts'

/** `codemie-ci approve`: says yes to a run that waits, and goes on with it. */
export const approve: CommandRunner = async (invocation, cli) =>
  goOn(invocation, cli, {
    ...(await readAnswer(invocation, cli)),
    ...readStep(invocation),
    decision: 'approved',
  })
