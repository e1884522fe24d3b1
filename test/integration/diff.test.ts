import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { NOTE_FILE as FILE, NOTE } from '../helpers/note-workflow.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { [FILE]: NOTE, 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const diff = (...args: string[]) =>
  runInProcess(['diff', ...args], { cwd: repository.root, env: repository.env })
const commit = (message: string) => {
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', message)
}

test('nothing that runs is different', async () => {
  expect(await diff('--exit-code')).toEqual({
    status: 0,
    stdout: 'Nothing that runs is different\n',
    stderr: '',
  })
  repository.write(FILE, `# Why\n${NOTE.replace('name: Note', 'name: "Note"')}`)
  expect(await diff('--exit-code')).toMatchObject({ status: 0, stdout: 'Nothing that runs is different\n' })
})

test('what is not committed yet, what asks for a decision first', async () => {
  repository.write(
    FILE,
    NOTE.replace('Write the note', 'Write a short note').replace(
      '{ name: read_file }',
      '{ name: read_file }, { name: shell }',
    ),
  )
  repository.write('.codemie/workflows/new.yaml', NOTE)
  expect(await diff('--exit-code')).toEqual({
    status: 1,
    stdout: `${FILE}
  widening   state 'plan': tools +shell
  widening   state 'write': tools +shell
  neutral    state 'write': task: Write the note → Write a short note
.codemie/workflows/new.yaml · added
  widening   is new: 2 states, with tool read_file

2 workflows: 3 widening, 1 neutral
`,
    stderr: '',
  })
  expect((await diff('.codemie/workflows/new.yaml')).stdout).not.toContain('note.yaml')
})

/** A note that is planned once and written for each topic. `most`: topics that the schema allows. */
const topics = (most: string) =>
  `name: Topics
enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: a, assistant_id: writer }]
states:
  - id: plan
    assistant_id: a
    task: Plan
    output_schema: '{"type": "object", "properties": {"topics": {"type": "array"${most}}}}'
    next: { state_id: write, iter_key: topics }
  - { id: write, assistant_id: a, task: Write, next: { state_id: end } }
`

test('what a run can come to, with the assistants, prices and limits of each side', async () => {
  const file = '.codemie/workflows/topics.yaml'
  const writer = (model: string) => `name: Writer\nsystem_prompt: You write.\nmodel: ${model}\n`
  repository.write(file, topics(', "maxItems": 3'))
  repository.write('.codemie/assistants/writer.yaml', writer('acme:small'))
  repository.write(
    '.codemie/config.yaml',
    `models:
  default: acme:small
  providers: { acme: { base_url: 'https://llm.acme.example/v1' } }
  limits: { acme:small: { context_tokens: 1000, output_tokens: 100 }, acme:big: { context_tokens: 1000 } }
prices: { acme:small: { input: 1000, output: 10000 }, acme:big: { input: 1, output: 1 } }
`,
  )
  commit('Before')
  const told = async () => (await diff(file)).stdout.split('\n').filter((line) => line.includes('at most'))
  repository.write(file, topics(', "maxItems": 5'))
  expect(await told()).toEqual(['  widening   at most: 8 model calls → 10 model calls, $16.00 → $20.00'])
  repository.write(file, topics(', "maxItems": 2'))
  expect(await told()).toEqual(['  narrowing  at most: 8 model calls → 7 model calls, $16.00 → $14.00'])
  repository.write(file, topics(''))
  expect(await told()).toEqual([
    '  widening   at most: 8 model calls → no limit to model calls, $16.00 → no limit to money',
  ])
  repository.write(file, topics(', "maxItems": 3').replace('task: Write', 'task: Write well'))
  expect(await told()).toEqual([])
  repository.write('.codemie/assistants/writer.yaml', writer('acme:big'))
  expect(await told()).toEqual(['  widening   at most: $16.00 → money not known'])
  const [{ ceiling }] = JSON.parse((await diff('--json', file)).stdout)
  expect(ceiling).toMatchObject({
    before: { steps: { most: 5 }, modelCalls: { most: 8 }, usd: { most: 16 } },
    after: {
      usd: { because: [{ kind: 'unknown', sentence: "how long an answer of 'acme:big' gets is not known" }] },
    },
  })
  // What the workflow needs is not there, so nothing can be told.
  repository.write(file, topics(', "maxItems": 4').replace('assistant_id: writer', 'assistant_id: nobody'))
  expect(await told()).toEqual([])
})

