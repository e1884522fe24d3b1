// A status page on this machine, so that the example runs without one of your own: it knows how long each service was down.
//
//     STATUS_TOKEN=secret node systems.mjs
import { createServer } from 'node:http'

const DOWN = {
  '2026-01': { checkout: 47, search: 12, accounts: 0 },
  '2026-02': { checkout: 3, search: 0, accounts: 95 },
}

/** Starts it; without a port on a free one. */
export async function startSystems({ port = 0, token }) {
  const requests = []
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    requests.push(`${request.method} ${request.url}`)
    const month = searchParams.get('month')
    const isAllowed = request.headers.authorization === `Bearer ${token}`
    const down = pathname === '/v1/downtime' ? DOWN[month] : undefined
    response.writeHead(isAllowed ? (down ? 200 : 404) : 401, { 'content-type': 'application/json' })
    const services = Object.entries(down ?? {}).map(([service, minutes]) => ({ service, minutes }))
    response.end(JSON.stringify(isAllowed && down ? { month, services } : { message: 'no' }))
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close: () => server.close() }
}

if (process.argv[1] === import.meta.filename) {
  const { url } = await startSystems({ port: 8787, token: process.env.STATUS_TOKEN })
  console.log(`Status page at ${url}`)
}
