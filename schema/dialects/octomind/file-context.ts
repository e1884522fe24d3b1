/** Lines of a file that a prompt wants shown. Lines count from 1, both ends are included. */
export interface LineRange {
  readonly path: string
  readonly start: number
  readonly end: number
  /** All lines, up to as many as are ever shown; the prompt names the file alone. */
  readonly isWhole?: boolean
}

/** What stands in the lines of a range. */
export interface ShownLines extends LineRange {
  /** Those that there are. `undefined`: the file cannot be read. */
  readonly lines: readonly string[] | undefined
  /** Why it cannot be read. */
  readonly problem?: string
}

const BLOCK = /<context>([\s\S]*?)<\/context>/g
const REFERENCE = /([^\s:<>"'`]+):(\d+):(\d+)/g
const PATH = /^[^\s:<>"'`]+$/
const MOST_FILES = 10
const LAST_LINE = 10_000

/** Ranges that the `<context>` blocks of a prompt name, each once, by path and place. */
export function rangesIn(prompt: string): readonly LineRange[] {
  const found = new Map<string, LineRange>()
  for (const { 1: inside = '' } of prompt.matchAll(BLOCK)) {
    for (const range of rangesOf(inside)) found.set(`${range.path}:${range.start}:${range.end}`, range)
  }
  return [...found.values()]
}

/**
 * Puts the files in the place of `<context>` blocks. A block that is empty goes; one with words and no file stays as it is,
 * where octomind deletes it, since people write such blocks around outputs of other steps.
 *
 * @param shown those of {@link rangesIn}.
 */
export function showFileContext(prompt: string, shown: readonly ShownLines[]): string {
  return prompt.replace(BLOCK, (block, inside: string) => {
    if (inside.trim() === '') return ''
    const ranges = rangesOf(inside)
    const found = ranges.map((range): ShownLines => {
      const seen = shown.find(
        ({ path, start, end }) => path === range.path && start === range.start && end === range.end,
      )
      return { lines: undefined, ...seen, ...range }
    })
    // Words that name no file are no mistake.
    if (found.every(({ isWhole, lines }) => isWhole && !lines)) return block
    return `FILE CONTEXT:\n\n${found.map((one) => `${contentOf(one)}\n\n`).join('')}`
  })
}

/** References to lines, or, where there are none, files: one a line and nothing else. */
function rangesOf(inside: string): readonly LineRange[] {
  const lines = referencesIn(inside)
  if (lines.length > 0) return lines
  const words = inside.split('\n').flatMap((line) => line.trim() || [])
  if (words.length > MOST_FILES || !words.every((word) => PATH.test(word))) return []
  return [...new Set(words)].sort().map((path) => ({ path, start: 1, end: LAST_LINE, isWhole: true }))
}

function referencesIn(inside: string): readonly LineRange[] {
  const ranges = new Map<string, LineRange>()
  const files = new Set<string>()
  for (const { 1: path = '', 2: first = '', 3: last = '' } of inside.matchAll(REFERENCE)) {
    const [start, end] = [Number(first), Number(last)]
    if (start < 1 || end < start || end > LAST_LINE) continue
    files.add(path)
    if (files.size > MOST_FILES) break
    ranges.set(`${path}:${start}:${end}`, { path, start, end })
  }
  return [...ranges.values()].sort(
    (a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0) || a.start - b.start,
  )
}

function contentOf({ path, start, end, isWhole, lines, problem }: ShownLines): string {
  const file = `path="${escaped(path)}"`
  if (!lines) {
    const why = escaped(problem ?? `File not found: ${path}`)
    return `<content ${file}${isWhole ? '' : ` lines="${start}:${end}"`} error="true">\n${why}\n</content>`
  }
  const last = isWhole ? lines.length : end
  const numbered = lines.map((line, i) => `${start + i}:${checkOf(line)}|${escaped(line)}\n`)
  return `<content ${file} lines="${start === last ? start : `${start}:${last}`}">\n${numbered.join('')}</content>`
}

/** Two hex digits by which octomind's editing tools see that a line is still the one that was read: FNV-1a, folded to 8 bits. */
function checkOf(line: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(line)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  const half = (hash >>> 16) ^ (hash & 0xffff)
  return ((half >>> 8) ^ (half & 0xff)).toString(16).padStart(2, '0')
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign)
}
