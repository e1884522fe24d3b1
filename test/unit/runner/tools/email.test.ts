import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { expect, onTestFinished, test } from 'vitest'
import type { ToolPolicy } from '../../../../runner/tools/tool.ts'
import { hasOpenssl, makeCertificate } from '../../../helpers/certificate.ts'
import { createIntegrationWorld } from './integrations-world.ts'

interface Mail {
  readonly from: unknown
  readonly to: readonly string[]
  /** Headers by name in small letters, unfolded; and what comes after them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A mail server on loopback that keeps what it gets. */
async function startMailServer(
  options: SMTPServerOptions = {},
): Promise<{ port: number; mails: readonly Mail[]; logins: readonly string[] }> {
  const mails: Mail[] = []
  const logins: string[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      logins.push(`${username}:${password}`)
      if (password === 'right-password') done(null, { user: username })
      else done(new Error('535 Authentication failed'))
    },
    onRcptTo({ address }, _session, done) {
      done(
        address.startsWith('unknown')
          ? Object.assign(new Error('no such user'), { responseCode: 550 })
          : null,
      )
    },
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const [head = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n')
        const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
        mails.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          headers: Object.fromEntries(
            lines.map((line) => [line.split(':')[0]?.toLowerCase() ?? '', line.replace(/^[^:]*: */, '')]),
          ),
          body: rest.join('\r\n\r\n'),
        })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)))
  return { port: (server.server.address() as AddressInfo).port, mails, logins }
}

interface Differences {
  readonly url?: string
  readonly username?: string
  readonly password?: string
  readonly options?: Record<string, unknown>
  readonly policy?: Partial<ToolPolicy>
}

function open(port: number, { username, password, options, policy, url }: Differences = {}) {
  return createIntegrationWorld(
    {
      type: 'email',
      url: url ?? `smtp://127.0.0.1:${port}`,
      env: password === undefined ? {} : { password: 'PASSWORD' },
      options: { from: 'ci@example.com', to: ['ann@example.com', '@team.example'], ...options },
      ...(username === undefined ? {} : { username }),
    },
    { policy: policy ?? {}, env: { PASSWORD: password ?? '' } },
  )
}

const HELLO = { subject: 'Hello', body: 'It works.' }

test('a mail goes to whom the configuration allows', async () => {
  const { port, mails } = await startMailServer()
  const { call } = open(port)
  const args = { ...HELLO, to: 'Bob@Team.example, ann@example.com', cc: ['cid@team.example'] }
  const everybody = ['Bob@team.example', 'ann@example.com', 'cid@team.example']
  expect(await call('Email', args)).toEqual({ sent_to: everybody })
  expect(await call('send_email', HELLO)).toEqual({ sent_to: ['ann@example.com'] })
  expect(mails.map(({ from, to }) => [from, to])).toEqual([
    ['ci@example.com', everybody],
    ['ci@example.com', ['ann@example.com']],
  ])
  expect(mails[0]?.headers).toMatchObject({
    from: 'ci@example.com',
    cc: 'cid@team.example',
    subject: 'Hello',
  })
  expect(mails[0]?.body.trim()).toBe('It works.')
})

