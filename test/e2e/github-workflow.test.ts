import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mendGithubWorkflow, writeGithubWorkflow } from '../../runner/github-workflow.ts'
import { publishSkeleton } from '../../schema/github-workflow/publish-skeleton.ts'
import { findProgram, runWorkflows } from '../helpers/act.ts'
import { startGitServer } from '../helpers/git-http.ts'
import { ASKS, definitionsOf, LISTS } from '../helpers/github-workflow.ts'
import { makeProject } from '../helpers/project.ts'

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
  'a workflow that waits for a person': {
    waits: `on: push\n${ASKS.replace('task: t', 'task: t, approval: true')}`,
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

  test.skipIf(!findProgram(program))(`that publishes (skipped without ${program})`, () => {
    expect(lint(program, args, publishSkeleton(ACTION))).not.toMatch(/^(error|warning)|codemie\.yml:\d/m)
    // Without its reason the trigger is told.
    if (program === 'zizmor')
      expect(() => lint(program, args, publishSkeleton(ACTION).replace(/ # zizmor.*/, ''))).toThrow()
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

/** Stands in for the action: what it does is tested elsewhere, here it says what it was given. */
const STAND_IN = `
import { appendFileSync } from 'node:fs'
for (const name of ['mode', 'push', 'workflow', 'inputs'])
  appendFileSync(process.env.GITHUB_OUTPUT, name + '=' + (process.env['INPUT_' + name.toUpperCase()] ?? '').replace(/\\s+/g, ' ') + '\\n')
appendFileSync(process.env.GITHUB_OUTPUT, 'key=' + (process.env.OPENAI_API_KEY === undefined ? 'none' : 'given') + '\\n')
`
const STAND_IN_YML = `name: Stand-in
inputs: { mode: {}, push: {}, token: {}, workflow: {}, inputs: {} }
runs: { using: node24, main: index.mjs }
`

const ACT = findProgram('act')

describe.skipIf(ACT === undefined)('the GitHub workflow, run by act (skipped without act)', () => {
  const REVIEW = { mode: 'review', push: '', key: 'none' }
  const RUN = { mode: 'events', push: 'true', key: 'given' }
  test.each([
    ['a pull request that only the review is for', 'pull_request', `on: [push]`, ['Review'], REVIEW],
    [
      'a pull request that starts workflows',
      'pull_request',
      'on: [pull_request]',
      ['Review', 'Run'],
      { mode: expect.any(String) },
    ],
    ['a schedule', 'schedule', "on: { schedule: [{ cron: '0 6 * * 1' }] }", ['Run'], RUN],
    ['a comment', 'issue_comment', 'on: issue_comment', ['Run'], RUN],
    [
      'a start by hand',
      'workflow_dispatch',
      'on: [workflow_dispatch, workflow_call]',
      ['Run'],
      { ...RUN, workflow: '', inputs: '' },
    ],
  ])('%s', async (_, event, on, ran, given) => {
    const definitions = definitionsOf({ a: `${on}\ninputs: { x: { type: string } }\n${ASKS}` })
    const { text } = await writeGithubWorkflow(definitions, ACTION)
    const project = makeProject({ files: { '.github/workflows/codemie.yml': text } })
    const action = join(folder, 'action')
    mkdirSync(action)
    writeFileSync(join(action, 'action.yml'), STAND_IN_YML)
    writeFileSync(join(action, 'index.mjs'), STAND_IN)
    const tokens = { 'job-token-0123456789': { login: 'github-actions[bot]', write: true } }
    const forge = await startGitServer(project.beside('forge'), tokens, project.env['PATH'] ?? '')
    try {
      project.git('push', '-q', forge.createBare('acme/app'), 'main')
      const seen = await runWorkflows({
        act: ACT ?? '',
        clone: project.root,
        event,
        payload: { inputs: { x: 'y' }, number: 1, pull_request: { number: 1 } },
        repository: 'acme/app',
        serverUrl: forge.origin,
        sha: project.git('rev-parse', 'HEAD'),
        ref: 'refs/heads/main',
        token: 'job-token-0123456789',
        actions: {
          'codemie/codemie-ci@0123456789abcdef0123456789abcdef01234567': folder,
          'actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0': 'checkout',
        },
        node: process.env['CODEMIE_TEST_NODE24'] ?? process.execPath,
      })
      expect(seen.status, seen.log).toBe(0)
      const done = Object.entries(seen.jobs).filter(([, result]) => result === 'success')
      expect(done.map(([name]) => name).sort()).toEqual(ran.map((name) => `codemie/${name}`))
      expect(seen.outputs).toMatchObject(given)
    } finally {
      await forge.close()
      project.remove()
    }
  })
})
