import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let model: ModelServer
let project: TestProject

beforeEach(async () => {
  model = await startModelServer()
  project = makeProject({
    files: { 'keep.txt': '' },
    config: "policy: { write_paths: ['docs/**'] }\n",
    env: keys(),
  })
})
afterEach(async () => {
  project.remove()
  await model.close()
})

const keys = () => ({ OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: model.url })
const cli = (...argv: string[]) =>
  runInProcess(argv, { cwd: project.root, env: { ...project.env, ...keys() } })

/** Answers by the first words of a role's prompt. */
function roles(answers: Readonly<Record<string, readonly string[]>>): void {
  for (const [prompt, texts] of Object.entries(answers)) {
    model.when(({ body }) => body.messages[0]?.content.trimStart().startsWith(prompt), ...texts)
  }
}

/** Who was asked, by the beginning of the prompt, and the last line of what they were asked. */
const asked = () =>
  model.requests.map(({ body, lastUserMessage }) => [
    body.messages[0].content.trimStart().split(' ').slice(0, 4).join(' '),
    lastUserMessage.split('\n').at(-1),
  ])

test('the executor: a change is rejected, mended, found valid, approved by a person, and only then made', async () => {
  await cli('new', 'doing', '--from-template', 'map-executor')
  model.when('Split what the user asks for', '{"changes": ["Write the page"]}')
  model.when(
    'Which change is next?',
    '{"complete": false, "change": "Write the page"}',
    '{"complete": true, "change": ""}',
  )
  model.when('Write this change: Write the page', '{"path": "docs/passkey.md", "content": "TBD"}')
  model.when(
    'Check the latest change.',
    '{"valid": false, "problems": ["It says nothing"]}',
    '{"valid": true, "problems": []}',
  )
  model.when('Write the latest change anew', '{"path": "docs/passkey.md", "content": "# Passkeys\\n"}')
  model.when('What does the latest change lead to?', 'Users find a page.')
  model.when('Judge the change that was made.', '{"score": 9, "why": "Short"}')
  model.when('Say as Markdown what was changed', 'One page.')
  const page = join(project.root, 'docs/passkey.md')

  const paused = await project.run('doing', { input: 'Explain passkeys' })
  expect(paused.status).toBe('paused')
  expect(existsSync(page)).toBe(false)
  const shown = await cli('show', 'latest')
  expect(shown.stdout).toContain('# Passkeys')
  expect(shown.stdout).toMatch(/codemie-ci approve/)

  const approved = await cli('approve', 'latest')
  expect(approved).toMatchObject({ status: 0, stdout: 'One page.\n' })
  expect(readFileSync(page, 'utf8')).toBe('# Passkeys')
  expect(model.requests).toHaveLength(10)
  model.assertDone()
})

test('the planner as a configuration of Octomind: a proposal is not valid, is mended, and the plan is complete', async () => {
  await cli('new', 'plan', '--from-template', 'map-planner', '--octomind')
  expect(await cli('validate', '--strict')).toMatchObject({ status: 0 })
  roles({
    'You split tasks': ['<part>Task: T\nPart: one</part>'],
    'You propose how one part of a task is done, with': ['small', 'small again'],
    'You propose how one part of a task is done, so': ['clean', 'clean again'],
    'You are given two proposals': ['Picked: small', 'Picked: clean again'],
    'You check the latest proposal': ['NOT VALID\nNo test', 'VALID'],
    'You write the latest proposal anew': ['small, with a test'],
    'You say whether': ['OPEN\nPart: one, with a test', 'COMPLETE'],
    'You say what the latest valid proposal': ['Nothing breaks'],
    'You judge': ['8'],
    'You write the whole plan': ['# Plan'],
  })
  const run = await project.run('plan', { input: 'T' })
  expect(run.output).toBe('# Plan')
  model.assertDone()
  const order = asked().map(([who]) => who)
  expect(order.slice(0, 1)).toEqual(['You split tasks into'])
  expect(order.slice(3, 7)).toEqual([
    'You are given two',
    'You check the latest',
    'You write the latest',
    'You say whether the',
  ])
  // What the orchestrator writes is all that the second round is given beside the session.
  const second = model.requests.filter(({ body }) => /as clean as/.test(body.messages[0].content))[1]
  expect(second?.lastUserMessage).toMatch(/\[Current task\]\nOPEN\nPart: one, with a test$/)
})

test('the planner before a role: the plan is what the role is told', async () => {
  await cli('new', 'plan', '--from-template', 'map-planner', '--octomind')
  roles({
    'You split tasks': ['nothing to split'],
    'You write the whole plan': ['# Plan'],
    'You are given a plan': ['First the test.'],
  })
  const run = await cli('run', '--role', 'plan_developer', 'T')
  expect(run).toMatchObject({ status: 0, stdout: 'First the test.\n' })
  expect(asked().at(-1)).toEqual(['You are given a', '# Plan'])
  model.assertDone()
})

test('the executor as a configuration of Octomind: a role mends the file that another one wrote', async () => {
  await cli('new', 'doing', '--from-template', 'map-executor', '--octomind')
  const write = (content: string) => ({
    toolCalls: [{ name: 'write_file', args: { path: 'docs/a.md', content } }],
  })
  model.when(
    ({ body }) => body.messages[0].content.startsWith('You make the one'),
    write('TBD'),
    'Wrote docs/a.md',
  )
  model.when(
    ({ body }) => body.messages[0].content.startsWith('You mend'),
    write('# A\n'),
    'Mended docs/a.md',
  )
  roles({
    'You split tasks': ['<change>Task: T\nChange: docs/a.md</change>'],
    'You check the latest change': ['NOT VALID\nIt says nothing'],
    'You say whether': ['COMPLETE'],
    'You say as Markdown': ['docs/a.md is new.'],
  })
  const run = await project.run('doing', { input: 'T' })
  expect(run.output).toBe('docs/a.md is new.')
  expect(readFileSync(join(project.root, 'docs/a.md'), 'utf8')).toBe('# A\n')
  model.assertDone()
})

test('a template without a form for Octomind', async () => {
  expect(await cli('new', 'x', '--from-template', 'review', '--octomind')).toMatchObject({
    status: 2,
    stderr: `error no-octomind-form: The template 'review' has no form for Octomind
  = help: These have one: map-planner, map-executor.
`,
  })
})
