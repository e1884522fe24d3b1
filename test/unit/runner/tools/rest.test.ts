import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { addressBelow } from '../../../../runner/tools/integrations/rest.ts'
import { type ApiReply, startApi } from '../../../helpers/api-server.ts'
import { createIntegrationWorld } from './integrations-world.ts'

describe('the address of a path', () => {
  const rows: [base: string, path: string, url: string][] = [
    ['https://api.example.com', '/a?b=c#d', 'https://api.example.com/a?b=c'],
    ['https://api.example.com/', 'a', 'https://api.example.com/a'],
    ['https://acme.example.com/wiki', '/rest/api', 'https://acme.example.com/wiki/rest/api'],
    ['https://acme.example.com/wiki/', '/wiki/rest/api', 'https://acme.example.com/wiki/rest/api'],
    ['https://acme.example.com/wiki', '/wikipedia', 'https://acme.example.com/wiki/wikipedia'],
    ['https://acme.example.com/wiki', 'https://acme.example.com/wiki/x', 'https://acme.example.com/wiki/x'],
    ['https://api.example.com', '//evil.example/x', 'https://api.example.com/evil.example/x'],
    ['https://api.example.com', '\\\\evil.example/x', 'https://api.example.com/evil.example/x'],
    ['https://api.example.com', '@evil.example/x', 'https://api.example.com/@evil.example/x'],
    ['https://api.example.com', '.evil.example/x', 'https://api.example.com/.evil.example/x'],
  ]
  test.each(rows)('%s and %s', (base, path, url) => {
    expect(addressBelow('t', base, path).href).toBe(url)
  })

  const refused: [base: string, path: string][] = [
    ['https://api.example.com', 'https://evil.example/x'],
    ['https://api.example.com', 'file:///etc/passwd'],
    ['https://api.example.com/v3', '/../admin'],
    ['https://api.example.com/v3', '/a/%2e%2e/%2E%2E/admin'],
    ['https://api.example.com/v3', '/v3/../admin'],
  ]
  test.each(refused)('%s and %s is refused', (base, path) => {
    expect(() => addressBelow('t', base, path)).toThrow(/^t: /)
  })
})

describe('Jira, Confluence and Sonar', () => {
  const rows: [
    situation: string,
    integration: Parameters<typeof createIntegrationWorld>[0],
    tool: string,
    args: Record<string, unknown>,
    told: unknown,
    authorization: string,
  ][] = [
    [
      'a search in the cloud, written as CodeMie’s prompts do',
      { type: 'jira', username: 'ann@example.com' },
      'generic_jira_tool',
      {
        method: 'GET',
        relative_url: '/rest/api/2/search',
        params: '{"jql":"project=ABC","maxResults": 100,"fields":"key,summary"}',
      },
      'GET /rest/api/2/search?jql=project%3DABC&maxResults=100&fields=key%2Csummary',
      `Basic ${btoa('ann@example.com:tok-123456')}`,
    ],
    [
      'a ticket on a server',
      { type: 'jira' },
      'generic_jira_tool',
      {
        method: 'POST',
        relative_url: 'rest/api/2/issue',
        params: { fields: { summary: 'S', labels: ['a'] } },
      },
      ['POST /rest/api/2/issue', { fields: { summary: 'S', labels: ['a'] } }],
      'Bearer tok-123456',
    ],
    [
      'a page',
      { type: 'confluence' },
      'generic_confluence_tool',
      { method: 'GET', relative_url: '/rest/api/content', params: { expand: ['body.storage', 'version'] } },
      'GET /rest/api/content?expand=body.storage%2Cversion',
      'Bearer tok-123456',
    ],
    [
      'issues of a project',
      { type: 'sonar' },
      'Sonar',
      { relative_url: '/api/issues/search', params: { componentKeys: 'app', resolved: false } },
      'GET /api/issues/search?componentKeys=app&resolved=false',
      `Basic ${btoa('tok-123456:')}`,
    ],
  ]
  test.each(rows)('%s', async (_situation, integration, tool, args, told, authorization) => {
    const place = String([told].flat()[0]).replace(/\?.*/, '')
    const server = await startApi({ [place]: { json: { ok: true } } })
    const world = createIntegrationWorld({ ...integration, url: server.url })
    expect(await world.call(tool, args)).toEqual({ ok: true })
    expect(server.told()).toEqual([told])
    expect(server.requests[0]?.headers['authorization']).toBe(authorization)
  })
})

const GET = { method: 'GET', relative_url: '/x' }
const POST = { method: 'POST', relative_url: '/x' }

async function jira(
  replies: readonly ApiReply[],
  options: Parameters<typeof createIntegrationWorld>[1] = {},
) {
  const server = await startApi({ 'GET /x': replies, 'POST /x': replies })
  const sleeps: number[] = []
  const world = createIntegrationWorld(
    { type: 'jira', url: server.url },
    { onSleep: (ms) => sleeps.push(ms), ...options },
  )
  return { server, world, sleeps, host: new URL(server.url).host }
}

