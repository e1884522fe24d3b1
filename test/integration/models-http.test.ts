import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  request as sendRequest,
} from 'node:http'
import {
  type AddressInfo,
  connect as connectSocket,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createHttpFetch, type HttpFetch, type HttpFetchOptions } from '../../runner/models/http-fetch.ts'
import { proxyFor } from '../../runner/models/proxy-agents.ts'
import { TransportError } from '../../runner/models/transport-error.ts'
import { startModelServer } from '../helpers/model-server.ts'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

function open(options: HttpFetchOptions = {}): HttpFetch {
  const fetch = createHttpFetch(options)
  endings.push(() => fetch.close())
  return fetch
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const serve = async (handle: RequestListener) => `http://127.0.0.1:${await listen(createServer(handle))}`

async function errorOf(work: Promise<unknown>): Promise<TransportError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TransportError)
  return error as TransportError
}

describe('an exchange', () => {
  it('sends method, headers and body, and reads status, headers and body', async () => {
    const url = await serve((request, response) => {
      let body = ''
      request.on('data', (piece) => {
        body += piece
      })
      request.on('end', () => {
        response.setHeader('X-Two', ['a', 'b'])
        response.writeHead(418, 'Teapot', { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            body,
            type: request.headers['content-type'],
          }),
        )
      })
    })
    const response = await open()(`${url}/a/b?c=d`, {
      method: 'POST',
      headers: { 'content-type': 'x/y' },
      body: 'grüße',
    })
    expect([response.ok, response.status, response.statusText, response.url]).toEqual([
      false,
      418,
      'Teapot',
      `${url}/a/b?c=d`,
    ])
    expect(response.headers.get('X-TWO')).toBe('a, b')
    expect(response.headers.get('nothing')).toBeNull()
    expect([...response.headers.entries()]).toContainEqual(['x-two', 'a, b'])
    expect(await response.json()).toEqual({ method: 'POST', url: '/a/b?c=d', body: 'grüße', type: 'x/y' })
    await expect(response.text()).rejects.toThrow('read already')
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('decompresses %s', async (encoding, compress) => {
    const url = await serve((_, response) => {
      response.setHeader('content-encoding', encoding)
      response.end(compress('hello '.repeat(1000)))
    })
    expect(await (await open()(url)).text()).toBe('hello '.repeat(1000))
    const pieces: Uint8Array[] = []
    for await (const piece of (await open()(url)).body) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe('hello '.repeat(1000))
  })

  it.each([
    ['damaged', 'gzip', Buffer.from('not gzip at all')],
    ['cut off', 'gzip', gzipSync('hello '.repeat(1000)).subarray(0, 20)],
    ['in an unknown way', 'zstd', Buffer.from('x')],
  ])('says so when the compressed body is %s', async (_, encoding, body) => {
    const url = await serve((_request, response) => {
      response.setHeader('content-encoding', encoding)
      response.end(body)
    })
    expect((await errorOf(open()(url).then((response) => response.text()))).code).toBe('body-undecodable')
  })

  it('gives up on a body without end', async () => {
    const url = await serve((_, response) => {
      response.write('x'.repeat(5000))
    })
    const fetch = open({ maxBodyBytes: 4000 })
    expect((await errorOf(fetch(url).then((response) => response.text()))).code).toBe('body-too-large')
    const streamed = fetch(url).then(async (response) => {
      for await (const piece of response.body) expect(piece.length).toBeLessThan(4001)
    })
    expect((await errorOf(streamed)).code).toBe('body-too-large')
  })

  it('does not follow a redirect', async () => {
    const url = await serve((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:9/' })
      response.end()
    })
    expect((await open()(url)).status).toBe(302)
  })

  it('frees the connection when the reader stops early', async () => {
    let closed = () => {}
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const url = await serve((_, response) => {
      response.once('close', closed)
      response.write('first')
    })
    for await (const piece of (await open()(url)).body) {
      expect(Buffer.from(piece).toString()).toBe('first')
      break
    }
    await isClosed
  })

  it('cancelled frees the connection', async () => {
    let closed = () => {}
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve
    })
    const url = await serve((_, response) => {
      response.once('close', closed)
      response.write('first')
    })
    await (await open()(url)).body.cancel()
    await isClosed
  })
})

