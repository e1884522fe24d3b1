import { digestOfAll } from '../engine/ask.ts'
import type { Ask } from '../events.ts'
import type { SaidDigest } from '../store/digest-run.ts'

/** What a person said to a run, as words that follow their name: `approved publish`. `show` writes a path. */
export function describeSaid(
  { what, about }: Pick<SaidDigest, 'what' | 'about'>,
  show: (path: string) => string,
): string {
  const { words, of } = WORDS[what]
  // A run that is under way, or has failed, waits before nothing.
  return about.length === 0 ? words : `${words} ${of}${about.map(show).join(', ')}`
}

const WORDS: Readonly<Record<SaidDigest['what'], { readonly words: string; readonly of: string }>> = {
  'went-on': { words: 'let the run go on', of: 'before ' },
  approved: { words: 'approved', of: '' },
  rejected: { words: 'rejected', of: '' },
  'asked-for-changes': { words: 'asked for changes', of: 'in the output of ' },
  'accepted-changes': { words: 'accepted a changed definition', of: '' },
  aborted: { words: 'aborted the run', of: 'before ' },
}

/** ` --digest …` for a command that says yes to what is shown here, and to nothing else; `''`: nothing is asked for. */
export function digestOption(asks: readonly Pick<Ask, 'digest'>[] = []): string {
  const digest = digestOfAll(asks.map((ask) => ask.digest))
  return digest === undefined ? '' : ` --digest ${digest.slice(0, 12)}`
}
