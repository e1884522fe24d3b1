import { expect, test } from 'vitest'
import { readPdf } from '../../../../runner/attachments/pdf-text.ts'
import { makePdf } from '../../../helpers/pdf.ts'

test('pages after the two hundredth are left out, and it says so', async () => {
  const pages = Array.from({ length: 203 }, (_, index) => [`Text ${index + 1}`])
  const text = await readPdf(makePdf({ pages }), 'long.pdf')
  expect(text).toContain('[page 200]\nText 200')
  expect(text).not.toContain('Text 201')
  expect(text.endsWith('\n\n[pages 201 to 203 are left out]')).toBe(true)
})

test('the bytes that were given stay as they are', async () => {
  const content = makePdf({ pages: [['Once']] })
  const before = Buffer.from(content)
  await readPdf(content, 'a.pdf')
  expect(content.equals(before)).toBe(true)
})
