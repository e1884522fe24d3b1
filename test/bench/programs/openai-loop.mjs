// @ts-check
// The floor of the engine: the `openai` package in a loop. Prints the processor time in ms after each call, as JSON.
// Arguments: URL, count, `own` (the package as it comes) or `light` (with a transport of a few lines on `node:http`,
// so that a lighter transport of ours cannot hide what the engine costs).
import { Agent, request } from 'node:http'
import { OpenAI } from 'openai'

const [url = '', count = '0', transport = 'own'] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true })

/**
 * @param {string} target
 * @param {{ method?: string, body?: string, headers?: Headers }} init
 */
function lightFetch(target, { method = 'GET', body = '', headers }) {
  return new Promise((resolve, reject) => {
    const fields = { ...Object.fromEntries(headers ?? []), 'content-length': Buffer.byteLength(body) }
    const call = request(target, { agent, method, headers: fields }, (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({
          ok: response.statusCode === 200,
          status: response.statusCode,
          url: target,
          headers: new Headers(/** @type {Record<string, string>} */ (response.headers)),
          json: async () => JSON.parse(text),
          text: async () => text,
        })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

const client = new OpenAI({
  apiKey: 'none',
  baseURL: url,
  maxRetries: 0,
  ...(transport === 'light' ? { fetch: /** @type {any} */ (lightFetch) } : {}),
})
const times = new Float64Array(Number(count))
for (let i = 0; i < times.length; i++) {
  const { choices } = await client.chat.completions.create({
    model: 'gpt-5-mini',
    messages: [
      { role: 'system', content: 'You answer in one sentence.' },
      { role: 'user', content: `Say something about number ${i + 1}.` },
    ],
  })
  if (!choices[0]?.message.content) throw new Error('no answer')
  const { user, system } = process.cpuUsage()
  times[i] = (user + system) / 1000
}
agent.destroy()
console.log(JSON.stringify([...times]))
