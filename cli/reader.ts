import { findRepository } from '../runner/git/repository.ts'
import { openReader, type RunReader } from '../runner/store/reader.ts'
import type { Cli } from './context.ts'
import { oneLine } from './ui/plain-text.ts'

/** The records of the repository around the working directory, for reading. Warnings go to standard error. */
export function openReaderFor(cli: Cli): RunReader {
  const { yellow, symbols } = cli.look.stderr
  return openReader(findRepository(cli.world.cwd, cli.world.env), cli.world, ({ message }) =>
    cli.stderr.write(`${yellow(symbols.warning)} ${oneLine(message)}\n`),
  )
}
