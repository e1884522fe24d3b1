/** How links are written. */
export type UrlizeOptions = {
  readonly limit: number | undefined
  readonly rel: string
  readonly target: string
}

const HTTP =
  /^(?:(?:https?:\/\/|www\.)(?:[\w%-]+\.)*(?:[a-z]{2,63}|xn--[\w%]{2,59})|https?:\/\/\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?(?:[/?#]\S*)?$/i
const BARE = /^(?:[\w%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)(?::\d{1,5})?(?:[/?#]\S*)?$/i
const MAIL = /^\S+@\w[\w.-]*\.\w+$/

/** Longer words are never addresses; this bounds the work of the patterns above. */
const MAX_WORD = 2000

/** Punctuation behind an address. */
function trailing(word: string): string {
  let end = word.length
  for (;;) {
    if (end > 0 && ')>.,\n'.includes(word.charAt(end - 1))) end -= 1
    else if (word.endsWith('&gt;', end) && end >= 4) end -= 4
    else return word.slice(end)
  }
}

/** Turn the addresses in an escaped text into links, as Jinja's `urlize`. */
export function urlize(text: string, options: UrlizeOptions): string {
  const attributes =
    (options.rel === '' ? '' : ` rel="${options.rel}"`) +
    (options.target === '' ? '' : ` target="${options.target}"`)
  const shown = (url: string): string =>
    options.limit !== undefined && url.length > options.limit ? `${url.slice(0, options.limit)}...` : url
  return text
    .split(/(\s+)/)
    .map((word) => {
      if (word.length > MAX_WORD) return word
      const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? ''
      const tail = trailing(word.slice(head.length))
      const middle = word.slice(head.length, word.length - tail.length)
      const link = (href: string, label: string): string =>
        `${head}<a href="${href}"${attributes}>${shown(label)}</a>${tail}`
      if (/^(?:https?:\/\/|www\.)/i.test(middle) && HTTP.test(middle))
        return link(/^https?:\/\//i.test(middle) ? middle : `https://${middle}`, middle)
      if (/^mailto:/i.test(middle) && MAIL.test(middle.slice(7))) return link(middle, middle.slice(7))
      if (middle.includes('@') && !/^www\./i.test(middle) && !middle.includes(':') && MAIL.test(middle))
        return `${head}<a href="mailto:${middle}">${middle}</a>${tail}`
      return BARE.test(middle) ? link(`https://${middle}`, middle) : word
    })
    .join('')
}
