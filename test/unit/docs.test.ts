import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseDocument } from 'yaml'
import { COMMANDS } from '../../cli/commands.ts'
import { parseLine } from '../../cli/parse-line.ts'
import { readConfig, readWorkflow } from '../../schema/index.ts'
import { checkTemplate } from '../../schema/template/check.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Every page that users read, by its path from the root. */
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...pagesBelow('examples'),
  ...pagesBelow('docs'),
]
const textOf = (page: string) => readFileSync(join(ROOT, page), 'utf8')

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort()
}

/** A fenced block: its marks, which may be more than three around a page that has fences itself, its language and its text. */
const FENCE = /^(`{3,})(\w*)\n([\s\S]*?)^\1$/gm

interface Fence {
  readonly page: string
  /** Line of its first line in the page, from 1. */
  readonly line: number
  readonly language: string
  readonly text: string
}

const FENCES = PAGES.flatMap(fencesOf)

function fencesOf(page: string): Fence[] {
  const text = textOf(page)
  return [...text.matchAll(FENCE)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[2] ?? '',
    text: match[3] ?? '',
  }))
}

describe('YAML in the pages', () => {
  const blocks = FENCES.filter(({ language }) => language === 'yaml' || language === 'yml')

  test('is there', () => {
    expect(blocks.length).toBeGreaterThan(10)
  })

  test.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s is valid',
    (at, block) => {
      const check = checkOf(block.text)
      expect(check, `${at} is no workflow, config or GitHub workflow that this test knows`).toBeDefined()
      expect(check?.(block.text)).toEqual([])
    },
  )

  /** How a piece of YAML is checked: by what stands in it. */
  function checkOf(text: string): ((text: string) => readonly string[]) | undefined {
    if (text.startsWith('# .codemie/config.yaml\n')) {
      return () => messagesOf(readConfig({ file: 'config.yaml', bytes: Buffer.from(text) }).diagnostics)
    }
    if (/^parameters:/m.test(text)) return () => messagesOf(checkTemplate({ file: 't.yaml', text }))
    if (/^states:/m.test(text)) return () => messagesOf(readWorkflow({ file: 'w.yaml', text }).diagnostics)
    if (text.startsWith('# .github/workflows/'))
      return () => missingIn(text, ['name', 'on', 'permissions', 'jobs'])
    if (/^ *(- )?(uses|with|env|permissions):/m.test(text)) return () => missingIn(text, [])
    return undefined
  }

  /** GitHub's own files: whether they are YAML, and the keys at the top that they lack. */
  function missingIn(text: string, keys: readonly string[]): readonly string[] {
    const document = parseDocument(text)
    const wrong = document.errors.map(({ message }) => message)
    return [...wrong, ...keys.filter((key) => !document.has(key)).map((key) => `${key} is missing`)]
  }

  function messagesOf(
    diagnostics: readonly { readonly severity: string; readonly message: string }[],
  ): string[] {
    return diagnostics.filter(({ severity }) => severity !== 'info').map(({ message }) => message)
  }
})

describe('commands in the pages', () => {
  const lines = PAGES.flatMap((page) => commandsIn(page).map((line) => [page, line] as const))

  test('are there', () => {
    expect(lines.length).toBeGreaterThan(60)
  })

  test.each(lines)('%s: %s', async (_page, line) => {
    const words = wordsOf(line)
    // A command that is only spoken of goes without its arguments.
    if (words.length === 1) expect(COMMANDS.map(({ name }) => name)).toContain(words[0])
    else await expect(parseLine(words)).resolves.toBeDefined()
  })

  /** What stands after `codemie-ci ` in shell blocks and inline code. */
  function commandsIn(page: string): string[] {
    const shell = fencesOf(page)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n'))
    const prose = textOf(page).replace(FENCE, '')
    const inline = [...prose.matchAll(/`(codemie-ci [^`]+)`/g)].map((match) => match[1] ?? '')
    return [...shell, ...inline].flatMap((line) => {
      const command = /(?:^|[\s(])codemie-ci (.+)$/.exec(line.replace(/^ *#.*/, ''))?.[1]
      return command === undefined || command.startsWith('<command>') ? [] : [command]
    })
  }

  /** Splits a line as a shell does, up to a comment, a pipe or a redirection; `[optional]` parts are left out. */
  function wordsOf(line: string): string[] {
    const end = /(?:^|\s)(?:#|\||>|&&)|\)(?:\s|$)/
    const words: string[] = []
    let rest = line
    while (rest.trim() !== '') {
      rest = rest.trimStart()
      const word = /^(?:"[^"]*"|'[^']*'|[^\s"'])+/.exec(rest)?.[0] ?? rest
      if (end.test(` ${word}`) && !/^["']/.test(word)) {
        const last = word.replace(/\).*$/, '')
        if (word.endsWith(')') && last !== '') words.push(last)
        break
      }
      words.push(word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
      rest = rest.slice(word.length)
    }
    return words.filter((word) => !/^\[.*\]$/.test(word))
  }
})

describe('links in the pages', () => {
  test.each(PAGES)('%s leads only to what exists', (page) => {
    const prose = textOf(page).replace(FENCE, '')
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^(https?|mailto):/.test(link))
      .filter((link) => !leadsSomewhere(page, link))
    expect(broken).toEqual([])
  })

  function leadsSomewhere(page: string, link: string): boolean {
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path)
    if (!existsSync(target) || relative(ROOT, target).startsWith('..')) return false
    return (
      anchor === undefined ||
      (statSync(target).isFile() && anchorsOf(readFileSync(target, 'utf8')).has(anchor))
    )
  }

  /** The anchors that a forge gives to headings. */
  function anchorsOf(text: string): ReadonlySet<string> {
    const prose = text.replace(FENCE, '')
    const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
    return new Set(
      headings.map((heading) =>
        heading
          .toLowerCase()
          .replace(/[^\p{L}\p{N}\s_-]/gu, '')
          .trim()
          .replace(/\s/g, '-'),
      ),
    )
  }
})

test('the index lists every page of docs', () => {
  const index = textOf('docs/README.md')
  const missing = pagesBelow('docs').filter(
    (page) =>
      page !== 'docs/README.md' &&
      !page.startsWith('docs/decisions/') &&
      !index.includes(`](${page.slice('docs/'.length)})`),
  )
  expect(missing).toEqual([])
})