describe('time', () => {
  it('runs out while connecting', async () => {
    // A proxy that takes the connection and never answers stands for a network that swallows packets.
    const port = await listen(createSocketServer(() => {}))
    const fetch = open({ connectTimeoutMs: 40, env: { https_proxy: `127.0.0.1:${port}` } })
    expect((await errorOf(fetch('https://model.test/'))).code).toBe('connect-timeout')
  })

  it('runs out before the answer', async () => {
    const url = await serve(() => {})
    expect((await errorOf(open({ answerTimeoutMs: 40 })(url))).code).toBe('answer-timeout')
  })

  it.each(['text', 'pieces'])('runs out in the middle of the body, read as %s', async (how) => {
    const url = await serve((_, response) => {
      response.write('first')
    })
    const response = await open({ idleTimeoutMs: 40 })(url)
    const read = async () => {
      if (how === 'text') return response.text()
      for await (const piece of response.body) expect(piece.length).toBe(5)
      return ''
    }
    expect((await errorOf(read())).code).toBe('idle-timeout')
  })

  it('stands still while nobody reads', async () => {
    let finish = () => {}
    const url = await serve((_, response) => {
      response.write('first')
      finish = () => response.end('last')
    })
    const response = await open({ idleTimeoutMs: 30 })(url)
    const pieces: string[] = []
    for await (const piece of response.body) {
      pieces.push(Buffer.from(piece).toString())
      if (pieces.length > 1) continue
      // A slow reader is the thing under test, so here time has to pass.
      await new Promise((resolve) => setTimeout(resolve, 90))
      finish()
    }
    expect(pieces.join('')).toBe('firstlast')
  })
})

describe('abort', () => {
  it('before, during the wait, and in the body, keeps the reason', async () => {
    const reason = new Error('stop')
    let arrived = () => {}
    const url = await serve((request, response) => {
      if (request.url === '/body') response.write('first')
      else arrived()
    })
    const fetch = open()
    await expect(fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)

    const waiting = new AbortController()
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const work = fetch(url, { signal: waiting.signal })
    await isThere
    waiting.abort(reason)
    await expect(work).rejects.toBe(reason)

    for (const how of ['text', 'pieces']) {
      const reading = new AbortController()
      const response = await fetch(`${url}/body`, { signal: reading.signal })
      const read = async () => {
        if (how === 'text') return response.text()
        for await (const piece of response.body) {
          expect(piece.length).toBe(5)
          reading.abort(reason)
        }
        return ''
      }
      const text = read()
      if (how === 'text') reading.abort(reason)
      await expect(text).rejects.toBe(reason)
    }
  })

  it('while connecting', async () => {
    let arrived = () => {}
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const port = await listen(createSocketServer(() => arrived()))
    const controller = new AbortController()
    const fetch = open({ env: { https_proxy: `http://127.0.0.1:${port}` } })
    const work = fetch('https://model.test/', { signal: controller.signal })
    await isThere
    controller.abort('enough')
    await expect(work).rejects.toBe('enough')
  })
})

describe('a kept connection', () => {
  /** Answers the first request of every connection, and does `second` to the next one on it. */
  async function server(second: (socket: Socket) => void) {
    let connections = 0
    const port = await listen(
      createSocketServer((socket) => {
        connections++
        let requests = 0
        socket.on('data', () => {
          requests++
          if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
          else second(socket)
        })
      }),
    )
    return { url: `http://127.0.0.1:${port}/`, connections: () => connections }
  }

  it('that the server closed meanwhile is replaced once', async () => {
    const { url, connections } = await server((socket) => socket.resetAndDestroy())
    const fetch = open()
    for (let i = 0; i < 3; i++)
      expect(await (await fetch(url, { method: 'POST', body: '{}' })).text()).toBe('ok')
    expect(connections()).toBeGreaterThan(1)
  })

  it('that broke after the answer began is not replaced', async () => {
    const { url, connections } = await server((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n', () => socket.resetAndDestroy())
    })
    const fetch = open()
    await (await fetch(url)).text()
    expect((await errorOf(fetch(url))).code).toBe('ECONNRESET')
    expect(connections()).toBe(1)
  })

  it('does not hide that a new connection is dropped', async () => {
    let connections = 0
    const port = await listen(
      createSocketServer((socket) => {
        connections++
        socket.on('data', () => socket.resetAndDestroy())
      }),
    )
    expect((await errorOf(open()(`http://127.0.0.1:${port}/`))).code).toBe('ECONNRESET')
    expect(connections).toBe(1)
  })
})

