import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BUILT_IN } from '../../cli/templates/index.ts'
import { resolveInput } from '../../runner/inputs.ts'
import { openProject } from '../../runner/project.ts'
import { realWorld } from '../../runner/world.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type SeenRun, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

/** How a template is tried: what stands in the repository, what its parameters are, what the run is given, and what comes out. */
interface Trial {
  readonly situation: string
  readonly files?: Readonly<Record<string, string>>
  readonly commits?: readonly Readonly<Record<string, string>>[]
  /** Parameters, `<web>` standing for the address of the server that answers for other systems. */
  readonly set?: Readonly<Record<string, string>>
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly script?: (model: ModelServer) => void
  /** What the other systems answer. */
  readonly web?: (
    path: string,
    body: string,
    authorization: string | undefined,
  ) => [status: number, body: unknown]
  /** The final output, as text or as the value of its JSON. */
  readonly output: unknown
  readonly check?: (tried: {
    readonly run: SeenRun
    readonly project: TestProject
    readonly model: ModelServer
    readonly calls: readonly string[]
  }) => void | Promise<void>
}

const tasksOf = (model: ModelServer) => model.requests.map((request) => request.lastUserMessage)

const TRIALS: Readonly<Record<string, readonly Trial[]>> = {
  blank: [
    {
      situation: 'a role and a task of somebody',
      set: { role: 'You are "short": one word.', task: 'Say # and: this.\nTwice.' },
      input: 'Hello',
      script: (model) => model.when('Say # and: this.\nTwice.', 'Hi.'),
      output: 'Hi.',
      check: ({ model }) => {
        expect(model.requests[0]?.body.messages[0].content).toContain('You are "short": one word.')
      },
    },
  ],
  'release-notes': [
    {
      situation: 'a fix and a change',
      files: { 'a.txt': 'a' },
      output: { report: '# Release notes\n\n## Changes\n\n- Change\n\n' },
    },
  ],
  review: [
    {
      situation: 'a branch that changes a file',
      files: { 'a.txt': 'old\n' },
      commits: [{ 'a.txt': 'new\n' }],
      input: '{"base": "HEAD~1"}',
      script: (model) => model.when('Review this diff against HEAD~1', 'Fine.'),
      output: 'Fine.',
      check: ({ model }) => expect(tasksOf(model)[0]).toContain('-old\n+new'),
    },
  ],
  triage: [
    {
      situation: 'a question',
      input: 'How do I log in?',
      script: (model) => {
        model.when('Sort this report.', '{"kind": "question", "urgency": "low", "title": "Logging in"}')
        model.when('Answer the question', 'See README.md.')
      },
      output: 'See README.md.',
    },
  ],
  summary: [
    {
      situation: 'one commit',
      files: { 'a.txt': 'a' },
      input: '{"since": "2000-01-01"}',
      script: (model) => model.when('Sum up these commits', 'Ann changed one thing.'),
      output: 'Ann changed one thing.',
    },
  ],
  'pull-request-review': [
    {
      situation: 'a change with one finding, after a look at a file',
      files: { 'a.ts': 'let x\n' },
      set: { focus: 'races', paths: '["src/**"]', drafts: 'true' },
      input: '{"title": "Fix it", "diff": "+let x"}',
      script: (model) => {
        model.when(({ body }) => body.messages.at(-1).role === 'user', {
          toolCalls: [{ name: 'read_file', args: { path: 'a.ts' } }],
        })
        model.otherwise(
          '{"summary": "One.", "findings": [{"file": "a.ts", "line": 1, "severity": "error", "message": "Bad"}]}',
        )
      },
      output: { summary: 'One.', findings: [{ file: 'a.ts', line: 1, severity: 'error', message: 'Bad' }] },
      check: ({ model, project }) => {
        expect(model.requests[0]?.body.messages[0].content).toContain('You look for races.')
        const text = readFileSync(join(project.root, '.codemie/workflows/tried.yaml'), 'utf8')
        expect(text).toContain('    paths: ["src/**"]\n    draft: true\n'.replaceAll('"src/**"', "'src/**'"))
      },
    },
  ],
  'incident-summary': [
    {
      situation: 'notes and a commit of the time',
      files: { 'a.txt': 'a' },
      input: '{"notes": "10:02 down, 10:20 back", "since": "2000-01-01"}',
      script: (model) => {
        model.when(
          'Make a timeline',
          '{"events": [{"time": "10:02", "what": "down"}, {"time": "10:20", "what": "back"}]}',
        )
        model.when(
          'Summarise the incident',
          '{"title": "Down", "impact": "All, 18 minutes", "cause": "Not known", "actions": ["Watch it"]}',
        )
      },
      output: {
        summary:
          '# Down\n\n**Impact.** All, 18 minutes\n\n**Cause.** Not known\n\n## Timeline\n\n- 10:02: down\n- 10:20: back\n\n## What to do\n\n- [ ] Watch it\n',
      },
      check: ({ model }) => expect(tasksOf(model)[0]).toMatch(/Commits of the time:\n\n- \S+ \w+ Change\n/),
    },
  ],
  report: [
    {
      situation: 'a commit and an open end',
      files: { 'a.txt': 'one\nFIXME two\n' },
      set: { title: 'Our week' },
      input: '{"since": "2000-01-01"}',
      script: (model) =>
        model.when(
          'Write the sections',
          '{"summary": "Quiet.", "sections": [{"title": "Done", "text": "One change."}]}',
        ),
      output: {
        report:
          '# Our week\n\nQuiet.\n\n## Done\n\nOne change.\n\n---\n1 commits since 2000-01-01, 1 open ends in files.',
      },
      check: ({ model }) => expect(tasksOf(model)[0]).toContain('- a.txt:2 FIXME two'),
    },
  ],
  'data-processing': [
    {
      situation: 'records, one of them without a number',
      set: { key: 'order', amount: 'euros', question: 'Which day was best?' },
      input: '{"records": [{"order": 1, "euros": 30}, {"order": 2}, {"order": 3, "euros": 12.5}]}',
      script: (model) =>
        model.when(
          'Which day was best?',
          '{"headline": "The first", "findings": ["Order 1 is the largest"]}',
        ),
      output: {
        report:
          '# The first\n\n| Records | Left out | Total | Largest |\n|---|---|---|---|\n| 2 | 1 | 42.5 | 30 |\n\n- Order 1 is the largest\n',
      },
    },
    {
      situation: 'nothing that can be used, and so no model',
      input: '{"records": [{"name": "x"}]}',
      output: { report: 'None of 1 records can be used: they need id, and a number as amount.' },
    },
  ],
  analysis: [
    {
      situation: 'a question of two parts',
      set: { parts: '2' },
      input: '{"question": "Why slow?"}',
      script: (model) => {
        model.when('Split this question into parts: Why slow?', '{"parts": ["disc", "network"]}')
        model.when(/Current task: disc$/, 'The disc is fast.')
        model.when(/Current task: network$/, 'The network is slow.')
        model.when('What of them is not proved', 'Nobody measured.')
        model.when('Answer the question: Why slow?', 'The network, probably.')
      },
      output: 'The network, probably.',
      check: ({ model }) => {
        expect(tasksOf(model).at(-1)).toContain('---\nThe disc is fast.\n\n\n---\nThe network is slow.')
        expect(tasksOf(model).at(-1)).toContain('Nobody measured.')
      },
    },
  ],
  integration: [
    {
      situation: 'two open items, one of which the other system refuses',
      set: { source_url: '<web>/items', target_url: '<web>/tickets' },
      config: `policy: { http_allow_hosts: ['<web>'] }
integrations:
  source: { type: http, url: '<web>', token_env: SOURCE_TOKEN }
  target: { type: http, url: '<web>', token_env: SOURCE_TOKEN }
`,
      env: { SOURCE_TOKEN: 'token-0123456789' },
      web: (path, body, authorization) => {
        if (authorization !== 'Bearer token-0123456789') return [401, {}]
        if (path === '/tickets')
          return JSON.parse(body).id === 3 ? [422, { error: 'no' }] : [201, { ok: true }]
        return [
          200,
          {
            items: [
              { id: 1, title: 'Ä {{ id }}', status: 'open', url: 'http://elsewhere.example' },
              { id: 2, title: 'b', status: 'closed' },
              { id: 3, title: 'c', status: 'open' },
            ],
          },
        ]
      },
      output: { arrived: [201], sent: 1, failures: [expect.stringContaining('answered with status 422')] },
      check: ({ calls }) =>
        expect([...calls].sort()).toEqual([
          'GET /items ',
          'POST /tickets {"id":1,"title":"Ä {{ id }}"}',
          'POST /tickets {"id":3,"title":"c"}',
        ]),
    },
  ],
  approval: [
    {
      situation: 'a draft with a problem, and a person who approves what came of it',
      config: 'policy: { write_paths: [docs/**] }\n',
      input: 'The old API is gone',
      script: (model) => {
        model.when('Draft it', 'Gone, I promise.')
        model.when('Check the draft', '{"problems": ["A promise"]}')
        model.when('Write the draft anew', 'Gone.')
      },
      output: undefined,
      check: async ({ run, project }) => {
        expect(run).toMatchObject({ status: 'paused', needsApproval: true })
        expect(project.git('status', '--porcelain')).toBe('?? .codemie/workflows/')
        const done = await project.resume('latest', { answer: { decision: 'approved' } })
        expect(JSON.parse(done.output ?? '')).toEqual({ file: 'docs/announcement.md', text: 'Gone.' })
        expect(readFileSync(join(project.root, 'docs/announcement.md'), 'utf8')).toBe('Gone.')
      },
    },
  ],
  'test-generation': [
    {
      situation: 'one case, whose test the model writes',
      files: { 'src/a.ts': 'export const a = 1\n' },
      config: 'policy: { write_paths: [test/**] }\n',
      input: '{"source": "src/a.ts", "test": "test/a.test.ts"}',
      script: (model) => {
        model.when('Which cases of src/a.ts', '{"cases": ["a is one"]}')
        model.when(
          ({ body, lastUserMessage }) =>
            lastUserMessage.includes('Write tests of src/a.ts') && body.messages.at(-1).role === 'user',
          { toolCalls: [{ name: 'write_file', args: { path: 'test/a.test.ts', content: '{{ a }}\n' } }] },
        )
        model.when('- a is one', 'Written.')
      },
      output: { file: 'test/a.test.ts', cases: ['a is one'] },
      check: ({ project, model }) => {
        expect(tasksOf(model)[0]).toContain('export const a = 1')
        expect(readFileSync(join(project.root, 'test/a.test.ts'), 'utf8')).toBe('{{ a }}\n')
      },
    },
    {
      situation: 'nothing that is not tested',
      files: { 'src/a.ts': 'export const a = 1\n' },
      input: '{"source": "src/a.ts", "test": "test/a.test.ts"}',
      script: (model) => model.when('Which cases', '{"cases": []}'),
      output: { file: null, cases: [] },
    },
  ],
  'documentation-check': [
    {
      situation: 'two pages, one of them with a finding',
      files: { 'README.md': 'Read me.\n', 'docs/use.md': 'Use me.\n', 'CHANGELOG.md': 'New.\n' },
      script: (model) => {
        model.when(/Current task: README\.md$/, '{"findings": []}')
        model.when(
          /Current task: docs\/use\.md$/,
          '{"findings": [{"file": "docs/use.md", "line": 1, "severity": "info", "message": "Who?"}]}',
        )
      },
      output: {
        summary: '1 findings in 2 pages',
        findings: [{ file: 'docs/use.md', line: 1, severity: 'info', message: 'Who?' }],
      },
    },
  ],
  'dependency-audit': [
    {
      situation: 'two dependencies, one of them with a known vulnerability',
      files: { 'package.json': '{"dependencies": {"a": "^1.2.3", "b": "2.0.0"}}\n' },
      set: { database: '<web>/v1/query' },
      config: "policy: { http_allow_hosts: ['<web>'] }\n",
      web: (_path, body) => [200, JSON.parse(body).package.name === 'a' ? { vulns: [{ id: 'X-1' }] } : {}],
      script: (model) => {
        model.when(
          'list its dependencies',
          '{"dependencies": [{"package": "a", "version": "1.2.3"}, {"package": "b", "version": "2.0.0"}]}',
        )
        model.when(
          'What is to be done about these',
          '{"summary": "One.", "findings": [{"file": "package.json", "severity": "error", "message": "a 1.2.3: X-1"}]}',
        )
      },
      output: {
        summary: 'One.',
        findings: [{ file: 'package.json', severity: 'error', message: 'a 1.2.3: X-1' }],
      },
      check: ({ calls, model }) => {
        expect([...calls].sort()).toEqual([
          'POST /v1/query {"package": {"name": "a", "ecosystem": "npm"}, "version": "1.2.3"}',
          'POST /v1/query {"package": {"name": "b", "ecosystem": "npm"}, "version": "2.0.0"}',
        ])
        expect(tasksOf(model).at(-1)).toMatch(/a 1\.2\.3: .*X-1.*\n+b 2\.0\.0: \{\}/)
      },
    },
  ],
  'map-planner': [
    {
      situation: 'two parts, one of them proposed wrongly at first',
      input: 'Sign in with a passkey',
      script: (model) => {
        model.when('Split what the user asks for', '{"parts": ["Store keys", "Show a button"]}')
        model.when(
          'Which part is next?',
          '{"complete": false, "part": "Store keys"}',
          '{"complete": false, "part": "Show a button"}',
          '{"complete": true, "part": ""}',
        )
        model.when('Propose how this part is done: Store keys', 'A table in memory')
        model.when('Propose how this part is done: Show a button', 'A button in login.ts')
        model.when(
          'Check the latest proposal.',
          '{"valid": false, "problems": ["Memory is lost"]}',
          '{"valid": true, "problems": []}',
          '{"valid": true, "problems": []}',
        )
        model.when('Write the latest proposal anew', 'A table in the database')
        model.when('What does the latest proposal lead to?', 'A migration', 'Nothing')
        model.when(
          'Judge the latest proposal.',
          '{"score": 8, "why": "Small"}',
          '{"score": 7, "why": "Plain"}',
        )
        model.when('Write the whole plan', '# Plan')
      },
      output: '# Plan',
      check: ({ model }) => {
        const repair = model.requests.find(({ lastUserMessage }) => lastUserMessage.includes('anew'))
        const said = repair?.body.messages.map((message: { content: string }) => message.content)
        expect(said.slice(-3)).toEqual([
          'A table in memory',
          '{"valid": false, "problems": ["Memory is lost"]}',
          'Write the latest proposal anew, without the problems that were found in it.',
        ])
      },
    },
  ],
  'map-executor': [
    {
      situation: 'nothing to change',
      input: 'Do what is done',
      script: (model) => {
        model.when('Split what the user asks for', '{"changes": ["None"]}')
        model.when('Which change is next?', '{"complete": true, "change": ""}')
        model.when('Say as Markdown what was changed', 'Nothing.')
      },
      config: "policy: { write_paths: ['docs/**'] }\n",
      output: 'Nothing.',
    },
  ],
}

