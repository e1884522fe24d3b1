import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { readZip } from '../../../action/read-zip.ts'
import { makeZip, type ZipFile } from '../../helpers/zip.ts'

const LIMITS = { files: 10, fileBytes: 1000, bytes: 2000 }
const OK: ZipFile = { name: 'a/b.txt', content: 'hello' }

test('an archive of plain files, packed or not, with folders', () => {
  const archive = makeZip([
    OK,
    { name: 'c', content: 'x', isStored: true },
    { name: 'd/', mode: 0o40755, isStored: true },
  ])
  expect(
    [...readZip(archive, LIMITS)].map(([path, content]) => [path, Buffer.from(content).toString()]),
  ).toEqual([
    ['a/b.txt', 'hello'],
    ['c', 'x'],
  ])
  expect(readZip(makeZip([]), LIMITS).size).toBe(0)
})

test('what another program packed', () => {
  const text = 'many words '.repeat(50)
  const archive = zipSync({ report: new TextEncoder().encode(text), empty: new Uint8Array() })
  const files = readZip(archive, LIMITS)
  expect(Buffer.from(files.get('report') ?? []).toString()).toBe(text)
  expect(files.get('empty')).toHaveLength(0)
})

describe('is not taken with', () => {
  const rows: readonly (readonly [what: string, files: readonly ZipFile[], problem: string])[] = [
    ['a symbolic link', [OK, { name: 'l', content: '/etc/passwd', mode: 0o120777 }], 'l is no plain file'],
    ['a device', [{ name: 'd', mode: 0o20644 }], 'd is no plain file'],
    [
      'a link that looks like a folder',
      [{ name: 'l/', content: '..', mode: 0o120777 }],
      'l/ is no plain file',
    ],
    ['a folder with content', [{ name: 'l/', content: 'x', mode: 0o40755 }], 'l/ is no plain file'],
    ['a path that leads up', [{ name: 'a/../../b' }], 'a/../../b leads out of its folder, or is hidden'],
    ['a path that only leads up', [{ name: '..' }], '.. leads out of its folder, or is hidden'],
    ['an absolute path', [{ name: '/etc/passwd' }], '/etc/passwd is an absolute path'],
    ['a drive', [{ name: 'C:x' }], 'C:x is an absolute path'],
    ['a stream', [{ name: 'a/x:y' }], 'a/x:y has signs in its name that no file here has'],
    ['backslashes', [{ name: '..\\b' }], '..\\b has signs in its name that no file here has'],
    ['a hidden file', [{ name: 'a/.git/config' }], 'a/.git/config leads out of its folder, or is hidden'],
    ['a name that ends in a dot', [{ name: 'git./x' }], 'git./x leads out of its folder, or is hidden'],
    ['empty parts', [{ name: 'a//b' }], 'a//b leads out of its folder, or is hidden'],
    [
      'an escape in a name',
      [{ name: 'a\u001b[2Jb' }],
      'a\u001b[2Jb has signs in its name that no file here has',
    ],
    [
      'a name that nobody sees',
      [{ name: 'a\u202eb' }],
      'a\u202eb has signs in its name that no file here has',
    ],
    ['a name without end', [{ name: 'x'.repeat(301) }], `${'x'.repeat(300)} is too long a name`],
    ['a name twice', [OK, OK], 'a/b.txt stands in it twice'],
    ['a name in two cases', [OK, { ...OK, name: 'A/b.TXT' }], 'A/b.TXT stands in it twice'],
    ['two names of one file', [{ ...OK, localName: 'a/c.txt' }], 'a/b.txt is damaged'],
    ['too large a file', [{ name: 'a', content: 'x'.repeat(1001) }], 'a has 1001 bytes'],
    [
      'too much in all',
      ['a', 'b', 'c'].map((name) => ({ name, content: 'x'.repeat(1000) })),
      'its files have more than 2000 bytes',
    ],
    ['more than its list says', [{ name: 'a', content: 'x'.repeat(900_000), size: 900 }], 'a is damaged'],
    ['less than its list says', [{ name: 'a', content: 'x', size: 900 }], 'a is damaged'],
    ['a wrong checksum', [{ ...OK, checksum: 1 }], 'a/b.txt is damaged'],
    ['what is no packed file', [{ ...OK, isStored: true, method: 8 }], 'a/b.txt is damaged'],
    ['encryption', [{ ...OK, flags: 1 }], 'a/b.txt is encrypted'],
    ['another way of packing', [{ ...OK, method: 14 }], 'a/b.txt is packed in an unknown way'],
    [
      'too many files',
      Array.from({ length: 11 }, (_, index) => ({ name: String(index) })),
      'it has 11 files',
    ],
  ]

  test.each(rows)('%s', (_, files, problem) => {
    expect(() => readZip(makeZip(files), LIMITS)).toThrow(problem)
  })

  test('100,000 files', () => {
    expect(() => readZip(makeZip([OK], 100_000), LIMITS)).toThrow('it has more than 65,534 files')
  })

  test('fewer files than its end says, or more', () => {
    expect(() => readZip(makeZip([OK], 2), LIMITS)).toThrow('its list of files is damaged')
    expect(() => readZip(makeZip([OK, { name: 'c' }], 1), LIMITS)).toThrow('does not end where it says')
  })

  test('bytes that are no archive, or a part of one', () => {
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(21),
      Buffer.alloc(1000),
      makeZip([OK]).subarray(0, -1),
    ]) {
      expect(() => readZip(bytes, LIMITS)).toThrow('it is no zip archive')
    }
  })

  test('a list that lies elsewhere', () => {
    const archive = Buffer.from(makeZip([OK]))
    archive.writeUInt32LE(0xfffffff0, archive.length - 6)
    expect(() => readZip(archive, LIMITS)).toThrow('damaged')
  })
})

test('a bomb stops at the size that its list says', () => {
  const bomb = makeZip([{ name: 'a', content: Buffer.alloc(50_000_000), size: 1000 }])
  const before = process.memoryUsage().arrayBuffers
  expect(() => readZip(bomb, LIMITS)).toThrow('a is damaged')
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
})
