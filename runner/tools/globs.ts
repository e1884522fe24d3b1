import picomatch from 'picomatch'
import { badArgument } from './define-tool.ts'

/** Longest accepted glob; brace expansion makes longer ones explode. */
const MAX_GLOB = 500

/** A predicate on paths from the root. A glob without `/` is matched against the last part of the path. */
export function globMatcher(
  globs: readonly string[],
  tool: string,
  argument: string,
): (path: string) => boolean {
  const matchers = globs.map((glob) => {
    if (glob.length > MAX_GLOB) throw badArgument(tool, argument, `is longer than ${MAX_GLOB} characters`)
    // picomatch turns these into nested repeats of a backtracking engine.
    if (/[+*?@!]\(/.test(glob)) {
      throw badArgument(
        tool,
        argument,
        `"${glob}" uses an extended glob such as "+(...)", which is not supported`,
      )
    }
    if ((glob.match(/\*+/g) ?? []).length > 12) {
      throw badArgument(tool, argument, `"${glob}" has more than 12 stars`)
    }
    const anchored = glob.replace(/^(\.?\/)+/, '')
    const matches = picomatch(anchored, { dot: true, basename: false, noextglob: true, nonegate: true })
    const byName = !anchored.includes('/')
    return (path: string) => matches(byName ? (path.split('/').at(-1) ?? path) : path)
  })
  return (path) => matchers.some((matches) => matches(path))
}
