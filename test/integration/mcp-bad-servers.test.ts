import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { eventsOfType, makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'

const SERVER = fileURLToPath(new URL('../helpers/mcp-server.mjs', import.meta.url))
const NODE = process.execPath

let project: TestProject | undefined

afterEach(() => {
  project?.remove()
  project = undefined
})

interface Scene extends ProjectPlan {
  /** How the server starts. Default: well. */
  readonly how?: string
  /** Further keys of `mcp` in the config. */
  readonly settings?: string
  /** Further keys of the server in the config. */
  readonly server?: string
  /** Further keys of the tools. */
  readonly tool?: string
}

/** A workflow that calls tools of the unruly server one after the other; each call is a tool with its arguments. */
function projectOf(calls: readonly (readonly [string, string?])[], scene: Scene = {}): TestProject {
  const { how = 'well', settings = '', server = '', tool = '', ...plan } = scene
  const tools = calls.map(
    ([name, args = '{}'], index) =>
      `  - { id: t${index}, tool: ${name}, tool_args: ${args}, ${tool} mcp_server: { name: unruly, mcp_config_id: unruly } }`,
  )
  const states = calls.map((_, index) => {
    const next = index + 1 < calls.length ? `s${index + 1}` : 'end'
    return `  - { id: s${index}, tool_id: t${index}, next: { state_id: ${next} } }`
  })
  const made = makeProject({
    workflows: {
      w: `enable_summarization_node: false\nretry_policy: { max_attempts: 3 }\ntools:\n${tools.join('\n')}\nstates:\n${states.join('\n')}\n`,
    },
    ...plan,
    config: 'placeholder: true\n',
  })
  project = made
  const env = '{ STARTS: STARTS, CHANGED: CHANGED }'
  made.write(
    '.codemie/config.yaml',
    `mcp:\n  allowed_commands: ["${NODE}"]\n  ${settings}\n  servers:\n    unruly: { command: "${NODE}", args: ["${SERVER}", ${how}], env: ${env} ${server} }\n`,
  )
  return {
    ...made,
    run: (workflow, options) =>
      made.run(workflow, { ...options, env: { ...envOf(made), ...plan.env, ...options?.env } }),
    resume: (run, options) =>
      made.resume(run, { ...options, env: { ...envOf(made), ...plan.env, ...options?.env } }),
  }
}

function envOf(made: TestProject): Record<string, string> {
  return { STARTS: join(made.root, '.git', 'starts'), CHANGED: join(made.root, '.git', 'changed') }
}

/** Process ids of the server's starts. */
function startsOf(made: TestProject): readonly string[] {
  const file = join(made.root, '.git', 'starts')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0)
    // A process that has ended and that nobody asked after yet is none.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('a server that', () => {
  test('does not start is named with its command, its exit code and its last words', async () => {
    const running = projectOf([['say', '{ words: hi }']], { how: 'badly' })
    const run = await running.run('w')
    expect(run).toMatchObject({ status: 'failed', exitStatus: 1 })
    expect(run.failure).toEqual({
      code: 'mcp-server-not-started',
      blame: 'tool',
      message: `MCP server 'unruly' did not start: ${NODE} ${SERVER} badly: ended with exit code 3. Its last words: reading the settings no settings.json here`,
      help: 'Install it in the job, or correct how it is started.',
    })
    expect(startsOf(running)).toHaveLength(1)
  })

  test('is a program that is not there is told so', async () => {
    const running = projectOf([['say']])
    running.write(
      '.codemie/config.yaml',
      'mcp: { allowed_commands: [no-such-server], servers: { unruly: { command: no-such-server } } }\n',
    )
    const run = await running.run('w')
    expect(run.failure?.message).toBe(
      "MCP server 'unruly' did not start: no-such-server: there is no such program",
    )
  })

  test('never gets ready is given up after the time that the config gives it', async () => {
    const running = projectOf([['say']], { how: 'never', settings: 'start_timeout_seconds: 0.5' })
    const run = await running.run('w')
    expect(run.failure).toEqual({
      code: 'tool-timeout',
      blame: 'tool',
      message: `MCP server 'unruly' was not ready within 500 ms: ${NODE} ${SERVER} never`,
      help: 'Raise mcp.start_timeout_seconds in .codemie/config.yaml.',
    })
    expect(eventsOfType(run, 'attempt-failed')).toHaveLength(3)
    expect(startsOf(running).filter(isAlive)).toEqual([])
  })

  test('greets on its output and fills its error stream is heard all the same', async () => {
    const run = await projectOf([['say', '{ words: hi }']], { how: 'noisily' }).run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'hi' })
  })

  test('dies during a call fails that attempt, and is started once more', async () => {
    const running = projectOf([['die']])
    const run = await running.run('w')
    expect(eventsOfType(run, 'attempt-failed').map(({ failure }) => failure.message)).toEqual([
      "MCP server 'unruly' ended with exit code 7 while 'die' was called. Its last words: out of memory",
      "MCP server 'unruly' ended with exit code 7 while 'die' was called. Its last words: out of memory",
      "MCP server 'unruly' ended twice before it answered anything, and is not started again",
    ])
    expect(run.failure).toMatchObject({ code: 'mcp-server-died', blame: 'tool' })
    expect(startsOf(running)).toHaveLength(2)
  })

  test('dies between two calls is started again for the second', async () => {
    const running = projectOf([['die_later'], ['say', '{ words: back }']])
    const run = await running.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'back' })
    expect(startsOf(running)).toHaveLength(2)
  })

  test('floods is cut, and its output says so', async () => {
    const running = projectOf([['flood'], ['say', '{ words: still here }']])
    const run = await running.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'still here' })
    const { s0 = '' } = await running.outputsOf()
    expect(s0.length).toBeLessThan(1_100_000)
    expect(eventsOfType(run, 'step-finished')[0]?.output).toMatch(
      /flood\n?.*\[cut here: 52951424 more bytes\]$/s,
    )
  })

  test('sends a message without an end is stopped', async () => {
    const running = projectOf([['never_end']])
    const run = await running.run('w')
    expect(run.failure?.code).toBe('mcp-server-died')
    expect(eventsOfType(run, 'attempt-failed')[0]?.failure.message).toBe(
      "MCP server 'unruly' was stopped: it sent a message of more than 64 MiB while 'never_end' was called",
    )
    expect(startsOf(running).filter(isAlive)).toEqual([])
  })

  test('hangs in a call is named after the time that the config gives it', async () => {
    const running = projectOf([['hang']], { settings: 'call_timeout_seconds: 0.3' })
    const run = await running.run('w')
    expect(run.failure).toEqual({
      code: 'tool-timeout',
      blame: 'tool',
      message: "MCP server 'unruly': 'hang' took longer than 300 ms",
      help: 'Raise mcp.call_timeout_seconds in .codemie/config.yaml.',
    })
    expect(eventsOfType(run, 'attempt-failed')).toHaveLength(3)
    expect(startsOf(running)).toHaveLength(1)
    expect(startsOf(running).filter(isAlive)).toEqual([])
  })

  test('says that a call failed fails the state', async () => {
    const run = await projectOf([['fail']]).run('w')
    expect(run).toMatchObject({
      exitStatus: 1,
      failure: { code: 'tool-failed', message: "MCP server 'unruly': 'fail' failed: no such issue" },
    })
  })

  test('has started a program of its own is ended together with it', async () => {
    const running = projectOf([['start_child']])
    const { output = '' } = await running.run('w')
    expect([output, ...startsOf(running)].filter(isAlive)).toEqual([])
  })

  test('is at work when the run is interrupted is ended, and the run can go on', async () => {
    const stop = new AbortController()
    const running = projectOf([['say', '{ words: done }'], ['hang']])
    const run = await running.run('w', {
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type === 'step-started' && event.path === 's1')
          setImmediate(() => stop.abort(new Error('stop')))
      },
    })
    expect(run).toMatchObject({ status: 'interrupted', exitStatus: 130 })
    expect(startsOf(running).filter(isAlive)).toEqual([])
  })
})

