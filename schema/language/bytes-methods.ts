import { text } from './arguments.ts'
import { decode } from './bytes.ts'
import { typeError, valueError } from './errors.ts'
import { type Method, type Table, table } from './method-table.ts'
import { stringMethod } from './string-methods.ts'
import { PyBytes, PyTuple, type PyValue, toArray, typeName } from './values.ts'

const OWN: Table<PyBytes> = table<PyBytes>([
  [
    'decode',
    ['encoding', 'errors'],
    (self, [encoding, errors]) =>
      decode(
        self.bytes,
        encoding === undefined ? 'utf-8' : text(encoding, 'encoding'),
        errors === undefined ? 'strict' : text(errors, 'errors'),
      ),
    { required: 0, positionalOnly: 0 },
  ],
  ['hex', [], (self) => Array.from(self.bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')],
])

/** Methods that bytes have in common with texts. */
const SHARED = new Set([
  ...['capitalize', 'lower', 'swapcase', 'title', 'upper'],
  ...['center', 'expandtabs', 'ljust', 'rjust', 'zfill', 'lstrip', 'rstrip', 'strip'],
  ...['count', 'endswith', 'find', 'index', 'rfind', 'rindex', 'startswith'],
  ...['isalnum', 'isalpha', 'isascii', 'isdigit', 'islower', 'isspace', 'istitle', 'isupper'],
  ...[
    'join',
    'partition',
    'removeprefix',
    'removesuffix',
    'replace',
    'rpartition',
    'rsplit',
    'split',
    'splitlines',
  ],
])
/** Methods whose first argument may be the number of one byte. */
const TAKES_BYTE = new Set(['count', 'find', 'index', 'rfind', 'rindex'])

/** Bytes that mean more as characters than they do as bytes: those beyond ASCII, and separators that are no white space. */
const MOVED = /[\x1c-\x1f\x80-\xff]/g
const MOVED_FOR_LINES = /[\v\f\x1c-\x1f\x80-\xff]/g
/** Where they are moved to: private characters, which have no case, no class and no white space. */
const PRIVATE = 0xe000

/**
 * A method of bytes; nothing when bytes have none of this name. Those they share with texts work on texts of the
 * same length in which only ASCII means something.
 */
export function bytesMethod(name: string): Method<PyBytes> | undefined {
  const own = OWN.get(name)
  if (own !== undefined) return own
  const run = SHARED.has(name) ? stringMethod(name) : undefined
  if (run === undefined) return undefined
  const moved = name === 'splitlines' ? MOVED_FOR_LINES : MOVED
  return (self, args, budget) => {
    const given = name === 'join' ? args.positional.map((items) => toArray(items, budget)) : args.positional
    const positional = given.map((value, index) =>
      index === 0 && TAKES_BYTE.has(name) && typeof value === 'bigint'
        ? byteText(value)
        : toTexts(value, moved),
    )
    const named = new Map(Array.from(args.named, ([key, value]) => [key, toTexts(value, moved)] as const))
    return toBytes(run(latin(self, moved), { positional, named }, budget))
  }
}

function latin(value: PyBytes, moved: RegExp): string {
  return decode(value.bytes, 'latin-1', 'strict').replace(moved, (char) =>
    String.fromCharCode(char.charCodeAt(0) + PRIVATE),
  )
}

function byteText(byte: bigint): string {
  if (byte < 0n || byte > 255n) throw valueError('byte must be in range(0, 256)')
  return latin(new PyBytes(Uint8Array.of(Number(byte))), MOVED)
}

function toTexts(value: PyValue, moved: RegExp): PyValue {
  if (value instanceof PyBytes) return latin(value, moved)
  if (typeof value === 'string') throw typeError(`a bytes-like object is required, not '${typeName(value)}'`)
  if (Array.isArray(value)) return value.map((item) => toTexts(item, moved))
  return value instanceof PyTuple ? new PyTuple(value.items.map((item) => toTexts(item, moved))) : value
}

function toBytes(value: PyValue): PyValue {
  if (typeof value === 'string')
    return new PyBytes(Uint8Array.from(value, (char) => char.charCodeAt(0) & 0xff))
  if (Array.isArray(value)) return value.map(toBytes)
  return value instanceof PyTuple ? new PyTuple(value.items.map(toBytes)) : value
}
