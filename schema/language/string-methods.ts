import { type Bound, bind, clamp, integer, type Signature, text } from './arguments.ts'
import type { Budget } from './budget.ts'
import { encode } from './bytes.ts'
import {
  caseFold,
  isAlpha,
  isCased,
  isDecimal,
  isDigit,
  isIdentifier,
  isLower,
  isNumeric,
  isTitle,
  isUpper,
  lowerAt,
  toTitle,
} from './characters.ts'
import { PyDict } from './dict.ts'
import { typeError, valueError } from './errors.ts'
import type { Method } from './method-table.ts'
import { isPrintable } from './printing.ts'
import { codePoints, isSpace, pointToUnit, splitLines, textLength, unitToPoint } from './text.ts'
import { asText, PyTuple, type PyValue, toArray, typeName } from './values.ts'

/** A method of `str`: the text, the bound arguments, the budget. */
type Implementation = (self: string, bound: Bound, budget: Budget) => PyValue

const METHODS = new Map<string, Method<string>>()

function add(signature: Signature, run: Implementation): void {
  METHODS.set(signature.name, (self, args, budget) => {
    budget.text(self.length)
    return run(self, bind(signature, args), budget)
  })
}

function define(
  name: string,
  parameters: readonly string[],
  run: Implementation,
  required = parameters.length,
): void {
  add({ name, parameters, required }, run)
}

function defineNamed(name: string, parameters: readonly string[], run: Implementation): void {
  add({ name, parameters, required: 0, positionalOnly: 0 }, run)
}

/** The method of `str` with this name, ready to be called on a text; nothing when Python has none. */
export function stringMethod(name: string): Method<string> | undefined {
  return METHODS.get(name)
}

define('lower', [], (self) => self.toLowerCase())
define('upper', [], (self) => self.toUpperCase())
define('casefold', [], (self) => caseFold(self))
define('title', [], (self) => titleCase(self))
define('capitalize', [], (self) => {
  const points = codePoints(self)
  return points.map((char, index) => (index === 0 ? toTitle(char) : lowerAt(points, index))).join('')
})
define('swapcase', [], (self) => {
  const points = codePoints(self)
  return points
    .map((char, index) =>
      isUpper(char) ? lowerAt(points, index) : isLower(char) ? char.toUpperCase() : char,
    )
    .join('')
})

/** Python's `str.title`: every run of cased characters starts with a capital, so `they're` becomes `They'Re`. */
function titleCase(self: string): string {
  const points = codePoints(self)
  let inWord = false
  return points
    .map((char, index) => {
      const changed = inWord ? lowerAt(points, index) : toTitle(char)
      inWord = isCased(char)
      return changed
    })
    .join('')
}

function every(test: (char: string) => boolean): Implementation {
  return (self) => {
    for (const char of self) if (!test(char)) return false
    return self !== ''
  }
}

define('isalpha', [], every(isAlpha))
define('isalnum', [], every((char) => isAlpha(char) || isNumeric(char)))
define('isdecimal', [], every(isDecimal))
define('isdigit', [], every(isDigit))
define('isnumeric', [], every(isNumeric))
define('isspace', [], every(isSpace))
define('isprintable', [], (self) => Array.from(self).every(isPrintable))
define('isascii', [], (self) => !/[^\0-\x7f]/.test(self))
define('isidentifier', [], (self) => isIdentifier(self))
define('islower', [], (self) => isCaseOnly(self, isLower))
define('isupper', [], (self) => isCaseOnly(self, isUpper))
define('istitle', [], (self) => {
  let inWord = false
  let found = false
  for (const char of self) {
    if (isUpper(char) || isTitle(char)) {
      if (inWord) return false
      inWord = true
      found = true
    } else if (isLower(char)) {
      if (!inWord) return false
    } else inWord = false
  }
  return found
})

/** Whether a text has letters with case and all of them are of one. */
export function isCaseOnly(self: string, test: (char: string) => boolean): boolean {
  let found = false
  for (const char of self) {
    if (!isCased(char)) continue
    if (!test(char)) return false
    found = true
  }
  return found
}