describe('a server that changes its tools while the run is on', () => {
  const refused = {
    code: 'mcp-tool-changed',
    blame: 'policy',
    message: "MCP server 'unruly': 'say' is another tool since the run listed it, so it is not called",
    help: 'Look at what it does now. A new run takes the tools as they are.',
  }
  const warned = {
    code: 'mcp-tools-changed',
    message:
      "MCP server 'unruly' changed its tools while the run was on: 'say' changed, 'steal' is new. The run goes by those that it listed first",
  }

  test('and says so is reported once, and the changed tool is refused', async () => {
    const running = projectOf([['change'], ['look', '{ name: cwd }'], ['say', '{ words: x }']])
    const run = await running.run('w')
    expect(run).toMatchObject({ status: 'failed', exitStatus: 5, failure: refused })
    expect(eventsOfType(run, 'warning').map(({ code, message, path }) => ({ code, message, path }))).toEqual([
      { ...warned, path: 's1' },
    ])
  })

  test('and dies is found out when it is started again', async () => {
    const running = projectOf([['change_for_good'], ['die_later'], ['say', '{ words: x }']])
    expect(await running.run('w')).toMatchObject({ exitStatus: 5, failure: refused })
    expect(startsOf(running)).toHaveLength(2)
  })

  test('before the run is resumed is found out by what the run had listed', async () => {
    const running = projectOf([['look', '{ name: HOME }'], ['fail_until_changed'], ['say', '{ words: x }']])
    expect((await running.run('w')).failure?.code).toBe('tool-failed')
    running.write('.git/changed', '')
    const again = await running.resume('latest')
    expect(again).toMatchObject({ exitStatus: 5, failure: refused })
    expect(eventsOfType(again, 'step-finished').map(({ path }) => path)).toEqual(['s1'])
  })

  test('before a run is refused where the config pins them', async () => {
    const first = projectOf([['say', '{ words: x }']])
    await first.run('w')
    const [{ sha256 = '' } = {}] = (await first.read()).manifest.mcpServers ?? []
    first.remove()
    const running = projectOf([['say', '{ words: x }']], { server: `, tools_sha256: ${sha256}` })
    expect(await running.run('w')).toMatchObject({ status: 'succeeded' })
    running.write('.git/changed', '')
    const again = await running.run('w')
    expect(again).toMatchObject({ exitStatus: 5, failure: { code: 'mcp-tool-changed', blame: 'policy' } })
    expect(again.failure?.message).toBe(
      "MCP server 'unruly' has other tools than those that tools_sha256 in .codemie/config.yaml stands for",
    )
    expect(again.failure?.help).toMatch(/^Look at what they do now, and write tools_sha256: [0-9a-f]{64}$/)
  })

  test('but not the one that is called goes on', async () => {
    const running = projectOf([['change'], ['look', '{ name: STARTS }']])
    const run = await running.run('w')
    expect(run.status).toBe('succeeded')
    expect(eventsOfType(run, 'warning')).toHaveLength(1)
  })
})
