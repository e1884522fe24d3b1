import type { Cli, Output } from './context.ts'

/** A command line that prints no secret: a tool may print its environment, a server its request, a model its prompt. */
export function redactedCli(cli: Cli, redact: (text: string) => string): Cli {
  return { ...cli, stdout: redacted(cli.stdout, redact), stderr: redacted(cli.stderr, redact) }
}

function redacted(output: Output, redact: (text: string) => string): Output {
  return {
    write: (text) => output.write(redact(text)),
    writeCommand: (text) => output.writeCommand(redact(text)),
    isTerminal: output.isTerminal,
    columns: output.columns,
  }
}