function stripper(left: boolean, right: boolean): Implementation {
  return (self, [chars]) => {
    if (chars === undefined || chars === null) return stripChars(self, isSpace, left, right)
    const set = new Set(text(chars, 'strip arg'))
    return stripChars(self, (char) => set.has(char), left, right)
  }
}

/** Take matching characters off the ends of a text. */
export function stripChars(self: string, test: (char: string) => boolean, left = true, right = true): string {
  const points = codePoints(self)
  let start = 0
  let end = points.length
  while (left && start < end && test(points[start] ?? '')) start += 1
  while (right && end > start && test(points[end - 1] ?? '')) end -= 1
  return start === 0 && end === points.length ? self : points.slice(start, end).join('')
}

define('strip', ['chars'], stripper(true, true), 0)
define('lstrip', ['chars'], stripper(true, false), 0)
define('rstrip', ['chars'], stripper(false, true), 0)

/** The part of a text between two places in code points, as `start` and `end` of the searching methods mean it. */
function part(
  self: string,
  start: PyValue | undefined,
  end: PyValue | undefined,
): { text: string; from: number } | undefined {
  if (start === undefined && end === undefined) return { text: self, from: 0 }
  const length = textLength(self)
  const place = (value: PyValue | undefined, fallback: number): number => {
    if (value === undefined || value === null) return fallback
    const wanted = clamp(integer(value, 0n))
    return wanted < 0 ? Math.max(0, wanted + length) : wanted
  }
  const from = place(start, 0)
  const to = Math.min(place(end, length), length)
  if (from > to || from > length) return undefined
  return { text: self.slice(pointToUnit(self, from), pointToUnit(self, to)), from }
}

function search(self: string, bound: Bound, last: boolean): number {
  const [needle, start, end] = bound
  const sought = text(needle, 'find() argument 1')
  const range = part(self, start, end)
  if (range === undefined) return -1
  const unit = last ? range.text.lastIndexOf(sought) : range.text.indexOf(sought)
  return unit < 0 ? -1 : range.from + unitToPoint(range.text, unit)
}

define('find', ['sub', 'start', 'end'], (self, bound) => BigInt(search(self, bound, false)), 1)
define('rfind', ['sub', 'start', 'end'], (self, bound) => BigInt(search(self, bound, true)), 1)
define('index', ['sub', 'start', 'end'], (self, bound) => found(search(self, bound, false)), 1)
define('rindex', ['sub', 'start', 'end'], (self, bound) => found(search(self, bound, true)), 1)

function found(place: number): bigint {
  if (place < 0) throw valueError('substring not found')
  return BigInt(place)
}

define(
  'count',
  ['sub', 'start', 'end'],
  (self, [needle, start, end]) => {
    const sought = text(needle, 'count() argument 1')
    const range = part(self, start, end)
    if (range === undefined) return 0n
    return BigInt(sought === '' ? textLength(range.text) + 1 : range.text.split(sought).length - 1)
  },
  1,
)

function affix(name: string, test: (self: string, affix: string) => boolean): void {
  define(
    name,
    ['prefix', 'start', 'end'],
    (self, bound) => {
      const wanted = bound[0]
      const range = part(self, bound[1], bound[2])
      if (typeof wanted === 'string') return range !== undefined && test(range.text, wanted)
      const options = wanted instanceof PyTuple ? wanted.items : [wanted]
      return options.some((option) => {
        const sought = asText(option)
        if (sought === undefined)
          throw typeError(`${name} first arg must be str or a tuple of str, not ${typeName(option ?? null)}`)
        return range !== undefined && test(range.text, sought)
      })
    },
    1,
  )
}

affix('startswith', (self, prefix) => self.startsWith(prefix))
affix('endswith', (self, suffix) => self.endsWith(suffix))
define('removeprefix', ['prefix'], (self, [prefix]) => {
  const wanted = text(prefix, 'removeprefix() argument')
  return self.startsWith(wanted) ? self.slice(wanted.length) : self
})
define('removesuffix', ['suffix'], (self, [suffix]) => {
  const wanted = text(suffix, 'removesuffix() argument')
  return wanted !== '' && self.endsWith(wanted) ? self.slice(0, -wanted.length) : self
})

