// @ts-check
// A git remote over smart HTTP, open to everybody: `git http-backend` over the bare repositories of a folder. Prints its
// origin, and then a line with the time (milliseconds since 1970) whenever a push has been carried out.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'

const folder = process.argv[2] ?? ''

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const backend = spawn(
    'git',
    ['-c', 'http.receivepack=true', '-c', 'uploadpack.allowFilter=true', 'http-backend'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {
        ...process.env,
        GIT_PROJECT_ROOT: folder,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: url.pathname,
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        ...optional('CONTENT_LENGTH', request.headers['content-length']),
        ...optional('HTTP_CONTENT_ENCODING', request.headers['content-encoding']),
        ...optional('GIT_PROTOCOL', request.headers['git-protocol']),
      },
    },
  )
  request.pipe(backend.stdin)
  let head = Buffer.alloc(0)
  let isHeadSent = false
  backend.stdout.on('data', (/** @type {Buffer} */ chunk) => {
    if (isHeadSent) return response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    isHeadSent = true
    const fields = head.subarray(0, end).toString().split('\r\n')
    const status = fields.find((field) => field.startsWith('Status: '))
    for (const field of fields) {
      const [name = '', value = ''] = field.split(': ')
      if (name !== 'Status') response.setHeader(name, value)
    }
    response.writeHead(status ? Number.parseInt(status.slice(8), 10) : 200)
    response.write(head.subarray(end + 4))
  })
  backend.on('close', () => {
    if (request.method === 'POST' && url.pathname.endsWith('/git-receive-pack')) console.log(Date.now())
    response.end()
  })
})

/**
 * @param {string} name
 * @param {string | string[] | undefined} value
 * @returns {Record<string, string>}
 */
function optional(name, value) {
  return typeof value === 'string' ? { [name]: value } : {}
}

server.listen(0, '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  console.log(`http://127.0.0.1:${address.port}`)
})
