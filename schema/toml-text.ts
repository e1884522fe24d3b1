import type { YamlScalar } from './yaml-node.ts'

/** Length of an escape by the letter after its backslash, where it is not two. */
const ESCAPE_LENGTHS: Readonly<Record<string, number>> = { x: 4, u: 6, U: 10 }

const CONTINUED = /\\[ \t]*\r?\n[ \t\r\n]*/y

/**
 * Where a piece of a text value of a TOML document stands, through escapes and line ends.
 *
 * @param offset into the value, in UTF-16 units; up to its length.
 * @returns `undefined` when the node is no text.
 */
export function offsetInTomlText(text: string, node: YamlScalar, offset: number): number | undefined {
  if (node.style === 'plain') return node.start + offset
  const hasEscapes = text[node.start] === '"'
  const isLong = node.style === 'block'
  let at = node.start + (isLong ? 3 : 1)
  if (isLong) at += /^\r?\n/.exec(text.slice(at, at + 2))?.[0].length ?? 0
  for (let seen = 0; ; ) {
    if (hasEscapes && isLong) at += lengthOfContinued(text, at)
    if (seen >= offset || at >= node.end) return at
    const length = hasEscapes && text[at] === '\\' ? (ESCAPE_LENGTHS[text[at + 1] ?? ''] ?? 2) : 1
    if (length === 10 && Number.parseInt(text.slice(at + 2, at + 10), 16) > 0xffff) seen += 1
    at += isLong && text.startsWith('\r\n', at) ? 2 : length
    seen += 1
  }
}

/** A backslash at the end of a line takes the line end and the blanks after it away. */
function lengthOfContinued(text: string, at: number): number {
  CONTINUED.lastIndex = at
  return CONTINUED.exec(text)?.[0].length ?? 0
}