test('file names that run like any other: with an ending in capitals, and with a line break', async () => {
  repository.write('.codemie/workflows/LOUD.YAML', NOTE)
  repository.write('.codemie/workflows/two\nlines.yaml', NOTE)
  const widening = 'widening   is new: 2 states, with tool read_file'
  const expected = `.codemie/workflows/LOUD.YAML · added
  ${widening}
.codemie/workflows/two lines.yaml · added
  ${widening}

2 workflows: 2 widening
`
  expect((await diff()).stdout).toBe(expected)
  commit('Names')
  expect((await diff('HEAD~1..HEAD')).stdout).toBe(expected)
})

test('links and submodules that take the place of folders of definitions, whose files are elsewhere', async () => {
  const elsewhere = '160000,0123456789012345678901234567890123456789,.codemie/workflows/theirs'
  repository.write('elsewhere/skill/SKILL.md', 'Be kind.\n')
  symlinkSync('../elsewhere', join(repository.root, '.codemie/skills'))
  repository.git('add', '-A')
  repository.git('update-index', '--add', '--cacheinfo', elsewhere)
  repository.git('commit', '-q', '-m', 'Elsewhere')
  expect((await diff('HEAD~1..HEAD')).stdout).toBe(`.codemie/skills · added
  ✗ has errors after the change: A link, and what it leads to is not compared
.codemie/workflows/theirs · added
  ✗ has errors after the change: A submodule, and what lies in it is not compared

2 files
`)
  rmSync(join(repository.root, '.codemie'), { recursive: true })
  symlinkSync('elsewhere', join(repository.root, '.codemie'))
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', 'All')
  expect((await diff('HEAD~1..HEAD')).stdout).toContain(`.codemie · added
  ✗ has errors after the change: A link, and what it leads to is not compared
`)
})

test('a long prompt word by word', async () => {
  const prompt = (most: string) =>
    `"You write notes for people who have little time, and you never use more than ${most} words."`
  repository.write(FILE, NOTE.replace('You write.', prompt('fifty')))
  commit('Long')
  repository.write(FILE, NOTE.replace('You write.', prompt('thirty')))
  expect((await diff()).stdout).toContain(`  neutral    state 'plan': prompt: changed, 1 word out and 1 in
              [...] or people who have little time, and you never use more than [-fifty-]{+thirty+} words.
`)
})

test('between two revisions, from where a branch parted, and since one', async () => {
  repository.git('checkout', '-q', '-b', 'topic')
  repository.write(FILE, NOTE.replace('Plan a note', 'Plan two notes'))
  commit('Topic')
  repository.git('checkout', '-q', 'main')
  repository.write(FILE, NOTE.replace('Write the note', 'Write it'))
  commit('Main')
  const sentences = async (...args: string[]) =>
    JSON.parse((await diff(...args, '--json')).stdout).flatMap(
      ({ changes }: { changes: { sentence: string }[] }) => changes.map(({ sentence }) => sentence),
    )
  expect(await sentences('main..topic')).toEqual([
    'task: Plan a note → Plan two notes',
    'task: Write it → Write the note',
  ])
  expect(await sentences('main...topic')).toEqual(['task: Plan a note → Plan two notes'])
  expect(await sentences('HEAD~1')).toEqual(['task: Write the note → Write it'])
  expect(await sentences('HEAD')).toEqual([])
})

test('a file that was renamed and changed is compared with what it was; one that is gone is said', async () => {
  mkdirSync(join(repository.root, '.codemie/workflows/team'))
  renameSync(join(repository.root, FILE), join(repository.root, '.codemie/workflows/team/memo.yaml'))
  repository.write('.codemie/workflows/team/memo.yaml', NOTE.replace('Plan a note', 'Plan it'))
  commit('Move')
  expect(JSON.parse((await diff('HEAD~1..HEAD', '--json')).stdout)).toMatchObject([
    {
      file: '.codemie/workflows/team/memo.yaml',
      before: FILE,
      status: 'changed',
      changes: [{ code: 'task-changed', state: 'plan', class: 'neutral' }],
    },
  ])
  rmSync(join(repository.root, '.codemie/workflows/team/memo.yaml'))
  expect(JSON.parse((await diff('--json')).stdout)).toMatchObject([
    { status: 'removed', changes: [{ code: 'workflow-removed' }], invalid: {} },
  ])
})

test('a side with errors is said with its first one', async () => {
  repository.write(FILE, NOTE.replace('state_id: write', 'state_id: nowhere'))
  const { stdout, status } = await diff()
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^\S+note\.yaml\n {2}✗ has errors after the change: 4: /),
  ])
})

