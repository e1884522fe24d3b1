// A shop and a CRM on this machine, so that the example runs without any of your own. The shop has customers; the CRM keeps what
// it is sent, and refuses an e-mail without @.
//
//     SHOP_TOKEN=shop CRM_TOKEN=crm node systems.mjs
import { createServer } from 'node:http'

const CUSTOMERS = [
  ['c-01', ' Lena', 'Vogel', 'Lena.Vogel@Example.org', 'Germany', true],
  ['c-02', 'Tomás', 'Ortega ', 'tomas@example.org', 'Spain', true],
  ['c-03', 'Aino', 'Laine', 'aino.laine@example.org ', 'FI', true],
  ['c-04', 'Marek', 'Dvořák', '', 'Czechia', true],
  ['c-05', 'Siobhán', 'Byrne', 'siobhan.example.org', 'Ireland', true],
  ['c-06', 'Paul', 'Roux', 'paul.roux@example.org', 'France', false],
  ['c-07', 'Ingrid', 'Dahl', 'INGRID@example.org', 'Norway', true],
  ['c-08', 'Joana', 'Reis', 'joana@example.org', 'Portugal', true],
].map(([id, first, last, email, country, active]) => ({ id, first, last, email, country, active }))

const CONTACTS = [
  { id: 'c-02', name: 'Tomás Ortega', email: 'tomas@example.org', country: 'ES' },
  { id: 'c-07', name: 'Ingrid Dahl', email: 'ingrid@old.example.org', country: 'NO' },
]

/** Starts both on one port; without a port on a free one. */
export async function startSystems({ port = 0, shopToken, crmToken }) {
  const requests = []
  const customers = structuredClone(CUSTOMERS)
  const contacts = new Map(CONTACTS.map((contact) => [contact.id, contact]))
  const answer = (line, token, body) => {
    if (line === 'GET /shop/customers') return token === shopToken ? [200, { customers }] : [401, {}]
    if (token !== crmToken) return [401, {}]
    if (line === 'GET /crm/contacts') return [200, { contacts: [...contacts.values()] }]
    const id = /^PUT \/crm\/contacts\/([\w-]+)$/.exec(line)?.[1]
    if (id === undefined) return [404, {}]
    if (!body.email.includes('@')) return [422, { message: 'email: is no address' }]
    contacts.set(id, { id, ...body })
    return [200, contacts.get(id)]
  }
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const line = `${request.method} ${request.url}`
    requests.push(text === '' ? line : `${line} ${text}`)
    const token = (request.headers.authorization ?? '').replace('Bearer ', '')
    const [status, body] = answer(line, token, text && JSON.parse(text))
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => server.close()
  return { url: `http://127.0.0.1:${server.address().port}`, requests, customers, contacts, close }
}

if (process.argv[1] === import.meta.filename) {
  const { SHOP_TOKEN: shopToken, CRM_TOKEN: crmToken } = process.env
  const { url } = await startSystems({ port: 8787, shopToken, crmToken })
  console.log(`Shop at ${url}/shop, CRM at ${url}/crm`)
}