define(
  'replace',
  ['old', 'new', 'count'],
  (self, bound, budget) =>
    replaceText(
      self,
      text(bound[0], 'replace() argument 1'),
      text(bound[1], 'replace() argument 2'),
      integer(bound[2], -1n),
      budget,
    ),
  2,
)

/** Python's `str.replace`; a negative count means all. */
export function replaceText(
  self: string,
  old: string,
  replacement: string,
  count: bigint,
  budget: Budget,
): string {
  let most = count < 0n ? Number.POSITIVE_INFINITY : clamp(count)
  if (most === 0 || (old !== '' && !self.includes(old))) return self
  const pieces = old === '' ? ['', ...codePoints(self), ''] : self.split(old)
  budget.items(Math.min(pieces.length, budget.limits.items + 1))
  budget.text(self.length + Math.min(pieces.length, most) * replacement.length)
  if (most >= pieces.length) return pieces.join(replacement)
  let result = pieces[0] ?? ''
  for (const piece of pieces.slice(1)) {
    result += most > 0 ? replacement + piece : old + piece
    most -= 1
  }
  return result
}

function words(self: string, most: number): string[] {
  const result: string[] = []
  let rest = stripChars(self, isSpace, true, false)
  while (rest !== '') {
    if (result.length === most) return [...result, rest]
    const end = rest.search(SPACES)
    result.push(end < 0 ? rest : rest.slice(0, end))
    if (result.length > 1_000_000) break
    rest = end < 0 ? '' : stripFront(rest.slice(end))
  }
  return result
}

const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const WORD_GAPS = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/

function stripFront(self: string): string {
  const gap = WORD_GAPS.exec(self)
  return gap !== null && gap.index === 0 ? self.slice(gap[0].length) : self
}

/** The words of a text, as `str.split()` without arguments finds them. */
export function splitWords(self: string): string[] {
  return self.split(WORD_GAPS).filter((word) => word !== '')
}

function separator(value: PyValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined
  const mark = asText(value)
  if (mark === undefined) throw typeError(`must be str or None, not ${typeName(value)}`)
  if (mark === '') throw valueError('empty separator')
  return mark
}

defineNamed('split', ['sep', 'maxsplit'], (self, bound, budget) => {
  const mark = separator(bound[0])
  const most = integer(bound[1], -1n)
  if (mark === undefined) {
    const all = most < 0n ? splitWords(self) : words(self, clamp(most))
    budget.items(all.length)
    return all
  }
  const pieces = self.split(mark)
  budget.items(pieces.length)
  if (most < 0n) return pieces
  const kept = clamp(most)
  return pieces.length <= kept + 1 ? pieces : [...pieces.slice(0, kept), pieces.slice(kept).join(mark)]
})

defineNamed('rsplit', ['sep', 'maxsplit'], (self, [sep, maxsplit], budget) => {
  const mark = separator(sep)
  const most = integer(maxsplit, -1n)
  if (mark === undefined) {
    if (most < 0n) return splitWords(self)
    const reversed = words(Array.from(self).reverse().join(''), clamp(most))
    return reversed.reverse().map((word) => Array.from(word).reverse().join(''))
  }
  const pieces = self.split(mark)
  budget.items(pieces.length)
  const kept = most < 0n ? pieces.length : clamp(most)
  if (pieces.length <= kept + 1) return pieces
  const cut = pieces.length - kept
  return [pieces.slice(0, cut).join(mark), ...pieces.slice(cut)]
})

defineNamed('splitlines', ['keepends'], (self, [keepEnds]) =>
  splitLines(self, keepEnds === true || keepEnds === 1n),
)

define('partition', ['sep'], (self, [sep]) => {
  const mark = separator(sep) ?? text(sep, 'partition() argument')
  const place = self.indexOf(mark)
  return new PyTuple(
    place < 0 ? [self, '', ''] : [self.slice(0, place), mark, self.slice(place + mark.length)],
  )
})
define('rpartition', ['sep'], (self, [sep]) => {
  const mark = separator(sep) ?? text(sep, 'rpartition() argument')
  const place = self.lastIndexOf(mark)
  return new PyTuple(
    place < 0 ? ['', '', self] : [self.slice(0, place), mark, self.slice(place + mark.length)],
  )
})

