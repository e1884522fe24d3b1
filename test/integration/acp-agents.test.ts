import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AgentProgress, AgentReply, AgentRequest } from '../../runner/agents/agent.ts'
import { Agents } from '../../runner/agents/agents.ts'
import type { AgentLimits } from '../../runner/agents/connection.ts'
import { StepFailure } from '../../runner/failure.ts'
import { AnswerFailure } from '../../runner/models/model-failure.ts'
import { isOnPath } from '../../runner/process/on-path.ts'
import { readConfig } from '../../schema/config.ts'

const NODE = process.execPath
const EXAMPLE = fileURLToPath(new URL('../helpers/acp-agent.mjs', import.meta.url))
const UNRULY = fileURLToPath(new URL('../helpers/acp-unruly-agent.mjs', import.meta.url))

let root = ''
let agents: Agents | undefined
let starts = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-acp-')))
  mkdirSync(join(root, 'src'))
  starts = join(root, 'starts')
})

afterEach(async () => {
  await agents?.close()
  agents = undefined
  rmSync(root, { recursive: true, force: true })
})

interface Scene {
  /** Keys of the agent in the config, as YAML. */
  readonly settings?: string
  /** Further keys of `policy`. */
  readonly policy?: string
  readonly env?: Readonly<Record<string, string>>
  readonly limits?: Partial<AgentLimits>
}

function open({ settings = '', policy = '', env = {}, limits = {} }: Scene = {}): Agents {
  const text = `policy: { agents: { "${NODE}": { env: [STARTS, AGENT_KEY] ${settings} } } ${policy} }\n`
  const { config, diagnostics } = readConfig({ file: 'config.yaml', text })
  if (!config) throw new Error(JSON.stringify(diagnostics))
  agents = new Agents({
    config,
    root,
    env: { PATH: process.env['PATH'], HOME: root, STARTS: starts, ...env },
    limits: { startMs: 20_000, cancelMs: 3000, lingerMs: 5000, ...limits },
  })
  return agents
}

type Deeds = readonly Readonly<Record<string, unknown>>[]

const example = (deeds: Deeds): AgentRequest['command'] => [NODE, EXAMPLE, JSON.stringify(deeds)]

interface Asked {
  readonly reply: AgentReply
  readonly heard: readonly AgentProgress[]
}

async function ask(
  command: readonly string[],
  scene: Scene & { readonly more?: Partial<AgentRequest>; readonly signal?: AbortSignal } = {},
): Promise<Asked> {
  const heard: AgentProgress[] = []
  const reply = await (agents ?? open(scene)).perform(
    { command, text: 'Do it.', ...scene.more },
    { signal: scene.signal ?? new AbortController().signal, onProgress: (piece) => heard.push(piece) },
  )
  return { reply, heard }
}

const askExample = (deeds: Deeds, scene?: Parameters<typeof ask>[1]) => ask(example(deeds), scene)
const askUnruly = (how: string, scene?: Parameters<typeof ask>[1]) => ask([NODE, UNRULY, how], scene)

async function failureOf(asked: Promise<Asked>): Promise<StepFailure> {
  const failure = await asked.then(
    ({ reply }) => new Error(`it answered: ${reply.text}`),
    (error: unknown) => error,
  )
  if (!(failure instanceof StepFailure)) throw failure
  return failure
}

const startsOf = () => (existsSync(starts) ? readFileSync(starts, 'utf8').trim().split('\n') : [])

