/** A set of code points as ranges, both ends inclusive, in order and apart from each other. */
export type CodePoints = readonly (readonly [from: number, to: number])[]

/** The last code point there is. */
export const LAST = 0x10ffff

/** Every code point. */
export const ANY: CodePoints = [[0, LAST]]

/** All code points of some ranges, which may overlap and stand in any order. */
export function union(...sets: readonly CodePoints[]): CodePoints {
  const merged: [number, number][] = []
  for (const [from, to] of sets.flat().sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}

/** Every code point that is not in a set. */
export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = []
  let next = 0
  for (const [from, to] of set) {
    if (from > next) gaps.push([next, from - 1])
    next = to + 1
  }
  if (next <= LAST) gaps.push([next, LAST])
  return gaps
}

/** The code points that are in both sets. */
export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return complement(union(complement(a), complement(b)))
}

/** The code points of `a` that are not in `b`. */
export function difference(a: CodePoints, b: CodePoints): CodePoints {
  return intersection(a, complement(b))
}

/** The code points that are in one of the sets, but not in both. */
export function symmetricDifference(a: CodePoints, b: CodePoints): CodePoints {
  return union(difference(a, b), difference(b, a))
}

/** The set of some code points. */
export function setOf(...codes: readonly number[]): CodePoints {
  return union(codes.map((code) => [code, code] as const))
}

/** What is looked through to find a class. Halves of pairs, which no text has alone, stand for nothing. */
const BLOCKS: CodePoints = [
  [0, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x1ffff],
  [0x20000, 0x2ffff],
  [0x30000, 0x3ffff],
  [0xe0000, 0xeffff],
]

/** These planes hold nothing, or only what is for private use: the first code point of each tells of the others. */
const UNIFORM: CodePoints = [
  [0x40000, 0xdffff],
  [0xf0000, 0xfffff],
  [0x100000, LAST],
]

/**
 * The code points that a class of JavaScript's regular expressions has, e.g. `\p{Lu}`.
 *
 * @throws SyntaxError when there is no such class.
 */
export function pointsOfClass(source: string): CodePoints {
  const runs = new RegExp(`[${source}]+`, 'gu')
  const found = UNIFORM.filter(([first]) => String.fromCodePoint(first).search(runs) === 0)
  for (const [first, last] of BLOCKS) {
    const width = first < 0x10000 ? 1 : 2
    for (const run of textOf(first, last).matchAll(runs)) {
      const from = first + run.index / width
      found.push([from, from + run[0].length / width - 1])
    }
  }
  return union(found)
}

/** A text of all code points of a block, by way of its bytes: the quickest there is. */
function textOf(first: number, last: number): string {
  const isPlain = first < 0x10000
  const units = new Uint16Array((last - first + 1) * (isPlain ? 1 : 2))
  for (let code = first, at = 0; code <= last; code += 1) {
    if (isPlain) units[at++] = code
    else {
      units[at++] = 0xd800 + ((code - 0x10000) >> 10)
      units[at++] = 0xdc00 + (code & 0x3ff)
    }
  }
  return new TextDecoder('utf-16le').decode(units)
}

let cased: readonly number[] | undefined

/** A set with all letters that differ from one of it in case only, as Unicode's simple case folding has it. */
export function foldCase(set: CodePoints): CodePoints {
  cased ??= pointsOfClass('\\p{Changes_When_Casemapped}').flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
  )
  if (set.length === 0) return set
  const same = new RegExp(
    classSource(set, (code) => `\\u{${code.toString(16)}}`),
    'iu',
  )
  return union(set, setOf(...cased.filter((code) => same.test(String.fromCodePoint(code)))))
}

/** The same for the letters of English only. */
export function foldAsciiCase(set: CodePoints): CodePoints {
  const upper = intersection(set, [[0x41, 0x5a]]).map(([from, to]) => [from + 32, to + 32] as const)
  const lower = intersection(set, [[0x61, 0x7a]]).map(([from, to]) => [from - 32, to - 32] as const)
  return union(set, upper, lower)
}

/** A set as a class of regular expressions; `spell` writes a code point. */
export function classSource(set: CodePoints, spell: (code: number) => string): string {
  const ranges = set.map(([from, to]) => (from === to ? spell(from) : `${spell(from)}-${spell(to)}`))
  return `[${ranges.join('')}]`
}
