import { type CodePoints, difference, intersection, symmetricDifference, union } from './code-points.ts'
import { POSIX_CLASSES } from './named-classes.ts'
import type { Escape, PatternReader } from './parse.ts'

const OPERATIONS: Readonly<Record<string, (a: CodePoints, b: CodePoints) => CodePoints>> = {
  '&&': intersection,
  '--': difference,
  '~~': symmetricDifference,
}

const POSIX = /\[:(\^?)(\w+):\]/y

/** Reads a class in brackets, with the classes and operations inside it, from its `[` on. */
export function parseClass(reader: PatternReader): CodePoints {
  const start = reader.offset
  reader.take('[')
  reader.skipBlanks()
  const isNegated = reader.take('^')
  reader.skipBlanks()
  let left: CodePoints | undefined
  let combine = union as (a: CodePoints, b: CodePoints) => CodePoints
  let right: CodePoints = []
  // Brackets and minus signs in front are characters.
  for (; reader.is('-'); reader.skipBlanks()) {
    reader.take('-')
    right = union(right, [[0x2d, 0x2d]])
  }
  if (right.length === 0 && reader.take(']')) right = [[0x5d, 0x5d]]
  for (;;) {
    reader.skipBlanks()
    if (reader.char === '')
      throw reader.refusal("has a '[' that nothing closes", start, 'Write \\[ for the character')
    const operation = Object.keys(OPERATIONS).find((mark) => reader.is(mark))
    const isEnd = reader.take(']')
    if (operation === undefined && !isEnd) {
      right = union(right, readItem(reader))
      continue
    }
    const folded = reader.folded(right)
    left = left === undefined ? folded : combine(left, folded)
    if (isEnd) return isNegated ? reader.negated(left, start) : left
    reader.take(operation ?? '')
    combine = OPERATIONS[operation ?? ''] ?? union
    right = []
  }
}

function readItem(reader: PatternReader): CodePoints {
  const start = reader.offset
  if (reader.is('[')) return readPosix(reader) ?? parseClass(reader)
  const first = readOne(reader)
  reader.skipBlanks()
  const isRange = reader.is('-') && !reader.is('--') && !/^-\s*\]/.test(reader.source.slice(reader.offset))
  if (!isRange) return setOfEscape(reader, first, start)
  reader.take('-')
  reader.skipBlanks()
  const lastAt = reader.offset
  const last = readOne(reader)
  if (first.kind !== 'literal' || last.kind !== 'literal') {
    throw reader.refusal(
      'has a range that begins or ends with a class',
      first.kind === 'literal' ? lastAt : start,
    )
  }
  if (last.code < first.code) throw reader.refusal('has a range that runs backwards', start)
  reader.checkedLiteral(last.code, start)
  return [[first.code, last.code]]
}

function setOfEscape(reader: PatternReader, read: Escape, start: number): CodePoints {
  return read.kind === 'class' ? read.set : reader.checkedLiteral(read.code, start)
}

function readOne(reader: PatternReader): Escape {
  if (reader.is('\\')) return reader.readEscape()
  const { char } = reader
  if (char === '') throw reader.refusal("has a '[' that nothing closes")
  reader.offset += char.length
  return { kind: 'literal', code: char.codePointAt(0) ?? 0 }
}

/** `[:alpha:]`; `undefined`: it is a class like any other. */
function readPosix(reader: PatternReader): CodePoints | undefined {
  const start = reader.offset
  POSIX.lastIndex = start
  const [all, caret, name = ''] = POSIX.exec(reader.source) ?? []
  const set = Object.hasOwn(POSIX_CLASSES, name) ? POSIX_CLASSES[name] : undefined
  if (all === undefined || !set) return undefined
  reader.offset += all.length
  return caret === '^' ? reader.negated(reader.folded(set), start) : set
}
