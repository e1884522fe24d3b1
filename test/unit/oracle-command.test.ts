import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { runOracle } from '../oracle/run.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A folder with these files, in the place where recordings stand: two levels below their templates. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const base = mkdtempSync(join(tmpdir(), 'codemie-oracle-'))
  folders.push(base)
  const folder = join(base, 'oracle/codemie')
  mkdirSync(folder, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

async function oracle(...args: readonly string[]) {
  const out: string[] = []
  const err: string[] = []
  const output = { out: (line: string) => out.push(line), err: (line: string) => err.push(line), width: 80 }
  return { status: await runOracle(args, output), out, err: err.join('\n') }
}

const RIGHT = '{"id": "parse-1", "fn": "parse", "input": {"text": "[1]"}, "output": [1]}\n'
const WRONG = '{"id": "parse-2", "fn": "parse", "input": {"text": "[1]"}, "output": [2]}\n'
const ESCAPED = '{"id": "parse-3", "fn": "parse", "input": {"text": "\\"a\\\\/b\\""}, "output": "a\\\\/b"}\n'

describe('npm run oracle', () => {
  test('compares several folders and counts all of them', async () => {
    const [one, two] = [
      folderOf({ 'vectors/parse.jsonl': RIGHT }),
      folderOf({ 'vectors/parse.jsonl': RIGHT }),
    ]
    expect(await oracle(one, two)).toEqual({
      status: 0,
      out: [
        one,
        '✓ parse: 1 of 1 the same',
        two,
        '✓ parse: 1 of 1 the same',
        '2 the same, 0 different on purpose, 0 different, 0 not compared',
      ],
      err: '',
    })
  })

  test('shows a difference side by side, and exits 1', async () => {
    const folder = folderOf({ 'vectors/parse.jsonl': RIGHT + WRONG })
    expect(await oracle(folder)).toEqual({
      status: 1,
      out: [
        folder,
        '✗ parse: 1 of 2 the same',
        '    parse-2',
        '      recorded                            | found',
        '      [2]                                 | [1]',
        '       ^                                  |  ^',
        '1 the same, 0 different on purpose, 1 different, 0 not compared',
      ],
      err: '',
    })
  })

  test('lists what differs on purpose when asked to, with the section that allows it', async () => {
    const folder = folderOf({ 'vectors/parse.jsonl': ESCAPED })
    const { status, out } = await oracle('--verbose', folder)
    expect([status, out.slice(1, 3)]).toEqual([0, ['✓ parse: 0 of 1 the same; 1 by 9 g', '    parse-3: 9 g']])
  })

  test('counts what it has no counterpart for, with the reason', async () => {
    const folder = folderOf({
      'vectors/another.jsonl': RIGHT,
      'templates.json': '{"a_template.yaml": {}}',
    })
    const { status, out } = await oracle(folder)
    expect([status, out.slice(1)]).toEqual([
      0,
      [
        '- another: 1 not compared: nothing here does the same',
        '- templates: 1 not compared: the file is not in ../../codemie of the folder',
        '0 the same, 0 different on purpose, 0 different, 2 not compared',
      ],
    ])
  })

  test.each([
    [
      'a folder that is none',
      ['/no/such/folder'],
      '/no/such/folder: expected a folder of recordings; there is no such folder',
    ],
    ['an unknown option', ['--loud'], "Unknown option '--loud'"],
  ])('refuses %s with how it is used, and exits 2', async (_situation, args, message) => {
    const { status, out, err } = await oracle(...args)
    expect([status, out]).toEqual([2, []])
    expect(err).toContain(message)
    expect(err).toContain('\n\nUsage: npm run oracle -- [--verbose] [<folder>...]\n')
  })

  test('refuses a folder without recordings', async () => {
    const folder = folderOf({})
    const { status, err } = await oracle(folder)
    expect(status).toBe(2)
    expect(err).toContain(
      `${folder}: expected vectors/*.jsonl, traces/*.json or templates.json; found none of them`,
    )
  })
})
