import { PyError, valueError } from './errors.ts'
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
    if (fits) fitting += char
    else if (errors === 'replace') fitting += '?'
    else if (errors !== 'ignore')
      throw valueError(`'${encoding}' codec can't encode character U+${code.toString(16).toUpperCase()}`)
  }
  if (most === 0x10ffff) return new PyBytes(new TextEncoder().encode(fitting))
  return new PyBytes(Uint8Array.from(fitting, (char) => char.charCodeAt(0)))
}

/** Python's `bytes.decode` for the same encodings. */
export function decode(bytes: Uint8Array, encoding: string, errors: string): string {
  const name = encoding.toLowerCase().replaceAll('_', '-')
  if (UTF8.has(name)) {
    try {
      return new TextDecoder('utf-8', { fatal: errors === 'strict', ignoreBOM: true }).decode(bytes)
    } catch {
      throw valueError("'utf-8' codec can't decode the bytes")
    }
  }
  const most = oneByteLimit(name)
  if (most === undefined) throw new PyError('LookupError', `unknown encoding: ${encoding}`)
  let text = ''
  for (const byte of bytes) {
    if (byte <= most) text += String.fromCharCode(byte)
    else if (errors === 'replace') text += '\ufffd'
    else if (errors !== 'ignore')
      throw valueError(`'${encoding}' codec can't decode byte 0x${byte.toString(16)}`)
  }
  return text
}
