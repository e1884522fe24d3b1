import { CHANGE_CLASSES, type ChangeClass, countByClass } from '../../schema/diff/change.ts'
import { type ComparedDefinition, placeOfDiff } from '../../schema/diff/definitions.ts'
import { graphOfDiff } from './diff-graph.ts'
import { diffTexts } from './diff-texts.ts'
import { byImportance, countFiles, mergeAlike, NOTHING_CHANGED, type SharedChange } from './diff-words.ts'
import { fenced, htmlText, inlineText, showHidden } from './neutralise.ts'
import { count } from './plain-text.ts'
import { wordHunks } from './word-hunks.ts'

/** Characters that a comment on GitHub may have. Source: the limit of `body` that GitHub answers 422 for. */
export const MOST_COMMENT_CHARACTERS = 65_536
/** Characters of one sentence or name. */
const LONGEST_SENTENCE = 600
/** Characters of the word diff of one text. */
const LONGEST_TEXT = 6000

/** Kinds of pieces, the most important first: where space is short, those at the end are left out first. */
const KINDS = ['heading', ...CHANGE_CLASSES, 'text', 'graph'] as const
type Kind = (typeof KINDS)[number]

/** Something that is shown as a whole or not at all. */
interface Piece {
  readonly kind: Kind
  readonly text: string
}

/** The pieces of one file, in the order of the page: its heading first, then rows, texts and the graph. */
type Section = readonly Piece[]

const TABLE_HEAD = '| Class | State | What is different |\n|---|---|---|'

/**
 * What definitions mean now as Markdown, for a comment on a pull request: a verdict on one line, then each file with what
 * asks for a decision first, long texts word by word and the graph folded away. Texts of definitions are shown as text: they mention
 * nobody, load nothing, and hide nothing.
 *
 * @param options.limit characters that the page may have. Default: 65,536, what GitHub takes. What is left out for it is
 *   the least important, and the page says so. One line is always there.
 */
export function renderDiffMarkdown(
  diffs: readonly ComparedDefinition[],
  options: { readonly limit?: number } = {},
): string {
  if (diffs.length === 0) return `${NOTHING_CHANGED}.\n`
  const sections = diffs.map(sectionOf)
  const verdict = verdictOf(diffs)
  const limit = options.limit ?? MOST_COMMENT_CHARACTERS
  // Room for the line that says what is left out.
  const kept = choose(sections.flat(), limit - verdict.length - 400)
  const page = sections.flatMap((section) => renderSection(section.filter((piece) => kept.has(piece))))
  const left = leftOut(sections.flat().filter((piece) => !kept.has(piece)))
  return `${[verdict, ...page, ...left].join('\n\n')}\n`
}

/** `**2 widening** · 1 neutral in 1 workflow`. */
function verdictOf(diffs: readonly ComparedDefinition[]): string {
  const counts = countByClass(diffs.flatMap(({ changes }) => changes)).map((text) =>
    /breaking|widening/.test(text) ? `**${text}**` : text,
  )
  const many = (is: (diff: ComparedDefinition) => boolean, what: string) => {
    const some = diffs.filter(is).length
    return some === 0 ? [] : [`${some} ${what}`]
  }
  const files = [
    ...many(({ status }) => status === 'added', 'new'),
    ...many(({ status }) => status === 'removed', 'gone'),
    ...many(({ before }) => before !== undefined, 'moved'),
    ...many(({ invalid }) => invalid.after !== undefined, 'with errors'),
  ]
  const where = `${counts.length === 0 ? '' : 'in '}${countFiles(diffs)}`
  return `${[counts.join(' · '), where].filter(Boolean).join(' ')}${files.length === 0 ? '' : ` (${files.join(', ')})`}`
}

function sectionOf(diff: ComparedDefinition): Section {
  const sorted = mergeAlike(byImportance(diff.changes))
  const isMovedOnly = diff.status === 'changed' && diff.changes.length === 0
  const graph = isMovedOnly ? undefined : graphOfDiff(diff)
  return [
    { kind: 'heading', text: headingOf(diff) },
    ...sorted.map((change): Piece => ({ kind: change.class, text: rowOf(change) })),
    ...sorted.flatMap((change): Piece[] => {
      const text = wordsOf(change)
      return text === undefined ? [] : [{ kind: 'text', text }]
    }),
    ...(graph === undefined
      ? []
      : [{ kind: 'graph' as const, text: folded('Graph', fenced(graph, 'mermaid')) }]),
  ]
}

