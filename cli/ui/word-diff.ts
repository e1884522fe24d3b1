import type { DiffPiece } from '../../runner/report/diff-texts.ts'
import type { Palette } from './palette.ts'
import { stripControls } from './plain-text.ts'

/** Characters around a change. */
const CONTEXT_CHARACTERS = 60

/** Pieces as one text: `[-old-]{+new+}`, readable without colours too; long pieces that are the same are cut. */
export function wordsOf(
  pieces: readonly DiffPiece[],
  { dim, red, green, symbols }: Palette,
  longest: number,
): string {
  let left = longest
  const parts: string[] = []
  pieces.forEach(({ kind, text }, index) => {
    if (left <= 0) return
    const shown = stripControls(
      kind === 'same' ? cutMiddle(text, index > 0, index < pieces.length - 1) : text,
    )
    const some = shown.slice(0, left)
    left -= some.length
    const sign = kind === 'removed' ? red(`[-${some}-]`) : kind === 'added' ? green(`{+${some}+}`) : some
    parts.push(left <= 0 ? `${sign}${dim(symbols.ellipsis)}` : sign)
  })
  return parts.join('')
}

function cutMiddle(text: string, hasBefore: boolean, hasAfter: boolean): string {
  const keep = (hasBefore ? CONTEXT_CHARACTERS : 0) + (hasAfter ? CONTEXT_CHARACTERS : 0)
  if (text.length <= keep + 10) return text
  const head = hasBefore ? text.slice(0, CONTEXT_CHARACTERS) : ''
  const tail = hasAfter ? text.slice(-CONTEXT_CHARACTERS) : ''
  return `${head} [...] ${tail}`
}
