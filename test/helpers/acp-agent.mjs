// @ts-check
// An agent on the agent's side of the official SDK. The first argument is a JSON list of what it does for each prompt; see
// `DEEDS`. With STARTS in the environment, each start adds a line with its process id to that file.
import { appendFileSync, readFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import * as acp from '@agentclientprotocol/sdk'

/** @type {Record<string, unknown>[]} */
const script = JSON.parse(process.argv[2] ?? '[]')
const { STARTS } = process.env
if (STARTS) appendFileSync(STARTS, `${process.pid}\n`)

/** What was asked in each session. */
const sessions = new Map()
/** Called when the prompt is to be cancelled. */
let cancel = () => {}

/**
 * @typedef {{ params: any, client: acp.AgentContext, stop: (reason: acp.StopReason) => void }} Turn
 * @type {Record<string, (turn: Turn, value: any) => unknown>}
 */
const DEEDS = {
  say: (turn, text) => say(turn, text),
  echo: (turn) => say(turn, turn.params.prompt.map((/** @type {any} */ { text }) => text).join('|')),
  count: (turn) => say(turn, String(sessions.get(turn.params.sessionId).prompts)),
  variable: (turn, name) => say(turn, `${name}=${process.env[name] ?? ''}`),
  folder: (turn) => say(turn, `${sessions.get(turn.params.sessionId).cwd} ${process.cwd()}`),
  think: (turn, text) =>
    update(turn, { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } }),
  tool: (turn, call) => update(turn, { sessionUpdate: 'tool_call', toolCallId: call.title, ...call }),
  cost: (turn, amount) =>
    update(turn, { sessionUpdate: 'usage_update', used: 1, size: 2, cost: { amount, currency: 'USD' } }),
  octomind: (turn, usage) =>
    turn.client.notify(acp.methods.client.session.update, {
      sessionId: turn.params.sessionId,
      update: { sessionUpdate: 'session_info_update' },
      _meta: { 'octomind.usage': usage },
    }),
  async ask(turn, call) {
    const { outcome } = /** @type {any} */ (
      await turn.client.request(acp.methods.client.session.requestPermission, {
        sessionId: turn.params.sessionId,
        toolCall: { toolCallId: call.title, ...call },
        options: call.options ?? [
          { optionId: 'always', name: 'Always', kind: 'allow_always' },
          { optionId: 'yes', name: 'Yes', kind: 'allow_once' },
          { optionId: 'no', name: 'No', kind: 'reject_once' },
        ],
      })
    )
    await say(turn, `[${outcome.outcome === 'selected' ? outcome.optionId : outcome.outcome}]`)
  },
  async readFile(turn, path) {
    const { sessionId } = turn.params
    /** @type {Promise<any>} */
    const answer = turn.client.request(acp.methods.client.fs.readTextFile, { sessionId, path })
    await say(turn, await answer.then(({ content }) => content).catch(({ message }) => `[${message}]`))
  },
  cry: (_turn, text) => process.stderr.write(`${text}\n`),
  wait: () =>
    new Promise((resolve) => {
      cancel = () => resolve('cancelled')
    }),
  stop: (_turn, reason) => reason,
  fail(_turn, { code = -32603, message = 'Internal error', data }) {
    throw new acp.RequestError(code, message, data)
  },
  die: (_turn, code) => process.exit(code),
  dieOnce(_turn, code) {
    if (readFileSync(STARTS ?? '', 'utf8') === `${process.pid}\n`) process.exit(code)
  },
}

/** @param {Turn} turn @param {string} text */
const say = (turn, text) =>
  update(turn, { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } })

/** @param {Turn} turn @param {any} what */
const update = (turn, what) =>
  turn.client.notify(acp.methods.client.session.update, { sessionId: turn.params.sessionId, update: what })

const { initialize, session } = acp.methods.agent
acp
  .agent({ name: 'example' })
  .onRequest(initialize, () => ({
    protocolVersion: acp.PROTOCOL_VERSION,
    agentCapabilities: {},
    authMethods: script.some(({ login }) => login) ? [{ id: 'key', name: 'API key' }] : [],
  }))
  .onRequest(session.new, ({ params }) => {
    const sessionId = `s${sessions.size + 1}`
    sessions.set(sessionId, { cwd: params.cwd, prompts: 0 })
    return { sessionId }
  })
  .onRequest(session.prompt, async ({ params, client }) => {
    sessions.get(params.sessionId).prompts++
    let stopReason = 'end_turn'
    for (const deed of script) {
      for (const [name, value] of Object.entries(deed)) {
        const reason = await DEEDS[name]?.(/** @type {any} */ ({ params, client }), value)
        if (typeof reason === 'string') stopReason = reason
      }
    }
    return { stopReason: /** @type {acp.StopReason} */ (stopReason) }
  })
  .onNotification(session.cancel, () => cancel())
  .connect(
    acp.ndJsonStream(
      /** @type {any} */ (Writable.toWeb(process.stdout)),
      /** @type {any} */ (Readable.toWeb(process.stdin)),
    ),
  )
