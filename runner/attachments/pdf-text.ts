import { Refusal } from '../failure.ts'
import { oneLine } from '../report/plain-text.ts'

/** Pages that are read. */
const MOST_PAGES = 200
/** Characters of text that are kept. */
const MOST_CHARACTERS = 1_000_000
/** Milliseconds for the whole document; a single page is not cut off. */
const MOST_MS = 30_000

/**
 * The text of a PDF, each page under a mark `[page 3]`, and a note where pages are left out or hold no text.
 *
 * Refuses with `pdf-encrypted`, `pdf-damaged`, `pdf-without-text` and `pdf-too-slow`.
 */
export async function readPdf(content: Uint8Array, name: string): Promise<string> {
  const { getDocumentProxy } = await import('unpdf')
  // The package takes the bytes away from whoever gives them.
  const document = await getDocumentProxy(new Uint8Array(content), {
    verbosity: 0,
    stopAtErrors: false,
  }).catch((error: Error) => {
    throw explain(error, name)
  })
  try {
    const deadline = performance.now() + MOST_MS
    const parts: string[] = []
    const empty: number[] = []
    let length = 0
    let page = 1
    for (; page <= Math.min(document.numPages, MOST_PAGES) && length < MOST_CHARACTERS; page++) {
      if (performance.now() > deadline) throw tooSlow(name, page)
      const text = await textOfPage(document, page).catch((error: Error) => {
        throw explain(error, name)
      })
      if (text.trim() === '') empty.push(page)
      parts.push(`[page ${page}]\n${text}`)
      length += text.length
    }
    if (empty.length === parts.length) throw withoutText(name, parts.length)
    return [
      parts.join('\n\n').slice(0, MOST_CHARACTERS),
      ...(empty.length > 0 ? [`[no text on page ${empty.join(', ')}: perhaps an image]`] : []),
      ...(page <= document.numPages ? [`[pages ${page} to ${document.numPages} are left out]`] : []),
    ].join('\n\n')
  } finally {
    await document.destroy()
  }
}

type PdfDocument = Awaited<ReturnType<typeof import('unpdf')['getDocumentProxy']>>

async function textOfPage(document: PdfDocument, number: number): Promise<string> {
  const page = await document.getPage(number)
  const { items } = (await page.getTextContent()) as { items: readonly { str?: string; hasEOL?: boolean }[] }
  page.cleanup()
  return items
    .map(({ str = '', hasEOL = false }) => `${str}${hasEOL ? '\n' : ''}`)
    .join('')
    .replace(/[ \t]+$/gm, '')
}

function explain({ name: kind, message }: Error, name: string): Refusal {
  return kind === 'PasswordException'
    ? new Refusal('pdf-encrypted', `The PDF '${name}' is encrypted`, {
        help: 'Save it without a password, and give that file.',
      })
    : new Refusal('pdf-damaged', `The PDF '${name}' cannot be read: ${oneLine(message).slice(0, 200)}`, {
        help: 'Open it and save it anew, or give its text.',
      })
}

function withoutText(name: string, pages: number): Refusal {
  return new Refusal(
    'pdf-without-text',
    `The PDF '${name}' holds no text on ${pages === 1 ? 'its page' : `its first ${pages} pages`}: it may be a scan`,
    { help: 'Give its pages as images, or a file that went through text recognition.' },
  )
}

function tooSlow(name: string, page: number): Refusal {
  return new Refusal(
    'pdf-too-slow',
    `Reading the PDF '${name}' took more than ${MOST_MS / 1000} s, up to page ${page}`,
    {
      help: 'Give the pages that matter.',
    },
  )
}