function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0)
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('an agent', () => {
  test('says its answer in pieces, which are heard as they come', async () => {
    const { reply, heard } = await askExample([
      { think: 'hm' },
      { say: 'hel' },
      { tool: { title: 'Read a.txt', kind: 'read', status: 'completed' } },
      { say: 'lo' },
    ])
    expect(reply).toEqual({
      text: 'hello',
      stopReason: 'end_turn',
      toolCalls: [{ title: 'Read a.txt', kind: 'read', status: 'completed' }],
      usage: undefined,
      costUsd: undefined,
    })
    expect(heard).toEqual([{ text: 'hel' }, { tool: 'Read a.txt' }, { text: 'lo' }])
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('gets the prompt as it is, and works in the folder it is given', async () => {
    const { reply } = await askExample([{ echo: true }, { say: ' ' }, { folder: true }], {
      more: { text: 'Two\nlines "quoted"', cwd: 'src' },
    })
    expect(reply.text).toBe(`Two\nlines "quoted" ${join(root, 'src')} ${join(root, 'src')}`)
  })

  test('gets the variables of every program and those that the config names, and no others', async () => {
    const { reply } = await askExample(
      [
        { variable: 'HOME' },
        { say: ' ' },
        { variable: 'AGENT_KEY' },
        { say: ' ' },
        { variable: 'GITHUB_TOKEN' },
      ],
      { env: { AGENT_KEY: 'k1', GITHUB_TOKEN: 'ghs_secret_of_the_job' } },
    )
    expect(reply.text).toBe(`HOME=${root} AGENT_KEY=k1 GITHUB_TOKEN=`)
  })

  test('that tells a secret it was given tells it to nobody', async () => {
    const { reply } = await askExample([{ variable: 'AGENT_KEY' }], { env: { AGENT_KEY: 'very-secret-key' } })
    expect(reply.text).toBe('AGENT_KEY=[redacted]')
  })

  test('is offered no files of ours', async () => {
    const { reply } = await askExample([{ readFile: join(root, 'a.txt') }])
    expect(reply.text).toBe('["Method not found": fs/read_text_file]')
  })

  test('that says much in one go is heard to the end', async () => {
    const { reply } = await askUnruly('says all at once')
    expect(reply.text).toBe([...Array(100).keys()].map((n) => `${n} `).join(''))
  })

  test('that says nothing has answered', async () => {
    const { reply } = await askExample([])
    expect(reply.text).toBe('')
  })

  test('whose program is not in the config is not started', async () => {
    const failure = await failureOf(ask(['claude-agent-acp', '--fast']))
    expect(failure.toInfo()).toEqual({
      code: 'agent-not-allowed',
      blame: 'policy',
      message: `Agent 'claude-agent-acp --fast': the program is not allowed (allowed: ${NODE})`,
      help: 'Add it under policy.agents in .codemie/config.yaml: agents: { "claude-agent-acp": {} }.',
    })
  })

  test('works in no folder outside the repository, and in none that is not there', async () => {
    const outside = await failureOf(askExample([], { more: { cwd: '../elsewhere' } }))
    expect(outside).toMatchObject({ code: 'tool-refused', blame: 'policy' })
    const missing = await failureOf(askExample([], { more: { cwd: 'lib' } }))
    expect(missing.message).toMatch(/: there is no folder 'lib'$/)
    expect(startsOf()).toEqual([])
  })
})

describe('what an agent costs', () => {
  test('is what it tells last', async () => {
    const { reply } = await askExample([{ cost: 0.25 }, { say: 'x' }, { cost: 0.5 }])
    expect(reply).toMatchObject({ costUsd: 0.5, usage: undefined })
  })

  test('is told by Octomind in its own way', async () => {
    const usage = { session_cost: 0.75, input_tokens: 100, output_tokens: 20, cache_read_tokens: 5 }
    const { reply } = await askExample([{ octomind: usage }])
    expect(reply).toMatchObject({
      costUsd: 0.75,
      usage: { inputTokens: 100, outputTokens: 20, cachedInputTokens: 5 },
    })
  })

  test('counts from prompt to prompt where a session goes on', async () => {
    const command = example([{ cost: 0.5 }, { count: true }])
    const first = await ask(command, { more: { session: 'a' } })
    const second = await ask(command, { more: { session: 'a' } })
    expect([first.reply.costUsd, second.reply.costUsd]).toEqual([0.5, 0])
  })

  test('is paid for an answer that cannot be used, too', async () => {
    const failure = await failureOf(askExample([{ cost: 0.5 }, { stop: 'refusal' }]))
    expect(failure).toBeInstanceOf(AnswerFailure)
    expect(failure).toMatchObject({ costUsd: 0.5 })
  })
})

describe('an agent that asks for permission', () => {
  const cases: readonly (readonly [string, string, string, Record<string, unknown>, string])[] = [
    ['is denied by default', '', '', { kind: 'execute' }, 'no'],
    ['is allowed this once', ', permissions: allow', '', { kind: 'execute' }, 'yes'],
    ['is allowed by kind', ', permissions: { read: allow }', '', { kind: 'read' }, 'yes'],
    ['is denied another kind', ', permissions: { read: allow }', '', { kind: 'edit' }, 'no'],
    ['is denied what has no kind', ', permissions: { read: allow }', '', {}, 'no'],
    [
      'may read in the repository',
      ', permissions: allow',
      '',
      { kind: 'read', locations: [{ path: 'src/a' }] },
      'yes',
    ],
    [
      'may not read beside it',
      ', permissions: allow',
      '',
      { kind: 'read', locations: [{ path: '/etc/passwd' }] },
      'no',
    ],
    [
      'may not read the key store',
      ', permissions: allow',
      '',
      { kind: 'read', locations: [{ path: '.git/config' }] },
      'no',
    ],
    [
      'may not write where tools may not',
      ', permissions: allow',
      '',
      { kind: 'edit', locations: [{ path: 'src/a' }] },
      'no',
    ],
    [
      'may write where tools may',
      ', permissions: allow',
      ', write_paths: [src/**]',
      { kind: 'edit', locations: [{ path: 'src/a' }] },
      'yes',
    ],
    [
      'may not change the config under another name',
      ', permissions: allow',
      ', write_paths: ["**"]',
      { kind: 'other', content: [{ type: 'diff', path: '.codemie/config.yaml', newText: '' }] },
      'no',
    ],
    [
      'is cancelled where it offers no answer that fits',
      '',
      '',
      { kind: 'edit', options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_always' }] },
      'cancelled',
    ],
  ]
  test.each(cases)('%s', async (_name, settings, policy, call, answer) => {
    const { reply } = await askExample([{ ask: { title: 'Do it', ...call } }], { settings, policy })
    expect(reply.text).toBe(`[${answer}]`)
    const permission = answer === 'yes' ? 'allowed' : 'denied'
    expect(reply.toolCalls).toMatchObject([{ title: 'Do it', permission }])
    expect(reply.warnings?.map(({ code }) => code)).toEqual(answer === 'yes' ? undefined : ['agent-denied'])
  })

  test('is named with what it was denied', async () => {
    const { reply } = await askExample([{ ask: { title: 'rm -rf\n\u001b[31mdist', kind: 'execute' } }])
    expect(reply.warnings).toEqual([
      {
        code: 'agent-denied',
        message: 'It asked for what the config does not allow it, and was denied: rm -rf dist (execute)',
      },
    ])
  })
})

describe('a session that goes on', () => {
  test('is one program and one session, for prompts one after the other', async () => {
    const command = example([{ count: true }])
    const all = await Promise.all([1, 2, 3].map(() => ask(command, { more: { session: 'a' } })))
    expect(all.map(({ reply }) => reply.text)).toEqual(['1', '2', '3'])
    expect(startsOf()).toHaveLength(1)
    await agents?.close()
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('is another one under another name', async () => {
    const command = example([{ count: true }])
    const all = await Promise.all(['a', 'b'].map((session) => ask(command, { more: { session } })))
    expect(all.map(({ reply }) => reply.text)).toEqual(['1', '1'])
  })

  test('begins anew when its program has died, and says so', async () => {
    const command = example([{ dieOnce: 3 }, { count: true }])
    const failure = await failureOf(ask(command, { more: { session: 'a' } }))
    expect(failure.code).toBe('agent-died')
    const { reply } = await ask(command, { more: { session: 'a' } })
    expect(reply).toMatchObject({
      text: '1',
      warnings: [
        {
          code: 'agent-session-lost',
          message: `Agent '${command.join(' ')}' was started again for the session 'a', and does not know what was said in it before`,
        },
      ],
    })
  })
})

describe('an agent that', () => {
  const title = (how: string) => `Agent '${NODE} ${UNRULY} ${how}'`
  const failing: readonly (readonly [string, string, boolean, string])[] = [
    [
      'dies at once',
      'agent-not-started',
      false,
      'did not start: ended with exit code 3. Its last words: no model is configured',
    ],
    ['is new', 'agent-not-started', false, 'speaks version 2 of ACP, and not 1'],
    ['opens no session', 'agent-failed', false, 'opened no session'],
    ['wants a login', 'agent-not-logged-in', false, 'answered with an error: Authentication required'],
    [
      'dies half way',
      'agent-died',
      true,
      'ended with exit code 7 before it had answered. It had said: the first half. Its last words: out of memory, and my key is [redacted]',
    ],
    [
      'closes its output',
      'agent-died',
      true,
      'was stopped: it closed its output before it had answered. It had said: the first half',
    ],
    ['stops oddly', 'agent-stopped', true, "stopped with 'tired'"],
    ['answers nothing', 'agent-stopped', true, "stopped with 'undefined'"],
  ]
  test.each(failing)('%s is a failed attempt', async (how, code, retryable, message) => {
    const failure = await failureOf(askUnruly(how, { env: { AGENT_KEY: 'very-secret-key' } }))
    expect(failure).toMatchObject({ code, retryable, message: `${title(how)} ${message}` })
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('is not there is told so', async () => {
    const { config } = readConfig({
      file: 'config.yaml',
      text: 'policy: { agents: { no-such-agent: {} } }\n',
    })
    if (!config) throw new Error('the config is not valid')
    agents = new Agents({ config, root, env: {} })
    expect((await failureOf(ask(['no-such-agent', 'acp']))).toInfo()).toEqual({
      code: 'agent-not-started',
      blame: 'tool',
      message: "Agent 'no-such-agent acp' did not start: there is no such program",
      help: 'Install it in the job, or correct its command.',
    })
  })

  test.each([
    ['refusal', 'refused to answer'],
    ['max_tokens', 'hit its length limit'],
    ['max_turn_requests', 'asked its model too often'],
    ['cancelled', 'cancelled its turn'],
  ])('stops with %s is a failed attempt that may be tried again', async (stop, why) => {
    const failure = await failureOf(askExample([{ say: 'I began.' }, { stop }]))
    expect(failure).toMatchObject({ code: 'agent-stopped', retryable: true })
    expect(failure.message).toMatch(new RegExp(`${why}\\. It had said: I began\\.$`))
  })

  test('fails with data beside the message is told with both', async () => {
    const failure = await failureOf(
      askExample([{ say: 'half' }, { fail: { data: { reason: 'no such model' } } }]),
    )
    expect(failure).toMatchObject({ code: 'agent-failed', retryable: true })
    expect(failure.message).toMatch(
      /answered with an error: Internal error: \{"reason":"no such model"\}\. It had said: half$/,
    )
  })

  test('fails and knows ways to log in is told how', async () => {
    const failure = await failureOf(askExample([{ login: true }, { fail: { data: 'no key' } }]))
    expect(failure.help).toBe(
      'It may want somebody to log in (API key): do so where it runs, or name the variable that holds its key under env of the agent, policy.agents in .codemie/config.yaml.',
    )
  })

  test('is noisy is heard all the same', async () => {
    const { reply } = await askUnruly('is noisy')
    expect(reply.text).toBe('heard')
  })

  test('is old and gives its version as text is asked all the same', async () => {
    const { reply } = await askUnruly('is old')
    expect(reply.text).toBe('hello')
  })

  test('floods is cut', async () => {
    const { reply } = await askUnruly('floods')
    expect(Buffer.byteLength(reply.text)).toBe(1024 * 1024)
    expect(reply.warnings).toEqual([
      { code: 'agent-output-cut', message: 'Its answer was cut after 1048576 bytes' },
    ])
  })

  test('lingers after its answer is ended, and the answer stays', async () => {
    const { reply } = await askUnruly('lingers', { limits: { lingerMs: 50 } })
    expect(reply.text).toBe('done')
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('never gets ready is given up', async () => {
    const failure = await failureOf(askUnruly('never gets ready', { limits: { startMs: 500 } }))
    expect(failure).toMatchObject({ code: 'agent-timeout', retryable: true })
    expect(failure.message).toBe(`${title('never gets ready')} was not ready within 500 ms`)
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('never answers is asked to stop, and ended', async () => {
    const failure = await failureOf(
      askUnruly('hears nothing', { limits: { cancelMs: 50 }, more: { timeoutMs: 700 } }),
    )
    expect(failure).toMatchObject({ code: 'agent-timeout', retryable: true })
    expect(failure.message).toBe(`${title('hears nothing')} did not answer within 700 ms. It had said: wait`)
    expect(startsOf().filter(isAlive)).toEqual([])
  })
})

describe('when the run is aborted', () => {
  test('an agent that is asked is told to stop, and gone', async () => {
    const abort = new AbortController()
    const asked = (agents ?? open()).perform(
      { command: example([{ say: 'go' }, { wait: true }]), text: '' },
      { signal: abort.signal, onProgress: () => abort.abort(new Error('enough')) },
    )
    await expect(asked).rejects.toThrow('enough')
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('an agent that does not listen is gone within 4 seconds', async () => {
    const abort = new AbortController()
    let at = 0
    const asked = (agents ?? open({ limits: { cancelMs: 100 } })).perform(
      { command: [NODE, UNRULY, 'hears nothing'], text: '' },
      {
        signal: abort.signal,
        onProgress: () => {
          at = Date.now()
          abort.abort(new Error('enough'))
        },
      },
    )
    await expect(asked).rejects.toThrow('enough')
    expect(Date.now() - at).toBeLessThan(4000)
    expect(startsOf().filter(isAlive)).toEqual([])
  })

  test('an agent that is not ready yet is gone', async () => {
    const abort = new AbortController()
    const asked = open().perform(
      { command: [NODE, UNRULY, 'never gets ready'], text: '' },
      { signal: abort.signal },
    )
    setTimeout(() => abort.abort(new Error('enough')), 200)
    await expect(asked).rejects.toThrow('enough')
    expect(startsOf().filter(isAlive)).toEqual([])
  })
})

describe('Octomind itself', () => {
  test('answers as an agent', async ({ skip }) => {
    skip(!isOnPath('octomind', process.env), 'there is no program octomind on the PATH')
    const text = 'policy: { agents: { octomind acp: {} } }\n'
    const { config } = readConfig({ file: 'config.yaml', text })
    if (!config) throw new Error('the config is not valid')
    agents = new Agents({ config, root, env: { PATH: process.env['PATH'], HOME: root } })
    const command = ['octomind', 'acp', 'developer']
    // Without a key it cannot answer, and says so in the protocol.
    const outcome = await ask(command).catch((error: unknown) => error)
    if (outcome instanceof Error) {
      expect(outcome).toBeInstanceOf(StepFailure)
      expect((outcome as StepFailure).code).toMatch(/^agent-(failed|not-logged-in|not-started|died)$/)
    } else expect(outcome).toMatchObject({ reply: { stopReason: 'end_turn' } })
  })
})
