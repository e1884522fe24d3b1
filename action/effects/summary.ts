import type { EffectDigest } from '../../runner/effects/digest.ts'
import type { Refusal } from '../../runner/failure.ts'
import type { LinkRule } from '../../runner/policy/links.ts'
import { inlineText } from '../../runner/report/neutralise.ts'
import type { RecordPlace } from '../../runner/store/writer.ts'
import { shorten } from '../cut.ts'
import { placeText } from '../execute.ts'
import { code, renderRefusalSummary, table } from '../summary.ts'

/** What became of the proposals of one run. */
export interface CarriedOut {
  readonly id: string
  /** Of the workflow. */
  readonly name: string
  /** In the order of the run; with what has become of each by now. */
  readonly effects: readonly EffectDigest[]
  readonly links: LinkRule
  /** Where the record says so. Absent: nothing was added to it. */
  readonly record?: RecordPlace
  /** Why none was carried out. */
  readonly refusal?: Refusal
}

const SIGNS = { done: '✅', refused: '⛔', failed: '❌' } as const

/** The summary of a step that carried proposals out: each with its page, or why it has none. Markdown. */
export function renderEffectsSummary(all: readonly CarriedOut[]): string {
  return `${all.map(renderRun).join('\n\n')}\n`
}

function renderRun({ id, name, effects, links, record, refusal }: CarriedOut): string {
  const title = inlineText(shorten(name, 200))
  if (refusal) return renderRefusalSummary(refusal, title).trimEnd()
  if (effects.length === 0) return `## ${title} asked for nothing\n\nRun ${code(id)}.`
  const rows = effects.map(({ about, step, refused, result }) => [
    inlineText(shorten(about, 200)),
    code(step),
    refused === undefined
      ? result === undefined
        ? 'waits'
        : `${SIGNS[result.status]} ${linkOf(result.url, links) ?? inlineText(result.why ?? result.status)}`
      : `${SIGNS.refused} in the run: ${inlineText(refused)}`,
  ])
  return [
    `## What ${title} asked to write`,
    table(['What', 'Step', 'Result'], rows),
    `Run ${code(id)}${record ? `; its record is ${code(placeText(record))}` : ''}.`,
  ].join('\n\n')
}

/** Pages come out of records, too. */
function linkOf(url: string | undefined, isAllowed: LinkRule): string | undefined {
  if (url === undefined) return undefined
  return /^https?:\/\/[\w.:/#%?=&-]+$/.test(url) && isAllowed(url.replace(/#.*$/, ''))
    ? `<${url}>`
    : code(url)
}
