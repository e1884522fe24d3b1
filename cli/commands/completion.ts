import type { CommandRunner } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { renderCompletion, SHELLS, type Shell } from '../completion.ts'
import { EXIT } from '../exit-status.ts'
import { GLOBAL_OPTIONS } from '../invocation.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci completion`: a script for the shell, made from the table of commands. */
export const completion: CommandRunner = async (invocation, cli) => {
  const wanted = invocation.argument('shell') ?? shellOf(cli.world.env['SHELL'])
  const shell = SHELLS.find((known) => known === wanted) as Shell | undefined
  if (!shell) {
    throw usageError(
      wanted === undefined ? 'The shell is not known.' : `There is no completion for '${wanted}'.`,
      `Name one: ${SHELLS.join(', ')}.`,
    )
  }
  cli.stdout.write(renderCompletion(shell, COMMANDS, GLOBAL_OPTIONS))
  return EXIT.done
}

function shellOf(path: string | undefined): string | undefined {
  return path?.split(/[\\/]/).at(-1)
}
