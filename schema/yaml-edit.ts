import { readYaml, warnOfYaml12, type YamlDocument, type YamlEntry } from './yaml.ts'

/** Text that takes the place of a piece of another one. */
export interface TextEdit {
  /** Offsets into the text, end exclusive; the same twice: nothing is taken away. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** A text with some pieces of it replaced; everything else stays as it is. Pieces must not overlap. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  let result = ''
  let from = 0
  for (const { start, end, text: piece } of [...edits].sort((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + piece
    from = end
  }
  return result + text.slice(from)
}

/**
 * A value as it stands on one line of YAML, at any place: text plainly where that means the same everywhere, else in quotes;
 * a list of texts with what each of them wants, other lists and maps as JSON.
 */
export function spellValue(value: unknown): string {
  if (isWords(value)) return `[${value.map(spellValue).join(', ')}]`
  if (typeof value !== 'string') return escapeUnprintable(JSON.stringify(value ?? null))
  if (isPlain(value)) return value
  return /^[\x20-\x7e\xa0-\ud7ff]*$/.test(value)
    ? `'${value.replaceAll("'", "''")}'`
    : escapeUnprintable(JSON.stringify(value))
}

/**
 * Text of several lines as a literal block whose lines stand at a column, without the line break at its end. `undefined`: it has
 * one line, or does not fit into a block.
 */
export function spellLines(value: string, column: number): string | undefined {
  if (!/^\S[\s\S]*[^\n]\n?$/.test(value) || !value.trimEnd().includes('\n')) return undefined
  if (/[^\n\x20-\x7e\xa0-\ud7ff]/.test(value)) return undefined
  const lines = value.replace(/\n$/, '').split('\n')
  const indented = lines.map((line) => (line === '' ? '' : ' '.repeat(column) + line))
  return [value.endsWith('\n') ? '|' : '|-', ...indented].join('\n')
}

function isWords(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

function isPlain(value: string): boolean {
  if (!/^[A-Za-z0-9][\w ./-]*$/.test(value) || value.endsWith(' ')) return false
  const document = readYaml('', value)
  return (
    document.root?.kind === 'scalar' && document.root.value === value && warnOfYaml12(document).length === 0
  )
}

/** JSON lets characters stand that YAML does not. */
function escapeUnprintable(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * The lines that an entry of the root takes, with those of its value; what stands between it and the next entry (comments at the
 * margin, blank lines) is left to that one.
 *
 * @returns `undefined`: the entries do not have lines of their own, as in `{ a: 1, b: 2 }`.
 */
export function linesOfEntry(
  { text, root }: YamlDocument,
  name: string,
): { readonly start: number; readonly end: number } | undefined {
  if (root?.kind !== 'map') return undefined
  const keys = [...root.entries.values()].map(({ key }) => key.start).sort((a, b) => a - b)
  const isOnLine = (offset: number) => offset === 0 || text[offset - 1] === '\n'
  const own = root.entries.get(name)?.key.start
  if (own === undefined || !keys.every(isOnLine)) return undefined
  const next = keys.find((key) => key > own) ?? text.length
  const between = /(?:^(?:[^\S\n]*|#[^\n]*|\.\.\.[^\S\n]*)(?:\n|$(?![\s\S])))+$(?![\s\S])/m.exec(
    text.slice(own, next),
  )
  return { start: own, end: own + (between?.index ?? next - own) }
}

/**
 * The edit that sets an entry to a value of one line, or adds it to the root, behind those entries of `after` that begin the file.
 *
 * @param options.entry the entry, where it does not stand in the root. Default: that of the root, if it has one.
 * @returns `undefined`: the file is not written in lines that allow that.
 */
export function setEntry(
  document: YamlDocument,
  name: string,
  value: unknown,
  options: { readonly after?: readonly string[]; readonly entry?: YamlEntry | undefined } = {},
): TextEdit | undefined {
  const { text, root } = document
  if (root?.kind !== 'map') return undefined
  const entry = options.entry ?? root.entries.get(name)
  if (entry) return replaceValue(document, entry, name, spellValue(value))
  const at = placeBehind(document, options.after ?? [])
  if (at === undefined) return undefined
  const isOpenLine = at > 0 && text[at - 1] !== '\n'
  return { start: at, end: at, text: `${isOpenLine ? '\n' : ''}${name}: ${spellValue(value)}\n` }
}

/** Where a new entry of the root goes: behind those of these names that begin it, or else before the first. */
export function placeBehind(document: YamlDocument, names: readonly string[]): number | undefined {
  if (document.root?.kind !== 'map') return undefined
  const entries = [...document.root.entries.values()].sort((a, b) => a.key.start - b.key.start)
  const first = entries[0]
  if (!first) return undefined
  let at = first.key.start
  for (const { key } of entries) {
    if (!names.includes(key.source)) break
    const lines = linesOfEntry(document, key.source)
    if (!lines) return undefined
    at = lines.end
  }
  return linesOfEntry(document, first.key.source) ? at : undefined
}

/** A value that stands on the line of its key is replaced alone, so that a comment behind it stays. */
function replaceValue(
  document: YamlDocument,
  { key, value }: YamlEntry,
  name: string,
  spelled: string,
): TextEdit | undefined {
  const { text } = document
  const isBlock =
    (value.kind === 'scalar' && value.style === 'block') || text.slice(key.end, value.start).includes('\n')
  if (!isBlock && value.end > value.start) return { start: value.start, end: value.end, text: spelled }
  const lines = linesOfEntry(document, name)
  return lines && { ...lines, text: `${name}: ${spelled}\n` }
}

/** The edit that takes an entry of the root away, with one blank line where two would meet. */
export function removeEntry(document: YamlDocument, name: string): TextEdit | undefined {
  const lines = linesOfEntry(document, name)
  if (!lines) return undefined
  const { start, end } = lines
  const { text } = document
  const isBlankBefore = start === 0 || text.slice(0, start).endsWith('\n\n')
  const blank = isBlankBefore ? (/^[^\S\n]*\n/.exec(text.slice(end))?.[0].length ?? 0) : 0
  return { start, end: end + blank, text: '' }
}
