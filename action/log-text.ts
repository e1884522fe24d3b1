import { stripControls } from '../runner/report/plain-text.ts'

/**
 * Text that the runner only shows, whatever a model, a tool or a file wrote: a line cannot be a workflow command.
 *
 * The runner takes a line for a command when it begins with `::`, white space left out, or holds `##[` anywhere, and it
 * also ends lines at a carriage return. Source: `ActionCommand.cs` of actions/runner. A space of no width breaks both
 * marks. Unlike `::stop-commands::` that needs no end, so that a process that dies cannot leave commands switched off.
 */
export function logText(text: string): string {
  return stripControls(text.replace(/\r\n?/g, '\n'))
    .replace(/^(\s*):(?=:)/gm, '$1:\u200b')
    .replace(/##(?=\[)/g, '##\u200b')
}

/** The same on one line: every run of white space becomes one space. */
export function logLine(text: string): string {
  return logText(text.replace(/\s+/g, ' ').trim())
}
