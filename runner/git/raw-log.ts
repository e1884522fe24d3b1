/** What a commit did to a path. */
export interface RawChange {
  readonly path: string
  /** What stood there before, on the first side of a merge, and after; `undefined`: nothing. Modes as git says them, `040000` for a folder. */
  readonly from: RawEntry | undefined
  readonly to: RawEntry | undefined
}

interface RawEntry {
  readonly mode: string
  readonly id: string
}

/** A commit with what was asked of it. */
export interface RawCommit {
  readonly commit: string
  readonly fields: readonly string[]
  readonly changes: readonly RawChange[]
}

/** The command and its options; {@link rawFormat} and {@link parseRawLog} belong to it. */
export const RAW_LOG = ['log', '-z', '--raw', '--no-abbrev', '--no-renames']

/** The format of a log that {@link parseRawLog} reads. @param fields placeholders of `git log`, e.g. `%an`. */
export function rawFormat(fields: readonly string[]): string {
  return `%x01%H%x00${fields.map((field) => `${field}%x00`).join('')}`
}

// Modes and ids before and after; of a merge those of each side, and after it.
const ENTRY = /^\n?:+((?:\d{6} )+)((?:[0-9a-f]+ )+)[A-Z]+$/

/** Reads such a log, one commit after the other. @param fields how many placeholders its format has. */
export function* parseRawLog(text: string, fields: number): Generator<RawCommit> {
  const parts = text.split('\0')
  let open: { commit: string; fields: string[]; changes: RawChange[] } | undefined
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? ''
    const start = /^\n?\x01(.+)$/.exec(part)?.[1]
    if (start !== undefined) {
      if (open) yield open
      open = { commit: start, fields: parts.slice(at + 1, at + 1 + fields), changes: [] }
      at += fields
      continue
    }
    const [modes, ids] =
      ENTRY.exec(part)
        ?.slice(1)
        .map((list) => list.trim().split(' ')) ?? []
    if (modes === undefined || ids === undefined) continue
    open?.changes.push({
      path: parts[++at] ?? '',
      from: entry(modes[0], ids[0]),
      to: entry(modes.at(-1), ids.at(-1)),
    })
  }
  if (open) yield open
}

function entry(mode = '', id = ''): RawEntry | undefined {
  return /^0+$/.test(mode) ? undefined : { mode, id }
}
