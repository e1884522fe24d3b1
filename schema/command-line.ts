/** A command line split into words, or why it cannot be. */
export type SplitLine =
  | { readonly ok: true; readonly words: readonly string[] }
  | { readonly ok: false; readonly problem: string }

/**
 * Splits a command line into words the way a shell would, for lines that need no shell: blanks separate, quotes keep
 * together, a backslash takes the next character as it is. Whatever only a shell can do (`&&`, `|`, `>`, `$x`, `*`) is a
 * problem that names the character, never something that is passed on in silence.
 */
export function splitCommandLine(line: string): SplitLine {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < line.length; at++) {
    const char = line[at] as string
    if (quote === "'") {
      if (char === "'") quote = undefined
      else word += char
    } else if (char === '\\' && at + 1 < line.length) {
      const next = line[++at] as string
      word = (word ?? '') + (quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next)
    } else if (char === '$' || char === '`') {
      return { ok: false, problem: `"${char}" needs a shell` }
    } else if (quote === '"') {
      if (char === '"') quote = undefined
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (char === '\n' && line.slice(at).trim() !== '')
        return { ok: false, problem: 'several lines need a shell' }
      if (word !== undefined) words.push(word)
      word = undefined
    } else if ('&|;<>()*?[]{}~#!'.includes(char) && !(word !== undefined && '~#!?[]{}'.includes(char))) {
      return { ok: false, problem: `"${char}" needs a shell` }
    } else {
      word = (word ?? '') + char
    }
  }
  if (quote !== undefined) return { ok: false, problem: 'a quote is not closed' }
  if (word !== undefined) words.push(word)
  return words.length === 0 ? { ok: false, problem: 'is empty' } : { ok: true, words }
}

/** What to do about a line that {@link splitCommandLine} finds a problem in. */
export const PLAIN_COMMAND =
  'Programs are started without a shell: give the program and its arguments, and quote what belongs together'
