import type { LinkRule } from '../policy/links.ts'

/**
 * Makes text that a model wrote safe to show as Markdown on a forge: no image is fetched, no link hides its address, no
 * HTML counts, nobody is mentioned, no character reorders or hides others. Headings, lists, tables, emphasis and code
 * stay. What stands in fenced or inline code is left as it is wherever it is certain that it is code.
 *
 * @param isAllowed addresses that may stay links, written out or as `[text](address)`. Default: none.
 */
export function neutraliseMarkdown(text: string, isAllowed: LinkRule = () => false): string {
  const clean = stripHidden(text).text
  const out: string[] = []
  let block: string[] = []
  let fence: { readonly mark: string; readonly length: number } | undefined
  const flush = () => {
    if (block.length > 0) out.push(...neutraliseBlock(block, isAllowed))
    block = []
  }
  for (const line of clean.split('\n')) {
    if (fence !== undefined) {
      out.push(line)
      const close = /^ {0,3}(`+|~+)[ \t]*$/.exec(line)?.[1]
      if (close?.[0] === fence.mark && close.length >= fence.length) fence = undefined
      continue
    }
    // Only at the left edge: an indented fence may end with the list item it stands in, and then what looks like code
    // to us is text to the forge.
    const open = /^(`{3,})([^`]*)$|^(~{3,})(.*)$/.exec(line)
    const mark = open?.[1] ?? open?.[3]
    if (mark !== undefined) {
      flush()
      out.push(mark + languageOf(open?.[2] ?? open?.[4] ?? ''))
      fence = { mark: mark[0] ?? '`', length: mark.length }
    } else if (line.trim() === '') {
      flush()
      out.push(line)
    } else block.push(line)
  }
  flush()
  if (fence !== undefined) out.push(fence.mark.repeat(fence.length))
  return out.join('\n')
}

/** Languages that forges draw instead of showing them: drawings fetch images and hold links. */
const DRAWN: ReadonlySet<string> = new Set([
  'mermaid',
  'math',
  'geojson',
  'topojson',
  'stl',
  'plantuml',
  'suggestion',
])

/** A line that opens or ends a fence inside of a list or a quote, and what stands behind its mark. */
const INNER_FENCE = /^([\s>*+\-\d.)]*(?:`{3,}|~{3,}))([^`]*)$/

/** What may stand behind the mark that opens a fence: one word that names a language of code. */
function languageOf(info: string): string {
  const word = info.trim()
  return /^[\w+#.-]{1,30}$/.test(word) && !DRAWN.has(word.toLowerCase()) ? word : ''
}

/**
 * A block of lines without a blank one. Inline code is honoured only when every line pairs its own backticks: across
 * lines, in table cells, after a backslash and beside a dollar a forge may see the code elsewhere than we do, or a formula.
 */
function neutraliseBlock(lines: readonly string[], isAllowed: LinkRule): string[] {
  const hasClearCode = lines.every((line) => !/[\\|]|\$`|`\$/.test(line) && !unpaired(line))
  const clean = (text: string) => neutraliseLinked(text, isAllowed)
  // Bots obey lines that begin so, whoever wrote them.
  const quiet = lines.map((line) =>
    line
      .replace(/^([ \t]*)\/(?=\w)/, '$1\\/')
      .replace(INNER_FENCE, (_, before: string, info: string) => before + languageOf(info)),
  )
  return quiet.map((line) =>
    hasClearCode
      ? line
          .split(/((?<!`)`+(?!`))/)
          .reduce<Scan>((scan, piece) => inlineCode(scan, piece, clean), { out: '', open: undefined }).out
      : clean(line),
  )
}

interface Scan {
  readonly out: string
  readonly open: string | undefined
}

/** Walks over text and runs of backticks in turn; a run of equal length closes what one opened. */
function inlineCode(scan: Scan, piece: string, clean: (text: string) => string): Scan {
  if (/^`+$/.test(piece)) {
    if (scan.open === undefined) return { out: scan.out + piece, open: piece }
    return { out: scan.out + piece, open: scan.open === piece ? undefined : scan.open }
  }
  return { out: scan.out + (scan.open === undefined ? clean(piece) : piece), open: scan.open }
}

function unpaired(line: string): boolean {
  let open: string | undefined
  for (const [run] of line.matchAll(/`+/g)) {
    if (open === undefined) open = run
    else if (open === run) open = undefined
  }
  return open !== undefined
}

/**
 * `[text](address)` and a bare address, where a forge would see one too: at a beginning, after white space or a bracket. A
 * bare one goes on to the next white space, less the marks at its end. The text is one that cannot hold anything else.
 */
const LINK =
  /(?<=^|[\s(])(?:\[([^[\]()`\\<>!|]{1,200})\]\(([^\s()<>]+)\)|(https?:\/\/[^\s<]*[^\s<.,:;?!*_~'")\]])(?=[.,:;?!*_~'")\]]*(?:\s|$)))/g

/** The same as `neutraliseText`, but what is allowed stays a link. */
function neutraliseLinked(text: string, isAllowed: LinkRule): string {
  let out = ''
  let done = 0
  for (const { 0: whole, 1: words, 2: address, 3: bare, index } of text.matchAll(LINK)) {
    // Words that look like an address would lead people astray.
    const isKept = isAllowed(address ?? bare ?? '') && !/:\/\/|\bwww\./i.test(words ?? '')
    if (!isKept) continue
    const kept = words === undefined ? whole : `[${neutraliseText(words)}](${address})`
    out += neutraliseText(text.slice(done, index)) + kept
    done = index + whole.length
  }
  return out + neutraliseText(text.slice(done))
}

function neutraliseText(text: string): string {
  return (
    text
      // Signs that are written as entities would come true after this.
      .replace(/&(?=#?[a-z0-9]{1,40};)/gi, '&amp;')
      // HTML, comments and autolinks.
      .replace(/<(?=[a-z/!?])/gi, '&lt;')
      // Images, then links and the definitions that links refer to; their addresses stay readable.
      .replace(/!\[/g, '!\\[')
      .replace(/\](?=[(:[])/g, ']\\')
      .replace(/\b(https?|ftp):(?=\/\/)/gi, '$1\\:')
      .replace(/\bwww\.(?=\S)/gi, 'www\\.')
      // Of formulas: what leads out of them.
      .replace(/\\(?=(?:href|url|includegraphics|require|html\w*|class|style|cssId|unicode)\b)/g, '\\\\')
      // A mention notifies; a space of no width after the sign ends it.
      .replace(/@(?=[a-z0-9])/gi, '@\u200b')
      // A number in another repository leaves a trace there.
      .replace(/(?<=[\w.-]\/[\w.-]{1,100})#(?=\d)/g, '#\u200b')
  )
}

/**
 * Characters that nobody sees and that a model reads, or that reorder what is seen: control characters, those of no width,
 * tags, fillers. A joiner inside an emoji or a word is as it should be.
 */
const HIDDEN =
  /(?![\t\n]|(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier}|\p{L})[\u200c\u200d](?=\p{Extended_Pictographic}|\p{L}))(?:[\p{Cc}\p{Cf}\u115f\u1160\u2028\u2029\u3164\uffa0]|\u034f|\u17b4|\u17b5|[\u{e0100}-\u{e01ef}])/gu

/** The same text with everything hidden in it named, e.g. `[U+200B]`: whoever reviews a text sees all of it. */
export function showHidden(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(
      HIDDEN,
      (sign) => `[U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
}

/** The same text without what is hidden in it, and how many characters that were. */
export function stripHidden(text: string): { readonly text: string; readonly hidden: number } {
  const lines = text.replace(/\r\n?/g, '\n')
  const clean = lines.replace(HIDDEN, '')
  return { text: clean, hidden: [...lines].length - [...clean].length }
}

/** A short text for one cell of a table or one line: no Markdown, no line breaks, nothing hidden. */
export function inlineText(text: string): string {
  const line = showHidden(text.replace(/\s+/g, ' ').trim()).replace(/\\/g, '\\\\')
  return neutraliseText(line).replace(/[|`*_~]/g, '\\$&')
}

/** The same inside of an HTML element that stands on a line of its own, where no Markdown counts. */
export function htmlText(text: string): string {
  return showHidden(text.replace(/\s+/g, ' ').trim())
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/@(?=[a-z0-9])/gi, '@\u200b')
}

/** A fence around a text, longer than any that the text holds. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.replace(/\n+$/, '')}\n${fence}`
}
