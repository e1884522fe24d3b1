import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

const UNRULY = fileURLToPath(new URL('../helpers/mcp-server.mjs', import.meta.url))

let project: TestProject | undefined

afterEach(() => {
  project?.remove()
  project = undefined
})

/** A workflow with one tool state; `server` as the workflow writes it. */
function projectOf(server: string, plan: ProjectPlan = {}): TestProject {
  project = makeProject({
    workflows: {
      w: `enable_summarization_node: false
tools: [{ id: t, tool: say, tool_args: { words: hi }, mcp_server: ${server} }]
states: [{ id: act, tool_id: t, next: { state_id: end } }]
`,
    },
    ...plan,
  })
  return project
}

/** A command line in the project. Paths of this machine are written `<here>`. */
async function cli(here: TestProject, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { cwd: here.root, env: { ...here.env, ...env } }
  const { status, stdout, stderr } = await runInProcess(argv, options)
  const plain = (text: string) => text.replaceAll(here.root, '<here>').replaceAll(UNRULY, '<server>')
  return { status, stdout: plain(stdout), stderr: plain(stderr) }
}

describe('a run is refused before anything is started', () => {
  test.each([
    [
      'a program that is not allowed',
      '{ name: files, config: { command: npx, args: [-y, some-server] } }',
      'mcp: { allowed_commands: [uvx] }',
      5,
      `MCP server 'files': the program "npx" is not allowed (allowed: uvx)`,
      'Add "npx" to mcp.allowed_commands in .codemie/config.yaml.',
    ],
    [
      'a program of the config that is not allowed',
      '{ name: files, mcp_config_id: files }',
      'mcp: { servers: { files: { command: mcp-server-filesystem } } }',
      5,
      `MCP server 'files': the program "mcp-server-filesystem" is not allowed (allowed: none)`,
      'Add "mcp-server-filesystem" to mcp.allowed_commands in .codemie/config.yaml.',
    ],
    [
      'a host that is not allowed',
      '{ name: far, config: { url: "https://mcp.example.org/mcp" } }',
      'mcp: { allowed_hosts: ["*.example.com"] }',
      5,
      `MCP server 'far': the host "mcp.example.org" is not allowed (allowed: *.example.com)`,
      'Add "mcp.example.org" to mcp.allowed_hosts in .codemie/config.yaml.',
    ],
    [
      'a host while the network is switched off',
      '{ name: far, config: { url: "https://mcp.example.org/mcp" } }',
      'mcp: { allowed_hosts: [mcp.example.org] }\npolicy: { network: none }',
      5,
      `MCP server 'far': the host "mcp.example.org" is not allowed (allowed: none)`,
      'Add "mcp.example.org" to mcp.allowed_hosts in .codemie/config.yaml.',
    ],
    [
      'plain http',
      '{ name: far, config: { url: "http://mcp.example.org/mcp" } }',
      'mcp: { allowed_hosts: [mcp.example.org] }',
      5,
      `MCP server 'far': "mcp.example.org" may be reached by https only`,
      'Use https://, or write "http://mcp.example.org" in mcp.allowed_hosts in .codemie/config.yaml.',
    ],
    [
      'a variable that makes a program load other code',
      '{ name: files, config: { command: node, env: { NODE_OPTIONS: "--require ./evil.cjs" } } }',
      'mcp: { allowed_commands: [node] }',
      5,
      `MCP server 'files': a workflow may not set "NODE_OPTIONS", which decides what code the program runs`,
      'Describe the server under mcp.servers in .codemie/config.yaml and name it with mcp_config_id.',
    ],
    [
      'a secret that the config does not give the server',
      `{ name: files, config: { command: node, env: { TOKEN: "\${GITHUB_TOKEN}" } } }`,
      'mcp: { allowed_commands: [node] }',
      5,
      `MCP server 'files': "\${GITHUB_TOKEN}" stands for nothing: a server gets the variables that the config names for it`,
      'Name it under env of the server (mcp.servers) or of its integration (integrations) in .codemie/config.yaml.',
    ],
    [
      'a variable that is not set',
      '{ name: files, mcp_config_id: files }',
      'mcp: { allowed_commands: [node], servers: { files: { command: node, env: { KEY: FILES_KEY } } } }',
      2,
      "MCP server 'files' needs FILES_KEY, which is not set",
      'Set FILES_KEY in the environment.',
    ],
    [
      'a server that the config does not know',
      '{ name: files, mcp_config_id: flies }',
      '',
      2,
      "MCP server 'files': there is no 'flies' among mcp.servers",
      'Say how it is reached: mcp: { servers: { flies: { command: … } } } in .codemie/config.yaml.',
    ],
    [
      'a server that is switched off',
      '{ name: files, enabled: false, config: { command: node } }',
      'mcp: { allowed_commands: [node] }',
      2,
      "MCP server 'files' is switched off",
      "Remove its 'enabled: false', or the tool.",
    ],
    [
      'the older form over HTTP',
      '{ name: far, config: { url: "https://mcp.example.org/sse", type: sse } }',
      'mcp: { allowed_hosts: [mcp.example.org] }',
      2,
      "MCP server 'far' speaks the older form of MCP over HTTP (sse), which this version does not do",
      'Give the address at which it speaks streamable HTTP.',
    ],
  ])('for %s', async (_situation, server, config, status, message, help) => {
    const here = projectOf(server, { config: `${config}\n` })
    const run = await cli(here, ['run', 'w'])
    expect([run.status, run.stdout]).toEqual([status, ''])
    expect(run.stderr).toContain(`: ${message}\n  = help: ${help}\n`)
  })
})

