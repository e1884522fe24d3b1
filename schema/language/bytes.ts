import { PyError, valueError } from './errors.ts'
import { hexEscape } from './printing.ts'
import { PyBytes } from './values.ts'

const UTF8 = new Set(['utf-8', 'utf8', 'u8', 'utf_8'])
const ONE_BYTE: Readonly<Record<string, number>> = {
  ascii: 0x7f,
  'us-ascii': 0x7f,
  'latin-1': 0xff,
  latin1: 0xff,
  'iso-8859-1': 0xff,
  'iso8859-1': 0xff,
}

/** The highest code point of a one-byte encoding, or nothing. */
function oneByteLimit(name: string): number | undefined {
  return Object.hasOwn(ONE_BYTE, name) ? ONE_BYTE[name] : undefined
}

/** Python's `str.encode` for UTF-8, ASCII and Latin-1. Throws `LookupError` for other encodings, `ValueError` for what does not fit. */
export function encode(text: string, encoding: string, errors: string): PyBytes {
  const name = encoding.toLowerCase().replaceAll('_', '-')
  const most = UTF8.has(encoding.toLowerCase()) || UTF8.has(name) ? 0x10ffff : oneByteLimit(name)
  if (most === undefined) throw new PyError('LookupError', `unknown encoding: ${encoding}`)
  let fitting = ''
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    const fits = code <= most && (code < 0xd800 || code > 0xdfff)
    fitting += fits ? char : unencodable(char, encoding, errors)
  }
  if (most === 0x10ffff) return new PyBytes(new TextEncoder().encode(fitting))
  return new PyBytes(Uint8Array.from(fitting, (char) => char.charCodeAt(0)))
}

/** What stands for a character that an encoding does not have. */
function unencodable(char: string, encoding: string, errors: string): string {
  const code = char.codePointAt(0) ?? 0
  switch (errors) {
    case 'strict':
      throw valueError(`'${encoding}' codec can't encode character U+${code.toString(16).toUpperCase()}`)
    case 'ignore':
      return ''
    case 'replace':
      return '?'
    case 'backslashreplace':
      return hexEscape(char)
    case 'xmlcharrefreplace':
      return `&#${code};`
    default:
      throw unknownHandler(errors)
  }
}

/** What stands for bytes that an encoding does not know. */
function undecodable(bytes: Uint8Array, encoding: string, errors: string): string {
  switch (errors) {
    case 'strict':
      throw valueError(`'${encoding}' codec can't decode byte 0x${bytes[0]?.toString(16)}`)
    case 'ignore':
      return ''
    case 'replace':
      return '\ufffd'
    case 'backslashreplace':
      return Array.from(bytes, (byte) => hexEscape(String.fromCharCode(byte))).join('')
    default:
      throw unknownHandler(errors)
  }
}

function unknownHandler(errors: string): PyError {
  return new PyError('LookupError', `unknown error handler name '${errors}'`)
}

/** A well-formed character of UTF-8, or as much of one as stands there (the Unicode Standard, table 3-7). */
const UTF8_SEQUENCE =
  /([\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f]|\xf0[\x90-\xbf][\x80-\xbf]?|[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?|[\s\S]/g

function decodeUtf8(bytes: Uint8Array, errors: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const units = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
    return units.replace(UTF8_SEQUENCE, (sequence, whole: string | undefined) => {
      const part = Uint8Array.from(sequence, (unit) => unit.charCodeAt(0))
      return whole === undefined ? undecodable(part, 'utf-8', errors) : new TextDecoder().decode(part)
    })
  }
}

/** Python's `bytes.decode` for the same encodings. */
export function decode(bytes: Uint8Array, encoding: string, errors: string): string {
  // CPython does not look the encoding up for nothing.
  if (bytes.length === 0) return ''
  const name = encoding.toLowerCase().replaceAll('_', '-')
  if (UTF8.has(name)) return decodeUtf8(bytes, errors)
  const most = oneByteLimit(name)
  if (most === undefined) throw new PyError('LookupError', `unknown encoding: ${encoding}`)
  let text = ''
  for (const byte of bytes)
    text += byte <= most ? String.fromCharCode(byte) : undecodable(Uint8Array.of(byte), encoding, errors)
  return text
}
