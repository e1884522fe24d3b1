import type { CommandRunner } from '../command.ts'
import { goOn, readAnswer } from '../go-on.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci resume`: goes on where a run stopped, without doing a finished step again. */
export const resume: CommandRunner = async (invocation, cli) => {
  const answer = await readAnswer(invocation, cli)
  const request = invocation.text('request-changes')
  if (request === undefined) return goOn(invocation, cli, answer)
  if (answer !== undefined) {
    throw usageError(
      '--request-changes does not go together with --message, --edit or --edit-file.',
      'It leaves the run waiting; answer when you like what comes back.',
    )
  }
  const { requestChanges } = await import('../request-changes.ts')
  return requestChanges(invocation, cli, request)
}