define('join', ['iterable'], (self, bound, budget) => {
  const pieces = toArray(bound[0] ?? null, budget)
  let length = 0
  for (let index = 0; index < pieces.length; index += 1) {
    const item = pieces[index] ?? null
    const piece = asText(item)
    if (piece === undefined)
      throw typeError(`sequence item ${index}: expected str instance, ${typeName(item)} found`)
    pieces[index] = piece
    length += piece.length + self.length
  }
  budget.text(length)
  return pieces.join(self)
})

function padder(name: string, place: (missing: number, width: number) => number): void {
  define(
    name,
    ['width', 'fillchar'],
    (self, [width, fill], budget) => {
      const mark = fill === undefined ? ' ' : text(fill, `${name}() argument 2`)
      if (textLength(mark) !== 1) throw typeError('The fill character must be exactly one character long')
      const wanted = clamp(integer(width, 0n))
      const missing = wanted - textLength(self)
      if (missing <= 0) return self
      budget.text(wanted)
      const left = place(missing, wanted)
      return mark.repeat(left) + self + mark.repeat(missing - left)
    },
    1,
  )
}

padder('ljust', () => 0)
padder('rjust', (missing) => missing)
// CPython puts the odd blank left only when the width is odd too.
padder('center', (missing, width) => (missing >> 1) + (missing & width & 1))

define('zfill', ['width'], (self, [width], budget) => {
  const wanted = clamp(integer(width, 0n))
  const missing = wanted - textLength(self)
  if (missing <= 0) return self
  budget.text(wanted)
  const sign = /^[+-]/.exec(self)?.[0] ?? ''
  return sign + '0'.repeat(missing) + self.slice(sign.length)
})

defineNamed('expandtabs', ['tabsize'], (self, [tabsize], budget) => {
  const size = clamp(integer(tabsize, 8n))
  let column = 0
  let result = ''
  for (const char of self) {
    if (char === '\t') {
      const blanks = size > 0 ? size - (column % size) : 0
      budget.text(result.length + blanks)
      result += ' '.repeat(blanks)
      column += blanks
    } else {
      result += char
      column = char === '\n' || char === '\r' ? 0 : column + 1
    }
  }
  return result
})

defineNamed('encode', ['encoding', 'errors'], (self, [encoding, errors]) =>
  encode(
    self,
    encoding === undefined ? 'utf-8' : text(encoding, 'encoding'),
    errors === undefined ? 'strict' : text(errors, 'errors'),
  ),
)

define('translate', ['table'], (self, [table]) => {
  if (!(table instanceof PyDict)) throw typeError('translate() needs a dictionary')
  let result = ''
  for (const char of self) {
    const mapped = table.get(BigInt(char.codePointAt(0) ?? 0))
    if (mapped === undefined) result += char
    else if (typeof mapped === 'bigint' || typeof mapped === 'boolean')
      result += String.fromCodePoint(Number(mapped))
    else if (mapped !== null) result += text(mapped, 'character mapping')
  }
  return result
})

define(
  'maketrans',
  ['x', 'y', 'z'],
  (_self, [x, y, z]) => {
    const table = new PyDict()
    if (y === undefined) {
      if (!(x instanceof PyDict))
        throw typeError('if you give only one argument to maketrans it must be a dict')
      for (const [key, value] of x.entries())
        table.set(typeof key === 'string' ? BigInt(key.codePointAt(0) ?? 0) : key, value)
      return table
    }
    const from = codePoints(text(x, 'maketrans() argument 1'))
    const to = codePoints(text(y, 'maketrans() argument 2'))
    if (from.length !== to.length)
      throw valueError('the first two maketrans arguments must have equal length')
    from.forEach((char, index) => {
      table.set(BigInt(char.codePointAt(0) ?? 0), BigInt(to[index]?.codePointAt(0) ?? 0))
    })
    for (const char of z === undefined ? '' : text(z, 'maketrans() argument 3'))
      table.set(BigInt(char.codePointAt(0) ?? 0), null)
    return table
  },
  1,
)
