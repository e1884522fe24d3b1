// A real git remote over smart HTTP: `git http-backend` behind a handler for node:http that checks a token first.
// No dependency. Bare repositories lie at <root>/<owner>/<name>.git and answer with and without the `.git`.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const GIT_PATH = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

// What github.com allows and a plain bare repository does not; and refs/pull/* can be read but not pushed.
const CONFIG = {
  'http.receivepack': 'true',
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'receive.hideRefs': 'refs/pull',
}

export function createBare(root, fullName) {
  const dir = join(root, `${fullName}.git`)
  mkdirSync(dir, { recursive: true })
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', dir])
  return dir
}

/** The token of a request: `Bearer T`, `token T`, or Basic with T as the password (any user name, as GitHub does). */
export function tokenOf(req) {
  const [scheme, value = ''] = (req.headers.authorization ?? '').split(/\s+/, 2)
  if (/^(bearer|token)$/i.test(scheme)) return value
  if (/^basic$/i.test(scheme)) return Buffer.from(value, 'base64').toString().split(':').slice(1).join(':')
  return undefined
}

/**
 * @param {{ root: string,
 *           access: (fullName: string, token: string | undefined) => { login?: string, read: boolean, write: boolean, known: boolean },
 *           beforePush?: (fullName: string) => Promise<void> }} options
 * @returns {(req, res) => boolean} true when the request was for git and is being answered
 */
export function gitHandler({ root, access, beforePush }) {
  return (req, res) => {
    const url = new URL(req.url, 'http://x')
    const match = GIT_PATH.exec(url.pathname)
    if (!match) return false
    const [, owner, name, what] = match
    const fullName = `${owner}/${name}`
    const push = what === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
    const token = tokenOf(req)
    const who = access(fullName, token)
    const refuse = (status, text, headers = {}) => {
      res.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text)
      req.resume()
      return true
    }
    const challenge = { 'www-authenticate': 'Basic realm="GitHub"' }
    if (token !== undefined && !who.known) return refuse(401, 'Invalid username or token.', challenge)
    if (token === undefined && (push || !who.read)) return refuse(401, 'No anonymous access.', challenge)
    if (!who.read || !existsSync(join(root, `${fullName}.git`))) return refuse(404, 'Repository not found.')
    if (push && !who.write) return refuse(403, `Permission to ${fullName}.git denied to ${who.login}.`)
    const ready = what === 'git-receive-pack' && beforePush ? beforePush(fullName) : Promise.resolve()
    ready.then(
      () => backend(root, `/${fullName}.git/${what}`, url.search.slice(1), who.login, req, res),
      (error) => refuse(500, String(error)),
    )
    return true
  }
}

function backend(root, pathInfo, query, user, req, res) {
  const env = {
    PATH: process.env.PATH,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: String(Object.keys(CONFIG).length),
    PATH_INFO: pathInfo,
    QUERY_STRING: query,
    REQUEST_METHOD: req.method,
    CONTENT_TYPE: req.headers['content-type'] ?? '',
    REMOTE_USER: user ?? '',
    REMOTE_ADDR: '127.0.0.1',
  }
  for (const [i, [key, value]] of Object.entries(CONFIG).entries())
    Object.assign(env, { [`GIT_CONFIG_KEY_${i}`]: key, [`GIT_CONFIG_VALUE_${i}`]: value })
  if (req.headers['content-length']) env.CONTENT_LENGTH = req.headers['content-length']
  if (req.headers['content-encoding']) env.HTTP_CONTENT_ENCODING = req.headers['content-encoding']
  if (req.headers['git-protocol']) env.GIT_PROTOCOL = req.headers['git-protocol']
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {})
  req.pipe(child.stdin)
  let head = Buffer.alloc(0)
  child.stdout.on('data', function onHead(chunk) {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    child.stdout.off('data', onHead)
    const headers = Object.fromEntries(
      head
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => line.split(/:\s*/, 2)),
    )
    const status = Number.parseInt(headers.Status ?? '200', 10)
    delete headers.Status
    res.writeHead(status, headers)
    res.write(head.subarray(end + 4))
    child.stdout.pipe(res)
  })
  res.on('close', () => child.kill())
}
