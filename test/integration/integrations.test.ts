import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startApi } from '../helpers/api-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'
import { type Forge, startForge } from '../rig/forge.mjs'

const bench = setUpWorkbench()

/** A forge with a pull request of the branch `fix`, and a token that may do what a job's may. */
async function forgeWithPull(
  may: NonNullable<Parameters<Forge['token']>[0]> = {},
): Promise<{ forge: Forge; token: string }> {
  const forge = await startForge()
  onTestFinished(() => forge.close())
  forge.addRepo('acme/app')
  forge.commit('acme/app', 'main', { 'docs/a.md': 'hello\n' })
  forge.commit('acme/app', 'fix', { 'docs/a.md': 'hello, world\n' }, { from: 'main' })
  forge.commit('acme/app', 'more', { 'b.md': 'b\n' }, { from: 'main' })
  forge.openPull('acme/app', { head: 'fix', title: 'Fix the greeting', body: 'It was too short.' })
  return { forge, token: forge.token({ login: 'ann', repo: 'acme/app', ...may }) }
}

const configOf = (url: string, more = '') => `
integrations:
  hub: { type: github, url: "${url}", token_env: HUB, options: { repository: acme/app } }
${more}`

describe('a workflow that works on GitHub', () => {
  test('reads a pull request, comments and opens another, with the token of the environment', async () => {
    const { forge, token } = await forgeWithPull({
      permissions: { pull_requests: 'write', contents: 'read', issues: 'write' },
    })
    const project = bench.projectOf(
      `
tools:
  - { id: pull, tool: get_pull_request, tool_args: { number: 1 } }
  - { id: files, tool: list_pull_request_files, tool_args: { number: 1 } }
  - { id: text, tool: read_repository_file, tool_args: { path: docs/a.md, ref: fix } }
  - { id: say, tool: create_pull_request_comment, tool_args: { number: 1, body: "Reads: {{text}}" } }
  - { id: open, tool: create_pull_request, tool_args: { title: More, head: more } }
states:
  - { id: pull, tool_id: pull, next: { state_id: files, store_in_context: false } }
  - { id: files, tool_id: files, next: { state_id: text } }
  - { id: text, tool_id: text, next: { state_id: say, output_key: text } }
  - { id: say, tool_id: say, next: { state_id: open } }
  - { id: open, tool_id: open, next: { state_id: end } }
`,
      { config: configOf(forge.apiUrl), env: { HUB: token } },
    )
    const run = await project.run('w')
    expect([run.failure, run.status]).toEqual([undefined, 'succeeded'])
    const outputs = await project.outputsOf()
    expect(JSON.parse(outputs['pull'] ?? '')).toMatchObject({
      number: 1,
      title: 'Fix the greeting',
      head: 'fix',
      base: 'main',
    })
    expect(JSON.parse(outputs['files'] ?? '')).toMatchObject([{ path: 'docs/a.md', change: 'modified' }])
    expect(outputs['text']).toBe('hello, world\n')
    expect(JSON.parse(outputs['open'] ?? '')).toMatchObject({ title: 'More', head: 'more', base: 'main' })
    expect([...forge.repo('acme/app').comments.values()].map(({ body }) => body)).toEqual([
      'Reads: hello, world',
    ])
    expect(forge.unhandled).toEqual([])
    expect(project.everythingWritten()).not.toContain(token)
  })

  test('is told who has to act when the token may not do it', async () => {
    const { forge, token } = await forgeWithPull({ permissions: { pull_requests: 'read' } })
    const project = bench.projectOf(
      `
tools: [{ id: say, tool: create_issue_comment, tool_args: { number: 1, body: Seen }, integration_alias: hub }]
states: [{ id: say, tool_id: say, next: { state_id: end } }]
`,
      { config: configOf(forge.apiUrl), env: { HUB: token } },
    )
    const run = await project.run('w')
    expect(run.failure).toMatchObject({ code: 'tool-http-status', blame: 'user', status: 403 })
    expect(run.failure?.help).toBe(
      "The account of integration 'hub' may not do this: give it the permission, or use another one.",
    )
    expect(run.exitStatus).toBe(6)
  })

  test('gives no model what a system tells of the secret that it was sent', async () => {
    const secret = 'p(ass)!w~rd-1'
    const api = await startApi({
      'GET /echo': { json: { [secret]: { authorization: `Bearer ${secret}` }, list: [encodeURI(secret)] } },
      'GET /fail': { status: 500, text: `no such token: ${secret}` },
    })
    const ask = (path: string) => ({
      name: 'http_request',
      args: { method: 'GET', url: `${api.url}${path}` },
    })
    bench.server.reply({ toolCalls: [ask('/echo'), ask('/fail')] }, 'Done.')
    const project = bench.projectOf(
      `
assistants: [{ id: a, system_prompt: P, tools: [{ name: http_request, integration_alias: api }] }]
states: [{ id: look, assistant_id: a, task: Look, next: { state_id: end } }]
`,
      {
        config: `integrations: { api: { type: http, url: '${api.url}', token_env: HUB } }\n`,
        env: { HUB: `${secret} ` },
      },
    )
    const run = await project.run('w')
    expect(run.output).toBe('Done.')
    expect(api.requests[0]?.headers['authorization']).toBe(`Bearer ${secret}`)
    const answers = bench.server.requests[1]?.body.messages.filter(
      ({ role }: { role: string }) => role === 'tool',
    )
    expect(answers[0].content).toContain('"authorization": "Bearer [redacted]"')
    expect(answers[1].content).toContain('answered with status 500: no such token: [redacted]')
    expect(JSON.stringify(bench.server.requests[1]?.body)).not.toContain(secret)
    expect(project.everythingWritten()).not.toContain(secret)
  })

  test('gives a model the operations of an OpenAPI document', async () => {
    const { forge, token } = await forgeWithPull({ permissions: { pull_requests: 'read', contents: 'read' } })
    bench.server.reply(
      { toolCalls: [{ name: 'api_pulls_get', args: { owner: 'acme', repo: 'app', pull_number: 1 } }] },
      'It greets.',
    )
    const project = bench.projectOf(
      `
assistants: [{ id: a, system_prompt: P, tools: [{ name: api_pulls_get }, { name: api_git_get-ref }] }]
states: [{ id: look, assistant_id: a, task: Look, next: { state_id: end } }]
`,
      {
        files: {
          'api/github.json': readFileSync(
            new URL('../rig/github-openapi.slim.json', import.meta.url),
            'utf8',
          ),
        },
        config: `integrations:\n  api: { type: http, url: "${forge.apiUrl}", token_env: HUB, options: { openapi: api/github.json, operations: [pulls/get, git/get-ref] } }\n`,
        env: { HUB: token },
      },
    )
    const run = await project.run('w')
    expect(run.failure).toBeUndefined()
    const [first, second] = bench.server.requests
    expect(first?.body.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'api_pulls_get',
      'api_git_get-ref',
    ])
    expect(JSON.stringify(second?.body.messages)).toContain('Fix the greeting')
    expect(forge.unhandled).toEqual([])
  })
})

