import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { NOTE_FILE as FILE, NOTE } from '../helpers/note-workflow.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { [FILE]: NOTE, 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const versions = (...args: string[]) =>
  runInProcess(['versions', ...args], { cwd: repository.root, env: repository.env })
function commit(message: string, text?: string, file = FILE): void {
  if (text !== undefined) repository.write(file, text)
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', message)
}
/** `subject: second line` of each version. */
const told = (stdout: string) =>
  stdout
    .replace(/^[0-9a-f]{12} \d{4}-\d\d-\d\d \d\d:\d\d {2}Ann Tester {2}/gm, '')
    .trimEnd()
    .split('\n')

test('each version with what it changed, the newest first', async () => {
  commit('Shorter', NOTE.replace('Write the note', 'Write a short note'))
  commit('Explain', `# Why\n${NOTE.replace('Write the note', 'Write a short note')}`)
  commit('Elsewhere', 'b\n', 'a.txt')
  const more = NOTE.replace('{ name: read_file }', '{ name: read_file }, { name: shell }')
  commit('Let it run programs', `lifecycle: production\n${more}`)
  const { stdout, status } = await versions('note')
  expect(status).toBe(0)
  expect(told(stdout)).toEqual([
    'Let it run programs · production',
    '  2 widening, 2 neutral: plan: tools +shell; write: tools +shell; and 2 more',
    'Explain',
    '  means the same',
    'Shorter',
    '  1 neutral: write: task: Write the note → Write a short note',
    'Change',
    '  the first version',
  ])
  expect(told((await versions('note', '-n', '1')).stdout)).toHaveLength(2)
})

test('through a rename with changes and a move between folders', async () => {
  mkdirSync(join(repository.root, '.codemie/workflows/team'))
  renameSync(join(repository.root, FILE), join(repository.root, '.codemie/workflows/team/memo.yaml'))
  commit('Move', NOTE.replace('Plan a note', 'Plan a memo'), '.codemie/workflows/team/memo.yaml')
  commit('More', NOTE.replace('Plan a note', 'Plan it'), '.codemie/workflows/team/memo.yaml')
  expect(told((await versions('memo')).stdout)).toEqual([
    'More',
    '  1 neutral: plan: task: Plan a memo → Plan it',
    'Move',
    '  1 neutral: plan: task: Plan a note → Plan a memo',
    `  before .codemie/workflows/team/memo.yaml it was ${FILE}`,
    'Change',
    '  the first version',
  ])
})

test('a version with errors, and one that was taken away and brought back', async () => {
  commit('Break', NOTE.replace('state_id: write', 'state_id: nowhere'))
  commit('Mend', NOTE)
  repository.git('rm', '-q', FILE)
  commit('Remove')
  commit('Bring back', NOTE)
  expect(told((await versions('note')).stdout)).toEqual([
    'Bring back',
    '  means the same',
    'Remove',
    '  removed',
    'Mend',
    '  this version, or the one before it, has errors',
    'Break',
    '  this version, or the one before it, has errors',
    'Change',
    '  the first version',
  ])
})

test('a merge that brings two versions together, and one that adds to them', async () => {
  const model = NOTE.replace('system_prompt: You write.', 'system_prompt: You write., model: m')
  const both = (text: string) => text.replace('Write the note', 'Write it')
  repository.git('checkout', '-q', '-b', 'side')
  commit('Side', both(NOTE))
  repository.git('checkout', '-q', 'main')
  commit('Main', model)
  repository.git('merge', '-q', '--no-edit', '-m', 'Merge', 'side')
  repository.git('checkout', '-q', '-b', 'other')
  commit('Other', both(model).replace('Plan a note', 'Plan it'))
  repository.git('checkout', '-q', 'main')
  commit('Ours', both(model).replace('Plan a note', 'Think'))
  expect(() => repository.git('merge', '-q', 'other')).toThrow()
  commit('Decide', both(model).replace('Plan a note', 'Plan well'))
  expect(told((await versions('note')).stdout)).toEqual([
    'Decide',
    '  1 neutral: plan: task: Think → Plan well',
    'Other',
    '  1 neutral: plan: task: Plan a note → Plan it',
    'Ours',
    '  1 neutral: plan: task: Plan a note → Think',
    'Merge',
    '  brings two versions together',
    'Side',
    '  1 neutral: write: task: Write the note → Write it',
    'Main',
    '  2 widening: plan: model: none → m; write: model: none → m',
    'Change',
    '  the first version',
  ])
})

