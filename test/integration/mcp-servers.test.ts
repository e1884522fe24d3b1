import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { startMcpHttpServer } from '../helpers/mcp-http-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { REFERENCE_SERVERS, startEverythingOverHttp } from '../helpers/reference-servers.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const UNRULY = fileURLToPath(new URL('../helpers/mcp-server.mjs', import.meta.url))
const NODE = process.execPath
const ALLOWED = `mcp: { allowed_commands: ["${NODE}"] }\n`

const bench = setUpWorkbench()
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** How a workflow writes a server that is started with node. */
function inline(entry: string, args: readonly string[] = [], more = ''): string {
  return `{ command: "${NODE}", args: ${JSON.stringify([entry, ...args])} ${more} }`
}

/** One tool state. */
function stateOf(tool: string, server: string, more = ''): string {
  return `tools: [{ id: t, tool: ${tool}, ${more} mcp_server: ${server} }]\nstates: [{ id: act, tool_id: t, next: { state_id: end } }]\n`
}

/** One agent state, with the keys of its assistant. */
function agentOf(keys: string): string {
  return `assistants: [{ id: a, system_prompt: P, ${keys} }]\nstates: [{ id: ask, assistant_id: a, task: Do it, next: { state_id: end } }]\n`
}

describe('a tool state with an MCP server', () => {
  test('calls one tool of the reference server, with arguments from the context as its schema wants them', async () => {
    const server = `{ name: all, config: ${inline(REFERENCE_SERVERS.everything)} }`
    const project = bench.projectOf(stateOf('get-sum', server, 'tool_args: { a: "{{ first }}", b: 2 },'), {
      config: ALLOWED,
    })
    const run = await project.run('w', { input: '{"first": "40"}' })
    expect(run).toMatchObject({ status: 'succeeded', output: 'The sum of 40 and 2 is 42.' })
    const { manifest } = await project.read()
    expect(manifest.mcpServers).toEqual([
      { server: 'all', tools: 13, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
  })

  test('takes the arguments that it does not write from the context, by the names of the parameters', async () => {
    const server = `{ name: all, config: ${inline(REFERENCE_SERVERS.everything)} }`
    const project = bench.projectOf(stateOf('echo', server), { config: ALLOWED })
    const run = await project.run('w', { input: '{"message": "hello", "other": 1}' })
    expect(run.output).toBe('Echo: hello')
  })

  test('can pick a value out of the result, and cut it', async () => {
    const server = `{ name: all, config: ${inline(REFERENCE_SERVERS.everything)} }`
    const picked = 'tool_args: { location: Chicago }, tool_result_json_pointer: /conditions,'
    const project = bench.projectOf(stateOf('get-structured-content', server, picked), { config: ALLOWED })
    expect((await project.run('w')).output).toBe('Light rain / drizzle')

    const small = `{ name: all, tools_tokens_size_limit: 5, config: ${inline(REFERENCE_SERVERS.everything)} }`
    const cut = bench.projectOf(
      stateOf('echo', small, 'tool_args: { message: "one two three four five six" },'),
      {
        config: ALLOWED,
      },
    )
    expect((await cut.run('w')).output).toMatch(/^Tool output is truncated\. Ratio limit\/used_tokens: /)
  })

  test('reads and writes the repository through the file server, and nothing outside of it', async () => {
    const args = `["${REFERENCE_SERVERS.filesystem}", "\${REPOSITORY}"]`
    const server = `{ name: files, config: { command: "${NODE}", args: ${args} } }`
    const files = { 'notes.txt': 'remember the milk\n' }
    const read = (path: string) =>
      bench.projectOf(stateOf('read_text_file', server, `tool_args: { path: ${path} },`), {
        files,
        config: ALLOWED,
      })
    const project = bench.projectOf(
      stateOf('read_text_file', server, 'tool_args: { path: "{{ root }}/notes.txt" },'),
      { files, config: ALLOWED },
    )
    const inside = await project.run('w', { input: JSON.stringify({ root: project.root }) })
    expect(inside.output).toBe('remember the milk\n')
    const outside = await read('/etc/passwd').run('w')
    expect(outside.failure?.message).toContain('Access denied - path outside allowed directories')
  })

  test('can start a server of the config in the repository', async () => {
    const project = bench.projectOf(
      stateOf('list_directory', '{ name: files, mcp_config_id: files }', 'tool_args: { path: docs },'),
      {
        files: { 'docs/a.md': '', 'docs/b.md': '' },
        config: `mcp: { allowed_commands: ["${NODE}"], servers: { files: { command: "${NODE}", args: ["${REFERENCE_SERVERS.filesystem}", .], cwd: repository } } }\n`,
      },
    )
    expect((await project.run('w')).output).toBe('[FILE] a.md\n[FILE] b.md')
  })

  test('describes what is no text, and falls back on structured content', async () => {
    const server = `{ name: unruly, config: ${inline(UNRULY)} }`
    const parts = bench.projectOf(stateOf('parts', server), { config: ALLOWED })
    expect((await parts.run('w')).output).toBe(
      'one\n[image of type image/png, 2048 bytes]\n[resource notes: file:///notes]\ntwo\n[resource file:///b of type application/zip, 3 bytes]',
    )
    const structured = bench.projectOf(
      stateOf('structured', server, 'tool_result_json_pointer: /issue/id,'),
      {
        config: ALLOWED,
      },
    )
    expect((await structured.run('w')).output).toBe('7')
  })

  test.each([
    [
      'a tool that it does not have',
      'sya',
      '',
      "MCP server 'unruly' has no tool 'sya'",
      'Did you mean "say"?',
    ],
    [
      'a tool that it may not offer',
      'say',
      'tools: [look, names],',
      "MCP server 'unruly' has no tool 'say'",
      'Tools: look, names.',
    ],
    [
      'arguments that do not fit',
      'say',
      '',
      'unruly/say: the arguments do not fit: "times" must be integer',
      'unruly/say takes words (string), optional; times (integer), optional.',
    ],
  ])('is told of %s', async (_situation, tool, keys, message, help) => {
    const server = `{ name: unruly, ${keys} config: ${inline(UNRULY)} }`
    const run = await bench
      .projectOf(stateOf(tool, server, 'tool_args: { times: many },'), { config: ALLOWED })
      .run('w')
    expect(run.failure).toMatchObject({ message, help })
  })
})

describe('one server in a run', () => {
  const twice = (more: string) => `
tools:
  - { id: say, tool: say, tool_args: { words: "{{ n }}" }, mcp_server: { name: u, config: ${inline(UNRULY, [], `, env: { STARTS: "{{ starts }}" } ${more}`)} } }
states:
  - { id: one, tool_id: say, next: { state_id: two } }
  - { id: two, tool_id: say, next: { state_id: end } }
`
  test.each([
    ['is started once', '', 1],
    // For the list of tools, and for each call.
    ['that is used once is started for each call', ', single_usage: true', 3],
  ])('%s', async (_situation, more, starts) => {
    const project = bench.projectOf('states: []\n', { config: ALLOWED })
    const file = join(project.root, '.git', 'starts')
    const text = twice(more).replace('{{ starts }}', file)
    project.write('.codemie/workflows/v.yaml', `enable_summarization_node: false\n${text}`)
    const run = await project.run('v', { input: '{"n": "x"}' })
    expect(run).toMatchObject({ status: 'succeeded', output: 'x' })
    expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(starts)
  })

  test('is shared by all items of a map', async () => {
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { u: { command: "${NODE}", args: ["${UNRULY}"], env: { STARTS: STARTS } } } }\n`
    const text = `
tools: [{ id: say, tool: say, tool_args: { words: "{{ word }}" }, mcp_server: { name: u, mcp_config_id: u } }]
custom_nodes: [{ id: make, custom_node_id: transform_node, config: { input_source: user_input, mappings: [{ output_field: items, type: extract, source_path: items }] } }]
states:
  - { id: make, custom_node_id: make, next: { state_id: say, iter_key: items } }
  - { id: say, tool_id: say, next: { state_id: end } }
`
    const project = bench.projectOf(`max_concurrency: 5\n${text}`, { config })
    const starts = join(project.root, '.git', 'starts')
    const items = ['a', 'b', 'c', 'd', 'e'].map((word) => ({ word }))
    const run = await project.run('w', { input: JSON.stringify({ items }), env: { STARTS: starts } })
    expect(run).toMatchObject({ status: 'succeeded' })
    const outputs = Object.values(await project.outputsOf()).slice(1)
    expect(outputs.sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(readFileSync(starts, 'utf8').trim().split('\n')).toHaveLength(1)
  })

  test('is not started before a person has said yes to the call', async () => {
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { u: { command: "${NODE}", args: ["${UNRULY}"], env: { STARTS: STARTS } } } }\n`
    const project = bench.projectOf(
      'tools: [{ id: t, tool: say, tool_args: { words: "{{ w }}" }, mcp_server: { name: u, mcp_config_id: u } }]\nstates: [{ id: act, tool_id: t, approval: true, next: { state_id: end } }]\n',
      { config },
    )
    const env = { STARTS: join(project.root, '.git', 'starts') }
    const run = await project.run('w', { input: '{"w": "hi"}', env })
    expect(run.asks?.map(({ task }) => task)).toEqual(['Call say of MCP server u with {"words":"hi"}'])
    expect(existsSync(env.STARTS)).toBe(false)
    const again = await project.resume('latest', { answer: { decision: 'approved' }, env })
    expect(again).toMatchObject({ status: 'succeeded', output: 'hi' })
  })

  test('can be told of a failure', async () => {
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { u: { command: "${NODE}", args: ["${UNRULY}"] } } }\ntools: { tell: { mcp: u, tool: say } }\n`
    const project = bench.projectOf(
      'tools: [{ id: bad, tool: read_file, tool_args: { path: none } }, { id: tell, tool: tell, tool_args: { words: "{{ error }}" } }]\nstates: [{ id: act, tool_id: bad, on_error: [{ notify: tell }], next: { state_id: end } }]\n',
      { config },
    )
    const run = await project.run('w')
    expect(run.failure?.message).toContain('none')
    expect(eventsOfType(run, 'effect-finished').map(({ name }) => name)).toEqual(['u: tools/list', 'u/say'])
  })

  test('keeps what it knows from call to call', async () => {
    const server = `{ name: memory, config: ${inline(REFERENCE_SERVERS.memory, [], ', env: { MEMORY_FILE_PATH: "{{ file }}" }')} }`
    const project = bench.projectOf('states: []\n', { config: ALLOWED })
    const text = `enable_summarization_node: false
tools:
  - { id: add, tool: create_entities, tool_args: { entities: [{ name: Ann, entityType: person, observations: [likes tea] }] }, mcp_server: ${server} }
  - { id: find, tool: search_nodes, tool_args: { query: tea }, tool_result_json_pointer: /entities/0/name, mcp_server: ${server} }
states:
  - { id: add, tool_id: add, next: { state_id: find } }
  - { id: find, tool_id: find, next: { state_id: end } }
`
    project.write(
      '.codemie/workflows/v.yaml',
      text.replaceAll('{{ file }}', join(project.root, '.git', 'memory.jsonl')),
    )
    expect((await project.run('v')).output).toBe('Ann')
  })
})

describe('an assistant with MCP servers', () => {
  test('is offered their tools, calls them, and is told of their failures', async () => {
    bench.server.reply(
      {
        toolCalls: [
          { name: 'echo', args: { message: 'hi' } },
          { name: 'fail', args: {} },
        ],
      },
      'All said.',
    )
    const servers = `[{ name: all, tools: [echo, get-sum], config: ${inline(REFERENCE_SERVERS.everything)} }, { name: unruly, tools: [fail, look], config: ${inline(UNRULY)} }, { name: quiet, enabled: false, config: { command: nothing } }]`
    const project = bench.projectOf(agentOf(`mcp_servers: ${servers}`), { config: ALLOWED })
    const run = await project.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'All said.' })
    const [first, second] = bench.server.requests
    expect(first?.body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'echo',
      'get-sum',
      'fail',
      'look',
    ])
    expect(second?.body.messages.slice(-2).map((message: { content: string }) => message.content)).toEqual([
      'Echo: hi',
      "Error calling tool: fail with: \nArguments: {}. \nThe root cause is: 'MCP server 'unruly': 'fail' failed: no such issue'",
    ])
  })

  test('sees as much of an output as the server may give', async () => {
    bench.server.reply({ toolCalls: [{ name: 'say', args: { words: 'word', times: 400 } }] }, 'ok')
    const project = bench.projectOf(
      agentOf(
        `mcp_servers: [{ name: u, tools: [say], tools_tokens_size_limit: 50, config: ${inline(UNRULY)} }]`,
      ),
      { config: ALLOWED },
    )
    await project.run('w')
    const answer = bench.server.requests[1]?.body.messages.at(-1).content
    expect(answer).toMatch(
      /^Tool output is truncated\. Ratio limit\/used_tokens: 0\.\d+\. Tool output: word word/,
    )
  })

  test('knows tools of one name apart', async () => {
    bench.server.reply({ toolCalls: [{ name: 'second_say', args: { words: 'two' } }] }, 'ok')
    const servers = ['first', 'second'].map(
      (name) => `{ name: ${name}, tools: [say], config: ${inline(UNRULY, ['well', name])} }`,
    )
    const project = bench.projectOf(agentOf(`mcp_servers: [${servers.join(', ')}]`), { config: ALLOWED })
    await project.run('w')
    const [first, second] = bench.server.requests
    expect(first?.body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'say',
      'second_say',
    ])
    expect(second?.body.messages.at(-1).content).toBe('two')
  })

  test('gets a tool by the name that the workflow knows it by, as the config maps it', async () => {
    bench.server.reply({ toolCalls: [{ name: 'generic_jira_tool', args: { message: 'PROJ-1' } }] }, 'ok')
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { tracker: { command: "${NODE}", args: ["${REFERENCE_SERVERS.everything}"] } } }\ntools: { generic_jira_tool: { mcp: tracker, tool: echo } }\n`
    const project = bench.projectOf(agentOf('tools: [{ name: generic_jira_tool }]'), { config })
    expect(await project.run('w')).toMatchObject({ status: 'succeeded' })
    const [first, second] = bench.server.requests
    expect(first?.body.tools).toHaveLength(1)
    expect(first?.body.tools[0].function).toMatchObject({
      name: 'generic_jira_tool',
      description: 'Echoes back the input string',
    })
    expect(second?.body.messages.at(-1).content).toBe('Echo: PROJ-1')

    const state = bench.projectOf(
      'tools: [{ id: t, tool: generic_jira_tool, tool_args: { message: PROJ-2 } }]\nstates: [{ id: act, tool_id: t, next: { state_id: end } }]\n',
      { config },
    )
    expect((await state.run('w')).output).toBe('Echo: PROJ-2')
  })

  test('goes on after an interruption without a server being started for what is known', async () => {
    const stop = new AbortController()
    bench.server.reply({ toolCalls: [{ name: 'say', args: { words: 'once' } }] }, { trouble: 'hang' })
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { u: { command: "${NODE}", args: ["${UNRULY}"], env: { STARTS: STARTS } } } }\n`
    const project = bench.projectOf(agentOf('mcp_servers: [{ name: u, tools: [say], mcp_config_id: u }]'), {
      config,
    })
    const starts = join(project.root, '.git', 'starts')
    const running = project.run('w', { signal: stop.signal, env: { STARTS: starts } })
    await bench.server.waitForRequests(2)
    stop.abort(new Error('stop'))
    expect((await running).status).toBe('interrupted')
    bench.server.reply('Done.')
    const again = await project.resume('latest', { env: { STARTS: starts } })
    expect(again).toMatchObject({ status: 'succeeded', output: 'Done.' })
    expect(bench.server.requests[2]?.body).toEqual(bench.server.requests[1]?.body)
    expect(readFileSync(starts, 'utf8').trim().split('\n')).toHaveLength(1)
  })
})

describe('what a server gets', () => {
  test('is an empty folder of its own and the variables that are named for it, and no others', async () => {
    const env = { CI_TRACKER: 'tracker-secret-1', GITHUB_TOKEN: 'ghs_other', NODE_OPTIONS: '' }
    const config = `mcp: { allowed_commands: ["${NODE}"], servers: { u: { command: "${NODE}", args: ["${UNRULY}"], env: { TRACKER_TOKEN: CI_TRACKER } } } }\n`
    const look = (name: string) =>
      bench.projectOf(stateOf('look', '{ name: u, mcp_config_id: u }', `tool_args: { name: ${name} },`), {
        config,
        env,
      })
    const names = bench.projectOf(stateOf('names', '{ name: u, mcp_config_id: u }'), { config, env })
    expect((await names.run('w')).output?.split(' ')).toEqual(
      expect.arrayContaining(['HOME', 'PATH', 'TRACKER_TOKEN']),
    )
    expect((await names.run('w')).output).not.toMatch(/GITHUB|CI_TRACKER|OPENAI/)
    const folder = (await look('cwd').run('w')).output ?? ''
    expect(folder).toMatch(/codemie-mcp-\w+$/)
    expect(existsSync(folder)).toBe(false)
  })

  test('never comes back: a secret that it tells is taken out of results, failures and records', async () => {
    const env = { CI_TRACKER: 'tracker-secret-1' }
    const config = `mcp: { allowed_commands: ["${NODE}"] }\nintegrations: { tracker: { type: mcp, token_env: CI_TRACKER } }\n`
    const server = `{ name: u, tools: [look], integration_alias: tracker, config: ${inline(UNRULY, [], `, env: { MINE: "\${token}" }`)} }`
    bench.server.reply({ toolCalls: [{ name: 'look', args: { name: 'MINE' } }] }, 'ok')
    const project = bench.projectOf(agentOf(`mcp_servers: [${server}]`), { config, env })
    await project.run('w')
    expect(bench.server.requests[1]?.body.messages.at(-1).content).toBe('[redacted]')
    expect(project.everythingWritten()).not.toContain('tracker-secret-1')
  })
})

describe('over streamable HTTP', () => {
  test('the reference server is reached, for a tool state and for an assistant', async () => {
    const remote = await startEverythingOverHttp()
    closing.push(() => remote.close())
    const { host } = new URL(remote.url)
    const config = `mcp: { allowed_hosts: ["http://${host}"] }\n`
    const server = `{ name: all, tools: [echo], config: { url: "${remote.url}", type: streamable-http } }`
    const state = bench.projectOf(stateOf('echo', server, 'tool_args: { message: "{{ who }}" },'), { config })
    expect((await state.run('w', { input: '{"who": "Ann"}' })).output).toBe('Echo: Ann')
    bench.server.reply({ toolCalls: [{ name: 'echo', args: { message: 'again' } }] }, 'ok')
    const agent = bench.projectOf(agentOf(`mcp_servers: [${server}]`), { config })
    expect(await agent.run('w')).toMatchObject({ status: 'succeeded' })
    expect(bench.server.requests[1]?.body.messages.at(-1).content).toBe('Echo: again')
  })

  /** Starts a server that is closed after the test, and allows its host. */
  async function startFar(answer?: Parameters<typeof startMcpHttpServer>[0]) {
    const far = await startMcpHttpServer(answer)
    closing.push(() => far.close())
    return { ...far, config: `mcp: { allowed_hosts: ["http://${far.host}"] }\n` }
  }
  const sayAt = (host: string, keys = '') =>
    stateOf(
      'say',
      `{ name: far, ${keys} config: { url: "http://${host}/mcp" } }`,
      'tool_args: { words: hi },',
    )

  test('headers and the address get the values of variables and of the context', async () => {
    const { host, calls, config } = await startFar()
    const headers = '{ X-Team: "{{ team }}", X-Key: "{{ KEY }}" }'
    const server = `{ name: far, integration_alias: i, config: { url: "http://${host}/{{ team }}", headers: ${headers}, auth_token: "\${KEY}" } }`
    const project = bench.projectOf(stateOf('say', server, 'tool_args: { words: hi },'), {
      config: `${config}integrations: { i: { type: mcp, env: { KEY: CI_KEY } } }\n`,
      env: { CI_KEY: 'far-secret-0' },
    })
    expect(await project.run('w', { input: '{"team": "blue"}' })).toMatchObject({ output: 'hi' })
    expect(calls.map(({ method }) => method)).toEqual([
      'initialize',
      'notifications/initialized',
      'tools/list',
      'tools/call',
    ])
    for (const call of calls)
      expect(call.headers).toMatchObject({
        'x-team': 'blue',
        'x-key': 'far-secret-0',
        authorization: 'Bearer far-secret-0',
      })
    expect(project.everythingWritten()).not.toContain('far-secret-0')
  })

  test('an integration adds its token to requests for its own address alone', async () => {
    const { host, calls, config } = await startFar()
    const other = await startFar()
    const more = `integrations: { i: { type: mcp, url: "http://${host}", token_env: CI_KEY } }\n`
    const env = { CI_KEY: 'far-secret-0' }
    const keys = 'integration_alias: i,'
    await bench.projectOf(sayAt(host, keys), { config: `${config}${more}`, env }).run('w')
    await bench.projectOf(sayAt(other.host, keys), { config: `${other.config}${more}`, env }).run('w')
    expect(calls.at(-1)?.headers.authorization).toBe('Bearer far-secret-0')
    expect(other.calls.map(({ headers }) => headers.authorization)).toEqual(other.calls.map(() => undefined))
  })

  test.each([
    [
      401,
      1,
      'Look at its token: auth_token or headers in the workflow, headers_env or the integration in the config.',
    ],
    [503, 2, 'Correct its address, or wait until it works again.'],
  ])('a server that answers %i is asked %i times', async (status, tries, help) => {
    const { host, config } = await startFar((_call, response) => {
      response.writeHead(status).end('no')
      return true
    })
    const project = bench.projectOf(`retry_policy: { max_attempts: 2 }\n${sayAt(host)}`, { config })
    const run = await project.run('w')
    expect(run.failure).toEqual({
      code: 'mcp-server-not-started',
      blame: 'tool',
      message: `MCP server 'far' cannot be used: http://${host}/mcp: answered with status ${status}: no`,
      status,
      help,
    })
    expect(eventsOfType(run, 'attempt-failed')).toHaveLength(tries)
  })

  test('a server that was started anew and does not know us is met anew by the next attempt', async () => {
    let isForgotten = true
    const { host, calls, config } = await startFar(({ method }, response) => {
      if (method !== 'tools/call' || !isForgotten) return false
      isForgotten = false
      response.writeHead(404).end('no such session')
      return true
    })
    const project = bench.projectOf(`retry_policy: { max_attempts: 2 }\n${sayAt(host)}`, { config })
    const run = await project.run('w')
    expect(run).toMatchObject({ status: 'succeeded', output: 'hi' })
    expect(calls.at(-1)?.headers['mcp-session-id']).toBe('session-2')
  })

  test('a redirect to another host is not followed', async () => {
    const inner = await startFar()
    const { host } = await startFar((_call, response) => {
      response.writeHead(307, { location: `http://${inner.host}/mcp` }).end()
      return true
    })
    const config = `mcp: { allowed_hosts: ["http://${host}", "http://${inner.host}"] }\n`
    const run = await bench.projectOf(sayAt(host), { config }).run('w')
    expect(run.failure?.message).toContain(`Redirect to http://${inner.host}/mcp not followed`)
    expect(inner.calls).toEqual([])
  })

  test('an answer that does not end is ended', async () => {
    const { host, config } = await startFar(({ method }, response) => {
      if (method !== 'tools/call') return false
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (response.write('x'.repeat(1024 * 1024)));
        response.once('drain', more)
      }
      more()
      return true
    })
    const run = await bench.projectOf(sayAt(host), { config }).run('w')
    expect(run.failure).toMatchObject({
      code: 'tool-failed',
      message: expect.stringContaining('sent more than 64 MiB'),
    })
  })

  test('a host that does not answer is tried again as the retry policy says', async () => {
    const { host, close, config } = await startFar()
    await close()
    const project = bench.projectOf(`retry_policy: { max_attempts: 2 }\n${sayAt(host)}`, { config })
    const run = await project.run('w')
    expect(run.failure).toEqual({
      code: 'mcp-server-unreachable',
      blame: 'tool',
      message: `MCP server 'far': ${host} refused the connection`,
    })
    expect(eventsOfType(run, 'attempt-failed')).toHaveLength(2)
  })
})
