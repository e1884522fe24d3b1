import { RE2JS } from 're2js'
import { LONGEST_PATTERN } from '../../schema/limits.ts'
import { badArgument } from './define-tool.ts'

/** A pattern that is matched in time proportional to the text, whatever the pattern. */
export interface LinearPattern {
  /** Whether the pattern occurs anywhere in `text`. */
  occursIn(text: string): boolean
  /** The text with every occurrence replaced, and how many that were. What is empty is left as it is. */
  replaceIn(text: string, replacement: string): { readonly text: string; readonly count: number }
}

/** Set operations and `\b{...}` mean something in other engines and something silently different here. */
const MISREAD = /&&|\[[^\]]*--\[|\\b\{/

/**
 * Compiles a regular expression of RE2 syntax: no look-around, no back-references.
 *
 * @returns the pattern, or why it is not one.
 */
export function compilePattern(
  source: string,
  options: { ignoreCase?: boolean } = {},
): { ok: true; pattern: LinearPattern } | { ok: false; problem: string } {
  if (source.length > LONGEST_PATTERN)
    return { ok: false, problem: `is longer than ${LONGEST_PATTERN} characters` }
  if (MISREAD.test(source)) {
    return { ok: false, problem: 'uses set operations or \\b{...}, which this engine would misread' }
  }
  try {
    const compiled = RE2JS.compile(source, options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0)
    return {
      ok: true,
      pattern: {
        occursIn: (text) => compiled.matcher(text).find(),
        replaceIn: (text, replacement) => replaceAll(compiled, text, replacement),
      },
    }
  } catch (error) {
    return { ok: false, problem: `is not a regular expression: ${(error as Error).message}` }
  }
}

function replaceAll(compiled: RE2JS, text: string, replacement: string) {
  const pieces: string[] = []
  let rest = 0
  const matcher = compiled.matcher(text)
  while (matcher.find()) {
    if (matcher.end() === matcher.start()) continue
    pieces.push(text.slice(rest, matcher.start()))
    rest = matcher.end()
  }
  return { text: [...pieces, text.slice(rest)].join(replacement), count: pieces.length }
}

/** {@link compilePattern} for an argument of a tool. Fails with a `StepFailure` that names the argument. */
export function patternArgument(
  tool: string,
  argument: string,
  source: string,
  options: { ignoreCase?: boolean } = {},
): LinearPattern {
  const compiled = compilePattern(source, options)
  if (compiled.ok) return compiled.pattern
  throw badArgument(
    tool,
    argument,
    `"${source}" ${compiled.problem}`,
    'RE2 syntax is used: no look-around, no back-references.',
  )
}
