// @ts-check
// A program that speaks ACP by hand, and does what agents should not do. The first argument says what. With STARTS in the
// environment, each start adds a line with its process id to that file.
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [how = ''] = process.argv.slice(2)
const { STARTS } = process.env
if (STARTS) appendFileSync(STARTS, `${process.pid}\n`)

const send = (/** @type {object} */ message) =>
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const say = (/** @type {string} */ text) =>
  send({
    method: 'session/update',
    params: {
      sessionId: 's',
      update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } },
    },
  })
const done = (/** @type {unknown} */ id) => send({ id, result: { stopReason: 'end_turn' } })

if (how === 'dies at once') {
  console.error('no model is configured')
  process.exit(3)
}
// Neither the end of its input nor a request to end makes it end.
if (how === 'lingers' || how === 'hears nothing') {
  setInterval(() => {}, 1000)
  process.on('SIGTERM', () => {})
}

/** What it does when it is asked, by how it is. @type {Record<string, (id: unknown) => void>} */
const PROMPTS = {
  'is noisy'(id) {
    process.stdout.write(
      'Thinking...\n{not json}\n[1]\n\n"text"\n{}\n{"jsonrpc":"2.0","id":99,"result":{}}\n',
    )
    send({ method: 'session/update', params: { sessionId: 's', update: { sessionUpdate: 'dance' } } })
    send({ method: 'session/update', params: null })
    send({ method: 'session/update', params: { update: { sessionUpdate: 'agent_message_chunk' } } })
    say('heard')
    send({ method: 'session/applaud', params: {} })
    done(id)
  },
  'says all at once'(id) {
    const piece = (/** @type {number} */ n) =>
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'session/update',
        params: {
          sessionId: 's',
          update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: `${n} ` } },
        },
      })
    const result = JSON.stringify({ jsonrpc: '2.0', id, result: { stopReason: 'end_turn' } })
    process.stdout.write(`${[...Array(100).keys()].map(piece).join('\n')}\n${result}\n`)
  },
  'dies half way'() {
    say('the first half')
    console.error(`out of memory, and my key is ${process.env['AGENT_KEY']}`)
    process.exitCode = 7
    process.stdin.destroy()
  },
  'closes its output'() {
    say('the first half')
    setInterval(() => {}, 1000)
    process.stdout.end()
  },
  floods(id) {
    for (let n = 0; n < 40; n++) say('flood '.repeat(10_000))
    done(id)
  },
  lingers(id) {
    say('done')
    done(id)
  },
  'hears nothing'() {
    say('wait')
  },
  'stops oddly': (id) => send({ id, result: { stopReason: 'tired' } }),
  'answers nothing': (id) => send({ id, result: null }),
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line)
  if (how === 'never gets ready' || id === undefined) return
  if (method === 'initialize') {
    if (how === 'wants a login')
      return send({ id, result: { protocolVersion: 1, authMethods: [{ id: 'browser', name: 'Browser' }] } })
    send({ id, result: { protocolVersion: how === 'is old' ? '0.1.0' : how === 'is new' ? 2 : 1 } })
  } else if (method === 'session/new') {
    if (how === 'wants a login')
      return send({ id, error: { code: -32000, message: 'Authentication required' } })
    send({ id, result: how === 'opens no session' ? {} : { sessionId: 's' } })
  } else if (method === 'session/prompt') {
    const answer = PROMPTS[how]
    if (answer) return answer(id)
    say('hello')
    done(id)
  }
})
