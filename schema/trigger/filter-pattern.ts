/** A step of a compiled pattern: one kind of character, or a way around the steps that follow. */
type Part =
  | {
      readonly accepts: (character: string) => boolean
      readonly isOptional: boolean
      readonly isRepeated: boolean
    }
  | { readonly skips: number }

/**
 * Whether a pattern of GitHub's filters stands for a text, all of it and with the same case.
 *
 * `*` any characters but `/`, `**` any characters, `?` and `+` the character before none or one time, or at least once, `[a-z]` one
 * of these, `\` the next character as it is; `**` and a slash at the beginning or after a slash may stand for nothing. A `!`
 * at the beginning belongs to lists: see {@link matchesPatterns}. Takes time in proportion to the length of pattern times
 * text, whatever they hold. Source: "Workflow syntax for GitHub Actions", filter pattern cheat sheet.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = compile([...pattern])
  let at = withoutInput(parts, [0])
  for (const character of text) {
    const next: number[] = []
    for (const index of at) {
      const part = parts[index]
      if (part === undefined || 'skips' in part || !part.accepts(character)) continue
      next.push(index + 1)
      if (part.isRepeated) next.push(index)
    }
    at = withoutInput(parts, next)
    if (at.size === 0) return false
  }
  return at.has(parts.length)
}

/** Whether a list of patterns lets a text through: the last pattern that fits decides, and one with `!` takes away. */
export function matchesPatterns(patterns: readonly string[], text: string): boolean {
  return patterns.reduce((isIn, pattern) => {
    const isNegative = pattern.startsWith('!')
    if (isIn !== isNegative) return isIn
    return matchesPattern(isNegative ? pattern.slice(1) : pattern, text) ? !isNegative : isIn
  }, false)
}

/** The steps that can be next from some, with those that are reached without a character. */
function withoutInput(parts: readonly Part[], from: readonly number[]): ReadonlySet<number> {
  const all = new Set(from)
  for (const index of all) {
    const part = parts[index]
    if (part === undefined) continue
    if ('skips' in part) all.add(index + 1).add(index + 1 + part.skips)
    else if (part.isOptional) all.add(index + 1)
  }
  return all
}

function compile(signs: readonly string[]): readonly Part[] {
  const parts: Part[] = []
  for (let at = 0; at < signs.length; at++) {
    const sign = signs[at] ?? ''
    if (sign === '*') {
      const start = at
      while (signs[at + 1] === '*') at++
      if (start === at) parts.push(anyOf((character) => character !== '/'))
      else {
        const isFolder = (start === 0 || signs[start - 1] === '/') && signs[at + 1] === '/'
        if (isFolder) parts.push({ skips: 2 })
        parts.push(anyOf(() => true))
      }
      continue
    }
    const end = sign === '[' ? signs.indexOf(']', at + 1) : -1
    const accepts = end > 0 ? oneOf(signs.slice(at + 1, end)) : same(sign === '\\' ? signs[++at] : sign)
    if (end > 0) at = end
    const times = signs[at + 1]
    if (times === '?' || times === '+') at++
    parts.push({ accepts, isOptional: times === '?', isRepeated: times === '+' })
  }
  return parts
}

function anyOf(accepts: (character: string) => boolean): Part {
  return { accepts, isOptional: true, isRepeated: true }
}

function same(sign = '\\'): (character: string) => boolean {
  return (character) => character === sign
}

/** What stands between brackets: characters, and ranges of them. */
function oneOf(signs: readonly string[]): (character: string) => boolean {
  const ranges: (readonly [first: string, last: string])[] = []
  for (let at = 0; at < signs.length; at++) {
    const first = signs[at] ?? ''
    const isRange = signs[at + 1] === '-' && at + 2 < signs.length
    ranges.push([first, (isRange ? signs[at + 2] : first) ?? first])
    if (isRange) at += 2
  }
  return (character) => ranges.some(([first, last]) => first <= character && character <= last)
}
