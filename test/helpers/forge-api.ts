import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The part of a forge's API that makes commits, over a real bare repository: real trees, real commits. */
export interface ForgeApiServer {
  readonly url: string
  /** `METHOD path` of each request. */
  readonly requests: string[]
  /** Answers requests to paths that begin so with this status, e.g. `PATCH git/refs`. */
  refuse(request: string, status: number, message: string): void
  /** Called before a ref is moved, once: somebody else may be faster. */
  beforeMove(action: () => void): void
  close(): Promise<void>
}

interface TreeItem {
  readonly path: string
  readonly mode: string
  readonly sha?: string
  readonly content?: string
}

export async function startForgeApi(bare: string, token: string, path: string): Promise<ForgeApiServer> {
  const requests: string[] = []
  const refusals = new Map<string, { readonly status: number; readonly message: string }>()
  let beforeMove: (() => void) | undefined
  const git = (args: readonly string[], options: { input?: string; index?: string } = {}) =>
    execFileSync('git', [...args], {
      encoding: 'utf8',
      env: {
        PATH: path,
        GIT_DIR: bare,
        // Some commands want one, and none looks at it.
        GIT_WORK_TREE: tmpdir(),
        GIT_AUTHOR_NAME: 'bot',
        GIT_AUTHOR_EMAIL: 'bot@forge.example',
        GIT_COMMITTER_NAME: 'Forge',
        GIT_COMMITTER_EMAIL: 'noreply@forge.example',
        ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
      },
      ...(options.input === undefined ? {} : { input: options.input }),
      stdio: ['pipe', 'pipe', 'pipe'],
    }).trim()
  const makeTree = (base: string | undefined, items: readonly TreeItem[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'codemie-api-'))
    const index = join(folder, 'index')
    try {
      if (base !== undefined) git(['read-tree', base], { index })
      for (const item of items) {
        git(['rm', '-r', '-q', '--cached', '--ignore-unmatch', item.path], { index })
        if (item.content !== undefined) {
          const sha = git(['hash-object', '-w', '--stdin'], { input: item.content })
          git(['update-index', '--add', '--cacheinfo', `${item.mode},${sha},${item.path}`], { index })
        } else git(['read-tree', `--prefix=${item.path}`, item.sha ?? ''], { index })
      }
      return git(['write-tree'], { index })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const answer = (method: string, route: string, body: Record<string, never>): [number, unknown] => {
    if (route === 'git/trees') return [201, { sha: makeTree(body['base_tree'], body['tree'] ?? []) }]
    if (route === 'git/commits') {
      const parents = (body['parents'] as unknown as string[]).flatMap((parent) => ['-p', parent])
      return [
        201,
        { sha: git(['commit-tree', body['tree'] ?? '', ...parents], { input: body['message'] ?? '' }) },
      ]
    }
    beforeMove?.()
    beforeMove = undefined
    const ref = method === 'POST' ? String(body['ref']) : `refs/${route.slice('git/refs/'.length)}`
    if (method === 'PATCH') {
      try {
        git(['merge-base', '--is-ancestor', ref, String(body['sha'])])
      } catch {
        return [422, { message: 'Update is not a fast forward' }]
      }
    }
    git(['update-ref', ref, String(body['sha'])])
    return [200, { ref, object: { sha: body['sha'] } }]
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const route = (request.url ?? '').replace('/repos/acme/app/', '')
      const line = `${request.method} ${route}`
      requests.push(line)
      const refusal = [...refusals].find(([prefix]) => line.startsWith(prefix))?.[1]
      const [status, reply] =
        request.headers.authorization !== `Bearer ${token}`
          ? [401, { message: 'Bad credentials' }]
          : refusal !== undefined
            ? [refusal.status, { message: refusal.message }]
            : answer(request.method ?? '', route, JSON.parse(Buffer.concat(chunks).toString()))
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    refuse: (request, status, message) => refusals.set(request, { status, message }),
    beforeMove: (action) => {
      beforeMove = action
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
