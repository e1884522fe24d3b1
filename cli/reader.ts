import { findRepository } from '../runner/git/repository.ts'
import { openReader, type RunReader } from '../runner/store/reader.ts'
import type { Cli } from './context.ts'
import { writeWarning } from './ui/warning.ts'

/** The records of the repository around the working directory, for reading. Warnings go to standard error. */
export function openReaderFor(cli: Cli): RunReader {
  const repository = findRepository(cli.world.cwd, cli.world.env)
  return openReader(repository, cli.world, ({ message }) => writeWarning(cli, message))
}
