import { expect, onTestFinished, test } from 'vitest'
import { type Forge as Api, openForge } from '../../action/github.ts'
import { upsertComment } from '../../action/sticky-comment.ts'
import { Refusal } from '../../runner/failure.ts'
import { type Forge, startForge } from '../rig/forge.mjs'

interface Scene {
  readonly forge: Forge
  readonly number: number
  readonly api: Api
  /** Milliseconds that were waited, each wait. */
  readonly waits: readonly number[]
  /** Puts the comment up; what became of it, or the refusal as people read it. */
  say(markdown: string | undefined): Promise<string>
  bodies(): readonly string[]
  apiOf(token: string, signal?: AbortSignal): Promise<Api>
}

/** A pull request, and a token of a job that may comment on it. */
async function openScene(): Promise<Scene> {
  const forge = await startForge()
  onTestFinished(() => {
    expect(forge.unhandled).toEqual([])
    return forge.close()
  })
  forge.addRepo('acme/app')
  forge.commit('acme/app', 'main', { 'a.txt': 'a\n' })
  forge.commit('acme/app', 'change', { 'a.txt': 'b\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change' })
  const token = forge.jobToken('acme/app', forge.event('pull_request', 'acme/app', { number }), {
    pull_requests: 'write',
  })
  const waits: number[] = []
  const apiOf = (value: string, signal = new AbortController().signal) =>
    openForge({
      world: {
        cwd: '/',
        env: forge.env,
        now: () => 0,
        random: () => 0,
        randomHex: () => '',
        sleep: async (ms) => void waits.push(ms),
      },
      token: value,
      repository: 'acme/app',
      signal,
    })
  const api = await apiOf(token)
  return {
    forge,
    number,
    api,
    waits,
    apiOf,
    say: (markdown) => say(api, number, markdown),
    bodies: () => [...forge.repo('acme/app').comments.values()].map(({ body }) => body),
  }
}

async function say(api: Api, issue: number, markdown: string | undefined): Promise<string> {
  try {
    return await upsertComment(api, { issue, name: 'test', markdown, settled: '✅ Settled.' })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return [`${error.code} (${error.exitStatus})`, error.message, error.help].filter(Boolean).join('\n')
  }
}

test('a comment is made once, edited, left alone when equal, settled, and taken up again', async () => {
  const { say, bodies } = await openScene()
  expect(await say(undefined)).toBe('none')
  expect(await say('One')).toBe('created')
  expect(await say('Two')).toBe('edited')
  expect(await say('Two\n')).toBe('unchanged')
  expect(bodies()).toEqual(['<!-- codemie-ci:test -->\nTwo'])
  expect(await say(undefined)).toBe('edited')
  expect(bodies()).toEqual(['<!-- codemie-ci:test -->\n✅ Settled.'])
  expect(await say('Three')).toBe('edited')
  expect(bodies()).toEqual(['<!-- codemie-ci:test -->\nThree'])
})

test('a comment of somebody else that copied the mark stays as it is', async () => {
  const { forge, number, apiOf, say: sayIt, bodies } = await openScene()
  const eve = await apiOf(forge.token({ login: 'eve' }))
  expect(await say(eve, number, 'Approved by all')).toBe('created')
  expect(await sayIt('One')).toBe('created')
  expect(await sayIt('Two')).toBe('edited')
  expect(bodies()).toEqual(['<!-- codemie-ci:test -->\nApproved by all', '<!-- codemie-ci:test -->\nTwo'])
})

test('our comment is found behind a hundred others', async () => {
  const { api, number, say, bodies } = await openScene()
  for (let index = 0; index < 120; index++) {
    const { owner, repo } = api
    await api.ask('comment', 'x', (octokit) =>
      octokit.rest.issues.createComment({ owner, repo, issue_number: number, body: `${index}` }),
    )
  }
  expect(await say('One')).toBe('created')
  expect(await say('Two')).toBe('edited')
  expect(bodies()).toHaveLength(121)
})

test('two jobs at once end with one comment', async () => {
  const { say, bodies, forge } = await openScene()
  // Both look before either has put its comment up.
  forge.fail({ method: 'POST', path: /comments$/, delayMs: 150 })
  forge.fail({ method: 'POST', path: /comments$/, delayMs: 150 })
  expect(await Promise.all([say('From one'), say('From the other')])).toEqual(['created', 'created'])
  const [body, ...more] = bodies()
  expect(body).toMatch(/^<!-- codemie-ci:test -->\nFrom (one|the other)$/)
  expect(more).toEqual([])
})

