import { compilePattern, type LinearPattern } from '../tools/regex.ts'

/**
 * Compiles lines of gitignore syntax that say what to keep; a line that starts with `!` says what to leave out.
 *
 * A path is kept when some line matches it (or there are only `!` lines) and no `!` line does. The order of the lines
 * does not matter. Source of the syntax: https://git-scm.com/docs/gitignore.
 *
 * @param warn told of a line that is no pattern; it is ignored.
 */
export function compileIgnoreLines(
  text: string,
  warn: (code: string, message: string) => void,
): (path: string) => boolean {
  const wanted: LinearPattern[] = []
  const unwanted: LinearPattern[] = []
  for (const line of text.split(/\r?\n/)) {
    const pattern = line.replace(/(?<!\\)[ \t]+$/, '')
    if (pattern === '' || pattern.startsWith('#')) continue
    const negated = pattern.startsWith('!')
    const compiled = compilePattern(ignoreLineToExpression(negated ? pattern.slice(1) : pattern))
    if (compiled.ok) (negated ? unwanted : wanted).push(compiled.pattern)
    else
      warn(
        'documents-filter-ignored',
        `line "${line}" of documents_filter ${compiled.problem}; it is ignored`,
      )
  }
  return (path) =>
    (wanted.length === 0 || wanted.some((pattern) => pattern.occursIn(path))) &&
    !unwanted.some((pattern) => pattern.occursIn(path))
}

/** One gitignore pattern as a regular expression on whole paths. A folder matches everything in it. */
function ignoreLineToExpression(line: string): string {
  const onlyFolders = line.endsWith('/')
  const body = onlyFolders ? line.slice(0, -1) : line
  // A slash at the start or in the middle ties the pattern to the root.
  const isAnchored = body.includes('/')
  const parts = body.replace(/^\//, '').split('/')
  let expression = isAnchored ? '^' : '^(?:.*/)?'
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    if (part === '**') expression += isLast ? '.+' : '(?:.*/)?'
    else expression += `${partToExpression(part)}${isLast ? '' : '/'}`
  }
  return `(?s)${expression}${onlyFolders ? '/.+' : '(?:/.*)?'}$`
}

function partToExpression(part: string): string {
  let expression = ''
  for (let at = 0; at < part.length; at++) {
    const char = part[at] as string
    if (char === '*') {
      while (part[at + 1] === '*') at++
      expression += '[^/]*'
    } else if (char === '?') {
      expression += '[^/]'
    } else if (char === '[') {
      const set = /^\[(?<not>[!^]?)(?<members>\]?[^\]]*)\]/.exec(part.slice(at))
      if (set?.groups === undefined) {
        expression += '\\['
      } else {
        const members = (set.groups.members ?? '').replace(/[\\\]^&[]/g, '\\$&')
        expression += `[${set.groups.not ? '^' : ''}${members}]`
        at += set[0].length - 1
      }
    } else {
      const literal = char === '\\' && at + 1 < part.length ? (part[++at] as string) : char
      expression += literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    }
  }
  return expression
}
