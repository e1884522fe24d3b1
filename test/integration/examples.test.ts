import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { resolveInput } from '../../runner/inputs.ts'
import { readWorkflow } from '../../schema/index.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type SeenRun, type TestProject } from '../helpers/project.ts'

const FOLDER = new URL('../../examples/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))
const readExample = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8')

/** How an example is tried: the repository it finds, what it is given, what its models say, and what must come out. */
interface Trial {
  readonly situation: string
  readonly files?: Readonly<Record<string, string>>
  /** Commits after the first one. */
  readonly commits?: readonly Readonly<Record<string, string>>[]
  readonly input?: string
  readonly script?: (server: ModelServer) => void
  readonly check: (tried: {
    readonly run: SeenRun
    readonly project: TestProject
    readonly server: ModelServer
    readonly outputs: Readonly<Record<string, string>>
  }) => void | Promise<void>
}

/** Text of the last user message of each request, in the order of arrival. */
const tasksOf = (server: ModelServer) => server.requests.map((request) => request.lastUserMessage)

const TRIALS: Readonly<Record<string, readonly Trial[]>> = {
  'release-notes.yaml': [
    {
      situation: 'a repository with two commits and no tag',
      files: { 'a.txt': 'a' },
      commits: [{ 'b.txt': 'b' }],
      input: '{"limit": 20}',
      check: ({ run }) => {
        expect(JSON.parse(run.output ?? '').notes).toBe(
          '# Changes in `HEAD`\n\n## Changed\n\n- Change\n- Change\n',
        )
      },
    },
  ],
  'call-a-workflow.yaml': [
    {
      situation: 'one call that fails and two that do not',
      files: { 'examples/reshape-data.yaml': readExample('reshape-data.yaml') },
      check: ({ run, outputs }) => {
        expect(JSON.parse(run.output ?? '')).toEqual({
          lines: ['Oslo: 2 orders, 280 EUR, a big day', 'Lyon: 1 orders, 12.5 EUR, a small day'],
          failed: ['call-input-invalid'],
        })
        expect(Object.keys(outputs).sort()).toEqual([
          'all',
          'day[1]',
          'day[1]/shape',
          'day[2]',
          'day[3]',
          'day[3]/shape',
          'shops',
        ])
      },
    },
  ],
  'review-diff.yaml': [
    {
      situation: 'a blocking finding, after an answer that did not fit the schema',
      files: { 'a.txt': 'old\n' },
      commits: [{ 'a.txt': 'new\n' }],
      input: '{"base": "HEAD~1"}',
      script: (server) => {
        server.when('Review this diff', 'There is one problem.')
        server.when(
          'does not fit the required JSON Schema',
          '{"blocking": 1, "findings": [{"file": "a.txt", "problem": "old is gone"}]}',
        )
        server.when('asks for changes', 'Please bring old back.')
      },
      check: ({ run, server, outputs }) => {
        expect(run.output).toBe('Please bring old back.')
        expect(tasksOf(server)[0]).toContain('-old\n+new')
        expect(Object.keys(outputs)).toEqual(['read-diff', 'review', 'ask-for-changes'])
      },
    },
    {
      situation: 'no finding',
      files: { 'a.txt': 'old\n' },
      commits: [{ 'a.txt': 'new\n' }],
      input: '{"base": "HEAD~1"}',
      script: (server) => {
        server.when('Review this diff', '{"blocking": 0, "findings": []}')
        server.when('why the change can go in', 'It is small.')
      },
      check: ({ run, outputs }) => {
        expect(run.output).toBe('It is small.')
        expect(Object.keys(outputs)).toEqual(['read-diff', 'review', 'approve'])
      },
    },
  ],
  'review-pull-request.yaml': [
    {
      situation: 'a change with one finding',
      input: '{"title": "Fix it", "diff": "+let x"}',
      script: (server) => {
        server.reply(
          '{"summary": "One.", "findings": [{"file": "a.ts", "line": 1, "severity": "error", "message": "Bad"}]}',
        )
      },
      check: ({ run, server }) => {
        expect(tasksOf(server)[0]).toContain('Fix it\n\n+let x')
        expect(JSON.parse(run.output ?? '').findings).toHaveLength(1)
      },
    },
  ],
  'map-files.yaml': [
    {
      situation: 'two pages, one of which the model reads first',
      files: { 'README.md': 'Read me.\n', 'docs/use.md': 'Use me.\n', 'main.c': 'int x;\n' },
      script: (server) => {
        server.when(
          ({ body, lastUserMessage }) =>
            lastUserMessage.endsWith('Current task: docs/use.md') && body.messages.at(-1).role === 'user',
          { toolCalls: [{ name: 'read_file', args: { path: 'docs/use.md' } }] },
        )
        server.when(/Current task: docs\/use\.md$/, ({ body }) => `Use: ${body.messages.at(-1).content}`)
        server.when(/Current task: README\.md$/, 'Clear.')
        server.when('Make one report', 'All in all fine.')
      },
      check: ({ run, server, outputs }) => {
        expect(run.output).toBe('All in all fine.')
        expect(Object.keys(outputs).sort()).toEqual([
          'check-page[1]',
          'check-page[2]',
          'find-pages',
          'report',
        ])
        expect(tasksOf(server).at(-1)).toMatch(/---\nClear\.\n\n\n---\nUse: .*Use me\./s)
      },
    },
  ],
  'three-opinions.yaml': [
    {
      situation: 'three answers that are weighed once',
      input: 'Drop support for Node 20',
      script: (server) => {
        const asks = (role: string) => (request: { body: { messages: { content: string }[] } }) =>
          (request.body.messages[0]?.content ?? '').includes(role) &&
          (request.body.messages.at(-1)?.content ?? '').startsWith('For or against')
        server.when('Say the proposal again', 'Node 20 is no longer supported.')
        server.when(asks('every day'), 'Against.')
        server.when(asks('maintain'), 'For.')
        server.when(asks('at night'), 'For, later.')
        server.when('Weigh these opinions', 'Do it next year.')
      },
      check: ({ run, server }) => {
        expect(run.output).toBe('Do it next year.')
        expect(server.requests).toHaveLength(5)
        expect(tasksOf(server).at(-1)).toContain('User: Against.\nMaintainer: For.\nOperator: For, later.')
      },
    },
  ],
  'ask-a-person.yaml': [
    {
      situation: 'a person who answers',
      input: 'Version 2.0 removes the old API',
      script: (server) => {
        server.when('Draft an announcement', 'The old API is gone.')
        server.when('Write the final announcement', 'Goodbye, old API.')
      },
      check: async ({ run, project, server }) => {
        expect(run).toMatchObject({ status: 'paused', exitStatus: 3, heldBefore: ['publish'] })
        const resumed = await project.resume('latest', { userInput: 'Friendlier' })
        expect(resumed).toMatchObject({ status: 'succeeded', output: 'Goodbye, old API.' })
        const contents = server.requests[1]?.body.messages.map((m: { content: string }) => m.content)
        expect(contents.slice(-3)).toEqual([
          'The old API is gone.',
          'Friendlier',
          'Write the final announcement, and follow what was said about the draft.',
        ])
      },
    },
  ],
  'nightly-report.yaml': [
    {
      situation: 'commits and a model that answers',
      files: { 'a.txt': 'a' },
      input: '{"since": "2000-01-01"}',
      script: (server) => server.reply('One change by Ann.'),
      check: ({ run, server }) => {
        expect(run.output).toBe('One change by Ann.')
        expect(tasksOf(server)).toEqual(['Report on these commits:\n\n- Change, by Ann Tester\n'])
      },
    },
    {
      situation: 'no model that answers',
      files: { 'a.txt': 'a' },
      input: '{"since": "2000-01-01"}',
      script: (server) => server.otherwise({ status: 500 }),
      check: ({ run, outputs }) => {
        expect(run.status).toBe('succeeded')
        expect(Object.keys(outputs)).toEqual(['read-commits', 'write-report', 'plain-report'])
        expect(run.output).toContain('- Change (Ann Tester)')
      },
    },
    {
      situation: 'a night without commits',
      files: { 'a.txt': 'a' },
      input: '{"since": "2025-01-01"}',
      check: ({ run }) => {
        expect(JSON.parse(run.output ?? '')).toEqual({ report: 'Nothing was committed since 2025-01-01.' })
      },
    },
  ],
  'reshape-data.yaml': [
    {
      situation: 'two orders',
      input: '{"shop": {"city": "Graz"}, "orders": [{"id": 1, "total": 30}, {"id": 2, "total": 250}]}',
      check: ({ run }) => {
        expect(JSON.parse(run.output ?? '')).toEqual({
          city: 'Graz',
          currency: 'EUR',
          large: [2],
          totals: [30, 250],
          amount: 280,
          size: 'big',
          line: 'Graz: 2 orders, 280 EUR, a big day',
        })
      },
    },
  ],
}

test('every example is tried below, and nothing else', () => {
  expect(Object.keys(TRIALS).sort()).toEqual(FILES.sort())
})

describe.each(FILES)('examples/%s', (file) => {
  let server: ModelServer
  let project: TestProject

  beforeEach(async () => {
    server = await startModelServer()
  })
  afterEach(async () => {
    project?.remove()
    await server.close()
  })

  test('is valid without a warning', () => {
    const { workflow, diagnostics } = readWorkflow({ file, text: readExample(file) })
    expect(diagnostics).toEqual([])
    expect(workflow).toBeDefined()
  })

  test('says at its top how to run it, and the README lists it', () => {
    const header = readExample(file).split(/^(?!#)/m)[0]
    expect(header).toContain(`codemie-ci run examples/${file}`)
    expect(readExample('README.md')).toContain(`](${file})`)
  })

  test.each(TRIALS[file] ?? [])('runs with $situation', async (trial) => {
    project = makeProject({
      files: { [`examples/${file}`]: readExample(file), ...trial.files },
      commits: trial.commits ?? [],
      env: { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url },
    })
    trial.script?.(server)
    const run = await project.run(`examples/${file}`, { input: await inputOf(file, trial.input) })
    if (run.failure) throw new Error(`${run.failure.code}: ${run.failure.message}`)
    await trial.check({ run, project, server, outputs: await project.outputsOf() })
    server.assertDone()
  })
})

/** The input as the command line hands it on: checked, with defaults filled in. */
async function inputOf(file: string, text: string | undefined): Promise<string> {
  const { workflow } = readWorkflow({ file, text: readExample(file) })
  if (!workflow) throw new Error(`${file} is not valid`)
  return await resolveInput(workflow, { pairs: [], ...(text === undefined ? {} : { text }) })
}
