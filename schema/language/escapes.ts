import { characterNamed } from './character-names.ts'
import { PyError } from './errors.ts'

const SINGLE: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
}

const HEX_WIDTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }
const ESCAPE = /\\(?:([0-7]{1,3})|N\{([^}]*)\}|([\s\S]))/g

/**
 * Python's backslash escapes in a text, or in bytes when `bytes` is set (then `\u`, `\U` and `\N` mean nothing). Unknown escapes
 * stay as written. Throws `SyntaxError` for broken ones.
 */
export function readEscapes(source: string, bytes = false): string {
  if (!source.includes('\\')) return source
  let result = ''
  let place = 0
  ESCAPE.lastIndex = 0
  for (let match = ESCAPE.exec(source); match !== null; match = ESCAPE.exec(source)) {
    result += source.slice(place, match.index)
    place = ESCAPE.lastIndex
    const [all, octal, name, char = ''] = match
    if (octal !== undefined) {
      const code = Number.parseInt(octal, 8)
      result += String.fromCharCode(bytes ? code & 0xff : code)
    } else if (name !== undefined) {
      result += bytes ? all : named(name)
    } else if (HEX_WIDTH[char] !== undefined && (!bytes || char === 'x')) {
      const width = HEX_WIDTH[char]
      const digits = source.slice(place, place + width)
      if (digits.length < width || !/^[0-9a-fA-F]+$/.test(digits))
        throw new PyError('SyntaxError', `the escape \\${char} needs ${width} hexadecimal digits`)
      const code = Number.parseInt(digits, 16)
      if (code > 0x10ffff) throw new PyError('SyntaxError', 'illegal Unicode character')
      result += String.fromCodePoint(code)
      place += width
      ESCAPE.lastIndex = place
    } else if (char === 'N' && !bytes) {
      throw new PyError('SyntaxError', 'malformed \\N character escape')
    } else {
      result += SINGLE[char] ?? all
    }
  }
  if (source.indexOf('\\', place) >= 0)
    throw new PyError('SyntaxError', 'a backslash stands at the end of the text')
  return result + source.slice(place)
}

function named(name: string): string {
  const char = characterNamed(name)
  if (char === undefined) throw new PyError('SyntaxError', `unknown Unicode character name "${name}"`)
  return char
}
