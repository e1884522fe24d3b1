import { Refusal } from '../runner/failure.ts'
import { count, oneLine } from '../runner/report/plain-text.ts'
import type { World } from '../runner/world.ts'
import { createForgeFetch } from './forge-fetch.ts'

/** GitHub's REST API, with its paths as methods: `octokit.rest.issues.get(…)`, `octokit.paginate(…)`. */
type Octokit = ReturnType<typeof import('@actions/github').getOctokit>

/** The API of the forge, for one repository and with one token. */
export interface Forge {
  readonly owner: string
  readonly repo: string
  /**
   * Asks for something. Waits as long as the forge says where a rate limit is met, and repeats what can be repeated.
   * Refuses with `forge-rate-limited`, `forge-permission-missing`, `forge-unauthorized`, `forge-not-found`,
   * `forge-refused`, `forge-unreachable` or `interrupted`; the message of all but the last begins with `want`.
   *
   * @param want what is asked for, to follow "GitHub did not let us", e.g. `list the comments of #3`.
   * @param needs permission of the job that it takes, e.g. `pull-requests: write`.
   */
  ask<T>(want: string, needs: string, request: (octokit: Octokit) => Promise<T>): Promise<T>
}

/** Tries of one request, the first included. */
const MOST_TRIES = 4
/** Longest wait for one try, in milliseconds: a job that only waits costs money, too. */
const LONGEST_WAIT_MS = 120_000
/** Limit of one try in milliseconds. */
const TIMEOUT_MS = 30_000
/** Source: "Rate limits for the REST API": without a header, wait at least a minute. */
const UNSAID_WAIT_MS = 60_000
/** Requests that change nothing when they are done twice. */
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'PATCH', 'PUT', 'DELETE'])

/** What Octokit throws for an answer that is no success; without `response` there was none. */
interface RequestError extends Error {
  readonly status: number
  readonly response?: {
    readonly headers: Readonly<Record<string, string | number | undefined>>
    readonly data?: unknown
  }
}

/**
 * Opens the API that `GITHUB_API_URL` names, or github.com's; proxies are used as for the models. Nothing
 * is asked yet. Octokit comes with it, so this is called only where the API is needed.
 *
 * @param repository `owner/name`.
 */
export async function openForge({
  world,
  token,
  repository,
  signal,
}: {
  readonly world: World
  readonly token: string
  readonly repository: string
  readonly signal: AbortSignal
}): Promise<Forge> {
  const { getOctokit } = await import('@actions/github')
  const octokit = getOctokit(token, {
    baseUrl: (world.env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, ''),
    request: { fetch: createForgeFetch(world) },
    // Octokit would write to stderr.
    log: { debug: silent, info: silent, warn: silent, error: silent },
  })
  octokit.hook.wrap('request', async (request, options) => {
    for (let attempt = 1; ; attempt++) {
      try {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
        return await request({ ...options, request: { ...options.request, signal: limit } })
      } catch (error) {
        if (signal.aborted) throw error
        const waitMs = waitBefore(error as RequestError, options.method, attempt, world)
        if (waitMs === undefined) throw error
        await world.sleep(waitMs, signal)
      }
    }
  })
  const [owner = '', repo = ''] = repository.split('/')
  return {
    owner,
    repo,
    ask: async (want, needs, request) => {
      try {
        return await request(octokit)
      } catch (error) {
        if (signal.aborted) {
          throw new Refusal('interrupted', `The job was cancelled before we could ${want}`, {
            exitStatus: 130,
          })
        }
        throw refusalOf(error as RequestError, want, needs, world.now())
      }
    },
  }
}

function silent(): void {}

/** Milliseconds before the next try; `undefined`: there is none. */
function waitBefore(
  error: RequestError,
  method: string,
  attempt: number,
  { now, random }: World,
): number | undefined {
  if (attempt >= MOST_TRIES) return undefined
  const jitterMs = Math.round(random() * 1000)
  if (isRateLimit(error)) {
    const waitMs = limitedForMs(error, now())
    return waitMs > LONGEST_WAIT_MS ? undefined : waitMs + jitterMs
  }
  return isTrouble(error) && REPEATABLE.has(method) ? 1000 * 2 ** (attempt - 1) + jitterMs : undefined
}