describe('what is known only when the run is on is refused then', () => {
  const settings = (more: string) => `mcp: { allowed_commands: [node, uvx], ${more} }\n`

  test.each([
    [
      'a program from the context',
      '{ name: files, config: { command: "{{ program }}" } }',
      '',
      `MCP server 'files': the program "sh" is not allowed (allowed: node, uvx)`,
    ],
    [
      'an address from the context',
      '{ name: far, config: { url: "https://{{ host }}/mcp" } }',
      'allowed_hosts: [mcp.example.org]',
      `MCP server 'far': the host "evil.example.org" is not allowed (allowed: mcp.example.org)`,
    ],
    [
      'an address inside of a private network',
      '{ name: far, config: { url: "http://{{ address }}/mcp" } }',
      'allowed_hosts: ["http://*"]',
      `MCP server 'far': "169.254.169.254" is an address inside a private network`,
    ],
  ])('%s', async (_situation, server, more, message) => {
    const here = projectOf(server, { config: settings(more) })
    const input = '{"program": "sh", "host": "evil.example.org", "address": "169.254.169.254"}'
    const run = await here.run('w', { input })
    expect(run).toMatchObject({ exitStatus: 5, failure: { code: 'tool-refused', blame: 'policy', message } })
  })

  test('an argument from the context stays one argument, whatever is in it', async () => {
    const server = `{ name: u, config: { command: "${process.execPath}", args: ["${UNRULY}", "{{ how }}; touch made"] } }`
    const here = projectOf(server, { config: `mcp: { allowed_commands: ["${process.execPath}"] }\n` })
    expect(await here.run('w', { input: '{"how": "$(touch made)"}' })).toMatchObject({ output: 'hi' })
    expect(existsSync(join(here.root, 'made'))).toBe(false)
  })
})

describe('without a run nothing is started', () => {
  const server = `{ name: u, mcp_config_id: u, resolve_dynamic_values_in_arguments: true }`
  const config = `mcp:
  allowed_commands: ["${process.execPath}"]
  servers:
    u: { command: "${process.execPath}", args: ["${UNRULY}", "{{ how }}"], env: { STARTS: STARTS, KEY: U_KEY } }
`

  test('plan says what would be, and which variables it would get', async () => {
    const here = projectOf(server, { config })
    const starts = join(here.root, 'starts')
    const plan = await cli(here, ['plan', 'w'], { STARTS: starts })
    const [servers, end] = plan.stdout.replaceAll(process.execPath, 'node').split('\nLimits\n')
    expect(servers).toMatchInlineSnapshot(`
      "w · .codemie/workflows/w.yaml · development

      Inputs
        none

      Graph
        ● act  tool say
        │
        ◇ end

      Steps, in order
         1. act  tool say of MCP server u
            server  u starts node <server> {{ how }}, gets STARTS, U_KEY
            words   hi
            then    end

      Writes to the outside
        act  uses MCP server u, which does what it wants

      Secrets
        ✓ STARTS  set      for MCP server u
        ✗ U_KEY   not set  for MCP server u
      "
    `)
    expect(end).toContain('Ready to run once U_KEY is set')
    expect([plan.status, existsSync(starts)]).toEqual([0, false])
  })

  test('validate names what would be refused', async () => {
    const here = projectOf('{ name: files, config: { command: npx, args: [-y, some-server] } }')
    const { status, stdout, stderr } = await cli(here, ['validate'])
    expect(status).toBe(0)
    expect(`${stdout}${stderr}`).toMatchInlineSnapshot(`
      "warning mcp-server-not-usable: MCP server 'files': the program "npx" is not allowed (allowed: none)
       --> .codemie/workflows/w.yaml:2:67
        |
      2 | tools: [{ id: t, tool: say, tool_args: { words: hi }, mcp_server: { name: files, config: { command: npx, args: [-y, some...
        |                                                                   ^
        = help: Add "npx" to mcp.allowed_commands in .codemie/config.yaml.

      ! 1 file checked, 1 warning in 1 file
      "
    `)
  })

  test('doctor looks for the program and the variables', async () => {
    const here = projectOf(server, {
      config: `mcp: { allowed_commands: [no-such-server], servers: { u: { command: no-such-server, env: { KEY: U_KEY } } } }\n`,
    })
    const { stdout } = await cli(here, ['doctor', '--offline'])
    expect(
      stdout.split('\n').filter((line, index, lines) => /MCP/.test(`${lines[index - 1]}${line}`)),
    ).toMatchInlineSnapshot(`
      [
        "! MCP server 'u': there is no program no-such-server here",
        "  = help: Install it, or correct how the server is started.",
        "! MCP server 'u' needs U_KEY, which is not set",
        "  = help: Set them in the environment of the run.",
      ]
    `)
  })
})