test('calls of a run that goes on are not made again', async () => {
  const api = await startApi({
    'POST /rest/api/2/issue': { status: 201, json: { key: 'ABC-1' } },
    'GET /rest/api/2/issue/ABC-1': [{ status: 404, json: {} }, { json: { key: 'ABC-1' } }],
  })
  const project = bench.projectOf(
    `
retry_policy: { max_attempts: 1 }
tools:
  - { id: make, tool: generic_jira_tool, tool_args: { method: POST, relative_url: /rest/api/2/issue, params: '{"fields": {"summary": "S"}}' } }
  - { id: look, tool: generic_jira_tool, tool_args: { method: GET, relative_url: "/rest/api/2/issue/ABC-1" } }
states:
  - { id: make, tool_id: make, next: { state_id: look } }
  - { id: look, tool_id: look, next: { state_id: end } }
`,
    {
      config: `integrations:\n  jira: { type: jira, url: "${api.url}", username: ann@example.com, token_env: JIRA }\n`,
      env: { JIRA: 'jira-secret-123' },
    },
  )
  expect(await project.run('w')).toMatchObject({ status: 'failed', failure: { status: 404, blame: 'tool' } })
  const again = await project.resume('latest')
  expect([again.failure, eventsOfType(again, 'step-reused').map(({ path }) => path)]).toEqual([
    undefined,
    ['make'],
  ])
  expect(api.requests.map(({ line }) => line)).toEqual([
    'POST /rest/api/2/issue',
    'GET /rest/api/2/issue/ABC-1',
    'GET /rest/api/2/issue/ABC-1',
  ])
  expect(api.requests[0]?.headers['authorization']).toBe(`Basic ${btoa('ann@example.com:jira-secret-123')}`)
  expect(project.everythingWritten()).not.toContain('jira-secret-123')
})