describe('which proxy', () => {
  const both = { HTTPS_PROXY: 'http://secure.proxy:1', http_proxy: 'plain.proxy:2' }
  it.each<[situation: string, target: string, env: Record<string, string>, proxy: string | undefined]>([
    ['none set', 'https://api.example/', {}, undefined],
    ['https', 'https://api.example/', both, 'http://secure.proxy:1/'],
    ['http, without a scheme', 'http://api.example/', both, 'http://plain.proxy:2/'],
    [
      'lower case wins',
      'https://api.example/',
      { ...both, https_proxy: 'http://lower:3' },
      'http://lower:3/',
    ],
    ['for all', 'https://api.example/', { ALL_PROXY: 'http://all:4' }, 'http://all:4/'],
    ['an empty variable is none', 'https://api.example/', { HTTPS_PROXY: '' }, undefined],
    ['exempt: everything', 'https://api.example/', { ...both, NO_PROXY: '*' }, undefined],
    ['exempt: the host', 'https://api.example/', { ...both, NO_PROXY: 'other, api.example' }, undefined],
    ['exempt: below a domain', 'https://eu.api.example/', { ...both, no_proxy: 'api.example' }, undefined],
    [
      'exempt: below a domain with a dot',
      'https://api.example/',
      { ...both, no_proxy: '.example' },
      undefined,
    ],
    ['exempt: a star', 'https://api.example/', { ...both, no_proxy: '*.example' }, undefined],
    [
      'not exempt: only the same ending',
      'https://notapi.example/',
      { ...both, no_proxy: 'api.example' },
      'http://secure.proxy:1/',
    ],
    [
      'exempt: host and port',
      'https://api.example:8443/',
      { ...both, no_proxy: 'api.example:8443' },
      undefined,
    ],
    [
      'not exempt: another port',
      'https://api.example/',
      { ...both, no_proxy: 'api.example:8443' },
      'http://secure.proxy:1/',
    ],
    ['exempt: the usual port', 'https://api.example/', { ...both, no_proxy: 'api.example:443' }, undefined],
    ['exempt: an address in a block', 'http://10.1.2.3/', { ...both, no_proxy: '10.0.0.0/8' }, undefined],
    [
      'not exempt: outside the block',
      'http://11.1.2.3/',
      { ...both, no_proxy: '10.0.0.0/8' },
      'http://plain.proxy:2/',
    ],
    [
      'a block that is none',
      'http://10.1.2.3/',
      { ...both, no_proxy: '10.0.0.0/99 x/8 1/2/3' },
      'http://plain.proxy:2/',
    ],
    ['exempt: an IPv6 address', 'http://[fd00::1]/', { ...both, no_proxy: 'fd00::1' }, undefined],
    ['this machine by name', 'http://localhost:11434/', both, undefined],
    ['this machine by number', 'http://127.0.0.1/', both, undefined],
    ['this machine by IPv6', 'http://[::1]/', both, undefined],
  ])('%s', (_, target, env, proxy) => {
    expect(proxyFor(new URL(target), env)?.href).toBe(proxy)
  })

  it.each(['socks5://h:1', 'http://', '://'])('refuses %s without showing it', (value) => {
    expect(() => proxyFor(new URL('https://api.example'), { HTTPS_PROXY: value })).toThrow(
      /^HTTPS_PROXY does not hold/,
    )
  })
})

/** A proxy that knows every name and takes all of them to `port` of this machine. */
async function startProxy(port: number, refuse?: number) {
  const seen: { line: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((incoming, outgoing) => {
    seen.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers })
    const { pathname, search } = new URL(incoming.url as string)
    const onward = sendRequest({
      host: '127.0.0.1',
      port,
      path: pathname + search,
      method: incoming.method,
      headers: incoming.headers,
    })
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(outgoing)
    })
    incoming.pipe(onward)
  })
  server.on('connect', (incoming, socket) => {
    seen.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers })
    socket.on('error', () => {})
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`)
      return
    }
    const onward = connectSocket(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('close', () => onward.destroy())
  })
  return { url: `http://us%40er:pass@127.0.0.1:${await listen(server)}`, seen }
}

const basic = `Basic ${Buffer.from('us@er:pass').toString('base64')}`

