import { findRepository } from '../runner/git/repository.ts'
import { runBlocking } from '../runner/process/run-blocking.ts'
import { openReader, type RunReader } from '../runner/store/reader.ts'
import type { Cli } from './context.ts'
import { writeWarning } from './ui/warning.ts'

/** The records of the repository around the working directory, for reading. Warnings go to standard error. */
export function openReaderFor(cli: Cli): RunReader {
  // A list or a record is all that the command waits for.
  const repository = findRepository(cli.world.cwd, cli.world.env, runBlocking)
  return openReader(repository, cli.world, ({ message }) => writeWarning(cli, message))
}
