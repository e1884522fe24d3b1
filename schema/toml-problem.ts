import type { TomlError } from 'smol-toml'
import type { Diagnostic, Position } from './diagnostic.ts'
import { findEarlier, findUnclosed, type MapPlace, type SeqPlace } from './toml-places.ts'

/** What is wrong, without a place. */
type Problem = Pick<Diagnostic, 'message' | 'expected' | 'help'>

const IS_TEXT = 'Put it between quotes if it is text'

const NO_DATE: Problem = { message: 'There is no such date or time', help: IS_TEXT }

const NO_NUMBER: Problem = { message: 'This is not a number', help: IS_TEXT }

const NO_ESCAPE: Problem = {
  message: 'There is no such escape between double quotes',
  expected: '\\b \\t \\n \\f \\r \\e \\" \\\\ \\xHH \\uHHHH or \\UHHHHHHHH',
  help: 'Put the text between single quotes, where a backslash is a backslash, or write the backslash twice',
}

/** What the reader says, in our words. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  'control characters are not allowed in comments': {
    message: 'A carriage return stands alone in a comment',
    expected: 'a line end',
  },
  // Other control characters were refused before.
  'control characters are not allowed in strings': {
    message: 'A text in quotes is not closed on its line',
    help: 'Close it with the quote that opens it; put text over several lines between three quotes',
  },
  'document contains excessively nested structures. aborting.': { message: 'The document nests too deeply' },
  'each key-value declaration must be followed by an end-of-line': {
    message: 'Something follows on the line',
    expected: 'the end of the line, or a comment',
    help: 'Write one key with its value on a line; put text between quotes',
  },
  'expected comma or end of structure': {
    message: 'A list or an inline table breaks off here',
    expected: "',' between two of its parts, or its closing bracket",
  },
  'expected end of table array declaration': {
    message: "The head of a table begins with '[[' and does not end with ']]'",
    expected: "']]'",
  },
  'illegal character in key': {
    message: 'This cannot stand in a key without quotes',
    expected: 'letters of English, digits, - and _',
    help: "Write key = 'value', with quotes around a key that has other characters",
  },
  'illegal empty bare key': {
    message: 'A part of the key is empty',
    expected: 'a name before and after each dot',
  },
  'illegal quoted key: multiline strings are not allowed': {
    message: 'A key cannot stand between three quotes',
    expected: 'one quote on each side',
  },
  'illegal leading zero': { message: 'A number cannot begin with a zero', help: IS_TEXT },
  'illegal underscore': {
    message: "'_' stands in a number only between two digits",
    help: IS_TEXT,
  },
  'incomplete key-value: cannot find end of key': {
    message: 'The file ends in a key',
    expected: "'=' and a value after a key, ']' after the name of a table",
  },
  'invalid date': NO_DATE,
  'invalid date-time: date part is malformed': NO_DATE,
  'invalid date-time: time part is malformed': NO_DATE,
  'invalid escape: only line-ending whitespace may be escaped': NO_ESCAPE,
  'invalid non-hex character in unicode escape': {
    message: 'The escape has too few digits',
    expected: '\\xHH, \\uHHHH or \\UHHHHHHHH, with hexadecimal digits',
  },
  'invalid unicode escape': { message: 'The escape stands for no character' },
  'invalid value': {
    message: 'This is not a value',
    expected: 'text in quotes, a number, true, false, a date, a list or an inline table',
    help: IS_TEXT,
  },
  'illegal character in numeric literal': NO_NUMBER,
  'unfinished numeric value': NO_NUMBER,
  'unexpected end of key': { message: 'A key is missing here', expected: 'a name' },
  'unfinished string': { message: 'The text that begins here is not closed' },
  'unrecognised escape sequence': NO_ESCAPE,
}

const UNFINISHED = /^unfinished (?:array|table)/

const REDEFINED = /^trying to redefine an already defined /

/** Says in our words what a reader of TOML threw. `text` is the whole document. */
export function describeTomlProblem(
  error: unknown,
  text: string,
  at: (start: number, end?: number) => Position,
): Diagnostic {
  const { line = 1, column = 1, message = '' } = error as Partial<TomlError>
  const place = offsetOf(text, line, column)
  const reason = /^Invalid TOML document: (.*)/.exec(message)?.[1] ?? ''
  if (REDEFINED.test(reason)) return describeRedefined(text, place, at)
  const known = Object.hasOwn(PROBLEMS, reason) ? PROBLEMS[reason] : undefined
  const isAtEnd = UNFINISHED.test(reason) || place >= text.trimEnd().length
  const unclosed = isAtEnd ? findUnclosed(text) : undefined
  if (unclosed) return describeUnclosed(unclosed, at)
  const offset = known === NO_ESCAPE ? text.lastIndexOf('\\', place) : place
  const found = known === NO_ESCAPE ? text.slice(offset, offset + 2).trimEnd() : pieceAt(text, offset)
  return {
    ...at(offset, offset + found.length),
    code: 'toml-syntax',
    severity: 'error',
    ...(known ?? { message: 'This is not TOML' }),
    // What is not finished is marked where it begins.
    ...(reason.startsWith('unfinished') ? {} : { found: wordsFor(text, offset, found) }),
  }
}

function describeUnclosed(
  { kind, start }: MapPlace | SeqPlace,
  at: (start: number, end?: number) => Position,
): Diagnostic {
  return {
    ...at(start, start + 1),
    code: 'toml-syntax',
    severity: 'error',
    message: `The ${kind === 'map' ? 'inline table' : 'list'} that begins here is not closed`,
    expected: kind === 'map' ? "'}'" : "']'",
  }
}

function describeRedefined(
  text: string,
  offset: number,
  at: (start: number, end?: number) => Position,
): Diagnostic {
  const known = findEarlier(text, offset)
  const place = known ? at(known.key.start, known.key.end) : at(offset)
  return {
    ...place,
    code: 'toml-redefined',
    severity: 'error',
    message: known
      ? `The key '${known.key.name}' is defined a second time`
      : 'A key is defined a second time',
    ...(known ? { found: `the first one is in line ${at(known.earlier.start).line}` } : {}),
    help: 'Keep one of them; each table of a list wants a head of its own in double brackets, as [[steps]]',
  }
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0
  for (let i = 1; i < line; i++) start = text.indexOf('\n', start) + 1
  return Math.min(start + column - 1, text.length)
}

/** The word or the character at a place; `''` at the end of a line. */
function pieceAt(text: string, offset: number): string {
  return /^(?:[\p{L}\p{N}_-]{1,40}|[^\r\n])/u.exec(text.slice(offset, offset + 41))?.[0] ?? ''
}

function wordsFor(text: string, offset: number, piece: string): string {
  if (piece !== '') return piece === "'" ? `"'"` : `'${piece}'`
  return offset >= text.length ? 'the end of the file' : 'the end of the line'
}