describe('through a proxy', () => {
  it('to an http address', async () => {
    const target = await serve((request, response) => response.end(JSON.stringify(request.headers)))
    const proxy = await startProxy(Number(new URL(target).port))
    const fetch = open({ env: { http_proxy: proxy.url } })
    const answer = await fetch('http://model.test/v1/models?x=1', { headers: { authorization: 'Bearer k' } })
    expect(await answer.json()).toMatchObject({ host: 'model.test', authorization: 'Bearer k' })
    expect(proxy.seen[0]?.line).toBe('GET http://model.test/v1/models?x=1')
    expect(proxy.seen[0]?.headers['proxy-authorization']).toBe(basic)
  })

  it.each([
    [403, 'proxy-refused'],
    [407, 'proxy-unauthorized'],
  ])('that refuses the tunnel with %d', async (status, code) => {
    const proxy = await startProxy(1, status)
    const error = await errorOf(open({ env: { https_proxy: proxy.url } })('https://model.test/'))
    expect(error.code).toBe(code)
    expect(error.message).toContain(`answered ${status}`)
    expect(error.message).not.toContain('pass')
  })

  it('that is not there', async () => {
    const error = await errorOf(
      open({ env: { https_proxy: 'http://u:secret@127.0.0.1:9' } })('https://model.test/'),
    )
    expect(error.code).toBe('proxy-unreachable')
    expect(error.message).toBe('the proxy 127.0.0.1:9 cannot be reached')
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe.skipIf(!hasOpenssl)('TLS', () => {
  let key = ''
  let cert = ''
  let folder = ''

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codemie-ci-tls-'))
    const file = (name: string) => join(folder, name)
    const names = 'subjectAltName=DNS:model.test,IP:127.0.0.1'
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ]
    execFileSync(
      'openssl',
      [
        ...args,
        '-subj',
        '/CN=model.test',
        '-addext',
        names,
        '-keyout',
        file('key.pem'),
        '-out',
        file('cert.pem'),
      ],
      { stdio: 'ignore' },
    )
    key = readFileSync(file('key.pem'), 'utf8')
    cert = readFileSync(file('cert.pem'), 'utf8')
    return () => rmSync(folder, { recursive: true, force: true })
  })

  async function start() {
    const server = await startModelServer({ tls: { key, cert } })
    endings.push(() => server.close())
    return server
  }

  it('refuses a certificate that nobody vouches for', async () => {
    const server = await start()
    expect((await errorOf(open()(`${server.url}/models`))).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  })

  it("takes a certificate of one's own, straight", async () => {
    const server = await start()
    const fetch = open({ certificates: cert })
    for (let i = 0; i < 3; i++)
      expect((await (await fetch(`${server.url}/models`)).text()).length).toBeGreaterThan(0)
    expect(server.connections).toBe(1)
  })

  it('goes through the tunnel of a proxy and keeps it', async () => {
    const server = await start()
    const proxy = await startProxy(Number(new URL(server.url).port))
    const fetch = open({ certificates: [cert], env: { HTTPS_PROXY: proxy.url } })
    for (let i = 0; i < 3; i++) {
      const answer = await fetch('https://model.test/v1/models', { headers: { authorization: 'Bearer k' } })
      expect(await answer.json()).toMatchObject({ object: 'list' })
    }
    expect(proxy.seen.map(({ line }) => line)).toEqual(['CONNECT model.test:443'])
    expect(proxy.seen[0]?.headers['proxy-authorization']).toBe(basic)
    expect(proxy.seen[0]?.headers.authorization).toBeUndefined()
  })

  it('checks the name behind the proxy', async () => {
    const server = await start()
    const proxy = await startProxy(Number(new URL(server.url).port))
    const fetch = open({ certificates: cert, env: { HTTPS_PROXY: proxy.url } })
    expect((await errorOf(fetch('https://other.test/v1/models'))).code).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  it('takes the certificates of NODE_EXTRA_CA_CERTS', async () => {
    const server = await start()
    const module = new URL('../../runner/models/http-fetch.ts', import.meta.url).href
    const script = `const { createHttpFetch } = await import(${JSON.stringify(module)}); const fetch = createHttpFetch(); const answer = await fetch(${JSON.stringify(`${server.url}/models`)}); console.log(answer.status); fetch.close()`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect(stdout.trim()).toBe('200')
  })
})