test.each([
  [['nowhere'], "error unknown-revision: There is no revision 'nowhere' here\n"],
  [['--', '-rf'], "error unknown-revision: There is no revision '-rf' here\n"],
  [['^HEAD'], "error unknown-revision: There is no revision '^HEAD' here\n"],
  [['^HEAD..HEAD'], "error unknown-revision: There is no revision '^HEAD' here\n"],
  [['../other.yaml'], "'../other.yaml' is not in this repository."],
])('refuses %j', async (args, message) => {
  const { status, stderr } = await diff(...args)
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
})

test('a shallow clone says that it is the reason', async () => {
  repository.write(FILE, NOTE.replace('Plan a note', 'Plan it'))
  commit('More')
  const clone = repository.beside('shallow')
  repository.git('clone', '-q', '--depth=1', `file://${repository.root}`, clone)
  const { stderr } = await runInProcess(['diff', 'HEAD~1'], { cwd: clone, env: repository.env })
  expect(stderr).toContain(
    "error unknown-revision: There is no revision 'HEAD~1' here; this clone is shallow, and `git fetch --unshallow` brings the rest of its history\n",
  )
})

test('the graph before and after: Mermaid of a file that is named, else a page', async () => {
  repository.write(FILE, NOTE.replace('Write the note', 'Write it'))
  const graph = `flowchart TD
  start([start])
  n0["plan"]
  n1["write"]
  stop(["summary, end"])
  start --> n0
  n0 --> n1
  n1 --> stop
  classDef changed fill:#fff8c5,stroke:#9a6700,color:#4d3800
  class n1 changed
`
  expect(await diff('--graph', FILE)).toEqual({ status: 0, stdout: graph, stderr: '' })
  expect((await diff('--graph')).stdout).toBe(`## ${FILE}\n\n\`\`\`mermaid\n${graph}\`\`\`\n`)
  repository.write(FILE, 'states: 1\n')
  expect((await diff('--graph', FILE)).stdout).toBe(
    `## ${FILE}\n\nA side has errors, so there is no graph.\n`,
  )
})

test('a graph of what has none', async () => {
  repository.write('.codemie/config.yaml', 'policy: { commands: [make] }\n')
  expect((await diff('--graph')).stdout).toBe('No workflow changed\n')
  expect((await diff('--markdown')).stdout).not.toContain('Graph')
})

test('as Markdown', async () => {
  expect((await diff('--markdown')).stdout).toBe('Nothing that runs is different.\n')
  repository.write(FILE, NOTE.replace('Write the note', 'Write it'))
  expect((await diff('--markdown')).stdout).toContain(
    `1 neutral in 1 workflow\n\n### ${FILE}\n\n| Class | State | What is different |\n|---|---|---|\n| ⚪ neutral | write | task: Write the note → Write it |\n`,
  )
})

test('as SARIF', async () => {
  repository.write(FILE, NOTE.replace('{ name: read_file }', '{ name: read_file }, { name: shell }'))
  expect(JSON.parse((await diff('--sarif')).stdout)).toMatchObject({
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'codemie-ci', version: '9.9.9', rules: [{ id: 'tools-changed' }] } },
        results: [{ ruleId: 'tools-changed', message: { text: 'plan, write: tools +shell (widening)' } }],
      },
    ],
  })
})

test('one way to print at a time', async () => {
  expect(await diff('--json', '--graph')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('--json and --graph exclude each other.'),
  })
})

test('assistants, skills and the configuration, in a repository where other files changed, too', async () => {
  repository.write('.codemie/assistants/a.yaml', 'system_prompt: P\n')
  repository.write('.codemie/skills/letters/SKILL.md', 'Be kind.\n')
  commit('More')
  repository.write('.codemie/assistants/a.yaml', 'system_prompt: P\ntools: [{ name: shell }]\n')
  repository.write('.codemie/skills/letters/SKILL.md', 'Be short.\n')
  repository.write('.codemie/config.yaml', 'policy: { commands: [git] }\n')
  repository.write('a.txt', 'b\n')
  expect((await diff()).stdout).toBe(`.codemie/assistants/a.yaml
  widening   tools +shell
.codemie/skills/letters/SKILL.md
  neutral    instructions: Be kind. → Be short.
.codemie/config.yaml · added
  widening   programs of the command tool +git

3 files: 2 widening, 1 neutral
`)
})
