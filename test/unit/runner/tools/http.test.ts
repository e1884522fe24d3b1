import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openIntegration } from '../../../../runner/integrations.ts'
import { authOf } from '../../../../runner/tools/http-auth.ts'
import { decideUrl, isPrivateAddress } from '../../../../runner/tools/http-policy.ts'
import type { Integration } from '../../../../schema/config.ts'
import { createToolWorld } from './tool-world.ts'

const AT = { file: 'config.yaml', line: 1, column: 1 }

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => handler(request, response, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const echo: Handler = (request, response, body) => {
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
}

describe('which hosts may be reached', () => {
  const rows: [allowed: string[], url: string, ok: boolean][] = [
    [[], 'https://example.com/', false],
    [['example.com'], 'https://example.com/x', true],
    [['example.com'], 'https://EXAMPLE.com./x', true],
    [['example.com'], 'https://example.com:8443/', true],
    [['example.com:8443'], 'https://example.com/', false],
    [['example.com:443'], 'https://example.com/', true],
    [['example.com'], 'http://example.com/', false],
    [['http://example.com'], 'http://example.com/', true],
    [['http://example.com:3000'], 'http://example.com:3000/', true],
    [['example.com'], 'https://sub.example.com/', false],
    [['*.example.com'], 'https://sub.example.com/', true],
    [['*.example.com'], 'https://a.b.example.com/', true],
    [['*.example.com'], 'https://example.com/', false],
    [['*.example.com'], 'https://evilexample.com/', false],
    [['example.com'], 'https://example.com.evil.org/', false],
    [['example.com'], 'https://example.com@evil.org/', false],
    [['*'], 'https://user:secret@example.com/', false],
    [['*'], 'https://anything.example/', true],
    [['*'], 'file:///etc/passwd', false],
  ]
  for (const [allowed, url, ok] of rows) {
    test(`${url} with [${allowed.join(', ')}]: ${ok ? 'yes' : 'no'}`, () => {
      const decide = () => decideUrl(new URL(url), allowed, 'http_get')
      if (ok) expect(decide()).toBeDefined()
      else expect(decide).toThrow(expect.objectContaining({ code: 'tool-refused', blame: 'policy' }))
    })
  }
})

describe('addresses of private networks', () => {
  const rows: [address: string, isPrivate: boolean][] = [
    ['127.0.0.1', true],
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['169.254.169.254', true],
    ['100.64.0.1', true],
    ['0.0.0.0', true],
    ['224.0.0.1', true],
    ['255.255.255.255', true],
    ['8.8.8.8', false],
    ['::1', true],
    ['::', true],
    ['fe80::1', true],
    ['fd00::1', true],
    ['ff02::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:7f00:1', true],
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::a00:1', true],
    ['2001:db8::1', true],
    ['2606:4700:4700::1111', false],
    ['not an address', true],
  ]
  for (const [address, isPrivate] of rows) {
    test(address, () => expect(isPrivateAddress(address)).toBe(isPrivate))
  }
})

describe('requests', () => {
  test('GET with a query, JSON comes back parsed', async () => {
    const base = await serve(echo)
    const world = createToolWorld({}, { allowedHosts: [base] })
    expect(
      await world.call('http_get', { url: `${base}/a?x=1#frag`, query: { y: 'ż&', n: 2 } }),
    ).toMatchObject({
      status: 200,
      content_type: 'application/json; charset=utf-8',
      body: { method: 'GET', url: '/a?x=1&y=%C5%BC%26&n=2' },
    })
  })

  test('POST of a JSON value and of text', async () => {
    const base = await serve(echo)
    const world = createToolWorld({}, { allowedHosts: [base] })
    expect(await world.call('http_request', { url: base, body: { a: 'ż' } })).toMatchObject({
      body: { method: 'POST', body: '{"a":"ż"}', headers: { 'content-type': 'application/json' } },
    })
    expect(
      await world.call('http_request', {
        url: base,
        method: 'PUT',
        body: 'plain',
        headers: { 'Content-Type': 'text/plain', 'X-Extra': 'e' },
      }),
    ).toMatchObject({
      body: { method: 'PUT', body: 'plain', headers: { 'content-type': 'text/plain', 'x-extra': 'e' } },
    })
  })

  test('a host that is not listed is never connected to', async () => {
    let asked = 0
    const base = await serve((_request, response) => {
      asked++
      response.end()
    })
    const failure = await createToolWorld().fail('http_get', { url: base })
    expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
    expect(failure.help).toContain('policy.http_allow_hosts')
    expect(asked).toBe(0)
  })

  const privateUrls = [
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://localhost/',
  ]
  for (const url of privateUrls) {
    test(`"*" does not open the private network: ${url}`, async () => {
      const failure = await createToolWorld({}, { allowedHosts: ['*'] }).fail('http_get', { url })
      expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
      expect(failure.message).toContain('private network')
    })
  }

  test('a redirect is checked like the first request', async () => {
    const target = await serve(echo)
    const base = await serve((_request, response) => {
      response.writeHead(302, { location: `${target.replace('127.0.0.1', 'localhost')}/secret` })
      response.end()
    })
    const failure = await createToolWorld({}, { allowedHosts: [base] }).fail('http_get', { url: base })
    expect(failure).toMatchObject({ code: 'tool-refused' })
    expect(failure.message).toContain('localhost')
  })

  test('redirects that are allowed: POST becomes GET after 302 and stays after 307', async () => {
    const base = await serve((request, response, body) => {
      if (request.url === '/see') response.writeHead(302, { location: '/end' }).end()
      else if (request.url === '/again') response.writeHead(307, { location: 'end' }).end()
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end()
      else echo(request, response, body)
    })
    const world = createToolWorld({}, { allowedHosts: [base] })
    expect(await world.call('http_request', { url: `${base}/see`, body: 'x' })).toMatchObject({
      body: { method: 'GET', body: '' },
    })
    expect(await world.call('http_request', { url: `${base}/again`, body: 'x' })).toMatchObject({
      body: { method: 'POST', body: 'x' },
    })
    expect((await world.fail('http_get', { url: `${base}/loop` })).message).toContain('more than 5 times')
  })

  test('the secret of an integration goes to its host and nowhere else', async () => {
    const other = await serve(echo)
    const base = await serve((request, response, body) => {
      if (request.url === '/away') response.writeHead(302, { location: other }).end()
      else echo(request, response, body)
    })
    const integration = openIntegration(
      { alias: 'a', url: `${base}/v3`, env: { token: 'T' }, options: { headers: { 'X-Api': '2' } }, at: AT },
      { T: 's3cret' },
    )
    const world = createToolWorld({}, { allowedHosts: [base, other] }, { integration })
    expect(await world.call('http_get', { url: base })).toMatchObject({
      body: { headers: { authorization: 'Bearer s3cret', 'x-api': '2' } },
    })
    const away = (await world.call('http_get', { url: `${base}/away` })) as { body: { headers: object } }
    expect(away.body.headers).not.toHaveProperty('authorization')
    expect(away.body.headers).not.toHaveProperty('x-api')
  })

  for (const header of ['Authorization', 'cookie', 'X-API-Key', 'Host', 'Transfer-Encoding']) {
    test(`header ${header} is refused`, async () => {
      const world = createToolWorld({}, { allowedHosts: ['example.com'] })
      const failure = await world.fail('http_get', { url: 'https://example.com', headers: { [header]: 'x' } })
      expect(failure).toMatchObject({ code: 'tool-refused' })
    })
  }

  test('a line break in a header', async () => {
    const world = createToolWorld({}, { allowedHosts: ['example.com'] })
    const failure = await world.fail('http_get', {
      url: 'https://example.com',
      headers: { 'x-a': 'b\r\nx-c: d' },
    })
    expect(failure.code).toBe('tool-arguments-invalid')
  })

  test('an error status fails, or is a result when asked for', async () => {
    const base = await serve((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '7' }).end('busy')
    })
    const world = createToolWorld({}, { allowedHosts: [base] })
    expect(await world.fail('http_get', { url: base })).toMatchObject({
      code: 'tool-http-status',
      status: 503,
      retryable: true,
      retryAfterMs: 7000,
      message: `http_get: ${new URL(base).host} answered with status 503: busy`,
    })
    // It may have been done all the same.
    expect(await world.fail('http_request', { url: base, method: 'POST' })).toMatchObject({
      status: 503,
      retryable: false,
    })
    expect(await world.call('http_get', { url: base, allow_error_status: true })).toMatchObject({
      status: 503,
      body: 'busy',
    })
  })

  test('a body that is too long, and one that is not text', async () => {
    const base = await serve((request, response) => {
      if (request.url === '/bin') response.setHeader('content-type', 'image/png').end(Buffer.from([1, 2, 3]))
      else response.setHeader('content-type', 'application/json').end(JSON.stringify('x'.repeat(5000)))
    })
    const world = createToolWorld({}, { allowedHosts: [base], maxOutputBytes: 100 })
    expect(await world.call('http_get', { url: base })).toMatchObject({
      body: `"${'x'.repeat(99)}`,
      note: 'The body was cut after 100 bytes.',
    })
    expect(await world.call('http_get', { url: `${base}/bin` })).toMatchObject({
      body: '',
      note: 'The body is not text (3 bytes).',
    })
  })

  test('a server that never answers, and one that is gone', async () => {
    const base = await serve(() => {})
    const world = createToolWorld({}, { allowedHosts: [base, 'http://127.0.0.1:1'], timeoutMs: 200 })
    expect(await world.fail('http_get', { url: base })).toMatchObject({
      code: 'tool-timeout',
      retryable: true,
    })
    expect(await world.fail('http_get', { url: 'http://127.0.0.1:1/' })).toMatchObject({
      code: 'tool-failed',
      retryable: true,
      message: 'http_get: 127.0.0.1:1 refused the connection',
    })
  })

  test('cancelled while waiting', async () => {
    const controller = new AbortController()
    const why = new Error('cancelled')
    const base = await serve(() => controller.abort(why))
    const world = createToolWorld({}, { allowedHosts: [base] }, { signal: controller.signal })
    await expect(world.call('http_get', { url: base })).rejects.toBe(why)
  })
})

