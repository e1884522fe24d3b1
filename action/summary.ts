import type { Refusal } from '../runner/failure.ts'
import { inlineText } from '../runner/report/neutralise.ts'
import { count } from '../runner/report/plain-text.ts'
import type { Diagnostic, Severity } from '../schema/index.ts'
import { countProblems } from './annotations.ts'
import type { CheckedFile } from './check.ts'
import { cutText, shorten } from './cut.ts'

/** What one step may add to the summary of a job, in bytes. Source: "Job summaries", limits. */
export const MOST_SUMMARY_BYTES = 1024 * 1024

/** Rows of a table; what is more is counted. A thousand rows are about a quarter of the allowed size. */
const MOST_ROWS = 500
const LONGEST_MESSAGE = 1000

/** The summary of a check: every file with its verdict, then every problem. Markdown. */
export function renderCheckSummary(files: readonly CheckedFile[]): string {
  const all = files.flatMap(({ diagnostics }) => diagnostics)
  if (files.length === 0) return '## ⚠️ Nothing to check\n\nThere are no files in `.codemie/workflows`.\n'
  const sections = [
    `## ${SIGNS[verdictOf(all)]} ${count(files.length, 'file')} checked, ${countProblems(all)}`,
    table(
      ['File', 'What', 'Result'],
      files.map(({ file, kind, name, diagnostics }) => [
        code(file),
        name === undefined ? kind : `${kind} ${inlineText(shorten(name, 200))}`,
        `${SIGNS[verdictOf(diagnostics)]} ${countProblems(diagnostics)}`,
      ]),
    ),
    ...(all.length === 0
      ? []
      : [
          '### Problems',
          table(
            ['', 'Where', 'What'],
            [...all].sort((a, b) => RANK[a.severity] - RANK[b.severity]).map(problemRow),
          ),
        ]),
  ]
  const whole = sections.join('\n\n')
  // Every row stands on one line, so a cut at the end of a line leaves nothing open.
  const shown = cutText(whole, MOST_SUMMARY_BYTES - 200)
  const rest =
    shown.length < whole.length ? '\n\n_There is more than a summary may hold; all of it is in the log._' : ''
  return `${shown}${rest}\n`
}

/** The summary of a step, or of one workflow, that could not do what it was asked for. `title` is Markdown. */
export function renderRefusalSummary(
  { code: name, message, help }: Refusal,
  title = 'What was asked for',
): string {
  const lines = message.split('\n').map((line) => inlineText(shorten(line.trim(), LONGEST_MESSAGE)))
  const sections = [
    `## ❌ ${title} could not start`,
    `${code(name)}: ${lines.filter((line) => line !== '').join('<br>')}`,
    ...(help === undefined ? [] : [`What to do: ${inlineText(shorten(help, LONGEST_MESSAGE))}`]),
  ]
  return `${sections.join('\n\n')}\n`
}

type Verdict = Severity | 'fine'

const SIGNS: Readonly<Record<Verdict, string>> = { error: '❌', warning: '⚠️', info: 'ℹ️', fine: '✅' }
const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 }

function verdictOf(diagnostics: readonly Diagnostic[]): Verdict {
  if (diagnostics.some(({ severity }) => severity === 'error')) return 'error'
  return diagnostics.some(({ severity }) => severity === 'warning') ? 'warning' : 'fine'
}

function problemRow(diagnostic: Diagnostic): readonly string[] {
  const { severity, file, line, column, message, didYouMean, help } = diagnostic
  const said = [
    message,
    ...(didYouMean === undefined ? [] : [`Did you mean '${didYouMean}'?`]),
    ...(help === undefined ? [] : [help]),
  ]
  const words = said.map((one) => inlineText(shorten(one, LONGEST_MESSAGE))).join('<br>')
  return [SIGNS[severity], code(`${file}:${line}:${column}`), `${words} ${code(diagnostic.code)}`]
}

/** A table in Markdown; the cells are Markdown already. Rows past {@link MOST_ROWS} are counted. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const shown = rows.slice(0, MOST_ROWS).map(line)
  const left = rows.length - shown.length
  if (left > 0) shown.push(line(head.map((_, index) => (index === 0 ? `and ${left} more` : ''))))
  return [line(head), line(head.map(() => '---')), ...shown].join('\n')
}

/** A name as inline code, on one line and fit for the cell of a table. */
export function code(text: string): string {
  const clean = shorten(text.replace(/[\s|]+/g, ' ').trim(), 300)
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length))
  const mark = '`'.repeat(longest + 1)
  return longest === 0 ? `${mark}${clean}${mark}` : `${mark} ${clean} ${mark}`
}
