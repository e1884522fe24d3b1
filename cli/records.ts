import type { Project } from '../runner/project.ts'
import { openRecords } from '../runner/records.ts'
import type { RunStore } from '../runner/store/store.ts'
import type { Cli } from './context.ts'
import { writeWarning } from './ui/warning.ts'

/**
 * The records of a repository, for reading. What the store warns of goes to standard error.
 *
 * @param options.push what is done is done on the remote, too, and a remote that does not answer is an error. Default: no.
 */
export function openRecordsFor(
  project: Project,
  cli: Cli,
  options: { readonly push?: boolean } = {},
): Promise<RunStore> {
  return openRecords({ project, world: cli.world, ...options }, ({ message }) => writeWarning(cli, message))
}
