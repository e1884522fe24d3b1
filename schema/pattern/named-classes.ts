import { ANY, type CodePoints, complement, pointsOfClass, union } from './code-points.ts'

const DIGITS: CodePoints = [[0x30, 0x39]]
const UPPER: CodePoints = [[0x41, 0x5a]]
const LOWER: CodePoints = [[0x61, 0x7a]]
const ASCII: CodePoints = [[0, 0x7f]]
const ALPHA = union(UPPER, LOWER)
const ALNUM = union(DIGITS, ALPHA)
const ASCII_WORD = union(ALNUM, [[0x5f, 0x5f]])
const ASCII_SPACE: CodePoints = [
  [9, 13],
  [32, 32],
]

/** The classes in brackets and colons, `[:alpha:]`. */
export const POSIX_CLASSES: Readonly<Record<string, CodePoints>> = {
  alnum: ALNUM,
  alpha: ALPHA,
  ascii: ASCII,
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGITS,
  graph: [[33, 126]],
  lower: LOWER,
  print: [[32, 126]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: ASCII_SPACE,
  upper: UPPER,
  word: ASCII_WORD,
  xdigit: union(DIGITS, [
    [0x41, 0x46],
    [0x61, 0x66],
  ]),
}

const known = new Map<string, CodePoints>()

function remembered(source: string): CodePoints {
  const before = known.get(source)
  if (before) return before
  const set = pointsOfClass(source)
  known.set(source, set)
  return set
}

/** Where ten digits begin, from 0 to 9. */
const ZEROS = `
  30 660 6f0 7c0 966 9e6 a66 ae6 b66 be6 c66 ce6 d66 de6 e50 ed0 f20 1040 1090 17e0 1810 1946 19d0
  1a80 1a90 1b50 1bb0 1c40 1c50 a620 a8d0 a900 a9d0 a9f0 aa50 abf0 ff10 104a0 10d30 10d40 11066 110f0
  11136 111d0 112f0 11450 114d0 11650 116c0 116d0 116da 11730 118e0 11950 11bf0 11c50 11d50 11da0
  11de0 11f50 16130 16a60 16ac0 16b50 16d70 1ccf0 1d7ce 1d7d8 1d7e2 1d7ec 1d7f6 1e140 1e2f0 1e4f0
  1e5f1 1e950 1fbf0`

let digits: CodePoints | undefined

/**
 * `\p{Nd}` of Unicode 17. Written down, as is the next one, because patterns use them more than any others, and to look through
 * all code points for them takes longer than the rest of reading a workflow.
 */
function digitPoints(): CodePoints {
  digits ??= union(
    ZEROS.trim()
      .split(/\s+/)
      .map((zero) => parseInt(zero, 16))
      .map((zero) => [zero, zero + 9]),
  )
  return digits
}

/** `\p{White_Space}`, which no version of Unicode changes any more. */
const SPACE: CodePoints = [
  [0x9, 0xd],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
]

/** What `\d`, `\s` and `\w` mean, by their letter, in Unicode and with it switched off. */
export const PERL_CLASSES: Readonly<Record<string, { unicode(): CodePoints; readonly ascii: CodePoints }>> = {
  d: { unicode: digitPoints, ascii: DIGITS },
  s: { unicode: () => SPACE, ascii: ASCII_SPACE },
  w: { unicode: wordPoints, ascii: ASCII_WORD },
}

/** What words are made of, as Unicode has it. */
export function wordPoints(): CodePoints {
  return remembered('\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}')
}

/** Names of properties with values, by their forms in lower case without `_`, `-` and blanks. */
const PROPERTIES: Readonly<Record<string, string>> = {
  sc: 'Script',
  script: 'Script',
  scx: 'Script_Extensions',
  scriptextensions: 'Script_Extensions',
  gc: 'General_Category',
  generalcategory: 'General_Category',
}

const OWN_NAMES: Readonly<Record<string, () => CodePoints>> = {
  any: () => ANY,
  ascii: () => ASCII,
  assigned: () => complement(remembered('\\p{Cn}')),
}

/** The class of a name between the braces of `\p{...}`. `undefined`: there is none that is known here. */
export function unicodeClass(name: string): CodePoints | undefined {
  const [, property, operator, value = ''] = /^([^=:!]+?)\s*(!=|[=:])\s*(.+)$/.exec(name.trim()) ?? []
  if (property === undefined) {
    const own = looseName(name)
    if (Object.hasOwn(OWN_NAMES, own)) return OWN_NAMES[own]?.()
    return firstKnown(spellingsOf(name).flatMap((spelled) => [spelled, `Script=${spelled}`]))
  }
  const loose = looseName(property)
  if (!Object.hasOwn(PROPERTIES, loose)) return undefined
  const set = firstKnown(spellingsOf(value).map((spelled) => `${PROPERTIES[loose]}=${spelled}`))
  return set && operator === '!=' ? complement(set) : set
}

function firstKnown(names: readonly string[]): CodePoints | undefined {
  for (const name of names) {
    try {
      return remembered(`\\p{${name}}`)
    } catch {
      // JavaScript has no class of this name.
    }
  }
  return undefined
}

function looseName(name: string): string {
  return name.toLowerCase().replace(/[\s_-]/g, '')
}

/** JavaScript takes names in one spelling only, Rust in any case and with blanks for `_`. */
function spellingsOf(name: string): readonly string[] {
  if (!/^[\w\s-]+$/.test(name)) return []
  const words = name.trim().split(/[\s_-]+/)
  const titled = words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
  return [...new Set([name.trim(), titled.join('_'), name.trim().toUpperCase()])]
}
