import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mendGithubWorkflow, writeGithubWorkflow } from '../../runner/github-workflow.ts'
import { findProgram } from '../helpers/act.ts'
import { ASKS, definitionsOf, LISTS } from '../helpers/github-workflow.ts'

const ACTION = 'codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9'
const EXPRESSION = '$' + '{{ github.event.issue.title }}'

/** Definitions whose GitHub workflow is linted, by what is odd about them. */
const SETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'no definition': {},
  'no events': { list: LISTS },
  'every event': {
    all: `on:
  pull_request: { types: [opened, closed], paths: ['src/**', '!src/a', './odd'], branches: [main, 'release/**'], labels: [ai] }
  pull_request_target: null
  pull_request_review: null
  push: { branches: [main, 'v[0-9]+'], tags: ['v*'], paths-ignore: [docs/**] }
  schedule: [{ cron: '0 6 * * MON-FRI' }, { cron: '*/5 * * * *' }, { cron: '* * * * *' }]
  workflow_dispatch: null
  workflow_call: null
  workflow_run: { workflows: [CI] }
  repository_dispatch: { types: [deploy, "a b"] }
  issues: { types: [opened, nonsense] }
  issue_comment: { types: [created] }
  merge_group: null
  release: { types: [published] }
  discussion: null
inputs:
  text: { type: string, required: true, description: "Quotes ' and \\" and # and ${EXPRESSION}\\n- lines" }
  level: { enum: [low, 'yes', 2, "it's"], default: 'yes' }
  many: { type: integer, default: 3 }
  share: { type: number, default: 0.5 }
  deep: { type: boolean, default: true }
  list: { type: array }
  'odd name': null
permissions: { contents: write, issues: write, models: read, id-token: write, packages: read, nonsense: write }
${ASKS}`,
  },
  'every event by its name alone': {
    all: `on: [pull_request, push, workflow_dispatch, workflow_call, repository_dispatch, issues, issue_comment, merge_group, release, discussion, pull_request_review]\n${ASKS}`,
  },
  'odd names': {
    "quote's": `name: "a \\"b\\"\\n'c'"\non: [workflow_dispatch, workflow_call]\n${LISTS}`,
    [EXPRESSION]: `on: workflow_dispatch\n${LISTS}`,
    'a\nb': `on: workflow_dispatch\n${LISTS}`,
    ['x'.repeat(200)]: `name: ${'long '.repeat(40)}\non: workflow_dispatch\n${LISTS}`,
    yes: `on: workflow_dispatch\n${LISTS}`,
    '1e3': `on: workflow_dispatch\n${LISTS}`,
  },
  '300 definitions with 30 inputs': Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [
      `w${i}`,
      `on: { workflow_dispatch: null, schedule: [{ cron: '${i % 60} ${i % 24} * * *' }] }\ninputs: { i${i % 30}: { type: string } }\n${ASKS}`,
    ]),
  ),
}

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'codemie-lint-'))
  mkdirSync(join(folder, '.github/workflows'), { recursive: true })
  execFileSync('git', ['init', '-q', folder], { env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** What a linter says of a GitHub workflow. Throws when it finds something that counts. */
function lint(program: string, args: readonly string[], text: string): string {
  writeFileSync(join(folder, '.github/workflows/codemie.yml'), text)
  return execFileSync(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    encoding: 'utf8',
    stdio: 'pipe',
  })
}

const LINTERS = [
  ['actionlint', ['-no-color']],
  ['zizmor', ['--offline', '--quiet', '--strict-collection', '--color=never', '.github']],
] as const

describe.each(LINTERS)('%s finds nothing in the GitHub workflow', (program, args) => {
  test.skipIf(!findProgram(program)).each(Object.entries(SETS))(
    `of %s (skipped without ${program})`,
    async (_, workflows) => {
      const { text } = await writeGithubWorkflow(definitionsOf(workflows), ACTION)
      expect(lint(program, args, text)).not.toMatch(/^(error|warning)|codemie\.yml:\d/m)
    },
  )

  test.skipIf(!findProgram(program))(`that --update mended (skipped without ${program})`, async () => {
    const first = await writeGithubWorkflow(definitionsOf(SETS['no events'] ?? {}), ACTION)
    const { text } = await mendGithubWorkflow(first.text, definitionsOf(SETS['every event'] ?? {}))
    expect(lint(program, args, text)).not.toMatch(/^(error|warning)|codemie\.yml:\d/m)
  })

  // A lint that finds nothing in anything would prove nothing.
  test.skipIf(!findProgram(program))(
    `but in one that evaluates a title (skipped without ${program})`,
    async () => {
      const { text } = await writeGithubWorkflow(definitionsOf({}), ACTION)
      const unsafe = `${text}      - run: echo ${EXPRESSION}\n`
      expect(() => lint(program, args, unsafe)).toThrow()
    },
  )
})