describe('an answer of an integration', () => {
  const rows: [status: number, blame: string, retryable: boolean, help: string | undefined][] = [
    [400, 'tool', false, undefined],
    [
      401,
      'user',
      false,
      "The secret of integration 'there' is not accepted: set its environment variable to one that is valid.",
    ],
    [
      403,
      'user',
      false,
      "The account of integration 'there' may not do this: give it the permission, or use another one.",
    ],
    [404, 'tool', false, "It is not there, or the account of integration 'there' does not see it."],
    [429, 'infrastructure', true, undefined],
    [500, 'infrastructure', true, undefined],
    [501, 'tool', false, undefined],
  ]
  test.each(rows)('of status %i is blamed on the %s', async (status, blame, retryable, help) => {
    const { world, host } = await jira([{ status, json: { message: 'no' } }])
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({
      code: 'tool-http-status',
      message: `generic_jira_tool: ${host} answered with status ${status}: {"message":"no"}`,
      status,
      blame,
      retryable,
      help,
    })
  })

  test('that is busy is asked for again, as long after as it says', async () => {
    const { world, server, sleeps } = await jira([
      { status: 429, json: {}, headers: { 'retry-after': '7' } },
      { status: 503, json: {} },
      { json: 'done' },
    ])
    expect(await world.call('generic_jira_tool', GET)).toBe('done')
    expect([server.requests.length, sleeps]).toEqual([3, [7000, 2000]])
  })

  test('that stays busy is asked for as often as the option says', async () => {
    const { server, sleeps, world } = await jira([{ status: 503, json: {} }])
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({ status: 503 })
    expect([server.requests.length, sleeps]).toEqual([3, [1000, 2000]])
    const once = createIntegrationWorld({ type: 'jira', url: server.url, options: { retries: 0 } })
    await once.fail('generic_jira_tool', GET)
    expect(server.requests).toHaveLength(4)
  })

  test('that wants a long wait leaves that to the state', async () => {
    const { server, sleeps, world } = await jira([
      { status: 429, json: {}, headers: { 'retry-after': '3600' } },
    ])
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({
      retryable: true,
      retryAfterMs: 3_600_000,
    })
    expect([server.requests.length, sleeps]).toEqual([1, []])
  })

  test('to something that may have been done is not asked for again', async () => {
    const { server, world } = await jira([{ status: 503, json: {} }])
    expect(await world.fail('generic_jira_tool', POST)).toMatchObject({ retryable: false })
    expect(server.requests).toHaveLength(1)
  })

  test('that says that GitHub’s limit is reached is nobody’s missing permission', async () => {
    const server = await startApi({
      'GET /x': { status: 403, json: {}, headers: { 'x-ratelimit-remaining': '0' } },
    })
    const world = createIntegrationWorld({ type: 'github', url: server.url })
    expect(await world.fail('github', { url: '/x' })).toMatchObject({
      blame: 'infrastructure',
      retryable: true,
    })
  })

  const bodies: [situation: string, reply: ApiReply, expected: unknown][] = [
    ['text', { text: 'hello' }, 'hello'],
    ['nothing', { status: 204, text: '' }, { status: 204 }],
    [
      'nothing that calls itself JSON',
      { text: '', headers: { 'content-type': 'application/json' } },
      { status: 200 },
    ],
    ['a text in JSON', { json: 'text' }, 'text'],
  ]
  test.each(bodies)('that is %s', async (_situation, reply, expected) => {
    const { world } = await jira([reply])
    expect(await world.call('generic_jira_tool', GET)).toEqual(expected)
  })

  test('that is no JSON although it says so', async () => {
    const { world, host } = await jira([{ text: '{"a": ', headers: { 'content-type': 'application/json' } }])
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({
      code: 'tool-failed',
      blame: 'infrastructure',
      message: `generic_jira_tool: ${host} answered with JSON that is none`,
    })
  })

  test('that never ends is not read to its end', async () => {
    let isClosed: () => void = () => {}
    const closed = new Promise<void>((resolve) => {
      isClosed = resolve
    })
    const piece = Buffer.alloc(64 * 1024, '1')
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const write = (): void => {
        while (response.write(piece));
        response.once('drain', write)
      }
      response.on('close', isClosed)
      write()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    const world = createIntegrationWorld(
      { type: 'jira', url: `http://${host}` },
      { policy: { maxOutputBytes: 1000 } },
    )
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({
      code: 'tool-failed',
      message: `generic_jira_tool: ${host} answered with more than 1000 bytes`,
    })
    await closed
  })

  test('that leads elsewhere is not followed', async () => {
    const other = await startApi({ 'GET /x': { json: 'secret' } })
    const { world } = await jira([
      { status: 302, text: '', headers: { location: `${other.url.replace('127.0.0.1', 'localhost')}/x` } },
      { status: 302, text: '', headers: { location: 'https://169.254.169.254/latest' } },
    ])
    for (const host of ['localhost', '169.254.169.254']) {
      const failure = await world.fail('generic_jira_tool', GET)
      expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
      expect(failure.message).toContain(host)
      expect(failure.help).toContain('policy.http_allow_hosts')
    }
    expect(other.requests).toEqual([])
  })

  test('that does not come', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const world = createIntegrationWorld({ type: 'jira', url }, { policy: { timeoutMs: 100 } })
    expect(await world.fail('generic_jira_tool', GET)).toMatchObject({
      code: 'tool-timeout',
      retryable: true,
    })
    expect(await world.fail('generic_jira_tool', POST)).toMatchObject({
      code: 'tool-timeout',
      retryable: false,
    })
  })

  test('that shows the token is not in the message of a failure that we make', async () => {
    const server = await startApi({ 'GET /x': { status: 500, json: {} } })
    const world = createIntegrationWorld({ type: 'http', url: server.url, options: { query_key: 'key' } })
    expect((await world.fail('generic_jira_tool', GET)).message).not.toContain('tok-123456')
    expect(server.requests[0]?.line).toBe('GET /x?key=tok-123456')
  })
})
