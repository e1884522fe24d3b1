import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createForgeFetch } from '../../action/forge-fetch.ts'

/** A server that answers each path with a status and, for a redirect, a place; it tells what it was asked. */
async function serve(answers: Readonly<Record<string, readonly [status: number, location?: string]>>) {
  const seen: string[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const piece of request.setEncoding('utf8')) body += piece
    seen.push([request.method, request.url, request.headers.authorization, body].filter(Boolean).join(' '))
    const [status, location] = answers[request.url ?? ''] ?? [404]
    response.writeHead(status, location === undefined ? {} : { location }).end('{"a":1}')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(() => void server.close())
  return { seen, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const init = { method: 'PATCH', headers: { authorization: 'token t' }, body: '{"b":2}' }

test('a repository that was renamed is asked for where it is now, by the same method, with the token', async () => {
  const { seen, origin } = await serve({ '/repos/a/old': [301, '/repositories/1'], '/repositories/1': [200] })
  const answer = await createForgeFetch({ env: {} })(`${origin}/repos/a/old`, init)
  expect(answer).toMatchObject({ status: 200, url: `${origin}/repositories/1` })
  expect(await answer.text()).toBe('{"a":1}')
  expect(Buffer.from(await answer.arrayBuffer()).toString()).toBe('{"a":1}')
  expect(seen).toEqual(['PATCH /repos/a/old token t {"b":2}', 'PATCH /repositories/1 token t {"b":2}'])
})

test('the token goes to no other server', async () => {
  const other = await serve({ '/': [200] })
  const { origin } = await serve({ '/a': [302, `${other.origin}/`] })
  await expect(createForgeFetch({ env: {} })(`${origin}/a`, init)).rejects.toThrow(
    `it sends us on to ${other.origin}`,
  )
  expect(other.seen).toEqual([])
})

test('a circle of redirects ends', async () => {
  const { seen, origin } = await serve({ '/a': [307, '/a'] })
  await expect(createForgeFetch({ env: {} })(`${origin}/a`, init)).rejects.toThrow(
    'it sends us on more than 3 times',
  )
  expect(seen).toHaveLength(4)
})

test('a proxy is used, except for what needs none', async () => {
  const proxy = await serve({ 'http://ghes.example/api/v3/user': [200] })
  const { seen, origin } = await serve({ '/user': [200] })
  const fetch = createForgeFetch({ env: { http_proxy: proxy.origin, NO_PROXY: 'other.example' } })
  expect((await fetch('http://ghes.example/api/v3/user')).status).toBe(200)
  expect((await fetch(`${origin}/user`)).status).toBe(200)
  expect(proxy.seen).toEqual(['GET http://ghes.example/api/v3/user'])
  expect(seen).toEqual(['GET /user'])
})
