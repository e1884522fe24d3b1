import { splitWords } from '../string-methods.ts'
import { OTHER_NAMES, SHORT_NAMES, WINDOWS_CHARACTERS } from './html-names.ts'

const REFERENCE = /&(?:#(\d+);?|#[xX]([0-9a-fA-F]+);?|([^\t\n\f <&#;]{1,32})(;?))/g

/** Turn character references back into characters, as Python's `html.unescape`. Of HTML 5's names only those of HTML 4 are known. */
export function unescapeHtml(text: string): string {
  return text.replace(
    REFERENCE,
    (all: string, decimal: string | undefined, hex: string | undefined, name: string, end: string) => {
      if (decimal !== undefined) return character(Number(decimal))
      if (hex !== undefined) return character(Number.parseInt(hex, 16))
      return named(name, end) ?? all
    },
  )
}

function named(name: string, end: string): string | undefined {
  const whole = SHORT_NAMES.get(name) ?? (end === ';' ? OTHER_NAMES.get(name) : undefined)
  if (whole !== undefined) return whole
  for (let length = name.length; length > 1; length -= 1) {
    const found = SHORT_NAMES.get(name.slice(0, length))
    if (found !== undefined) return found + name.slice(length) + end
  }
  return undefined
}

/** The character of a numeric reference: old pages mean Windows-1252 with 128 to 159, and what is no character is left out. */
function character(code: number): string {
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return '\ufffd'
  if (code >= 0x80 && code <= 0x9f) return WINDOWS_CHARACTERS.charAt(code - 0x80)
  const char = String.fromCodePoint(code)
  return /(?![\t\n\f\r])[\0-\x1f\x7f]|\p{Noncharacter_Code_Point}/u.test(char) ? '' : char
}

/** A text without comments and tags, with single blanks, and with character references resolved. */
export function stripTags(text: string): string {
  const plain = cutBetween(cutBetween(text, '<!--', '-->'), '<', '>')
  return unescapeHtml(splitWords(plain).join(' '))
}

/** A text without what stands from each opening mark to the next closing one. */
function cutBetween(text: string, open: string, close: string): string {
  let result = ''
  let place = 0
  for (;;) {
    const start = text.indexOf(open, place)
    const end = start < 0 ? -1 : text.indexOf(close, start)
    if (end < 0) return result + text.slice(place)
    result += text.slice(place, start)
    place = end + close.length
  }
}
