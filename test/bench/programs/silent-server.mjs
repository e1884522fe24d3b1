// @ts-check
// Takes requests and never answers. Prints its origin, and then a line for each request.
import { createServer } from 'node:http'

const server = createServer((request) => {
  request.resume()
  console.log(request.url)
})
server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`http://127.0.0.1:${address.port}`)
})