test('a name with characters that stand for others in git is that of one file', async () => {
  const odd = '.codemie/workflows/no[te].yaml'
  commit('Odd', NOTE, odd)
  commit('Other', NOTE.replace('Write the note', 'Write it'), '.codemie/workflows/not.yaml')
  commit('Odd, too', NOTE.replace('Plan a note', 'Plan it'), odd)
  expect(told((await versions('no[te]')).stdout)).toEqual([
    'Odd, too',
    '  1 neutral: plan: task: Plan a note → Plan it',
    'Odd',
    '  the first version',
  ])
  repository.write('.codemie/workflows/not.yaml', NOTE)
  const { cwd, env } = { cwd: repository.root, env: repository.env }
  expect(await runInProcess(['revert', 'no[te]', 'HEAD~2'], { cwd, env })).toMatchObject({ status: 0 })
})

test('a merge that takes what one side made of it is no version', async () => {
  repository.git('checkout', '-q', '-b', 'topic')
  commit('Topic', NOTE.replace('Write the note', 'Write it'))
  repository.git('checkout', '-q', 'main')
  commit('Elsewhere', 'b\n', 'a.txt')
  repository.git('merge', '-q', '--no-ff', '--no-edit', '-m', 'Merge', 'topic')
  expect(told((await versions('note')).stdout)).toEqual([
    'Topic',
    '  1 neutral: write: task: Write the note → Write it',
    'Change',
    '  the first version',
  ])
})

test('a shallow clone does not call its oldest commit the first version', async () => {
  commit('Shorter', NOTE.replace('Write the note', 'Write it'))
  const clone = repository.beside('shallow')
  repository.git('clone', '-q', '--depth=1', `file://${repository.root}`, clone)
  const { stdout, stderr } = await runInProcess(['versions', 'note'], { cwd: clone, env: repository.env })
  expect(told(stdout)).toEqual(['Shorter', '  the oldest version in this clone'])
  expect(stderr).toBe(
    'This clone is shallow, and the history goes on before it: `git fetch --unshallow` brings the rest.\n',
  )
})

test('for programs, and of one that is not committed', async () => {
  repository.write('.codemie/workflows/new.yaml', NOTE)
  expect((await versions('new')).stdout).toBe('.codemie/workflows/new.yaml is not committed yet\n')
  expect(JSON.parse((await versions('note', '--json')).stdout)).toMatchObject({
    file: FILE,
    isCutOff: false,
    versions: [
      {
        subject: 'Change',
        lifecycle: 'development',
        meaning: 'first',
        blob: repository.git('hash-object', FILE),
      },
    ],
  })
  expect(await versions('note', '-n', '0')).toMatchObject({ status: 2 })
  expect(JSON.parse((await versions('note', '--json')).stdout)).toMatchObject({
    versions: [{ runs: { total: 0, ended: 0, succeeded: 0 } }],
    otherRuns: 0,
  })
})

