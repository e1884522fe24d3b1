import { Refusal } from '../runner/failure.ts'
import { createHash } from '../runner/hash.ts'
import { createHttpFetch, type HttpFetch } from '../runner/models/http-fetch.ts'
import type { World } from '../runner/world.ts'

/** An artifact of a workflow run, as the API tells of it. */
export interface ArtifactOnForge {
  readonly id: number
  readonly name: string
  /** Of the archive. */
  readonly bytes: number
  /** `sha256:<hex>` of the archive; `undefined`: the forge does not tell. */
  readonly digest: string | undefined
}

const MOST_TRIES = 3
const TIMEOUT_MS = 120_000

/**
 * Downloads the archive of an artifact. The API names another server for it, which is asked without the token and over
 * HTTPS. Refuses with `artifact-refused` an archive that is too large or not the one that the API tells of, and with
 * `forge-unreachable` and `forge-refused` when it does not come.
 *
 * @param options.most bytes that are accepted.
 */
export async function downloadArtifact(
  { id, name, bytes, digest }: ArtifactOnForge,
  {
    world,
    repository,
    token,
    signal,
    most,
  }: {
    readonly world: World
    /** `owner/name` */
    readonly repository: string
    readonly token: string
    readonly signal: AbortSignal
    readonly most: number
  },
): Promise<Uint8Array> {
  if (bytes > most) throw refusedArtifact(name, [`it has ${bytes} bytes, and at most ${most} are looked at`])
  if (digest === undefined || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw refusedArtifact(name, ['GitHub tells no digest of it'])
  const api = (world.env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '')
  const send = createHttpFetch({ env: world.env, maxBodyBytes: most })
  try {
    const archive = await patiently(world, signal, async (limit) => {
      const address = `${api}/repos/${repository}/actions/artifacts/${id}/zip`
      const place = await askWhere(send, address, token, limit)
      return await fetchBytes(send, place, limit)
    })
    const found = `sha256:${createHash('sha256').update(archive).digest('hex')}`
    if (found !== digest) throw refusedArtifact(name, ['its digest is not the one that GitHub tells'])
    return archive
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (signal.aborted) {
      throw new Refusal('interrupted', `The job was cancelled before ${name} was there`, { exitStatus: 130 })
    }
    throw new Refusal('forge-unreachable', `GitHub did not let us download ${name}: ${wordsOf(error)}`, {
      exitStatus: 6,
      help: 'Run the job again; https://www.githubstatus.com tells whether GitHub has trouble.',
      cause: error,
    })
  } finally {
    send.close()
  }
}

/** An artifact that is not taken, with what is wrong with it. */
export function refusedArtifact(name: string, problems: readonly string[]): Refusal {
  const shown = problems.slice(0, 10).map((problem) => problem.replace(/\s+/g, ' ').slice(0, 400))
  return new Refusal('artifact-refused', `The artifact ${name} is not taken: ${shown.join('; ')}`, {
    exitStatus: 5,
    help: 'A job about a pull request of a stranger left it, and could be made to leave anything. Nothing of it was used.',
  })
}

/** The server that has the archive. Source: "Download an artifact": the API answers 302, good for one minute. */
async function askWhere(send: HttpFetch, address: string, token: string, signal: AbortSignal): Promise<URL> {
  const reply = await send(address, {
    signal,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'user-agent': 'codemie-ci',
    },
  })
  const location = reply.headers.get('location')
  await reply.body.cancel()
  if (reply.status >= 500) throw new Error(`it answered ${reply.status}`)
  if (reply.status !== 302 || location === null) {
    throw new Refusal(
      'forge-refused',
      `GitHub did not let us download an artifact: it answered ${reply.status}`,
      {
        exitStatus: 6,
        help: 'It takes `actions: read` under `permissions` of the job, and artifacts are gone after some days.',
      },
    )
  }
  const place = new URL(location, address)
  const isSafe = place.protocol === 'https:' || new URL(address).protocol === 'http:'
  if (!isSafe) throw new Error(`it sends us on to ${place.protocol}//${place.host}`)
  return place
}

async function fetchBytes(send: HttpFetch, place: URL, signal: AbortSignal): Promise<Uint8Array> {
  const reply = await send(place, { signal, headers: { 'user-agent': 'codemie-ci' } })
  if (reply.status !== 200) {
    await reply.body.cancel()
    throw new Error(`the server of artifacts answered ${reply.status}`)
  }
  const pieces: Uint8Array[] = []
  for await (const piece of reply.body) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

async function patiently<T>(
  { sleep }: Pick<World, 'sleep'>,
  signal: AbortSignal,
  action: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    } catch (error) {
      if (error instanceof Refusal || signal.aborted || attempt === MOST_TRIES) throw error
      await sleep(1000 * 2 ** (attempt - 1), signal)
    }
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
