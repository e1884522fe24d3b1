/** What a PDF of a test is to be. */
export interface PdfPlan {
  /** Lines of each page; an empty page is one that was scanned. */
  readonly pages: readonly (readonly string[])[]
  /** Needs a password that nobody has. */
  readonly encrypted?: boolean
}

/** A small PDF. */
export function makePdf({ pages, encrypted = false }: PdfPlan): Buffer {
  const pageIds = pages.map((_, index) => 4 + 2 * index)
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Kids[${pageIds.map((id) => `${id} 0 R`).join(' ')}]/Count ${pages.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...pages.flatMap((lines, index) => {
      const content = `BT /F1 12 Tf 20 700 Td ${lines.map((line) => `(${line}) Tj 0 -20 Td`).join(' ')} ET`
      return [
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents ${5 + 2 * index} 0 R/Resources<</Font<</F1 3 0 R>>>>>>`,
        `<</Length ${content.length}>>stream\n${content}\nendstream`,
      ]
    }),
  ]
  let body = '%PDF-1.4\n'
  const places = objects.map((text, index) => {
    const place = body.length
    body += `${index + 1} 0 obj\n${text}\nendobj\n`
    return `${String(place).padStart(10, '0')} 00000 n \n`
  })
  const size = objects.length + 1
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${places.join('')}`
  const trailer = `trailer<</Size ${size}/Root 1 0 R${encrypted ? LOCK : ''}>>\nstartxref\n${body.length}\n%%EOF\n`
  return Buffer.from(body + table + trailer, 'latin1')
}

const hex = (digit: string, bytes: number) => `<${digit.repeat(2 * bytes)}>`
const LOCK = `/ID[${hex('a', 16)}${hex('a', 16)}]/Encrypt<</Filter/Standard/V 1/R 2/O${hex('b', 32)}/U${hex('c', 32)}/P -4>>`
