/** CSI and OSC sequences, then any other escape with the one character it takes. */
const ESCAPES =
  /\u001b\[[0-9;:<=>?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u009b[0-9;:<=>?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g
/** C0 but tab and line feed, DEL, C1, and the characters that turn the direction of text around. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text that the runner only shows, whatever a model, a tool or a file wrote: a line cannot be a workflow command.
 *
 * The runner takes a line for a command when it begins with `::`, white space left out, or holds `##[` anywhere, and it
 * also ends lines at a carriage return. Source: `ActionCommand.cs` of actions/runner. A space of no width breaks both
 * marks. Unlike `::stop-commands::` that needs no end, so that a process that dies cannot leave commands switched off.
 */
export function logText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(ESCAPES, '')
    .replace(CONTROLS, '')
    .replace(/^(\s*):(?=:)/gm, '$1:\u200b')
    .replace(/##(?=\[)/g, '##\u200b')
}

/** The same on one line: every run of white space becomes one space. */
export function logLine(text: string): string {
  return logText(text.replace(/\s+/g, ' ').trim())
}