/** Source: "Rate limits for the REST API", exceeding the rate limit. */
function isRateLimit({ status, response, message }: RequestError): boolean {
  if (status === 429) return true
  if (status !== 403 || response === undefined) return false
  const { 'retry-after': after, 'x-ratelimit-remaining': remaining } = response.headers
  return after !== undefined || String(remaining) === '0' || /rate limit|abuse detection/i.test(message)
}

/** How long the forge wants us to wait, in milliseconds. */
function limitedForMs({ response }: RequestError, now: number): number {
  const headers = response?.headers ?? {}
  const after = Number(headers['retry-after'] ?? Number.NaN)
  if (!Number.isNaN(after)) return Math.max(0, after * 1000)
  const reset = Number(headers['x-ratelimit-reset'] ?? Number.NaN)
  const isUsedUp = String(headers['x-ratelimit-remaining']) === '0'
  return isUsedUp && !Number.isNaN(reset) ? Math.max(0, reset * 1000 - now) : UNSAID_WAIT_MS
}

/** Whether the forge could not be reached, or failed. Octokit says 500 where there was no answer. */
function isTrouble({ status, response }: RequestError): boolean {
  return response === undefined || status >= 500
}

/** An answer that is no success, as it is told: the first row that fits is meant. */
interface Answer {
  readonly is: (error: RequestError, said: string) => boolean
  readonly code: string
  readonly exitStatus: number
  /** To follow "GitHub did not let us …: ". `said`: the forge's own words on one line. */
  readonly why: (about: { said: string; needs: string; error: RequestError; now: number }) => string
  readonly help: (needs: string) => string
}

const ANSWERS: readonly Answer[] = [
  {
    is: isRateLimit,
    code: 'forge-rate-limited',
    exitStatus: 6,
    why: ({ error, now }) =>
      `its rate limit is used up, and it asks to wait ${count(Math.ceil(limitedForMs(error, now) / 1000), 'second')}`,
    help: () => 'Run the job again later. Fewer jobs at once, or a token of your own, have more room.',
  },
  {
    is: ({ status }, said) => status === 403 && !/\blocked\b/i.test(said),
    code: 'forge-permission-missing',
    exitStatus: 5,
    why: ({ needs, said }) => `the token lacks the permission \`${needs}\` (${said})`,
    help: (needs) =>
      `Put \`${needs}\` under \`permissions\` of the job. For pull requests of forks and of Dependabot GitHub gives a token that only reads.`,
  },
  {
    is: ({ status }) => status === 401,
    code: 'forge-unauthorized',
    exitStatus: 5,
    why: ({ said }) => `it does not know the token (${said})`,
    help: () => 'Hand over a token that is valid, such as `github.token`, as the input `token`.',
  },
  {
    is: ({ status }) => status === 404 || status === 410,
    code: 'forge-not-found',
    exitStatus: 6,
    why: ({ said }) => `it is not there, or the token may not see it (${said})`,
    help: (needs) =>
      `It may have been deleted meanwhile. Else put \`${needs}\` under \`permissions\` of the job.`,
  },
  {
    is: isTrouble,
    code: 'forge-unreachable',
    exitStatus: 6,
    why: ({ error: { response, status }, said }) =>
      response === undefined ? `there was no answer (${said})` : `it answered ${status} (${said})`,
    help: () => 'Run the job again; https://www.githubstatus.com tells whether GitHub has trouble.',
  },
]

const OTHER_ANSWER: Answer = {
  is: () => true,
  code: 'forge-refused',
  exitStatus: 6,
  why: ({ said }) => `it answered '${said}'`,
  help: () => 'These are its own words.',
}

/** Names of the errors that Octokit makes of answers, and of none. Anything else was thrown by our own code. */
const OCTOKIT_ERRORS: ReadonlySet<string> = new Set([
  'HttpError',
  'GraphqlResponseError',
  'AbortError',
  'TimeoutError',
])

function refusalOf(error: RequestError, want: string, needs: string, now: number): unknown {
  if (!OCTOKIT_ERRORS.has(error.name)) return error
  const said = oneLine(error.message).slice(0, 300)
  const { code, exitStatus, why, help } = ANSWERS.find(({ is }) => is(error, said)) ?? OTHER_ANSWER
  const message = `GitHub did not let us ${want}: ${why({ said, needs, error, now })}`
  return new Refusal(code, message, { exitStatus, help: help(needs), cause: error })
}
