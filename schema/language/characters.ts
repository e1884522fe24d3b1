/** Character classes of Python's `str` methods, beyond what a regular expression names. */

/** Characters with Unicode's numeric type Digit that are no decimal digits (superscripts, circled digits and the like). */
const OTHER_DIGITS =
  /[\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/u
const HAN_NUMBERS = /[〇一二三四五六七八九十百千万億兆零壹貳參肆伍陸柒捌玖拾佰仟萬亿两兩弌弍弎]/u

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

const TITLE: Readonly<Record<string, string>> = {
  ǆ: 'ǅ',
  Ǆ: 'ǅ',
  ǉ: 'ǈ',
  Ǉ: 'ǈ',
  ǌ: 'ǋ',
  Ǌ: 'ǋ',
  ǳ: 'ǲ',
  Ǳ: 'ǲ',
}

/** One character as the first of a word. */
export function toTitle(char: string): string {
  const special = TITLE[char]
  if (special !== undefined) return special
  if (isTitle(char)) return char
  // A letter that expands (ß to SS) keeps only its first cased part in upper case.
  let title = ''
  let started = false
  for (const part of char.toUpperCase()) {
    title += started ? part.toLowerCase() : part
    started ||= isCased(part)
  }
  return title
}

/** Python's `str.casefold`: Unicode's full case folding, found by going down, up and down again. */
export function caseFold(text: string): string {
  let folded = ''
  for (const char of text) folded += char === 'ı' ? char : char.toLowerCase().toUpperCase().toLowerCase()
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

/** Whether a text can be a Python name. */
export function isIdentifier(text: string): boolean {
  return /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(text)
}
