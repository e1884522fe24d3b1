import type { Cli } from '../context.ts'

/** Prints one JSON value on standard output, indented for people who look at it. */
export function printJson(cli: Cli, value: unknown): void {
  cli.stdout.write(jsonText(value))
}

/** The text that {@link printJson} prints. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, wholeNumbers, 2)}\n`
}

/** A value as JSON on one line. */
export function inlineJson(value: unknown): string {
  return JSON.stringify(value, wholeNumbers)
}

/** Definitions keep whole numbers as bigint, which JSON does not know. */
function wholeNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
