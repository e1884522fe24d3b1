// The ordering system and the chat of an office on this machine, so that the example runs without any of your own.
//
//     OFFICE_TOKEN=secret node systems.mjs
import { createServer } from 'node:http'

/** Starts them; without a port on a free one. An order is known by its id, so ordering twice changes nothing. */
export async function startSystems({ port = 0, token }) {
  const requests = []
  const messages = []
  const orders = new Map()
  const answers = {
    'POST /hooks/purchases': (_id, body) => {
      messages.push(body.text)
      return [200, { ok: true }]
    },
    'GET /orders': (id) => (orders.has(id) ? [200, orders.get(id)] : [404, { message: 'no such order' }]),
    'PUT /orders': (id, body) => {
      const isNew = !orders.has(id)
      if (isNew) orders.set(id, { id, ...body })
      return [isNew ? 201 : 200, orders.get(id)]
    },
  }
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const [, place, id] = /^(.*?)(?:\/([\w-]*\d))?$/.exec(request.url)
    requests.push(`${request.method} ${request.url}`)
    const answer = answers[`${request.method} ${place}`]
    const isAllowed = request.headers.authorization === `Bearer ${token}`
    const [status, body] = !isAllowed ? [401, {}] : answer ? answer(id, text && JSON.parse(text)) : [404, {}]
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => server.close()
  return { url: `http://127.0.0.1:${server.address().port}`, requests, messages, orders, close }
}

if (process.argv[1] === import.meta.filename) {
  const { url, messages } = await startSystems({ port: 8787, token: process.env.OFFICE_TOKEN })
  const push = messages.push.bind(messages)
  messages.push = (text) => console.log(`# purchases: ${text}`) ?? push(text)
  console.log(`Office at ${url}`)
}
