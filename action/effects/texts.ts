import type { LinkRule } from '../../runner/policy/links.ts'
import { MOST_COMMENT_CHARACTERS } from '../../runner/report/diff-markdown.ts'
import { neutraliseMarkdown, stripHidden } from '../../runner/report/neutralise.ts'

/** How texts of models are made fit for GitHub. */
export interface TextRules {
  readonly redact: (text: string) => string
  readonly isAllowed: LinkRule
}

const LONGEST_TITLE = 200
const LONGEST_LINE = 140

/** A comment, the text of an issue or of a review: the mark, the text made harmless, and a line that says whose it is. */
export function markedBody(mark: string, text: string, source: string, rules: TextRules): string | undefined {
  const body = `${mark}\n${neutraliseMarkdown(rules.redact(text).trim(), rules.isAllowed)}\n\n${source}`
  return body.length > MOST_COMMENT_CHARACTERS ? undefined : body
}

/** A title on one line that notifies nobody. */
export function plainTitle(text: string, { redact }: TextRules): string {
  return plainLine(redact(text), LONGEST_TITLE)
}

/** The description of a status: GitHub takes 140 characters. */
export function plainDescription(text: string, { redact }: TextRules): string {
  return plainLine(redact(text), LONGEST_LINE)
}

function plainLine(text: string, most: number): string {
  return quiet(stripHidden(text).text.replace(/\s+/g, ' ').trim()).slice(0, most)
}

/** Nobody is notified, no issue is closed, and no number of another repository leaves a trace there. */
function quiet(text: string): string {
  return text.replace(/@(?=[a-z0-9])/gi, '@\u200b').replace(/(?:#|\bGH-)(?=\d)/gi, (sign) => `${sign}\u200b`)
}

/**
 * The message of a commit. It keeps no pipeline from running, closes no issue, names no other author and is signed by nobody:
 * lines at its end that mean something to git or a forge are only ours.
 */
export function plainMessage(text: string, trailer: string, { redact }: TextRules): string {
  const lines = stripHidden(redact(text))
    .text.trim()
    .split('\n')
    .map((line) =>
      quiet(line.trimEnd())
        .replace(/\[(?=(?:skip|no|ci|actions)[ -])/gi, '[\u200b')
        .replace(/^(\s*(?:skip-checks|[\w-]{1,50}-by))(?=\s*:)/i, '$1\u200b')
        .replace(/\*\*\*(?=NO_CI)/gi, '***\u200b'),
    )
  const [title = '', ...rest] = lines
  return `${[title.slice(0, LONGEST_TITLE), ...rest].join('\n').trimEnd()}\n\n${trailer}`
}
