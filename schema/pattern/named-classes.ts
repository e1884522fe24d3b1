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

/** What `\d`, `\s` and `\w` mean, by their letter, in Unicode and with it switched off. */
export const PERL_CLASSES: Readonly<Record<string, { unicode(): CodePoints; readonly ascii: CodePoints }>> = {
  d: { unicode: () => remembered('\\p{Nd}'), ascii: DIGITS },
  s: { unicode: () => remembered('\\p{White_Space}'), ascii: ASCII_SPACE },
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
