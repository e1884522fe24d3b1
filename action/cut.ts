/**
 * The beginning of a text that fits into so many bytes of UTF-8: whole lines, or whole characters where the first line
 * is too long already.
 */
export function cutText(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  const bytes = Buffer.from(text)
  // A byte 10xxxxxx goes on with the character before it.
  let end = Math.max(0, maxBytes)
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  const head = bytes.subarray(0, end).toString('utf8')
  const line = head.lastIndexOf('\n')
  return line > 0 ? head.slice(0, line) : head
}

/** At most so many characters of a text, and `…` where something is left out. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  const head = text.slice(0, maxCharacters - 1)
  // Half of a pair of surrogates is no character.
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`
}
