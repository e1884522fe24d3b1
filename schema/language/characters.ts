/** Character classes of Python's `str` methods, beyond what a regular expression names. */

/** Characters with Unicode's numeric type Digit that are no decimal digits (superscripts, circled digits and the like). */
const OTHER_DIGITS =
  /[\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/u
/** Han characters that Unicode's Unihan table calls numbers. */
const HAN_NUMBERS =
  /[〇一二三四五六七八九十百千万億兆零壹貳參肆伍陸柒捌玖拾佰仟萬亿两兩弌弍弎\u3405\u3483\u382a\u3b4d\u4e24\u4e96\u4ec0\u4ee8\u5344\u5345\u534c\u53c1\u53c2\u53c4\u58f1\u5e7a\u5efe\u5eff\u5f10\u6f06\u8cae\u8d30\u9621\u9646\u964c\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd\u{20001}\u{20064}\u{200e2}\u{20121}\u{2092a}\u{20983}\u{2098c}\u{2099c}\u{20aea}\u{20afd}\u{20b19}\u{22390}\u{22998}\u{23b1b}\u{2626d}\u{2f890}]/u

/** `str.isdecimal` of one character. */
export function isDecimal(char: string): boolean {
  return char <= '\x7f' ? char >= '0' && char <= '9' : DECIMAL.test(char)
}

const DECIMAL = /\p{Nd}/u

/** `str.isdigit` of one character. */
export function isDigit(char: string): boolean {
  return isDecimal(char) || OTHER_DIGITS.test(char)
}

/** `str.isnumeric` of one character. */
export function isNumeric(char: string): boolean {
  return /\p{N}/u.test(char) || HAN_NUMBERS.test(char)
}

/** `str.isalpha` of one character. */
export function isAlpha(char: string): boolean {
  return /\p{L}/u.test(char)
}

/** Whether a character has upper case, also as a single-letter title. */
export function isUpper(char: string): boolean {
  return /[\p{Uppercase}]/u.test(char)
}

/** Whether a character has lower case. */
export function isLower(char: string): boolean {
  return /[\p{Lowercase}]/u.test(char)
}

/** Whether a character is a title-case letter such as `ǅ`. */
export function isTitle(char: string): boolean {
  return /\p{Lt}/u.test(char)
}

/** Whether case means anything for a character; runs of such characters are the words of `str.title`. */
export function isCased(char: string): boolean {
  return isUpper(char) || isLower(char) || isTitle(char)
}

/** All letters that Unicode has only for the start of a word: `ǅ` and its like, and Greek ones with an iota below. */
const TITLE_LETTERS = 'ǅǈǋǲᾈᾉᾊᾋᾌᾍᾎᾏᾘᾙᾚᾛᾜᾝᾞᾟᾨᾩᾪᾫᾬᾭᾮᾯᾼῌῼ'
const TITLE: ReadonlyMap<string, string> = new Map(
  Array.from(TITLE_LETTERS).flatMap((title) => [
    [title.toLowerCase(), title],
    [title.toUpperCase(), title],
  ]),
)
/** Georgian letters have capitals, but words do not start with them. */
const WITHOUT_TITLE = /[\u10d0-\u10ff]/
const IOTA_BELOW = '\u0345'

/** One character as the first of a word. */
export function toTitle(char: string): string {
  const special = TITLE.get(char)
  if (special !== undefined) return special
  if (isTitle(char) || WITHOUT_TITLE.test(char)) return char
  // A letter that expands (ß to SS) keeps only its first cased part in upper case; an iota below stays below.
  const [first = '', ...rest] = char.toUpperCase()
  if (rest.length > 0 && char.normalize('NFD').endsWith(IOTA_BELOW))
    return [first, ...rest.slice(0, -1), IOTA_BELOW].join('')
  let started = isCased(first)
  let title = first
  for (const part of rest) {
    title += started ? part.toLowerCase() : part
    started ||= isCased(part)
  }
  return title
}

/** The lower case of one character of a text. Only that of Σ depends on its neighbours: it is ς at the end of a word. */
export function lowerAt(points: readonly string[], index: number): string {
  const char = points[index] ?? ''
  if (char !== 'Σ') return char.toLowerCase()
  return hasCasedNeighbour(points, index, -1) && !hasCasedNeighbour(points, index, 1) ? 'ς' : 'σ'
}

/** Whether the next character in a direction has case, past those that case ignores, such as apostrophes and accents. */
function hasCasedNeighbour(points: readonly string[], index: number, step: 1 | -1): boolean {
  let place = index + step
  while (/\p{Case_Ignorable}/u.test(points[place] ?? '')) place += step
  return /\p{Cased}/u.test(points[place] ?? '')
}

/** Python's `str.casefold`: Unicode's full case folding, found by going down, up and down again. */
export function caseFold(text: string): string {
  let folded = ''
  for (const char of text) {
    if (char === 'ı') folded += char
    // Cherokee had only capitals at first, so that the small ones fold to them.
    else if (/\p{Script=Cherokee}/u.test(char)) folded += char.toUpperCase()
    else folded += char.toLowerCase().toUpperCase().toLowerCase()
  }
  return folded.replaceAll('ς', 'σ')
}

/** The value of one decimal digit of any script, or nothing. */
export function digitValue(char: string): number | undefined {
  if (char >= '0' && char <= '9') return char.charCodeAt(0) - 48
  if (!isDecimal(char)) return undefined
  // Decimal digits stand in runs of ten, so the value is the distance to the start of the run.
  const code = char.codePointAt(0) ?? 0
  let start = code
  while (code - start < 9 && isDecimal(String.fromCodePoint(start - 1))) start -= 1
  return MATHEMATICAL_DIGITS.test(char) ? (code - 0x1d7ce) % 10 : code - start
}

const MATHEMATICAL_DIGITS = /[\u{1d7ce}-\u{1d7ff}]/u

/** Unicode lets these stand in names since version 15.1; CPython 3.12 has 15.0. */
const NEWER_CONTINUE = /\u200c|\u200d|\u30fb|\uff65/

/** Whether a text can be a Python name. */
export function isIdentifier(text: string): boolean {
  return /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text) && !NEWER_CONTINUE.test(text)
}