describe('before anything is spent', () => {
  const workflow = (tool: string) => `
tools: [{ id: t, ${tool} }]
states: [{ id: act, tool_id: t, next: { state_id: end } }]
`
  const rows: [situation: string, tool: string, config: string, expected: string][] = [
    [
      'no integration is there',
      'tool: create_issue, tool_args: { title: T }',
      '',
      `.codemie/workflows/w.yaml:4:16: There is no integration of type github or gitlab, which create_issue needs
  Add it to .codemie/config.yaml: integrations: { github: { type: github, token_env: GITHUB_TOKEN } }.`,
    ],
    [
      'several would fit',
      'tool: create_issue, tool_args: { title: T }',
      'integrations: { a: { type: github, token_env: HUB }, b: { type: gitlab, token_env: HUB } }',
      `.codemie/workflows/w.yaml:4:16: There are 2 integrations of type github or gitlab, and create_issue does not know which is meant
  Name one in integration_alias: a, b.`,
    ],
    [
      'the alias is mistyped',
      'tool: create_issue, tool_args: { title: T }, integration_alias: hbu',
      'integrations: { hub: { type: github, token_env: HUB } }',
      `.codemie/workflows/w.yaml:4:16: There is no integration 'hbu'
  Did you mean 'hub'? Add it to .codemie/config.yaml: integrations: { hbu: { type: github, token_env: GITHUB_TOKEN } }.`,
    ],
    [
      'the variable is not set',
      'tool: create_issue, tool_args: { title: T }',
      'integrations: { hub: { type: github, token_env: HUB } }',
      `.codemie/workflows/w.yaml:4:16: Integration 'hub' of create_issue needs HUB, which is not set
  Set HUB in the environment.`,
    ],
    [
      'the document is not there',
      'tool: api_list, tool_args: {}',
      'integrations: { api: { type: http, url: "https://api.example.com", options: { openapi: api.yaml } } }',
      `.codemie/workflows/w.yaml:4:16: Integration api: "api.yaml" does not exist
  Mend integrations.api.options.openapi in .codemie/config.yaml.`,
    ],
    [
      'the operation is not among those that may be used',
      'tool: api_remove, tool_args: {}',
      'integrations: { api: { type: http, url: "https://api.example.com", options: { openapi: good.yaml, operations: [list] } } }',
      `.codemie/workflows/w.yaml:4:16: The operation 'remove' is not among those that may be used
  Add it to integrations.api.options.operations in .codemie/config.yaml.`,
    ],
    [
      'the document lacks the operation',
      'tool: api_lst, tool_args: {}',
      'integrations: { api: { type: http, url: "https://api.example.com", options: { openapi: good.yaml } } }',
      `.codemie/workflows/w.yaml:4:16: There is no tool "api_lst" here
  Did you mean "api_list"? To let another tool stand for it, write tools: { api_lst: { use: <tool> } } in .codemie/config.yaml.`,
    ],
  ]
  test.each(rows)('%s', async (_situation, tool, config, expected) => {
    const project = bench.projectOf(workflow(tool), {
      config,
      files: {
        'good.yaml':
          'openapi: 3.0.0\npaths: { /x: { get: { operationId: list }, delete: { operationId: remove } } }\n',
      },
    })
    const refusal = (await project.run('w').catch((error: unknown) => error)) as Error & { code: string }
    expect(refusal.code).toBe('not-runnable')
    expect(refusal.message).toBe(expected)
  })
})