test('a connection that breaks while the comment is sent: it is looked for, then sent again', async () => {
  const { say, bodies, forge } = await openScene()
  forge.fail({ method: 'POST', path: /comments$/, drop: true })
  expect(await say('One')).toBe('created')
  expect(bodies()).toHaveLength(1)
})

test('a comment that a person deletes in between is made again', async () => {
  const { say, bodies, forge } = await openScene()
  await say('One')
  forge.fail({ method: 'PATCH', path: /comments/, status: 404 })
  expect(await say('Two')).toBe('edited')
  expect(bodies()).toEqual(['<!-- codemie-ci:test -->\nTwo'])
})

test('a comment that is too long ends at a line, its fence closed', async () => {
  const { say, bodies } = await openScene()
  expect(await say(`\`\`\`\n${'0123456789\n'.repeat(7000)}\`\`\``)).toBe('created')
  const [body = ''] = bodies()
  expect(body.length).toBeLessThanOrEqual(65_536)
  expect(body.slice(-110)).toMatchInlineSnapshot(`
    "56789
    0123456789
    0123456789
    \`\`\`

    _There is more than a comment may hold; the summary of the job has the rest._"
  `)
})

test('a forge that asks to wait is waited for', async () => {
  const { say, forge, waits } = await openScene()
  forge.fail({ path: /comments/, status: 403, headers: { 'retry-after': '7' } })
  forge.fail({ path: /comments/, status: 429, headers: {} })
  forge.fail({
    path: /comments/,
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '90' },
  })
  expect(await say('One')).toBe('created')
  expect(waits).toEqual([7000, 60_000, 90_000])
})

test('a forge that asks for too long is not waited for', async () => {
  const { say, forge, waits } = await openScene()
  forge.fail({
    path: /comments/,
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1800' },
  })
  expect(await say('One')).toMatchInlineSnapshot(`
    "forge-rate-limited (6)
    GitHub did not let us list the comments of #1: its rate limit is used up, and it asks to wait 1,800 seconds
    Run the job again later. Fewer jobs at once, or a token of your own, have more room."
  `)
  expect(waits).toEqual([])
})

test('a failing forge is asked again, and in the end it is said what was wanted', async () => {
  const { say, forge, waits } = await openScene()
  // The comment looks a second time when there was no answer.
  for (let time = 0; time < 8; time++) forge.fail({ path: /comments/, status: 502 })
  expect(await say('One')).toMatchInlineSnapshot(`
    "forge-unreachable (6)
    GitHub did not let us list the comments of #1: it answered 502 (Made to fail)
    Run the job again; https://www.githubstatus.com tells whether GitHub has trouble."
  `)
  expect(waits).toEqual([1000, 2000, 4000, 1000, 2000, 4000])
})

test('what a token lacks is named, and the token is not', async () => {
  const { forge, apiOf, number } = await openScene()
  const tokens = [
    forge.token({ repo: 'acme/app', permissions: { pull_requests: 'read' } }),
    forge.token({ repo: 'acme/other', permissions: { pull_requests: 'write' } }),
    'ghs_gone',
  ]
  const said: string[] = []
  for (const token of tokens) said.push(await say(await apiOf(token), number, 'One'))
  for (const token of tokens) expect(said.join()).not.toContain(token)
  expect(said.join('\n\n')).toMatchInlineSnapshot(`
    "forge-permission-missing (5)
    GitHub did not let us comment on #1: the token lacks the permission \`pull-requests: write\` (Resource not accessible by integration - https://docs.github.com/rest)
    Put \`pull-requests: write\` under \`permissions\` of the job. For pull requests of forks and of Dependabot GitHub gives a token that only reads.

    forge-permission-missing (5)
    GitHub did not let us comment on #1: the token lacks the permission \`pull-requests: write\` (Resource not accessible by integration - https://docs.github.com/rest)
    Put \`pull-requests: write\` under \`permissions\` of the job. For pull requests of forks and of Dependabot GitHub gives a token that only reads.

    forge-unauthorized (5)
    GitHub did not let us list the comments of #1: it does not know the token (Bad credentials - https://docs.github.com/rest)
    Hand over a token that is valid, such as \`github.token\`, as the input \`token\`."
  `)
})

test('a job that is cancelled asks no more', async () => {
  const { forge, apiOf, number, waits } = await openScene()
  const job = new AbortController()
  const api = await apiOf(forge.token({ login: 'acme' }), job.signal)
  forge.fail({ path: /comments/, delayMs: 50, status: 502 })
  const said = say(api, number, 'One')
  job.abort()
  expect(await said).toMatchInlineSnapshot(`
    "interrupted (130)
    The job was cancelled before we could list the comments of #1"
  `)
  expect(waits).toEqual([])
})
