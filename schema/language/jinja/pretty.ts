import type { Budget } from '../budget.ts'
import { PyDict } from '../dict.ts'
import { PyError } from '../errors.ts'
import { ordered } from '../operators.ts'
import { repr, textRepr } from '../printing.ts'
import { splitLines, textLength } from '../text.ts'
import { PyTuple, type PyValue, typeName } from '../values.ts'

const WIDTH = 80

/** Where a value stands: its column, how much has to fit behind it on its last line, and whether it is the whole. */
type Place = { readonly indent: number; readonly allowance: number; readonly isWhole: boolean }

/** Python's `pprint.pformat`: keys sorted, one item per line when it gets too wide, long texts in pieces. */
export function prettyPrint(value: PyValue, budget: Budget): string {
  return format(value, { indent: 0, allowance: 0, isWhole: true }, budget)
}

function format(value: PyValue, place: Place, budget: Budget): string {
  budget.step()
  const { indent, allowance } = place
  const flat = repr(sorted(value, budget))
  budget.text(flat.length)
  if (textLength(flat) <= WIDTH - indent - allowance) return flat
  if (typeof value === 'string') return formatText(value, place)
  const blanks = ' '.repeat(indent + 1)
  if (value instanceof PyDict && value.size > 0) {
    const entries = pairs(value, budget)
    const lines = entries.map(([key, item], index) => {
      const name = repr(key)
      const after = index === entries.length - 1 ? allowance + 1 : 1
      const inside = { indent: indent + textLength(name) + 3, allowance: after, isWhole: false }
      return `${name}: ${format(item, inside, budget)}`
    })
    return `{${lines.join(`,\n${blanks}`)}}`
  }
  const items = Array.isArray(value) ? value : value instanceof PyTuple ? value.items : []
  if (items.length === 0) return flat
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['(', items.length === 1 ? ',)' : ')']
  const lines = items.map((item, index) => {
    const after = index === items.length - 1 ? allowance + close.length : 1
    return format(item, { indent: indent + 1, allowance: after, isWhole: false }, budget)
  })
  return open + lines.join(`,\n${blanks}`) + close
}

/** A text that is too wide: its lines, and the words of lines that are too wide themselves, as texts below each other. */
function formatText(text: string, place: Place): string {
  const indent = place.isWhole ? place.indent + 1 : place.indent
  const allowance = place.isWhole ? place.allowance + 1 : place.allowance
  const width = WIDTH - indent
  const lines = splitLines(text, true)
  const pieces = lines.flatMap((line, index) => {
    const last = index === lines.length - 1 ? allowance : 0
    return fits(line, width - last) ? [line] : wordsOf(line, width, last)
  })
  const printed = pieces.map(textRepr).join(`\n${' '.repeat(indent)}`)
  return place.isWhole && pieces.length > 1 ? `(${printed})` : printed
}

function fits(text: string, width: number): boolean {
  return textLength(textRepr(text)) <= width
}

/** As many words with the blanks behind them as fit a width, again and again; the last one leaves `allowance` free. */
function wordsOf(line: string, width: number, allowance: number): string[] {
  const words = line.match(/\S+\s*|\s+/g) ?? []
  const pieces: string[] = []
  let current = ''
  words.forEach((word, index) => {
    const room = index === words.length - 1 ? width - allowance : width
    if (fits(current + word, room)) current += word
    else {
      if (current !== '') pieces.push(current)
      current = word
    }
  })
  return current === '' ? pieces : [...pieces, current]
}

/** The pairs of a dictionary by key; keys of types without a common order stand by the names of their types. */
function pairs(dict: PyDict, budget: Budget): (readonly [PyValue, PyValue])[] {
  return Array.from(dict.entries()).sort(([a], [b]) => {
    budget.step()
    return isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0
  })
}

function isBefore(a: PyValue, b: PyValue): boolean {
  try {
    return ordered('<', a, b)
  } catch (error) {
    if (error instanceof PyError && error.pyType === 'TypeError') return typeName(a) < typeName(b)
    throw error
  }
}

function sorted(value: PyValue, budget: Budget): PyValue {
  if (value instanceof PyDict)
    return new PyDict(pairs(value, budget).map(([key, item]) => [key, sorted(item, budget)] as const))
  if (Array.isArray(value)) return value.map((item) => sorted(item, budget))
  return value instanceof PyTuple ? new PyTuple(value.items.map((item) => sorted(item, budget))) : value
}
