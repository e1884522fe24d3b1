import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TestProject } from '../helpers/project.ts'
import { type CliResult, runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const cli = (w: TestProject, ...argv: string[]): Promise<CliResult> =>
  runInProcess(argv, {
    cwd: w.root,
    env: { ...w.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url },
  })
const asked = () =>
  bench.server.requests.map(
    ({ body, lastUserMessage }) =>
      `${body.messages[0].content}: ${lastUserMessage.replace('\nCurrent task:', '')}`,
  )

const FOLDER = '.codemie/workflows'
const HEAD = 'enable_summarization_node: false\n'
const MAIN = `${HEAD}assistants: [{ id: a, assistant_id: helper }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, workflow_id: part, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, next: { state_id: end } }
`
const PART = `${HEAD}assistants: [{ id: a, system_prompt: Part }]
states: [{ id: inner, assistant_id: a, task: Inside, next: { state_id: end } }]
`
const HELPER = '.codemie/assistants/helper.yaml'

function commit(w: TestProject, message: string, files: Readonly<Record<string, string>> = {}): string {
  for (const [path, text] of Object.entries(files)) w.write(path, text)
  w.git('add', '-A')
  w.git('commit', '-q', '-m', message)
  return w.git('rev-parse', 'HEAD')
}

/** `main` with what it calls and a stored assistant, tagged v1; since then all three changed, and the first is called otherwise. */
function moved(main = MAIN): { readonly w: TestProject; readonly v1: string } {
  bench.server.otherwise((request) => `to ${request.lastUserMessage}`)
  const w = bench.make({
    workflows: { main, part: PART },
    files: { [HELPER]: 'system_prompt: Helper of then\n' },
  })
  w.git('tag', 'v1')
  mkdirSync(join(w.root, FOLDER, 'team'))
  w.git('mv', `${FOLDER}/main.yaml`, `${FOLDER}/team/big.yaml`)
  commit(w, 'Move', {
    [`${FOLDER}/team/big.yaml`]: main.replace('First', 'Changed'),
    [`${FOLDER}/part.yaml`]: PART.replace('Inside', 'Otherwise'),
    [HELPER]: 'system_prompt: Helper of now\n',
  })
  return { w, v1: w.git('rev-parse', 'v1') }
}

describe('run <workflow>@<revision>', () => {
  test('takes the definition, what it calls and its assistants from the commit, under the name of now', async () => {
    const { w, v1 } = moved()
    expect(await cli(w, 'run', 'big@v1')).toMatchObject({ status: 0, stdout: 'to Third\n' })
    expect(asked()).toEqual(['Helper of then: First', 'Part: Inside', 'Helper of then: Third'])
    const { manifest, files } = await w.read()
    expect(manifest).toMatchObject({
      workflow: {
        id: 'main',
        file: `${FOLDER}/main.yaml`,
        blob: w.git('rev-parse', `v1:${FOLDER}/main.yaml`),
        revision: v1,
        calls: [{ file: `${FOLDER}/part.yaml`, blob: w.git('rev-parse', `v1:${FOLDER}/part.yaml`) }],
      },
      repository: { commit: w.git('rev-parse', 'HEAD'), changedFiles: 0 },
    })
    expect((await cli(w, 'show', 'latest')).stdout).toContain(
      `  workflow  ${FOLDER}/main.yaml of commit ${v1.slice(0, 12)}\n  commit    ${w.git('rev-parse', 'HEAD').slice(0, 12)} (main)\n`,
    )
    expect(Buffer.from(files.get('README.md') ?? []).toString()).toContain(
      `| Workflow | \`${FOLDER}/main.yaml\` (\`${manifest.workflow.blob.slice(0, 12)}\`) as of commit \`${v1.slice(0, 12)}\` |`,
    )
  })

  test('is verified against that commit, whatever the working tree holds', async () => {
    const { w } = moved()
    w.write('other.txt', 'not committed')
    await cli(w, 'run', 'big@v1')
    expect(await cli(w, 'verify')).toMatchObject({
      status: 0,
      stdout: '✓ 1 record verified, 1 compared with the commit they ran on\n',
    })
  })

  test('a workflow that is gone since, and one of another branch', async () => {
    const { w } = moved()
    w.git('rm', '-q', `${FOLDER}/part.yaml`)
    commit(w, 'Remove')
    expect(await cli(w, 'run', 'part@HEAD~1')).toMatchObject({ status: 0, stdout: 'to Otherwise\n' })
    w.git('checkout', '-q', '-b', 'side')
    commit(w, 'Only here', { [`${FOLDER}/side.yaml`]: PART })
    w.git('checkout', '-q', 'main')
    expect(await cli(w, 'run', 'side@side')).toMatchObject({ status: 0, stdout: 'to Inside\n' })
  })

  test('plan and graph show the definition of the commit', async () => {
    const { w } = moved()
    expect((await cli(w, 'plan', 'big@v1')).stdout).toContain('First')
    expect((await cli(w, 'plan', 'big')).stdout).not.toContain('First')
    w.write(`${FOLDER}/team/big.yaml`, MAIN.replaceAll('three', 'last'))
    expect((await cli(w, 'graph', 'big@HEAD')).stdout).toContain('three')
    expect((await cli(w, 'graph', 'big')).stdout).not.toContain('three')
  })

  test('a name with an @ that exists goes before, and a revision can have one', async () => {
    const { w } = moved()
    commit(w, 'Odd name', { [`${FOLDER}/big@v1.yaml`]: PART })
    expect((await cli(w, 'run', 'big@v1')).stdout).toBe('to Inside\n')
    expect((await cli(w, 'run', 'big@v1@HEAD')).stdout).toBe('to Inside\n')
    expect((await cli(w, 'graph', 'part@main@{0}')).status).toBe(0)
  })

  test('refuses an unknown revision, one without it, and one where it has errors', async () => {
    const { w } = moved()
    const broken = commit(w, 'Break', {
      [`${FOLDER}/new.yaml`]: PART.replace('assistant_id: a', 'assistant_id: b'),
    })
    commit(w, 'Mend', { [`${FOLDER}/new.yaml`]: PART })
    const refused = async (name: string) => (await cli(w, 'run', name)).stderr
    expect(await refused('big@nowhere')).toMatch(
      /^error unknown-revision: There is no revision 'nowhere' here\n/,
    )
    expect(await refused('new@v1')).toMatch(
      /^error not-in-revision: \.codemie\/workflows\/new\.yaml is not in v1, by this name or an earlier one\n/,
    )
    expect(await refused('never@v1')).toMatch(
      /^error not-in-revision: There is no workflow 'never', neither here nor in v1\n/,
    )
    expect(await refused('new@HEAD~1')).toContain(
      `✗ ${FOLDER}/new.yaml of commit ${broken.slice(0, 12)} cannot run: 1 error\n`,
    )
    expect(await refused('@v1')).toMatch(/^error unknown-workflow: /)
    const { runs } = JSON.parse((await cli(w, 'runs', '--json')).stdout)
    expect(runs).toEqual([])
  })

  test('a shallow clone says why the revision, or the name of then, is not there', async () => {
    const { w, v1 } = moved()
    const clone = w.beside('shallow')
    w.git('clone', '-q', '--depth=1', `file://${w.root}`, clone)
    const refused = async (name: string) =>
      (await runInProcess(['plan', name], { cwd: clone, env: w.env })).stderr.replaceAll('\n', ' ')
    expect(await refused(`big@${v1}`)).toContain('this clone is shallow, and `git fetch --unshallow` brings')
    w.git('-C', clone, 'fetch', '-q', '--depth=1', 'origin', 'tag', 'v1')
    expect(await refused('big@v1')).toContain(
      'This clone is shallow, so names that it had before are not known',
    )
  })
})

describe('a run of an earlier version', () => {
  const WAITS = MAIN.replace('id: three,', 'id: three, interrupt_before: true,')

  test('goes on with it, and is done again with it, although the working tree has another', async () => {
    const { w, v1 } = moved(WAITS)
    expect((await cli(w, 'run', 'big@v1')).status).toBe(3)
    expect(await cli(w, 'resume', 'latest')).toMatchObject({ status: 0, stdout: 'to Third\n' })
    const { runId } = JSON.parse((await cli(w, 'rerun', 'latest', '--json')).stdout)
    await cli(w, 'resume', runId)
    expect(asked().slice(3)).toEqual(['Helper of then: First', 'Part: Inside', 'Helper of then: Third'])
    expect((await w.read(runId)).manifest.workflow.revision).toBe(v1)
    expect((await cli(w, 'verify')).stdout).toBe(
      '✓ 2 records verified, 2 compared with the commit they ran on\n',
    )
  })

  test('takes up the definition of now when that is accepted, and stays verifiable', async () => {
    const { w, v1 } = moved(WAITS)
    const { runId } = JSON.parse((await cli(w, 'run', 'big@v1', '--json')).stdout)
    w.git('mv', `${FOLDER}/team/big.yaml`, `${FOLDER}/main.yaml`)
    commit(w, 'Back')
    expect((await cli(w, 'resume', runId, '--accept-changes')).status).toBe(3)
    expect((await cli(w, 'resume', runId)).status).toBe(0)
    expect(asked().at(-1)).toBe('Helper of now: Third')
    expect((await cli(w, 'show', runId)).stdout).toContain(`of commit ${v1.slice(0, 12)}, in the beginning\n`)
    expect((await cli(w, 'verify')).stdout).toBe(
      '✓ 1 record verified, 1 compared with the commit they ran on\n',
    )
  })
})

test('a run that repeats one of an earlier definition is no forgery', async () => {
  bench.server.otherwise('answer')
  const w = bench.make({ workflows: { part: PART } })
  await cli(w, 'run', 'part')
  commit(w, 'Change', { [`${FOLDER}/part.yaml`]: PART.replace('Inside', 'Otherwise') })
  expect((await cli(w, 'rerun', 'latest')).status).toBe(0)
  expect(await cli(w, 'verify')).toMatchObject({
    status: 0,
    stdout: '✓ 2 records verified, 1 compared with the commit they ran on\n',
  })
})
