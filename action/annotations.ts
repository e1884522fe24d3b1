import { count } from '../runner/report/plain-text.ts'
import { compareDiagnostics, type Diagnostic, type Severity } from '../schema/index.ts'

/** GitHub shows so many annotations of each severity for one step. Source: "Workflow commands", limits. */
const MOST_OF_EACH = 10

const ORDER: readonly Severity[] = ['error', 'warning', 'info']

/** The annotations of a step, and what did not fit. */
export interface ChosenAnnotations {
  /** Errors first; each severity in file order. */
  readonly shown: readonly Diagnostic[]
  /** One sentence; `undefined` when nothing was left out. It is to be shown as one more notice: there is room for it. */
  readonly leftOut: string | undefined
}

/** Picks the annotations that GitHub will show; it drops the rest without a word. */
export function chooseAnnotations(diagnostics: readonly Diagnostic[]): ChosenAnnotations {
  const bySeverity = ORDER.map((severity) => ({
    severity,
    all: diagnostics.filter((one) => one.severity === severity).sort(compareDiagnostics),
  }))
  const isTooMany = bySeverity.some(({ all }) => all.length > MOST_OF_EACH)
  const kept = bySeverity.map(({ severity, all }) => ({
    severity,
    shown: all.slice(0, isTooMany && severity === 'info' ? MOST_OF_EACH - 1 : MOST_OF_EACH),
    total: all.length,
  }))
  const missing = kept.flatMap(({ severity, shown, total }) =>
    total > shown.length ? [count(total - shown.length, NOUNS[severity])] : [],
  )
  return {
    shown: kept.flatMap(({ shown }) => shown),
    leftOut: isTooMany
      ? `GitHub shows ${MOST_OF_EACH} of a kind: ${missing.join(' and ')} more in the summary and the log.`
      : undefined,
  }
}

const NOUNS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'notice' }

/** `2 errors and 1 warning`; `no problems` when there are none. Notices do not count. */
export function countProblems(diagnostics: readonly Diagnostic[]): string {
  const parts = (['error', 'warning'] as const).flatMap((severity) => {
    const number = diagnostics.filter((one) => one.severity === severity).length
    return number === 0 ? [] : [count(number, NOUNS[severity])]
  })
  return parts.length === 0 ? 'no problems' : parts.join(' and ')
}
