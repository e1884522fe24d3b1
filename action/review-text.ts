import { renderDiffMarkdown } from '../runner/report/diff-markdown.ts'
import { byImportance } from '../runner/report/diff-words.ts'
import { inlineText, showHidden } from '../runner/report/neutralise.ts'
import { oneLine } from '../runner/report/plain-text.ts'
import { shorten } from './cut.ts'
import type { ApprovalRule } from './review-approval.ts'
import type { ReviewedChanges } from './review-changes.ts'
import { code } from './summary.ts'

/**
 * Where a review stands: files have errors, somebody has to approve, somebody has approved, or what changed asks for
 * nobody's yes. `merged`: it is too late to ask.
 */
export type ReviewVerdict = 'errors' | 'needs-approval' | 'approved' | 'fine' | 'merged'

/** A review as people are to read it. */
export interface ReviewPage {
  readonly verdict: ReviewVerdict
  readonly changes: ReviewedChanges
  readonly head: string
  readonly rule: ApprovalRule
  /** Page of the repository, e.g. `https://github.com/acme/app`. */
  readonly site: string
}

/** Links and names of files that are listed; what is more is counted. */
const MOST_FILES = 20
/** Characters of a name, and of an address: what changed needs the room more. */
const LONGEST_NAME = 300
const LONGEST_ADDRESS = 1000

const TITLES: Readonly<Record<ReviewVerdict, string>> = {
  errors: '## ❌ AI workflows: a definition has errors',
  'needs-approval': '## ✋ AI workflows: this needs approval',
  approved: '## ✅ AI workflows: approved',
  fine: '## ✅ AI workflows: changed, with nothing to approve',
  merged: '## AI workflows: what changed',
}

/** Whether there is anything to tell of a change. */
export function saysAnything({ diffs, uncomparable }: ReviewedChanges): boolean {
  return diffs.length + uncomparable.length > 0
}

/**
 * A review as Markdown, for a comment and for the summary of a job: the verdict and who has to do what, then what changed
 * and what it means, then links to the versions. Texts of the definitions are only text in it, and nobody is named.
 *
 * @param limit characters that it may have.
 */
export function renderReview(page: ReviewPage, limit: number): string {
  const { changes, head, verdict } = page
  const from = changes.from === undefined ? '' : `, compared with ${short(changes.from)}`
  const before = [
    TITLES[verdict],
    todo(page),
    `Commit ${short(head)}${from}. ${changes.notes.join(' ')}`.trim(),
  ]
  const after = [...list(changes), ...links(page)]
  const room = limit - [...before, ...after].reduce((sum, part) => sum + part.length + 2, 0)
  const diff = changes.diffs.length === 0 ? '' : renderDiffMarkdown(changes.diffs, { limit: room }).trimEnd()
  return [...before, diff, ...after].filter((part) => part !== '').join('\n\n')
}

/** A review as lines without Markdown, for whoever may not comment; texts of the definitions are as they are. */
export function reviewLines({
  verdict,
  changes: { diffs, uncomparable, notes },
}: ReviewPage): readonly string[] {
  const lines = diffs.flatMap(({ file, status, changes, invalid }) => [
    `${oneLine(file)} (${status})`,
    ...Object.entries(invalid).map(([side, why]) => `  has errors ${side}: ${oneLine(why)}`),
    ...byImportance(changes).map(
      (change) =>
        `  ${change.class}: ${change.state === undefined ? '' : `${oneLine(change.state)}, `}${oneLine(change.sentence)}`,
    ),
  ])
  const others = uncomparable.map(({ file, why }) => `${oneLine(file)} ${why}`)
  return [TITLES[verdict].replace(/^#+ /, ''), '', ...lines, ...others, ...notes]
}

/** What a comment says when everything was taken back. */
export function renderSettled(head: string): string {
  return `<details><summary>✅ AI workflows: nothing that runs is different any more</summary>\n\nAs of commit ${short(head)}.\n\n</details>`
}

/** What is missing, and who can give it, in one sentence; plain text but for code. */
export function askForApproval(head: string, { label, authorMayApprove }: ApprovalRule): string {
  const who = authorMayApprove ? '' : ', other than the author,'
  const how = label === '' ? 'in a review' : `in a review, or by putting the label ${code(label)} on`
  return `Somebody who may write to this repository${who} has to approve commit ${short(head)}: ${how}. A further push has to be approved anew.`
}

function todo({ verdict, head, rule }: ReviewPage): string {
  switch (verdict) {
    case 'errors':
      return 'The author has to mend the errors; they are marked in the files, and the summary of the job lists them.'
    case 'needs-approval':
      return askForApproval(head, rule)
    case 'approved':
      return `Somebody who may write to this repository has approved commit ${short(head)}.`
    case 'fine':
    case 'merged':
      return ''
  }
}

function list({ uncomparable }: ReviewedChanges): string[] {
  if (uncomparable.length === 0) return []
  const lines = uncomparable
    .slice(0, MOST_FILES)
    .map(({ file, why }) => `- ${inlineText(shorten(file, LONGEST_NAME))} ${why}`)
  return [['### Cannot be compared', '', ...lines, ...more(uncomparable.length)].join('\n')]
}

/** Where the history of each file can be read, up to the version that was reviewed. */
function links({ changes: { diffs, from }, head, site }: ReviewPage): string[] {
  if (diffs.length === 0) return []
  const files = [...new Map(diffs.toReversed().map((diff) => [diff.file, diff])).values()].toReversed()
  const lines = files.slice(0, MOST_FILES).map(({ file, status }) => {
    const path = file.split('/').map(encodeSegment).join('/')
    const address = `${site}/commits/${status === 'removed' ? from : head}/${path}`
    const name = code(showHidden(file))
    return address.length > LONGEST_ADDRESS ? `- ${name}` : `- [${name}](${address})`
  })
  return [['Versions:', '', ...lines, ...more(files.length)].join('\n')]
}

function more(total: number): string[] {
  return total > MOST_FILES ? [`- and ${total - MOST_FILES} more`] : []
}

/** As part of an address in Markdown, where brackets end it. */
function encodeSegment(name: string): string {
  return encodeURIComponent(name).replace(
    /[()!'*~]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function short(commit: string): string {
  return `\`${commit.slice(0, 10)}\``
}
