import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openProject } from '../../runner/project.ts'
import { realWorld } from '../../runner/world.ts'
import { eventsOfType, makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let project: TestProject | undefined

afterEach(() => {
  project?.remove()
  project = undefined
})

const ONE = `
enable_summarization_node: false
custom_nodes:
  - id: t
    custom_node_id: transform_node
    config: { mappings: [{ output_field: answer, type: constant, value: 42 }] }
states:
  - { id: s, custom_node_id: t, next: { state_id: end } }
`
const OUTPUT = '{"answer": 42}'

function make(plan: ProjectPlan = {}): TestProject {
  project = makeProject({ workflows: { w: ONE }, ...plan })
  return project
}

describe('a run in a repository', () => {
  test('without a commit works, and the record says that there is none', async () => {
    const w = make({ unborn: true })
    const run = await w.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: OUTPUT })
    const { manifest } = await w.read()
    expect(manifest.repository).toEqual({ branch: 'main', changedFiles: 1 })
    expect(w.git('log', '--format=%s', 'codemie/runs')).toBe(`w ${run.runId} succeeded`)
    expect(() => w.git('rev-parse', '--verify', '-q', 'HEAD')).toThrow()
  })

  test('with a detached head works, and names the commit alone', async () => {
    const w = make()
    w.git('checkout', '-q', '--detach')
    expect(await w.run('w')).toMatchObject({ status: 'succeeded' })
    expect((await w.read()).manifest.repository).toEqual({
      commit: w.git('rev-parse', 'HEAD'),
      changedFiles: 0,
    })
    expect(w.git('status', '--porcelain=v2', '--branch')).toContain('# branch.head (detached)')
  })

  test('with changes works, counts them, and leaves them and the index alone', async () => {
    const w = make({ files: { 'a.txt': 'a\n', 'b.txt': 'b\n' } })
    w.write('a.txt', 'changed\n')
    w.write('new file.txt', 'new\n')
    w.write('b.txt', 'staged\n')
    w.git('add', 'b.txt')
    const before = w.git('status', '--porcelain=v2')
    const run = await w.run('w')
    expect(run.status).toBe('succeeded')
    expect((await w.read()).manifest.repository).toMatchObject({ changedFiles: 3 })
    expect(w.git('status', '--porcelain=v2')).toBe(before)
  })

  test('whose working tree is on the branch of runs keeps the tree as it is', async () => {
    const w = make()
    await w.run('w')
    w.git('checkout', '-q', 'codemie/runs')
    w.write('.codemie/workflows/w.yaml', ONE)
    const run = await w.run('w')
    expect(run.status).toBe('succeeded')
    expect(w.git('status', '--porcelain')).toBe('?? .codemie/')
  })

  test('from a linked working tree keeps its runs with those of the others', async () => {
    const w = make()
    const beside = w.beside('linked')
    w.git('worktree', 'add', '-q', beside, '-b', 'side')
    const cli = await runInProcess(['run', 'w', '--json'], { cwd: beside, env: w.env })
    expect(cli.status).toBe(0)
    expect((await w.read()).manifest.repository).toMatchObject({ branch: 'side' })
  })

  test('with a merge under way, a locked index and a lock on refs of others does not mind', async () => {
    const w = make()
    writeFileSync(join(w.root, '.git/index.lock'), '')
    writeFileSync(join(w.root, '.git/MERGE_HEAD'), `${w.git('rev-parse', 'HEAD')}\n`)
    expect(await w.run('w')).toMatchObject({ status: 'succeeded' })
  })

  test('of the other hash works', async () => {
    const w = make()
    const other = w.beside('sha256')
    mkdirSync(other)
    execFileSync('git', ['init', '-q', '--object-format=sha256', '-b', 'main', other], { env: w.env })
    mkdirSync(join(other, '.codemie/workflows'), { recursive: true })
    writeFileSync(join(other, '.codemie/workflows/w.yaml'), ONE)
    expect((await runInProcess(['run', 'w'], { cwd: other, env: w.env })).status).toBe(0)
  })
})

