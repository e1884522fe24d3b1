import { existsSync, readFileSync, symlinkSync, watch } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { eventsOfType, makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'

let project: TestProject | undefined

afterEach(() => {
  project?.remove()
  project = undefined
})

/** A transform that works, then a tool state that does what `args` say. */
function projectOf(
  tool: string,
  args: string,
  more: ProjectPlan & { readonly state?: string } = {},
): TestProject {
  const { state = '', ...plan } = more
  project = makeProject({
    workflows: {
      w: `
enable_summarization_node: false
retry_policy: { max_attempts: 2 }
custom_nodes:
  - id: before
    custom_node_id: transform_node
    config: { mappings: [{ output_field: ready, type: constant, value: true }] }
tools:
  - { id: t, tool: ${tool}, tool_args: ${args} }
states:
  - { id: before, custom_node_id: before, next: { state_id: act } }
  - { id: act, tool_id: t, ${state} next: { state_id: end } }
`,
    },
    ...plan,
  })
  return project
}

/** The run failed in the tool, after the transform; what is done is kept, and a resumption starts at the tool. */
async function expectFailure(
  running: TestProject,
  failure: Readonly<Record<string, unknown>>,
  exitStatus: number,
  tries: number,
): Promise<void> {
  const run = await running.run('w')
  expect(run.failure).toEqual(failure)
  expect([run.status, run.exitStatus]).toEqual(['failed', exitStatus])
  expect(eventsOfType(run, 'attempt-failed')).toHaveLength(tries)
  expect(await running.outputsOf()).toEqual({ before: '{"ready": true}' })
  const again = await running.resume('latest')
  expect(eventsOfType(again, 'step-reused').map((event) => event.path)).toEqual(['before'])
}

describe('a tool that', () => {
  test('hangs is stopped', async () => {
    const running = projectOf('run_command', '{ command: sh, args: [-c, "sleep 61 & sleep 61"] }', {
      config: 'policy: { commands: [sh] }\n',
      state: 'timeout: 0.3,',
    })
    await expectFailure(
      running,
      {
        code: 'step-timeout',
        blame: 'tool',
        message: "Step 'act' did not finish within 300 ms",
        help: "Raise the state's 'timeout', or make the step smaller.",
      },
      1,
      2,
    )
  })

  test('hangs is cut off by an interruption, and the run can go on', async () => {
    const stop = new AbortController()
    const running = projectOf(
      'run_command',
      '{ command: sh, args: [-c, "test -e go || { touch started; sleep 62; }"] }',
      { config: 'policy: { commands: [sh] }\n' },
    )
    const watcher = watch(running.root, (_event, name) => {
      if (name === 'started') stop.abort(new Error('stop'))
    })
    const run = await running.run('w', { signal: stop.signal })
    watcher.close()
    expect(run).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    running.write('go', '')
    expect(await running.resume('latest')).toMatchObject({ status: 'succeeded' })
  })

  test('floods is cut, told so, and its output stays within the limit', async () => {
    const running = projectOf('run_command', '{ command: sh, args: [-c, "yes flood | head -c 3000000"] }', {
      config: 'policy: { commands: [sh] }\n',
    })
    const run = await running.run('w')
    expect(run.status).toBe('succeeded')
    const { act = '' } = await running.outputsOf()
    expect(act.length).toBeLessThan(1_400_000)
    expect(JSON.parse(act).stdout).toMatch(/\[cut here: \d+ more bytes\]$/)
  })

  test('fails is named with its exit code and its own words', async () => {
    await expectFailure(
      projectOf('run_command', '{ command: sh, args: [-c, "echo no such thing >&2; exit 3"] }', {
        config: 'policy: { commands: [sh] }\n',
      }),
      {
        code: 'tool-failed',
        blame: 'tool',
        message: 'run_command: "sh" ended with exit code 3: no such thing',
        help: 'Set "allow_failure": true to get the exit code and the output as a result.',
      },
      1,
      1,
    )
  })

  test('is a program that nobody allowed is refused by policy', async () => {
    await expectFailure(
      projectOf('run_command', '{ command: curl http://example.test }'),
      {
        code: 'tool-refused',
        blame: 'policy',
        message: 'run_command: the program "curl" is not allowed (allowed: none)',
        help: 'Add "curl" to policy.commands in .codemie/config.yaml.',
      },
      5,
      1,
    )
  })

  test('connects to a host that nobody allowed is refused by policy', async () => {
    const run = await projectOf('http_request', '{ url: "http://169.254.169.254/latest/meta-data" }').run('w')
    expect(run).toMatchObject({ status: 'failed', exitStatus: 5, failure: { blame: 'policy' } })
    expect(run.failure?.message).toContain('169.254.169.254')
  })
})

describe('a tool that writes outside of the repository', () => {
  test.each([
    ['by a path that climbs', '{ path: ../escaped.txt, content: x }', '"../escaped.txt" contains ".."'],
    [
      'by an absolute path',
      '{ path: /tmp/codemie-escaped.txt, content: x }',
      '"/tmp/codemie-escaped.txt" is outside the repository',
    ],
    [
      'through a link',
      '{ path: link/escaped.txt, content: x }',
      '"link" leaves the repository through a symbolic link',
    ],
    ['into .git', '{ path: .git/hooks/post-commit, content: x }', '".git/hooks/post-commit" leads into .git'],
  ])('%s fails the step and writes nothing', async (_name, args, words) => {
    const running = projectOf('write_file', args, { config: 'policy: { write_paths: ["**"] }\n' })
    symlinkSync('..', join(running.root, 'link'))
    const run = await running.run('w')
    expect(run.status).toBe('failed')
    expect(run.exitStatus).toBe(5)
    expect(run.failure).toEqual({
      code: 'tool-refused',
      blame: 'policy',
      message: `write_file: argument "path": ${words}`,
      help: 'Give a path inside the repository, relative to its root, e.g. "src/index.ts".',
    })
    expect(existsSync(running.beside('escaped.txt'))).toBe(false)
    expect(existsSync('/tmp/codemie-escaped.txt')).toBe(false)
    expect(existsSync(join(running.root, '.git/hooks/post-commit'))).toBe(false)
    expect(await running.outputsOf()).toEqual({ before: '{"ready": true}' })
  })

  test('inside of it is fine where the policy says so, and the record stays off the working tree', async () => {
    const running = projectOf('write_file', '{ path: out/report.md, content: Hi }', {
      config: 'policy: { write_paths: ["out/**"] }\n',
    })
    expect(await running.run('w')).toMatchObject({ status: 'succeeded' })
    expect(readFileSync(join(running.root, 'out/report.md'), 'utf8')).toBe('Hi')
    expect(running.git('status', '--porcelain')).toBe('?? out/')
  })
})

describe('a workflow that names', () => {
  test('a tool that is not there is refused before anything happens', async () => {
    const running = projectOf('read_fil', '{ path: a }')
    await expect(running.run('w')).rejects.toMatchObject({
      code: 'not-runnable',
      exitStatus: 2,
      message:
        '.codemie/workflows/w.yaml:12:11: There is no tool "read_fil" here\n  Did you mean "read_file"? To let another tool stand for it, write tools: { read_fil: { use: <tool> } } in .codemie/config.yaml.',
      help: '`codemie-ci plan w` shows what the workflow needs.',
    })
    expect(running.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })

  test('wrong arguments is told which', async () => {
    const run = await projectOf('read_file', '{ pth: a.txt }').run('w')
    expect(run).toMatchObject({
      status: 'failed',
      failure: { code: 'tool-arguments-invalid', blame: 'workflow' },
    })
    expect(run.failure?.message).toContain('path')
  })
})