describe('secrets of an integration', () => {
  const env = { T: ' tok\n', P: 'pass', EMPTY: '' }
  const rows: [
    situation: string,
    integration: Partial<Integration>,
    headers: Record<string, string>,
    query?: Record<string, string>,
  ][] = [
    ['a token', { env: { token: 'T' } }, { authorization: 'Bearer tok' }],
    [
      'a token with a user name',
      { username: 'ann', env: { token: 'T' } },
      { authorization: `Basic ${btoa('ann:tok')}` },
    ],
    [
      'a password',
      { username: 'ann', env: { password: 'P' } },
      { authorization: `Basic ${btoa('ann:pass')}` },
    ],
    [
      'a header of its own',
      { env: { token: 'T' }, options: { header: 'X-Api-Key' } },
      { 'x-api-key': 'tok' },
    ],
    ['a parameter of its own', { env: { token: 'T' }, options: { query_key: 'key' } }, {}, { key: 'tok' }],
    ['GitLab', { type: 'gitlab', env: { token: 'T' } }, { 'private-token': 'tok' }],
    ['Sonar', { type: 'sonar', env: { token: 'T' } }, { authorization: `Basic ${btoa('tok:')}` }],
    ['a password without a user name', { env: { password: 'P' } }, {}],
    ['none', {}, {}],
  ]
  const open = (integration: Partial<Integration>) =>
    openIntegration(
      { alias: 'a', url: 'https://api.example.com/v3/', env: {}, options: {}, at: AT, ...integration },
      env,
    )
  for (const [situation, integration, headers, query = {}] of rows) {
    test(situation, () => {
      expect(authOf(open(integration))).toEqual({ origin: 'https://api.example.com', headers, query })
    })
  }

  test('no address', () => {
    expect(authOf(open({ url: 'nowhere', env: { token: 'T' } }))).toBeUndefined()
  })

  test.each(['NOT_SET', 'EMPTY'])('a variable without a value is named: %s', (token) => {
    expect(() => authOf(open({ env: { token } }))).toThrow(
      expect.objectContaining({
        code: 'integration-secret-missing',
        blame: 'user',
        message: `Integration 'a': ${token} is not set`,
      }),
    )
  })
})
