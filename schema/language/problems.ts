import { codeOf, type PyError } from './errors.ts'

/** Something that is wrong with, or went wrong in, an expression or a template. It is data: callers decide how loud to be. */
export type LanguageProblem = {
  /** Stable and kebab-case: `syntax-error`, `unknown-name`, `not-allowed`, `type-error`, `template-rule`, `budget-exceeded`, … */
  readonly code: string
  readonly severity: 'error' | 'warning'
  /** One sentence for people, without the position. */
  readonly message: string
  /** 0-based, in UTF-16 units, into the text that was checked; absent when there is no place to point at. */
  readonly offset?: number
  /** 1-based line and column of `offset`, columns in UTF-16 units. */
  readonly line?: number
  readonly column?: number
  /** What to write instead, when that can be told. */
  readonly hint?: string
}

/** The 1-based line and column of an offset in a text. */
function positionIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const lines = before.split(/\r\n|\r|\n/)
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

/** Describe a failure in a text. */
export function problemOf(
  error: PyError,
  text: string,
  severity: 'error' | 'warning' = 'error',
): LanguageProblem {
  const hint = hintFor(error, text)
  return {
    code: codeOf(error.pyType),
    severity,
    message: error.message,
    ...(error.offset === undefined ? {} : { offset: error.offset, ...positionIn(text, error.offset) }),
    ...(hint === undefined ? {} : { hint }),
  }
}

type Hint = readonly [type: string, pattern: RegExp, hint: string]

/** Slips from other languages, tried on the text from the failing place on; the first that matches is told. */
const TEXT_HINTS: readonly Hint[] = [
  ['SyntaxError', /^\s*&+/, "write 'and' instead of '&&'"],
  ['SyntaxError', /^\s*\|+/, "write 'or' instead of '||'"],
  ['SyntaxError', /^\s*!(?!=)/, "write 'not' instead of '!'"],
  ['SyntaxError', /^\s*=(?!=)/, "compare with '=='; '=' assigns and '===' does not exist"],
  ['SyntaxError', /^\s*\?/, "write 'a if condition else b' instead of 'condition ? a : b'"],
  ['SyntaxError', /^[ \t]/, 'remove the blanks before the expression'],
  ['NameError', /^true\b/, 'write True'],
  ['NameError', /^false\b/, 'write False'],
  ['NameError', /^(?:null|none|nil|undefined)\b/, 'write None'],
  [
    'NotAllowed',
    /^(?:range|type|getattr|eval|print|format|chr|ord|pow|divmod)\b/,
    'only the functions listed in the documentation can be called',
  ],
]

const MESSAGE_HINTS: readonly Hint[] = [
  ['AttributeError', /method '(?:contains|includes)'/, "write 'x' in value"],
  ['AttributeError', /'dict' object has no/, "read a field of a dictionary with a['name'] or a.get('name')"],
  [
    'TypeError',
    /not supported between instances of '(?:str' and '(?:int|float)|(?:int|float)' and 'str)'/,
    'convert one side with int(…), float(…) or str(…)',
  ],
]

function hintFor(error: PyError, text: string): string | undefined {
  const rest = error.offset === undefined ? '' : text.slice(error.offset)
  const byText = TEXT_HINTS.find(([type, pattern]) => type === error.pyType && pattern.test(rest))
  if (byText !== undefined) return byText[2]
  return MESSAGE_HINTS.find(([type, pattern]) => type === error.pyType && pattern.test(error.message))?.[2]
}

/** An expression or a template that could not be read, evaluated or rendered. */
export class LanguageError extends Error {
  /** As {@link LanguageProblem.code}. */
  readonly code: string
  readonly problem: LanguageProblem
  /** 0-based offset into {@link LanguageError.text}, when known. */
  readonly offset: number | undefined
  /** The text that failed. */
  readonly text: string
  /** Python's exception class, for comparisons with Python programs. */
  readonly pyType: string

  constructor(cause: PyError, text: string) {
    const problem = problemOf(cause, text)
    super(problem.hint === undefined ? problem.message : `${problem.message} (${problem.hint})`, { cause })
    this.name = 'LanguageError'
    this.code = problem.code
    this.problem = problem
    this.offset = problem.offset
    this.text = text
    this.pyType = cause.pyType
  }
}

/** {@link LanguageError} of an expression. */
export class ExpressionError extends LanguageError {
  override readonly name = 'ExpressionError'
}

/** {@link LanguageError} of a template. `problem.line` and `problem.column` tell the place. */
export class TemplateError extends LanguageError {
  override readonly name = 'TemplateError'
  /** The rule of the secure engine that refused the template; absent for other failures. */
  readonly rule: string | undefined

  constructor(cause: PyError, text: string, rule?: string) {
    super(cause, text)
    this.rule = rule
  }
}
