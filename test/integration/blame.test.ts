import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { NOTE_FILE as FILE, NOTE } from '../helpers/note-workflow.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { [FILE]: NOTE } })
})
afterEach(() => repository.remove())

const blame = (args: readonly string[], cwd = repository.root) =>
  runInProcess(['blame', ...args], { cwd, env: repository.env })
function commit(message: string, text?: string, file = FILE): void {
  if (text !== undefined) repository.write(file, text)
  repository.git('add', '-A')
  repository.git('commit', '-q', '-m', message)
}
/** `subject: words` of each line. */
async function told(state: string, workflow = 'note', cwd?: string): Promise<string[]> {
  const { stdout } = await blame([workflow, state], cwd)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, id, words] = /^([0-9a-f]{12}|not committed)(?: .{16} {2}Ann Tester)? {2}(.*)$/.exec(line) ?? []
      if (id === undefined) return line
      return `${id === 'not committed' ? id : repository.git('log', '-1', '--format=%s', id)}: ${words}`
    })
}
const REST = 'tokens of a tool’s output, what follows, its output, retries'

test('each aspect with the commit that last changed it, and in one line what came with the state', async () => {
  const one = NOTE.replace('Write the note', 'Write it')
  commit('Task', one)
  commit('Comment', `# Why\n${one}`)
  const two = one.replace('{ name: read_file }', '{ name: read_file }, { name: shell }')
  commit('Tools', two)
  commit('Other state', two.replace('Plan a note', 'Plan it'))
  const { stdout, stderr, status } = await blame(['note', 'write'])
  expect([status, stderr, stdout.replace(/^[0-9a-f]{12}/gm, '<commit>')]).toEqual([
    0,
    '',
    `<commit> 2023-11-14 22:13  Ann Tester  tools +shell
<commit> 2023-11-14 22:13  Ann Tester  task: Write the note → Write it
<commit> 2023-11-14 22:13  Ann Tester  added it: prompt, ${REST}
`,
  ])
  expect(await told('write')).toEqual([
    'Tools: tools +shell',
    'Task: task: Write the note → Write it',
    `Change: added it: prompt, ${REST}`,
  ])
})

test('through renames of the file and of the state, and a move', async () => {
  commit('Task', NOTE.replace('Write the note', 'Write it'))
  repository.git('mv', FILE, '.codemie/workflows/memo.yaml')
  const renamed = NOTE.replace('Write the note', 'Write it')
    .replaceAll('write }', 'author }')
    .replace('id: write', 'id: author')
  commit('Rename the file')
  commit('Rename the state', renamed, '.codemie/workflows/memo.yaml')
  commit('Tools', renamed.replace('read_file', 'shell'), '.codemie/workflows/memo.yaml')
  expect(await told('author', 'memo')).toEqual([
    'Tools: tools +shell −read_file',
    "Rename the state: was called 'write'",
    'Task: task: Write the note → Write it',
    `Change: added it: prompt, ${REST}`,
  ])
})

test('a revert is the change that set it', async () => {
  commit('Task', NOTE.replace('Write the note', 'Write it'))
  repository.git('revert', '--no-edit', 'HEAD')
  expect(await told('write')).toEqual([
    'Revert "Task": task: Write it → Write the note',
    `Change: added it: prompt, tools, ${REST}`,
  ])
})

test('a merge is blamed only for what none of its sides has', async () => {
  repository.git('checkout', '-q', '-b', 'side')
  commit('Side', NOTE.replace('Write the note', 'Write it'))
  repository.git('checkout', '-q', 'main')
  const model = NOTE.replace('system_prompt: You write.', 'system_prompt: You write., model: m')
  commit('Main', model)
  repository.git('merge', '-q', '--no-edit', '--no-commit', 'side')
  commit('Merge', model.replace('Write the note', 'Write it').replace('read_file', 'shell'))
  expect(await told('write')).toEqual([
    'Merge: tools +shell −read_file',
    'Side: task: Write the note → Write it',
    'Main: model: none → m',
    `Change: added it: prompt, ${REST}`,
  ])
})

test('versions with errors in between, and a workflow that was taken away and brought back', async () => {
  commit('Break', NOTE.replace('state_id: write', 'state_id: nowhere'))
  commit('Mend', NOTE.replace('Write the note', 'Write it'))
  repository.git('rm', '-q', FILE)
  commit('Remove')
  commit('Bring back', NOTE.replace('Write the note', 'Write it'))
  expect(await told('write')).toEqual([
    'Mend: task: Write the note → Write it (or a version before it that has errors)',
    `Change: added it: prompt, tools, ${REST}`,
  ])
})

test('a state that came later, another kind of work, and what is not committed', async () => {
  const more = (work: string) =>
    `${NOTE.replace('state_id: end', 'state_id: check')}  - { id: check, ${work}, next: { state_id: end } }\n`
  commit('Add', more('assistant_id: a, task: Check it'))
  commit('Call', `tools: [{ id: log, tool: git_log }]\n${more('tool_id: log')}`)
  repository.write(
    FILE,
    `tools: [{ id: log, tool: git_log }]\n${more('tool_id: log, interrupt_before: true')}`,
  )
  expect(await told('check')).toEqual([
    'not committed: pause before it: false → true',
    'Call: does something else: agent → tool',
    'Add: added it: what follows, its output, retries',
  ])
  repository.write('.codemie/workflows/new.yaml', NOTE)
  expect(await told('plan', 'new')).toEqual([`not committed: added it: task, prompt, tools, ${REST}`])
})

test('a shallow clone does not say who did what is older than it', async () => {
  commit('Task', NOTE.replace('Write the note', 'Write it'))
  commit('Tools', NOTE.replace('Write the note', 'Write it').replace('read_file', 'shell'))
  const clone = repository.beside('shallow')
  repository.git('clone', '-q', '--depth=2', `file://${repository.root}`, clone)
  expect(await told('write', 'note', clone)).toEqual([
    'Tools: tools +shell −read_file',
    `Task: or earlier; this is the oldest commit here: task, prompt, ${REST}`,
  ])
  expect((await blame(['note', 'write'], clone)).stderr).toBe(
    'This clone is shallow, so what is the same since its oldest commit may be older: `git fetch --unshallow` brings the rest.\n',
  )
})

test('for programs, and refusals', async () => {
  commit('Task', NOTE.replace('Write the note', 'Write it'))
  const { aspects, ...rest } = JSON.parse((await blame(['note', 'write', '--json'])).stdout)
  expect(rest).toEqual({ file: FILE, state: 'write' })
  expect(aspects[0]).toEqual({
    code: 'task-changed',
    aspect: 'task',
    isEmpty: false,
    how: 'changed',
    isUnsure: false,
    change: expect.objectContaining({ before: 'Write the note', after: 'Write it' }),
    by: {
      commit: repository.git('rev-parse', 'HEAD'),
      at: expect.any(String),
      author: 'Ann Tester',
      subject: 'Task',
      file: FILE,
    },
  })
  expect(await blame(['note', 'wirte'])).toEqual({
    status: 2,
    stdout: '',
    stderr: `error unknown-state: There is no state 'wirte' in ${FILE}\n  = help: Did you mean 'write'?\n`,
  })
  repository.write(FILE, NOTE.replace('state_id: write', 'state_id: nowhere'))
  expect((await blame(['note', 'write'])).stderr).toMatch(/^error definition-invalid: /)
})