describe('no repository', () => {
  test('is said with what to do, and exits 2', async () => {
    const w = make()
    const outside = w.beside('outside')
    mkdirSync(outside)
    const { status, stdout, stderr } = await runInProcess(['run', 'w'], { cwd: outside, env: w.env })
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `error no-repository: ${outside} is not inside a git repository\n  = help: Run \`git init\` here first, or change into a repository.\n`,
    })
  })

  test('but the inside of a bare one is said as such', async () => {
    const w = make()
    const bare = w.beside('bare.git')
    execFileSync('git', ['init', '-q', '--bare', bare], { env: w.env })
    const { status, stderr } = await runInProcess(['run', 'w'], { cwd: bare, env: w.env })
    expect(status).toBe(2)
    expect(stderr).toBe(
      `error bare-repository: ${bare} is a bare repository or the inside of a .git directory\n  = help: Runs need a working tree: use a clone, or \`git worktree add <path>\`.\n`,
    )
  })
})

describe('git itself', () => {
  test('that is missing is said so, and is no bug', async () => {
    const w = make()
    const { status, stderr } = await runInProcess(['run', 'w'], { cwd: w.root, env: { PATH: '/nowhere' } })
    expect(status).toBe(6)
    expect(stderr).toMatch(
      /^error git-failed: git \S+ could not be started: git was not found in PATH\n {2}= help: Install git, or put it into PATH\.\n$/,
    )
  })

  test('that finds the repository damaged is quoted, and is no bug', async () => {
    const w = make()
    writeFileSync(join(w.root, '.git/config'), '[core\nbroken')
    const { status, stderr } = await runInProcess(['run', 'w'], { cwd: w.root, env: w.env })
    expect(status).toBe(6)
    expect(stderr).toMatch(
      /^error git-failed: git \S+ ended with status 128: fatal: bad config line \d in file \.git\/config\n {2}= help: /,
    )
  })
})

describe('an input that the workflow cannot use', () => {
  const typed = `inputs:\n  n: { type: integer, required: true, minimum: 1, description: How many }\n${ONE}`

  test.each([
    ['is missing', [], 'error input-missing: '],
    ['has the wrong type', ['-i', 'n=many'], 'error input-invalid: '],
    ['is unknown', ['-i', 'n=1', '-i', 'm=2'], 'error input-unknown: '],
  ])('%s: status 2, and no run is begun', async (_name, args, words) => {
    const w = make({ workflows: { w: typed } })
    const { status, stderr } = await runInProcess(['run', 'w', ...args], { cwd: w.root, env: w.env })
    expect(status).toBe(2)
    expect(stderr).toContain(words)
    expect(w.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })
})

describe('a stored assistant', () => {
  test('that is not there is said before anything happens', async () => {
    const w = make({
      workflows: {
        w: 'enable_summarization_node: false\nassistants: [{ id: a, assistant_id: reviewer }]\nstates: [{ id: s, assistant_id: a, task: T, next: { state_id: end } }]\n',
      },
      env: { OPENAI_API_KEY: 'sk-test-0123456789' },
    })
    await expect(w.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      exitStatus: 2,
      message:
        ".codemie/workflows/w.yaml:2:14: Assistant 'a' refers to 'reviewer', and there is no .codemie/assistants/reviewer.yaml\n  Write that file, or make the assistant inline.",
    })
  })
})

describe('a config', () => {
  test('with an error stops every run, and says where', async () => {
    const w = make({ config: 'budgets:\n  usd: much\n' })
    await expect(w.run('w')).rejects.toMatchObject({
      code: 'config-invalid',
      exitStatus: 2,
      message: expect.stringMatching(/^\.codemie\/config\.yaml:2:8: /),
    })
  })

  test('and definitions behind a link that leads nowhere do not stop the others', async () => {
    const w = make()
    symlinkSync('nowhere.yaml', join(w.root, '.codemie/workflows/dangling.yaml'))
    const opened = await openProject(realWorld({ cwd: () => w.root, env: w.env }))
    expect((await opened.definitions()).map((definition) => definition.id)).toEqual(['w'])
    expect(eventsOfType(await w.run('w'), 'warning')).toEqual([])
  })
})
