// @ts-check
// A model that always says the same, over OpenAI's chat completions interface. Prints its origin.
import { createServer } from 'node:http'

const LATENCY_MS = 20
const answer = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5-mini',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'A number is what it is, and this one is no other.' },
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 24, completion_tokens: 12, total_tokens: 36 },
  }),
)

const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    const send = () => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length })
      response.end(answer)
    }
    if (request.url?.startsWith('/late/')) setTimeout(send, LATENCY_MS)
    else send()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`http://127.0.0.1:${address.port}`)
})
