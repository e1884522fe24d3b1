import { fenced, inlineText } from '../runner/report/neutralise.ts'
import { count, oneLine } from '../runner/report/plain-text.ts'
import type { RemovedText } from '../runner/store/manifest.ts'
import { shorten } from './cut.ts'
import type { CiEvent } from './event.ts'
import type { Outcome } from './event-outcome.ts'
import { renderRunSummary, STATUS } from './run-summary.ts'
import { code, MOST_SUMMARY_BYTES, renderRefusalSummary, table } from './summary.ts'

/** What a step did on an event. */
export interface EventReport {
  readonly event: CiEvent
  readonly outcomes: readonly Outcome[]
  readonly removed: readonly RemovedText[]
}

const MOST_REMOVED = 20
/** Bytes that the summary of one run needs beside its result. */
const LEAST_BYTES = 4000

/** The summary of a step on an event: each workflow and what became of it, then each of them in full. Markdown. */
export function renderEventSummary({ event, outcomes, removed }: EventReport): string {
  const head = [
    ...(outcomes.length > 1
      ? [
          `## ${count(outcomes.length, 'workflow')} on ${code(event.name)}`,
          table(
            ['Workflow', 'Result'],
            outcomes.map((one) => [inlineText(shorten(one.name, 200)), resultWords(one)]),
          ),
        ]
      : []),
    ...removedSection(removed),
  ]
  let left = MOST_SUMMARY_BYTES - Buffer.byteLength(head.join('\n\n')) - 500
  const sections: string[] = []
  for (const [index, one] of outcomes.entries()) {
    const share = Math.max(LEAST_BYTES, Math.floor(left / (outcomes.length - index)))
    const section = renderOutcome(one, share).trimEnd()
    const size = Buffer.byteLength(section) + 2
    if (size > left) {
      sections.push('_There is more than a summary may hold; all of it is in the log and the records._')
      break
    }
    left -= size
    sections.push(section)
  }
  return `${[...head, ...sections].join('\n\n')}\n`
}

/** The result of one workflow in a few words, with a sign. */
export function resultWords({ status }: Pick<Outcome, 'status'>): string {
  if (status === 'skipped') return '⏭️ was not run'
  if (status === 'refused') return '❌ could not start'
  if (status === 'invalid') return '❌ has problems'
  const { sign, words } = STATUS[status]
  return `${sign} ${words}`
}

/** What became of one workflow, in full. Markdown. @param maxBytes as of `renderRunSummary`. */
export function renderOutcome(outcome: Outcome, maxBytes: number): string {
  const { run, refusal, name, why, plan = [] } = outcome
  if (run) return renderRunSummary(run, maxBytes)
  const title = inlineText(shorten(name, 200))
  if (refusal) return renderRefusalSummary(refusal, title)
  const [sign, ...words] = resultWords(outcome).split(' ')
  return [
    `## ${sign} ${title} ${words.join(' ')}`,
    ...(why === undefined ? [] : [inlineText(why)]),
    ...(plan.length === 0 ? [] : [`What it would do:\n\n${fenced(plan.map(oneLine).join('\n'), 'text')}`]),
  ].join('\n\n')
}

/** What became of workflows as lines without Markdown, for whoever may not comment. */
export function outcomeLines(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ name, why, plan = [], refusal, ...outcome }) => [
    `${resultWords(outcome)}: ${oneLine(name)}`,
    ...[why, refusal?.message, ...plan].flatMap((line) => (line === undefined ? [] : [`  ${oneLine(line)}`])),
  ])
}

function removedSection(removed: readonly RemovedText[]): readonly string[] {
  if (removed.length === 0) return []
  const rows = removed
    .slice(0, MOST_REMOVED)
    .map(({ from, kind, text }) => [code(from), REMOVED[kind], inlineText(shorten(text, 200))])
  const more = removed.length > MOST_REMOVED ? [`and ${removed.length - MOST_REMOVED} more`] : []
  return [
    '### Hidden in what came from outside, and taken out',
    table(['In', 'What', 'It said'], rows),
    ...more,
  ]
}

const REMOVED: Readonly<Record<RemovedText['kind'], string>> = {
  comment: 'a comment of HTML',
  'alt-text': 'the text of an image',
  characters: 'characters that nobody sees',
}