describe('revert', () => {
  const revert = (...args: string[]) =>
    runInProcess(['revert', ...args], { cwd: repository.root, env: repository.env })
  const text = (file = FILE) => readFileSync(join(repository.root, file), 'utf8')

  test('puts an earlier version back, says what that changes, and commits nothing', async () => {
    commit('Shorter', NOTE.replace('Write the note', 'Write it'))
    const commitId = repository.git('rev-parse', 'HEAD~1')
    expect(await revert('note', 'HEAD~1')).toEqual({
      status: 0,
      stdout: `${FILE} is the version of ${commitId.slice(0, 12)} again\n  1 neutral: write: task: Write it → Write the note\n`,
      stderr: `Nothing is committed yet: git commit -m 'Revert note to ${commitId.slice(0, 12)}' -- '${FILE}'\n`,
    })
    expect([text(), repository.git('status', '--porcelain')]).toEqual([NOTE, ` M ${FILE}`])
    expect((await revert('note', 'HEAD~1')).stdout).toBe(
      `${FILE} is the version of ${commitId.slice(0, 12)} already\n`,
    )
  })

  test('finds it under the name that it had', async () => {
    repository.git('mv', FILE, '.codemie/workflows/memo.yaml')
    commit('Move', NOTE.replace('Plan a note', 'Plan it'), '.codemie/workflows/memo.yaml')
    expect((await revert('memo', 'HEAD~1')).status).toBe(0)
    expect(text('.codemie/workflows/memo.yaml')).toBe(NOTE)
  })

  test('refuses what would lose changes, what has errors, and what is not there', async () => {
    commit('Break', NOTE.replace('state_id: write', 'state_id: nowhere'))
    commit('Mend', NOTE.replace('Plan a note', 'Plan it'))
    repository.write(FILE, `${NOTE}# mine\n`)
    const refused = async (...args: string[]) => (await revert(...args)).stderr.split(':')[0]
    expect(await refused('note', 'HEAD~2')).toBe('error uncommitted-changes')
    expect(await refused('note', 'HEAD~1')).toBe('error definition-invalid')
    expect(await refused('note', 'nowhere')).toBe('error unknown-revision')
    expect(text()).toBe(`${NOTE}# mine\n`)
    expect((await revert('note', 'HEAD~2', '--force')).status).toBe(0)
    repository.write('.codemie/workflows/new.yaml', NOTE)
    expect(await refused('new', 'HEAD')).toBe('error not-in-revision')
  })
})

describe('runs of versions', () => {
  const LINE = `name: Line
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states: [{ id: one, assistant_id: a, task: First, next: { state_id: two } }, { id: two, assistant_id: a, task: Second, next: { state_id: end } }]
`
  const OLD = '.codemie/workflows/old.yaml'
  const NEW = '.codemie/workflows/new.yaml'

  test('are counted by the definition they were executed with, under every name of the file', async () => {
    bench.server.otherwise('fine')
    const w = bench.make({ workflows: { old: LINE, other: LINE } })
    const save = (message: string, path: string, text: string) => {
      w.write(path, text)
      w.git('add', '-A')
      w.git('commit', '-q', '-m', message)
    }
    const runs = async (workflow: string, status = 'succeeded') =>
      expect(await w.run(workflow, { model: 'm' })).toMatchObject({ status })
    const env = { ...w.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: bench.server.url }
    const list = async (...args: string[]) =>
      (await runInProcess(['versions', 'new', ...args], { cwd: w.root, env })).stdout
    await runs('old')
    await runs('other')
    bench.server.reply('fine', { status: 400, body: { error: { message: 'no' } } })
    await runs('old', 'failed')
    await runs('old')
    w.git('mv', OLD, NEW)
    save('Rename and wait', NEW, LINE.replace('id: two,', 'id: two, interrupt_before: true,'))
    await runs('new', 'paused')
    await runs('new', 'paused')
    await w.resume('latest')
    save('Not run', NEW, LINE.replace('First', 'Other'))
    w.write(NEW, LINE.replace('First', 'Not committed'))
    await runs('new')
    expect(told(await list())).toEqual([
      'Not run',
      '  1 widening, 1 neutral: two: pause before it: true → false; one: task: First → Other',
      'Rename and wait',
      '  1 narrowing: two: pause before it: false → true',
      '  2 runs, 100 % succeeded',
      `  before ${NEW} it was ${OLD}`,
      'Change',
      '  the first version',
      '  3 runs, 67 % succeeded',
      '1 run had a definition that none of its versions has, such as one that was not committed',
    ])
    expect(JSON.parse(await list('--json'))).toMatchObject({
      versions: [
        { runs: { total: 0, ended: 0, succeeded: 0 } },
        { runs: { total: 2, ended: 1, succeeded: 1 } },
        { runs: { total: 3, ended: 3, succeeded: 2 } },
      ],
      otherRuns: 1,
    })
    expect(told(await list('-n', '1')).at(-1)).toBe(
      '1 run had a definition that none of its versions has, such as one that was not committed',
    )
  })
})
