import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestRepository } from './git-repository.ts'

const GIT_PATH = /^\/([\w.-]+)\/([\w.-]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/

/** What a forge allows and a plain bare repository does not; and `refs/pull/*` can be read but not pushed. */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  'http.receivepack': 'true',
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowAnySHA1InWant': 'true',
  'receive.hideRefs': 'refs/pull',
}

/** What a token may do. */
export interface GitAccess {
  readonly login: string
  readonly write: boolean
}

/** A real git remote over smart HTTP. */
export interface GitServer {
  /** Directory that holds the bare repositories as `<owner>/<name>.git`. */
  readonly root: string
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** Makes an empty bare repository and returns its directory. */
  createBare(fullName: string): string
  /** Answers the next requests with this status before git sees them. */
  failNext(status: number, times: number): void
  /** Pushes and fetches that reached git so far. */
  readonly requests: string[]
  close(): Promise<void>
}

/**
 * Starts `git http-backend` behind a handler that checks a token first, as a forge does. Reading and writing need a
 * token that `tokens` knows.
 */
export async function startGitServer(
  root: string,
  tokens: Readonly<Record<string, GitAccess>>,
  path: string,
): Promise<GitServer> {
  const requests: string[] = []
  let failures = { status: 503, left: 0 }
  const server = createServer((request, response) => {
    if (failures.left > 0) {
      failures.left--
      response.writeHead(failures.status).end('trouble')
      request.resume()
      return
    }
    answer(root, tokens, path, requests, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    root,
    origin: `http://127.0.0.1:${port}`,
    requests,
    createBare: (fullName) => {
      const directory = join(root, `${fullName}.git`)
      mkdirSync(directory, { recursive: true })
      execFileSync('git', ['init', '-q', '--bare', '-b', 'main', directory], { env: { PATH: path } })
      return directory
    },
    failNext: (status, times) => {
      failures = { status, left: times }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/**
 * Starts a server with the repository `acme/app`, made the `origin` of `repository`, whose branch main it has.
 *
 * @param tokens who may do what. Default: `t` may write.
 * @param token stands in the address of the remote, as a person may have it. Default: none.
 */
export async function startRemote(
  repository: TestRepository,
  {
    tokens = { t: { login: 'bot', write: true } },
    token,
  }: { readonly tokens?: Readonly<Record<string, GitAccess>>; readonly token?: string } = {},
): Promise<{ readonly server: GitServer; readonly bare: string }> {
  const server = await startGitServer(repository.beside('forge'), tokens, repository.env['PATH'] ?? '')
  const bare = server.createBare('acme/app')
  const origin = token === undefined ? server.origin : server.origin.replace('//', `//bot:${token}@`)
  repository.git('remote', 'add', 'origin', `${origin}/acme/app.git`)
  repository.git('push', '-q', bare, 'main')
  return { server, bare }
}

/** A hook that refuses every pushed ref matching `pattern` (a shell glob) with `message`, as a protected branch does. */
export function refusePush(directory: string, pattern: string, message: string): void {
  const hook = join(directory, 'hooks', 'pre-receive')
  mkdirSync(join(directory, 'hooks'), { recursive: true })
  const quoted = message.replaceAll("'", `'\\''`)
  writeFileSync(
    hook,
    `#!/bin/sh\nwhile read -r old new ref; do case "$ref" in ${pattern}) echo 'error: ${quoted}' >&2; exit 1;; esac; done\n`,
  )
  chmodSync(hook, 0o755)
}

/** The token of a request: `Bearer T`, `token T`, or Basic with T as the password (any user name, as a forge does). */
function tokenOf(request: IncomingMessage): string | undefined {
  const [scheme = '', value = ''] = (request.headers.authorization ?? '').split(/\s+/, 2)
  if (/^(bearer|token)$/i.test(scheme)) return value
  if (!/^basic$/i.test(scheme)) return undefined
  return Buffer.from(value, 'base64').toString().split(':').slice(1).join(':')
}

function answer(
  root: string,
  tokens: Readonly<Record<string, GitAccess>>,
  path: string,
  requests: string[],
  request: IncomingMessage,
  response: ServerResponse,
): undefined {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const match = GIT_PATH.exec(url.pathname)
  const refuse = (status: number, text: string): undefined => {
    const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="Forge"' } : {}
    response.writeHead(status, { 'content-type': 'text/plain', ...challenge }).end(text)
    request.resume()
  }
  if (match === null) return refuse(404, 'Not a git path.')
  const fullName = `${match[1]}/${match[2]}`
  const service = match[3] ?? ''
  const isPush = service === 'git-receive-pack' || url.searchParams.get('service') === 'git-receive-pack'
  const token = tokenOf(request)
  const who = token === undefined ? undefined : tokens[token]
  if (token !== undefined && who === undefined) return refuse(401, 'Invalid username or token.')
  if (who === undefined) return refuse(401, 'No anonymous access.')
  if (!existsSync(join(root, `${fullName}.git`))) return refuse(404, 'Repository not found.')
  if (isPush && !who.write) return refuse(403, `Permission to ${fullName}.git denied to ${who.login}.`)
  requests.push(`${request.method} ${service}`)
  const settings = Object.entries(SERVER_SETTINGS)
  const header = (name: string) => {
    const value = request.headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const length = header('content-length')
  const encoding = header('content-encoding')
  const protocol = header('git-protocol')
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: path,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_COUNT: String(settings.length),
      ...Object.fromEntries(settings.map(([key], index) => [`GIT_CONFIG_KEY_${index}`, key])),
      ...Object.fromEntries(settings.map(([, value], index) => [`GIT_CONFIG_VALUE_${index}`, value])),
      PATH_INFO: `/${fullName}.git/${service}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: header('content-type') ?? '',
      REMOTE_USER: who.login,
      REMOTE_ADDR: '127.0.0.1',
      ...(length === undefined ? {} : { CONTENT_LENGTH: length }),
      ...(encoding === undefined ? {} : { HTTP_CONTENT_ENCODING: encoding }),
      ...(protocol === undefined ? {} : { GIT_PROTOCOL: protocol }),
    },
  })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  let head = Buffer.alloc(0)
  const onHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    child.stdout.off('data', onHead)
    const headers = new Map(
      head
        .subarray(0, end)
        .toString()
        .split('\r\n')
        .map((line) => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
        }),
    )
    const status = Number.parseInt(headers.get('Status') ?? '200', 10)
    headers.delete('Status')
    response.writeHead(status, Object.fromEntries(headers))
    response.write(head.subarray(end + 4))
    child.stdout.pipe(response)
  }
  child.stdout.on('data', onHead)
  response.on('close', () => child.kill())
}
