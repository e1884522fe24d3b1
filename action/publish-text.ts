import type { RunStatus } from '../runner/events.ts'
import { fenced, inlineText } from '../runner/report/neutralise.ts'
import { renderOutput, TRUST_WORDS } from '../runner/report/run-readme.ts'
import type { RecordTrust } from '../runner/store/manifest.ts'
import { cutText, shorten } from './cut.ts'
import type { HandoverReport } from './handover-report.ts'
import { STATUS } from './run-summary.ts'
import { code } from './summary.ts'

/** What was handed over, checked, as people are to read it. */
export interface PublishedPage {
  readonly report: HandoverReport
  readonly trust: RecordTrust
  /** Page of the workflow run. */
  readonly job: string
  readonly runs: readonly {
    readonly id: string
    readonly name: string
    readonly status: RunStatus
    readonly output: string | undefined
  }[]
}

const TITLES: Readonly<Record<HandoverReport['mode'], string>> = {
  review: 'AI workflows: what this pull request changes, as its own job says',
  events: 'AI workflows: what ran on this pull request, as its own job says',
}
/** Bytes of one result. */
const MOST_OUTPUT = 8000

/**
 * A handover as a comment. Its words are text and nothing else: those of the report stand in a fence, where nothing is a
 * link, an image or a mention, and results are neutralised like every answer of a model, without any link.
 */
export function renderPublished({ report, trust, job, runs }: PublishedPage): string {
  const results = runs.flatMap(({ id, name, status, output = '' }) => [
    `### ${STATUS[status].sign} ${inlineText(shorten(name, 200))} ${STATUS[status].words}`,
    ...(output.trim() === '' ? [] : [renderOutput(cutText(output, MOST_OUTPUT))]),
    `Record: ${code(`codemie-ci show ${id}`)}`,
  ])
  return [
    `## ${TITLES[report.mode]}`,
    `**This is ${TRUST_WORDS[trust]}.** What counts is what the pull request itself shows, and what people who may write here say.`,
    `Commit \`${report.head.slice(0, 10)}\`, result ${code(report.status)}, [job](${job}).`,
    fenced(report.text, 'text'),
    ...results,
  ].join('\n\n')
}
