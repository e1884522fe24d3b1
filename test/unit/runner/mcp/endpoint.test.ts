// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so are variables written in workflows.
import { describe, expect, it } from 'vitest'
import { describeServer } from '../../../../runner/mcp/check.ts'
import { renderEndpoint } from '../../../../runner/mcp/endpoint.ts'
import { variablesOf } from '../../../../runner/mcp/variables.ts'
import { readConfig } from '../../../../schema/config.ts'
import { readWorkflow } from '../../../../schema/index.ts'
import { fromJson, type PyDict } from '../../../../schema/language/index.ts'

const CONFIG = `
integrations:
  jira: { type: jira, url: https://jira.example.org, token_env: CI_JIRA, env: { JIRA_USER: CI_USER } }
mcp:
  servers:
    files: { command: mcp-files, args: ['--root', '{{ folder }}'], tools: [read, list], env: { LEVEL: CI_LEVEL } }
    far: { url: 'https://far.example.org/{{ team }}', headers_env: { X-Key: CI_KEY } }
`

/** A server as a workflow writes it, with the values of a context in it. */
function endpointOf(server: string, context: Readonly<Record<string, unknown>> = {}) {
  const { config } = readConfig({ file: '.codemie/config.yaml', text: CONFIG })
  const text = `tools: [{ id: t, tool: x, mcp_server: ${server} }]\nstates: [{ id: s, tool_id: t, next: { state_id: end } }]\n`
  const { workflow } = readWorkflow({ file: 'w.yaml', text })
  const work = workflow?.states[0]?.work
  if (!config || work?.kind !== 'tool' || !work.mcpServer) throw new Error('not a tool with a server')
  const warnings: string[] = []
  const endpoint = renderEndpoint(work.mcpServer, config, fromJson(context) as PyDict, ({ message }) =>
    warnings.push(message),
  )
  return { endpoint, warnings, described: describeServer(work.mcpServer, config) }
}

describe('a server with the values of the context in it', () => {
  it.each([
    [
      'arguments are rendered, each as one',
      '{ name: n, config: { command: c, args: ["--{{ how }}", "7", "plain"] } }',
      { how: 'a b' },
      { reach: { command: 'c', args: ['--a b', '7', 'plain'], cwd: 'empty' } },
    ],
    [
      'arguments of a server of the config, too',
      '{ name: n, mcp_config_id: files }',
      { folder: '/x' },
      {
        reach: { command: 'mcp-files', args: ['--root', '/x'], cwd: 'empty' },
        tools: ['read', 'list'],
        env: { LEVEL: '${LEVEL}' },
        variables: { LEVEL: 'CI_LEVEL' },
      },
    ],
    [
      'of two lists of tools both count',
      '{ name: n, mcp_config_id: files, tools: [read, write] }',
      { folder: '/x' },
      { tools: ['read'] },
    ],
    [
      'the old form has its keys outside of config',
      '{ name: n, command: c, arguments: "one" }',
      {},
      { reach: { command: 'c', args: ['one'], cwd: 'empty' } },
    ],
    [
      'an address and headers see the variables of the server before the context',
      '{ name: n, integration_alias: jira, config: { url: "https://{{ HOST }}/{{ team }}", env: { HOST: h.example.org }, headers: { X-User: "{{ JIRA_USER }}", X-Team: "{{ team }}" }, auth_token: "{{ token }}" } }',
      { team: 'blue', HOST: 'evil.example.org', JIRA_USER: 'mallory', token: 'stolen' },
      {
        reach: {
          url: 'https://h.example.org/blue',
          headers: { 'X-User': '${JIRA_USER}', 'X-Team': 'blue', Authorization: 'Bearer ${token}' },
        },
        env: { HOST: 'h.example.org', JIRA_USER: '${JIRA_USER}' },
        variables: { token: 'CI_JIRA', JIRA_USER: 'CI_USER' },
        integrationAlias: 'jira',
      },
    ],
    [
      'headers of the config stay names of variables',
      '{ name: n, mcp_config_id: far }',
      { team: 'red' },
      { reach: { url: 'https://far.example.org/red', headers: { 'X-Key': '${header:X-Key}' } } },
    ],
    [
      'the entry of the config counts, unless the workflow wants its own',
      '{ name: n, mcp_config_id: files, use_custom_config: true, config: { command: own } }',
      {},
      { reach: { command: 'own', args: [], cwd: 'empty' }, env: {} },
    ],
    [
      'an entry that is not there does not matter where the workflow says it all',
      '{ name: n, mcp_config_id: nowhere, config: { command: own, single_usage: true } }',
      {},
      { reach: { command: 'own', args: [], cwd: 'empty' }, singleUsage: true },
    ],
  ])('%s', (_situation, server, context, expected) => {
    const { endpoint, warnings } = endpointOf(server, context)
    expect(endpoint).toMatchObject(expected)
    expect(warnings).toEqual([])
  })

  it('is described without any value', () => {
    const server =
      '{ name: n, integration_alias: jira, config: { command: c, args: ["{{ x }}"], env: { T: "${token}" } } }'
    expect(endpointOf(server, { x: 1 }).described).toEqual({
      name: 'n',
      program: 'c',
      command: 'c {{ x }}',
      variables: ['CI_USER', 'CI_JIRA'],
    })
  })
})

describe('names in the texts of a server', () => {
  const { fill, fillArgument, secrets } = variablesOf(
    { name: 'n', variables: { token: 'CI_TOKEN', empty: 'CI_EMPTY' } },
    { CI_TOKEN: 'abc', CI_EMPTY: '', OTHER: 'no' },
    '/repo',
  )

  it.each([
    ['a known one', 'Bearer ${token}', 'Bearer abc'],
    ['a known one without braces', '$token', 'abc'],
    ['the repository', '${REPOSITORY}/docs', '/repo/docs'],
    ['a dollar that names nothing', 'pa$$word $5 $other', 'pa$$word $5 $other'],
  ])('%s', (_situation, text, filled) => {
    expect(fill(text)).toBe(filled)
  })

  it.each([
    [
      'one that the config does not give',
      '${OTHER}',
      `MCP server 'n': "\${OTHER}" stands for nothing: a server gets the variables that the config names for it`,
    ],
    ['one of the object itself', '${constructor}', expect.stringContaining('stands for nothing')],
    ['one that is not set', '${empty}', "MCP server 'n' needs CI_EMPTY, which is not set"],
  ])('%s is refused', (_situation, text, message) => {
    expect(() => fill(text)).toThrow(expect.objectContaining({ message }))
  })

  it('arguments know the repository alone', () => {
    expect(fillArgument('${REPOSITORY}/${token} $token')).toBe('/repo/${token} $token')
    expect(secrets).toEqual(['abc'])
  })
})
