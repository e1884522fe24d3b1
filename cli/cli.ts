import { COMMANDS } from './commands.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import { Invocation, type ParsedLine } from './invocation.ts'
import { parseLine } from './parse-line.ts'
import { withoutColors } from './ui/palette.ts'

/**
 * Does one command line, e.g. `['validate', '--strict']`. Everything that can go wrong is reported on standard error.
 * Returns the exit status ({@link EXIT}) and never throws.
 */
export async function runCli(argv: readonly string[], cli: Cli): Promise<number> {
  try {
    return await runLine(argv, cli)
  } catch (error) {
    const { reportError } = await import('./report-error.ts')
    return reportError(error, cli)
  }
}

async function runLine(argv: readonly string[], cli: Cli): Promise<number> {
  const first = argv[0]
  if (first === '--version' || first === '-v') {
    cli.stdout.write(`${cli.version}\n`)
    return EXIT.done
  }
  if (first === undefined || first === '--help' || first === '-h') return showHelp(undefined, cli)
  if (first === 'help') return showHelp(argv[1], cli)
  const line = await parseLine(argv)
  if (!line.command) return showHelp(undefined, cli)
  if (line.options['help'] === true) return showHelp(line.command.name, cli)
  const run = await line.command.load()
  return run(new Invocation(line as ParsedLine), await inDirectory(line.options, cli))
}

/** `codemie-ci help <word>`; an unknown word gets the parser's answer to an unknown command. */
async function showHelp(word: string | undefined, cli: Cli): Promise<number> {
  const { renderCommandHelp, renderHelp } = await import('./help.ts')
  const layout = { palette: cli.look.stdout, columns: cli.stdout.columns }
  const command = COMMANDS.find(({ name }) => name === word)
  if (word !== undefined && !command) await parseLine([word])
  cli.stdout.write(command ? renderCommandHelp(command, layout) : renderHelp(cli.version, layout))
  return EXIT.done
}

/** Applies the options that all commands take. */
async function inDirectory(options: ParsedLine['options'], cli: Cli): Promise<Cli> {
  const directory = options['directory']
  const withColors = options['no-color'] === true ? withoutColor(cli) : cli
  if (typeof directory !== 'string') return withColors
  const { enterDirectory } = await import('./directory.ts')
  return { ...withColors, world: await enterDirectory(withColors.world, directory) }
}

function withoutColor(cli: Cli): Cli {
  return { ...cli, look: { stdout: withoutColors(cli.look.stdout), stderr: withoutColors(cli.look.stderr) } }
}