test('every built-in template is tried', () => {
  expect(Object.keys(TRIALS).sort()).toEqual(BUILT_IN.map(({ id }) => id).sort())
})

describe.each(BUILT_IN.map(({ id }) => id))('%s', (id) => {
  let model: ModelServer
  let web: Server
  let project: TestProject
  let calls: string[]
  let answer: NonNullable<Trial['web']>

  beforeEach(async () => {
    calls = []
    model = await startModelServer()
    web = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString('utf8')
        calls.push(`${request.method} ${request.url} ${body}`)
        const [status, data] = answer(request.url ?? '', body, request.headers.authorization)
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(data))
      })
    })
    await new Promise<void>((resolve) => {
      web.listen(0, '127.0.0.1', resolve)
    })
  })
  afterEach(async () => {
    project?.remove()
    await model.close()
    await new Promise((resolve) => {
      web.close(resolve)
    })
  })

  test.each(TRIALS[id] ?? [])('runs with $situation', async (trial) => {
    const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    const here = (text: string) => text.replaceAll('<web>', origin)
    answer = trial.web ?? (() => [500, {}])
    const env = { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: model.url, ...trial.env }
    project = makeProject({
      files: { 'keep.txt': '', ...trial.files },
      commits: trial.commits ?? [],
      env,
      ...(trial.config === undefined ? {} : { config: here(trial.config) }),
    })
    const cli = (...argv: string[]) =>
      runInProcess(argv, { cwd: project.root, env: { ...project.env, ...env } })
    const set = Object.entries(trial.set ?? {}).flatMap(([name, value]) => [
      '--set',
      `${name}=${here(value)}`,
    ])
    expect(await cli('new', 'tried', '--from-template', id, ...set)).toMatchObject({ status: 0, stderr: '' })
    expect((await cli('validate', '--strict', '.codemie/workflows/tried.yaml')).stdout).toBe(
      '✓ 1 file checked, no problems\n',
    )
    const input = await inputOf(project, trial.input)
    const planned = await cli('plan', 'tried', ...(input === '' ? [] : ['--input', input]))
    expect(planned.stderr + planned.stdout).toMatch(/✓ Ready to run\n$/)
    trial.script?.(model)
    const run = await project.run('tried', { input })
    if (run.failure) throw new Error(`${run.failure.code}: ${run.failure.message}`)
    expect(typeof trial.output === 'object' ? JSON.parse(run.output ?? '') : run.output).toEqual(trial.output)
    await trial.check?.({ run, project, model, calls })
    model.assertDone()
  })
})

/** The input as the command line hands it on: checked, with defaults filled in. */
async function inputOf({ root, env }: TestProject, text: string | undefined): Promise<string> {
  const { workflow } = await (await openProject(realWorld({ cwd: () => root, env }))).find('tried')
  if (!workflow) throw new Error('The workflow is not valid')
  return await resolveInput(workflow, { pairs: [], ...(text === undefined ? {} : { text }) })
}
