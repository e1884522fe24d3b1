import { codePoints, textLength } from '../text.ts'

/** How links are written. */
export type UrlizeOptions = {
  readonly limit: number | undefined
  readonly rel: string
  readonly target: string
}

const WORD = String.raw`[\p{L}\p{N}_%-]`
const ADDRESS = new RegExp(
  [
    String.raw`^(?:(?:https?://|www\.)(?:${WORD}+\.)*(?:[a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})`,
    String.raw`(?:${WORD}{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)`,
    String.raw`https?://(?:\p{Nd}{1,3}(?:\.\p{Nd}{1,3}){3}|\[(?:[\p{Nd}a-f]{0,4}:){2}(?:[\p{Nd}a-f]{0,4}:?){1,6}\]))`,
  ].join('|') + String.raw`(?::\p{Nd}{1,5})?(?:[/?#]\S*)?$`,
  'iu',
)
const MAIL = /^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+$/u

/** Longer words are never addresses; this bounds the work of the patterns above. */
const MAX_WORD = 2000

/** Brackets that may belong to an address when they are balanced in it. */
const BRACKETS = [
  ['(', ')'],
  ['<', '>'],
  ['&lt;', '&gt;'],
] as const

/** A word as opening brackets before it, the word, and punctuation behind it. */
function cut(word: string): { head: string; middle: string; tail: string } {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? ''
  let end = word.length
  for (;;) {
    if (end > head.length && ')>.,'.includes(word.charAt(end - 1))) end -= 1
    else if (word.slice(head.length, end).endsWith('&gt;')) end -= 4
    else break
  }
  let middle = word.slice(head.length, end)
  let tail = word.slice(end)
  for (const [open, close] of BRACKETS) {
    const opened = middle.split(open).length - 1
    if (opened < middle.split(close).length) continue
    for (let moved = Math.min(opened, tail.split(close).length - 1); moved > 0; moved -= 1) {
      const after = tail.indexOf(close) + close.length
      middle += tail.slice(0, after)
      tail = tail.slice(after)
    }
  }
  return { head, middle, tail }
}

/** Turn the addresses in an escaped text into links, as Jinja's `urlize`. */
export function urlize(text: string, options: UrlizeOptions): string {
  const attributes =
    (options.rel === '' ? '' : ` rel="${options.rel}"`) +
    (options.target === '' ? '' : ` target="${options.target}"`)
  const shown = (url: string): string =>
    options.limit !== undefined && textLength(url) > options.limit
      ? `${codePoints(url).slice(0, options.limit).join('')}...`
      : url
  const linked = (word: string): string => {
    if (ADDRESS.test(word))
      return `<a href="${/^https?:\/\//.test(word) ? '' : 'https://'}${word}"${attributes}>${shown(word)}</a>`
    if (word.startsWith('mailto:') && MAIL.test(word.slice(7)))
      return `<a href="${word}">${word.slice(7)}</a>`
    const isMail = !word.startsWith('www.') && !word.startsWith('@') && !word.includes(':') && MAIL.test(word)
    return isMail ? `<a href="mailto:${word}">${word}</a>` : word
  }
  return text
    .split(/(\s+)/)
    .map((word) => {
      if (word.length > MAX_WORD) return word
      const { head, middle, tail } = cut(word)
      return head + linked(middle) + tail
    })
    .join('')
}
