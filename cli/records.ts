import type { Project } from '../runner/project.ts'
import { openRecords } from '../runner/records.ts'
import type { RunStore } from '../runner/store/store.ts'
import type { Cli } from './context.ts'
import { oneLine } from './ui/plain-text.ts'

/**
 * The records of a repository, for reading. What the store warns of goes to standard error.
 *
 * @param options.push look for a run on the remote, too, when it is not here. Default: no.
 */
export function openRecordsFor(
  project: Project,
  cli: Cli,
  options: { readonly push?: boolean } = {},
): Promise<RunStore> {
  const { yellow, symbols } = cli.look.stderr
  return openRecords({ project, world: cli.world, ...options }, ({ message }) =>
    cli.stderr.write(`${yellow(symbols.warning)} ${oneLine(message)}\n`),
  )
}