function headingOf(diff: ComparedDefinition): string {
  const { file, before, invalid } = diff
  const lines = [`### ${inlineText(placeOfDiff(diff))}`]
  if (before !== undefined) lines.push(`Moved from ${inlineText(before)}.`)
  for (const [side, when] of [
    ['after', 'Has errors now'],
    ['before', 'Had errors before'],
  ] as const) {
    const error = invalid[side]
    if (error === undefined) continue
    const place = side === 'before' ? (before ?? file) : file
    lines.push(`**${when}**, so it cannot be compared: ${inlineText(cut(`${place}:${error}`))}`)
  }
  return lines.join('\n\n')
}

const CLASS_WORDS: Readonly<Record<ChangeClass, string>> = {
  breaking: '🔴 **breaking**',
  widening: '🟠 **widening**',
  narrowing: '🟢 narrowing',
  neutral: '⚪ neutral',
}

function rowOf({ class: kind, states, sentence }: SharedChange): string {
  return `| ${CLASS_WORDS[kind]} | ${inlineText(cut(states.join(', ')))} | ${inlineText(cut(sentence))} |`
}

/** A text that changed word by word, folded; `undefined` where the row says it all. */
function wordsOf({ isLong, states, sentence, before = '', after = '' }: SharedChange): string | undefined {
  if (!isLong) return undefined
  const lines: string[] = []
  let left = LONGEST_TEXT
  const all = wordHunks(diffTexts(showHidden(before), showHidden(after), 'words'))
  for (const line of all) {
    left -= line.length + 1
    if (left < 0) break
    lines.push(line)
  }
  if (lines.length < all.length) lines.push(`… and ${count(all.length - lines.length, 'more line')}`)
  const where = states.length === 0 ? '' : `<b>${htmlText(cut(states.join(', ')))}</b>: `
  return folded(where + htmlText(cut(sentence)), fenced(lines.join('\n'), 'diff'))
}

/** @param summary HTML. The blank lines make the rest Markdown again. */
function folded(summary: string, text: string): string {
  return `<details><summary>${summary}</summary>\n\n${text}\n\n</details>`
}

function cut(text: string): string {
  return text.length <= LONGEST_SENTENCE ? text : `${text.slice(0, LONGEST_SENTENCE)}…`
}

/** The most important pieces that fit: a kind is only looked at when all of those before it are in. */
function choose(pieces: readonly Piece[], limit: number): Set<Piece> {
  const kept = new Set<Piece>()
  let left = limit
  for (const kind of KINDS) {
    const some = pieces.filter((piece) => piece.kind === kind)
    for (const piece of some) {
      // Headings are counted with that of the table, whether there is one or not.
      const size = piece.text.length + 2 + (kind === 'heading' ? TABLE_HEAD.length + 2 : 0)
      if (size > left) continue
      kept.add(piece)
      left -= size
    }
    if (some.some((piece) => !kept.has(piece))) break
  }
  return kept
}

function renderSection(pieces: Section): string[] {
  const isRow = ({ kind }: Piece) => (CHANGE_CLASSES as readonly Kind[]).includes(kind)
  const of = (is: (piece: Piece) => boolean) => pieces.filter(is).map(({ text }) => text)
  const rows = of(isRow)
  return [
    ...of(({ kind }) => kind === 'heading'),
    ...(rows.length === 0 ? [] : [[TABLE_HEAD, ...rows].join('\n')]),
    ...of((piece) => !isRow(piece) && piece.kind !== 'heading'),
  ]
}

const LEFT_OUT_WORDS: Readonly<Record<Kind, readonly [one: string, many: string]>> = {
  heading: ['file', 'files'],
  breaking: ['breaking change', 'breaking changes'],
  widening: ['widening change', 'widening changes'],
  narrowing: ['narrowing change', 'narrowing changes'],
  neutral: ['neutral change', 'neutral changes'],
  text: ['text word by word', 'texts word by word'],
  graph: ['graph', 'graphs'],
}

/** One line; nothing where all is there. */
function leftOut(pieces: readonly Piece[]): string[] {
  const parts = KINDS.flatMap((kind) => {
    const many = pieces.filter((piece) => piece.kind === kind).length
    return many === 0 ? [] : [count(many, ...LEFT_OUT_WORDS[kind])]
  })
  return parts.length === 0
    ? []
    : [`_Left out for want of space: ${parts.join(', ')}. \`codemie-ci diff\` shows all of it._`]
}
