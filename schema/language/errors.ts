/**
 * What Python would have raised. Operators, methods and filters throw it without knowing where they were written;
 * the evaluator and the renderer turn it into an error with a position.
 */
export class PyError extends Error {
  /** Python's exception class, for example `TypeError`; our own are `NotAllowed` and `BudgetError`. */
  readonly pyType: string
  /** 0-based offset in the text, once a node that has one was passed on the way out. */
  offset: number | undefined

  constructor(pyType: string, message: string, offset?: number) {
    super(message)
    this.name = 'PyError'
    this.pyType = pyType
    this.offset = offset
  }
}

/** Make a Python `TypeError`. */
export function typeError(message: string): PyError {
  return new PyError('TypeError', message)
}

/** Make a Python `ValueError`. */
export function valueError(message: string): PyError {
  return new PyError('ValueError', message)
}

const CODES: Readonly<Record<string, string>> = {
  SyntaxError: 'syntax-error',
  NameError: 'unknown-name',
  TypeError: 'type-error',
  ValueError: 'value-error',
  ZeroDivisionError: 'division-by-zero',
  KeyError: 'missing-key',
  IndexError: 'index-out-of-range',
  AttributeError: 'unknown-attribute',
  OverflowError: 'overflow',
  UndefinedError: 'undefined-value',
  SecurityError: 'not-allowed',
  NotAllowed: 'not-allowed',
  TemplateRule: 'template-rule',
  AssertionError: 'value-error',
  LookupError: 'value-error',
  UnicodeError: 'value-error',
  RuntimeError: 'runtime-error',
  StopIteration: 'runtime-error',
  RecursionError: 'too-deep',
  BudgetError: 'budget-exceeded',
}

/** The stable kebab-case code for a Python exception class; `evaluation-failed` for one that is not listed. */
export function codeOf(pyType: string): string {
  return CODES[pyType] ?? 'evaluation-failed'
}

/**
 * Turn whatever was thrown inside the language into a {@link PyError}; a JavaScript stack overflow becomes a
 * `RecursionError`. Anything else is a bug of ours and is thrown again unchanged.
 */
export function asPyError(thrown: unknown): PyError {
  if (thrown instanceof PyError) return thrown
  if (thrown instanceof RangeError) {
    if (thrown.message.includes('call stack')) return new PyError('RecursionError', 'nested too deeply')
    return new PyError('OverflowError', 'a value became too large')
  }
  throw thrown
}
