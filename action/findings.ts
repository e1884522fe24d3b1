import { stripHidden } from '../runner/report/neutralise.ts'
import type { Diagnostic, Severity } from '../schema/index.ts'
import { isJsonObject, parseJsonObject } from '../schema/json-object.ts'
import { shorten } from './cut.ts'

/** Something that a workflow found at a place: one entry of `findings` in its output. */
export interface Finding {
  /** Relative to the root of the repository. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly endLine?: number
  readonly severity: Severity
  readonly message: string
  readonly title?: string
}

/** The findings in the output of a run. */
export interface ReadFindings {
  /** The worst first, each severity in the order of the output. */
  readonly findings: readonly Finding[]
  /** Those in files of the change: the ones to be shown beside the code. */
  readonly placed: readonly Finding[]
  /** How many entries could not be read. */
  readonly unread: number
  /** The output without them; `undefined`: nothing else is in it. */
  readonly rest: string | undefined
}

const SEVERITIES: ReadonlyMap<unknown, Severity> = new Map([
  ['error', 'error'],
  ['warning', 'warning'],
  [undefined, 'warning'],
  ['info', 'info'],
  ['notice', 'info'],
])

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }
const MOST_FINDINGS = 1000
const LAST_LINE = 10_000_000

/**
 * Reads `{ findings: [{ file, line, endLine?, severity?, message, title? }] }`, which may hold more; `undefined` when an
 * output is something else.
 *
 * @param changed files that the event changes; `undefined`: not known, and then no finding is placed.
 */
export function readFindings(
  output: string | undefined,
  changed: readonly string[] | undefined,
): ReadFindings | undefined {
  const { findings: entries, ...others } = parseJsonObject(output ?? '') ?? {}
  if (!Array.isArray(entries)) return undefined
  const found = entries.slice(0, MOST_FINDINGS).flatMap((entry: unknown) => readFinding(entry) ?? [])
  const findings = found.sort((a, b) => RANK[a.severity] - RANK[b.severity])
  const files = new Set(changed)
  return {
    findings,
    placed: findings.filter(({ file }) => files.has(file)),
    unread: entries.length - findings.length,
    rest: Object.keys(others).length === 0 ? undefined : JSON.stringify(others),
  }
}

function readFinding(entry: unknown): Finding | undefined {
  if (!isJsonObject(entry)) return undefined
  const { file, line, endLine, message, title } = entry
  const severity = SEVERITIES.get(entry['severity'])
  if (typeof file !== 'string' || typeof message !== 'string' || severity === undefined || !isLine(line)) {
    return undefined
  }
  return {
    file: file.replace(/^\.\//, ''),
    line,
    ...(isLine(endLine) && endLine > line ? { endLine } : {}),
    severity,
    message,
    ...(typeof title === 'string' && title.trim() !== '' ? { title } : {}),
  }
}

function isLine(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= LAST_LINE
}

/** A finding as it is shown beside the code. @param name of the workflow, for one that has no title. */
export function annotationOf(
  { file, line, endLine, severity, message, title }: Finding,
  name: string,
): Diagnostic {
  return {
    file,
    line,
    column: 1,
    ...(endLine === undefined ? {} : { endLine }),
    severity,
    code: shorten(oneLineOf(title ?? name), 100),
    message: shorten(stripHidden(message).text.trim(), 2000),
  }
}

function oneLineOf(text: string): string {
  return stripHidden(text).text.replace(/\s+/g, ' ').trim()
}