test('a subject and a name of a file with line breaks give no header', async () => {
  const { port, mails } = await startMailServer()
  await open(port).call('send_email', {
    subject: 'Hello\r\nBcc: eve@evil.example\r\n\r\nbody',
    body: '<b>Hi</b>',
    html: true,
    attachments: [{ name: '../a\r\nX-Evil: 1.csv', content: 'a,b\n' }],
  })
  const [mail] = mails
  expect(mail?.headers['subject']).toBe('Hello Bcc: eve@evil.example body')
  expect(Object.keys(mail?.headers ?? {})).not.toContain('bcc')
  expect(mail?.to).toEqual(['ann@example.com'])
  expect(mail?.body).toMatch(/filename="?\.\._a X-Evil: 1\.csv/)
  expect(mail?.body).not.toMatch(/^X-Evil/m)
  expect(mail?.body).toContain('Content-Type: text/html')
})

test.each<[situation: string, to: string, code: string, says: string]>([
  [
    'somebody else',
    'eve@evil.example',
    'tool-refused',
    "eve@evil.example may not get mail from integration 'there'",
  ],
  ['a domain that ends alike', 'eve@evilteam.example', 'tool-refused', 'may not get mail'],
  ['a domain below', 'eve@sub.team.example', 'tool-refused', 'may not get mail'],
  [
    'a name that holds an address',
    '"ann@example.com" <eve@evil.example>',
    'tool-arguments-invalid',
    'is no address',
  ],
  [
    'a line break',
    'ann@example.com\r\nRCPT TO:<eve@evil.example>',
    'tool-arguments-invalid',
    'is no address',
  ],
  ['two signs', 'eve@evil.example@team.example', 'tool-arguments-invalid', 'is no address'],
  ['nobody', '', 'tool-arguments-invalid', 'names nobody'],
])('nothing is sent to %s', async (_situation, to, code, says) => {
  const { port, mails } = await startMailServer()
  const failure = await open(port).fail('send_email', { ...HELLO, to: [to] })
  expect([failure.code, failure.message]).toEqual([code, expect.stringContaining(says)])
  expect(mails).toEqual([])
})

test('the server hears of the account, and nobody else of its password', async () => {
  const { port, logins } = await startMailServer()
  await open(port, { username: 'ci', password: 'right-password' }).call('send_email', HELLO)
  const failure = await open(port, { username: 'ci', password: 'wrong-password' }).fail('send_email', HELLO)
  expect(logins).toEqual(['ci:right-password', 'ci:wrong-password'])
  expect([failure.blame, failure.message]).toEqual(['user', expect.stringContaining('Authentication failed')])
  expect(`${failure.message} ${failure.help}`).not.toContain('wrong-password')
})

test('some people are not known to the server', async () => {
  const { port } = await startMailServer()
  const { call, fail } = open(port)
  const both = ['ann@example.com', 'unknown@team.example']
  expect(await call('send_email', { ...HELLO, to: both })).toEqual({
    sent_to: ['ann@example.com'],
    rejected: ['unknown@team.example'],
  })
  const failure = await fail('send_email', { ...HELLO, to: 'unknown@team.example' })
  expect([failure.blame, failure.retryable, failure.message]).toEqual([
    'tool',
    false,
    expect.stringContaining('550'),
  ])
})

test('no mail leaves this machine without TLS', async () => {
  // The address of this machine that is not known as such.
  const { port, mails } = await startMailServer()
  const { fail } = open(port, { url: `smtp://0.0.0.0:${port}` })
  const failure = await fail('send_email', HELLO)
  expect([failure.blame, failure.help]).toEqual(['user', expect.stringContaining('through TLS only')])
  expect(mails).toEqual([])
})

test.skipIf(!hasOpenssl)('TLS with whom a certificate vouches for, and with nobody else', async () => {
  const { key, certificate } = makeCertificate()
  for (const [scheme, secure] of [
    ['smtp', false],
    ['smtps', true],
  ] as const) {
    const { port, mails } = await startMailServer({ disabledCommands: [], secure, key, cert: certificate })
    const url = `${scheme}://127.0.0.1:${port}`
    const trusting = open(port, { url, options: { ca: 'ca.pem' } })
    trusting.write({ 'ca.pem': certificate })
    expect(await trusting.call('send_email', HELLO)).toEqual({ sent_to: ['ann@example.com'] })
    const other = open(port, { url, options: { ca: 'ca.pem' } })
    other.write({ 'ca.pem': makeCertificate().certificate })
    const failure = await other.fail('send_email', HELLO)
    expect([failure.blame, failure.help]).toEqual(['user', expect.stringContaining('options.ca')])
    expect(mails).toHaveLength(1)
  }
})

test.each<[situation: string, options: Record<string, unknown>, says: string]>([
  ['nobody who may get mail', { to: [] }, 'integrations.there.options.to names nobody who may get mail'],
  ['no sender', { from: 'me' }, 'integrations.there.options.from is no address'],
])('%s', async (_situation, options, says) => {
  const failure = await open(25, { options }).fail('send_email', HELLO)
  expect([failure.blame, failure.message]).toEqual(['user', says])
})

test('a server that hangs, one that drops the connection, and none', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    if (drops) socket.destroy()
  })
  let drops = false
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const late = await open(port, { policy: { timeoutMs: 300 } }).fail('send_email', HELLO)
  expect([late.code, late.retryable]).toEqual(['tool-timeout', false])
  drops = true
  const dropped = await open(port).fail('send_email', HELLO)
  expect([dropped.blame, dropped.message]).toEqual([
    'infrastructure',
    expect.stringContaining(`127.0.0.1:${port}`),
  ])
  const none = await open(1).fail('send_email', HELLO)
  expect([none.blame, none.retryable, none.message]).toEqual([
    'infrastructure',
    true,
    'send_email: 127.0.0.1:1 refused the connection',
  ])
})