test('nothing may connect to a network, not even to an integration', async () => {
  const project = bench.projectOf(
    `
tools: [{ id: t, tool: sonar, tool_args: { relative_url: /api/x } }]
states: [{ id: act, tool_id: t, next: { state_id: end } }]
`,
    {
      config:
        'policy: { network: none }\nintegrations: { s: { type: sonar, url: "http://127.0.0.1:1", token_env: S } }\n',
      env: { S: 'sonar-secret' },
    },
  )
  expect(await project.run('w')).toMatchObject({
    exitStatus: 5,
    failure: {
      code: 'tool-refused',
      message: 'integration s: nothing may connect to a network',
      help: 'Set policy.network in .codemie/config.yaml to allow-list.',
    },
  })
})

test('the address of an integration is open for its own calls only', async () => {
  const api = await startApi({ 'GET /x': { json: 'ours' } })
  const states = `
retry_policy: { max_attempts: 1 }
tools:
  - { id: with, tool: ours, tool_args: { url: "${api.url}/x" } }
  - { id: without, tool: http_get, tool_args: { url: "${api.url}/x" } }
states:
  - { id: with, tool_id: with, next: { state_id: without } }
  - { id: without, tool_id: without, next: { state_id: end } }
`
  const project = bench.projectOf(states, {
    config: `integrations: { ours: { url: "${api.url}/api", token_env: OURS } }\ntools: { ours: { use: http_get, integration_alias: ours } }\n`,
    env: { OURS: 'ours-secret' },
  })
  const run = await project.run('w')
  expect(run.failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
  expect(JSON.parse((await project.outputsOf())['with'] ?? '')).toMatchObject({ body: 'ours' })
  expect(api.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer ours-secret'])
})

test('plan tells the secret, validate the alias, doctor the variable', async () => {
  const project = bench.projectOf(
    `
assistants: [{ id: a, system_prompt: P, tools: [{ name: create_issue }, { name: sonar, integration_alias: snoar }] }]
states: [{ id: act, assistant_id: a, task: T, next: { state_id: end } }]
`,
    {
      config:
        'integrations:\n  hub: { type: github, token_env: HUB }\n  sonar: { type: sonar, token_env: SONAR, options: { retires: 1 } }\n',
    },
  )
  const cli = (...argv: string[]) =>
    runInProcess(argv, { cwd: project.root, env: { ...project.env, SONAR: 'sonar-secret' } })
  expect((await cli('plan', 'w')).stdout).toContain('HUB')
  expect((await cli('validate')).stdout).toMatchInlineSnapshot(`
    "warning unknown-key: 'retires' is no option of a sonar integration
     --> .codemie/config.yaml:3:54
      |
    3 |   sonar: { type: sonar, token_env: SONAR, options: { retires: 1 } }
      |                                                      ^^^^^^^
      = did you mean 'retries'?

    warning integration-missing: There is no integration 'snoar'
     --> .codemie/workflows/w.yaml:3:73
      |
    3 | assistants: [{ id: a, system_prompt: P, tools: [{ name: create_issue }, { name: sonar, integration_alias: snoar }] }]
      |                                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: Did you mean 'sonar'? Add it to .codemie/config.yaml: integrations: { snoar: { type: sonar, token_env: SONAR_TOKEN } }.

    ! 2 files checked, 2 warnings in 2 files
    "
  `)
  const { stdout } = await cli('doctor', '--offline')
  expect(stdout.slice(stdout.indexOf('! .codemie'))).toMatchInlineSnapshot(`
    "! .codemie/config.yaml:3: 'retires' is no option of a sonar integration
      = help: \`codemie-ci validate\` shows all of it.
    ! Integration 'hub': HUB not set
      = help: Set it in the environment; tools that use the integration do not start without.
    ✓ 1 integration, with all variables that it names
    ✓ 1 workflow, all valid
    ! .codemie/workflows/w.yaml:3:73: There is no integration 'snoar'
      = help: Did you mean 'sonar'? Add it to .codemie/config.yaml: integrations: { snoar: { type: sonar, token_env: SONAR_TOKEN } }.
    ✗ openai:gpt-5-mini: The provider \`openai\` needs a key, and the environment variable OPENAI_API_KEY is not set.
      = help: Set OPENAI_API_KEY (in GitHub Actions: \`env\` from a secret).

    1 thing to mend, 4 warnings
    "
  `)
})
