import type { DiffPiece } from './diff-texts.ts'

/** A line of a word diff, as a `diff` block colours it. */
export type HunkLine = `${' ' | '-' | '+'} ${string}` | '…'

/** Up to 90 signs to the next space, or a word that is longer. */
const LINE = /\S(?:.{0,88}\S)?(?=\s|$)|\S+/g
/** Lines kept of a text that is the same, beside each change. */
const CONTEXT_LINES = 2
/** This many words between two changes, or before one, are shown as part of it. */
const FEW_WORDS = 3

interface Hunk {
  same: string
  removed: string
  added: string
}

/**
 * The pieces of a text word by word as lines of a `diff` block: what is the same is wrapped, and each change stands between
 * as what went and what came. Forges colour such lines, and inside a fence no text is more than text.
 */
export function wordHunks(pieces: readonly DiffPiece[]): HunkLine[] {
  const hunks = wholeWords(hunksOf(pieces))
  return hunks.flatMap(({ same, removed, added }, index) => [
    ...cutMiddle(wrapped(same), index > 0, removed + added !== ''),
    ...changedLines('-', removed),
    ...changedLines('+', added),
  ])
}

/** Each change with the text before it. */
function hunksOf(pieces: readonly DiffPiece[]): Hunk[] {
  const hunks: Hunk[] = []
  let open: Hunk = { same: '', removed: '', added: '' }
  for (const { kind, text } of pieces) {
    if (kind !== 'same') {
      if (open.same !== '' && isShort(open.same))
        open = { same: '', removed: open.same + open.removed, added: open.same + open.added }
      open[kind] += text
    } else if (open.removed === '' && open.added === '') open.same += text
    else if (isShort(text)) {
      open.removed += text
      open.added += text
    } else {
      hunks.push(open)
      open = { same: text, removed: '', added: '' }
    }
  }
  return [...hunks, open]
}

/** What a change touches without a space between is part of the same word: `risks` and `risks, too`, not ` , too`. */
function wholeWords(hunks: readonly Hunk[]): readonly Hunk[] {
  hunks.forEach((hunk, index) => {
    const [tail = ''] = /^\S/.test(hunk.removed || hunk.added) ? (/\S+$/.exec(hunk.same) ?? []) : []
    const next = hunks[index + 1]
    const [head = ''] = next && /\S$/.test(hunk.removed || hunk.added) ? (/^\S+/.exec(next.same) ?? []) : []
    hunk.same = hunk.same.slice(0, hunk.same.length - tail.length)
    hunk.removed = tail + hunk.removed + head
    hunk.added = tail + hunk.added + head
    if (next) next.same = next.same.slice(head.length)
  })
  return hunks
}

function isShort(text: string): boolean {
  return !text.includes('\n') && (text.match(/\S+/g)?.length ?? 0) <= FEW_WORDS
}

function changedLines(sign: '-' | '+', text: string): HunkLine[] {
  // White space alone would be nothing to see.
  const seen = text.trim() === '' ? text.replace(/\n/g, '⏎').replace(/\t/g, '⇥').replace(/ /g, '·') : text
  return wrapped(seen).map((line): HunkLine => `${sign} ${line}`)
}

/** The lines of a text, long ones broken at spaces; empty ones only say that there was a break. */
function wrapped(text: string): string[] {
  return text.split('\n').flatMap((line) => line.match(LINE) ?? [])
}

/** Of what is the same only lines beside a change are of use. */
function cutMiddle(lines: readonly string[], hasBefore: boolean, hasAfter: boolean): HunkLine[] {
  const head = hasBefore ? CONTEXT_LINES : 0
  const tail = hasAfter ? CONTEXT_LINES : 0
  const shown = (some: readonly string[]) => some.map((line): HunkLine => `  ${line}`)
  if (lines.length <= head + tail + 1) return shown(lines)
  return [...shown(lines.slice(0, head)), '…', ...shown(lines.slice(lines.length - tail))]
}
