import { expect, test } from 'vitest'
import { type ApiReply, startApi } from '../../../helpers/api-server.ts'
import { createIntegrationWorld } from './integrations-world.ts'

const PATH = '/services/T0/B0/hidden-path-1'

/** A receiver whose address is a secret, with its host written out in the policy. */
async function withReceiver(
  reply: ApiReply | readonly ApiReply[],
  type = 'slack',
  hosts?: readonly string[],
) {
  const receiver = await startApi({ [`POST ${PATH}`]: reply, [`GET ${PATH}`]: { text: 'ok' } })
  const waits: number[] = []
  const world = createIntegrationWorld(
    { type, url: '', env: { url: 'HOOK', token: 'TOKEN' }, options: { header: 'X-Key' } },
    {
      policy: { allowedHosts: hosts ?? [receiver.url] },
      onSleep: (ms) => waits.push(ms),
      env: { HOOK: `${receiver.url}${PATH}` },
    },
  )
  return { ...world, receiver, waits }
}

test('a message for a channel calls nobody and hides no address', async () => {
  const { call, receiver } = await withReceiver({ text: 'ok' })
  const text = '<!channel> A & B <https://evil.example|https://good.example>'
  expect(await call('notify', { text, title: 'Nightly' })).toEqual({ sent: true })
  expect(receiver.told()).toEqual([
    [
      `POST ${PATH}`,
      {
        text: '*Nightly*\n&lt;!channel&gt; A &amp; B &lt;https://evil.example|https://good.example&gt;',
      },
    ],
  ])
})

test('a webhook gets JSON, with its token', async () => {
  const { call, receiver } = await withReceiver({ text: '' }, 'webhook')
  await call('notify', { message: 'a < b', subject: 'Nightly' })
  expect(receiver.told()).toEqual([[`POST ${PATH}`, { text: 'a < b', title: 'Nightly' }]])
  expect(receiver.requests[0]?.headers['x-key']).toBe('tok-123456')
})

test('what is refused because of too many messages is sent again, as long after as it says', async () => {
  const busy = { status: 429, headers: { 'retry-after': '7' }, text: '' }
  const { call, receiver, waits } = await withReceiver([busy, busy, { text: 'ok' }])
  expect(await call('slack', { text: 'hi' })).toEqual({ sent: true })
  expect([receiver.requests.length, waits]).toEqual([3, [7000, 7000]])
})

test.each<[situation: string, reply: ApiReply, code: string, blame: string, says: string]>([
  [
    'a wrong address',
    { status: 404, text: 'no_service' },
    'tool-http-status',
    'tool',
    'status 404: no_service',
  ],
  [
    'a revoked one',
    { status: 403, text: 'invalid_token' },
    'tool-http-status',
    'user',
    'status 403: invalid_token',
  ],
  [
    'a server that does not work',
    { status: 500, text: '' },
    'tool-http-status',
    'infrastructure',
    'status 500',
  ],
  [
    'a redirect',
    { status: 302, headers: { location: PATH }, text: '' },
    'tool-failed',
    'tool',
    'leads to another address',
  ],
])('%s', async (_situation, reply, code, blame, says) => {
  const { fail, receiver } = await withReceiver(reply)
  const failure = await fail('notify', { text: 'hi' })
  expect([failure.code, failure.blame, failure.message]).toEqual([code, blame, expect.stringContaining(says)])
  expect(`${failure.message} ${failure.help}`).not.toContain('hidden-path')
  expect(receiver.told().filter((one) => Array.isArray(one))).toHaveLength(1)
})

test('a secret address leads into a private network only where its host is written out', async () => {
  const { fail, receiver } = await withReceiver({ text: 'ok' }, 'slack', [])
  const failure = await fail('notify', { text: 'hi' })
  expect([failure.code, failure.help]).toEqual([
    'tool-refused',
    expect.stringContaining('policy.http_allow_hosts'),
  ])
  expect(receiver.requests).toEqual([])
})

test('a secret that is no address is not shown', async () => {
  const { fail } = createIntegrationWorld(
    { type: 'slack', url: '', env: { url: 'HOOK' } },
    { env: { HOOK: 'hidden value' } },
  )
  const failure = await fail('notify', { text: 'hi' })
  expect([failure.blame, failure.message]).toEqual([
    'user',
    'integrations.there.url_env names a variable that holds no address',
  ])
})
