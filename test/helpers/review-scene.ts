import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { type Forge, type ForgeEvent, type Permissions, startForge } from '../rig/forge.mjs'
import { makeEvent, runStep, type SeenStep } from './action.ts'

type Files = Readonly<Record<string, string | null>>

/** How a job about the pull request differs from one that is started by its opening. */
export interface JobSettings {
  readonly event?: 'pull_request' | 'pull_request_review' | 'pull_request_target' | 'merge_group' | 'push'
  readonly action?: string
  /** Who caused the event. */
  readonly actor?: string
  /** Label that the event tells of; it is put on the pull request. */
  readonly label?: string
  readonly inputs?: Readonly<Record<string, string>>
  /** Variables of the step. */
  readonly env?: Readonly<Record<string, string>>
  readonly permissions?: Permissions
  /** Depth of the checkout, as of actions/checkout: 0 is all. */
  readonly depth?: number
  /** Contents of files are not fetched until they are asked for. */
  readonly isPartial?: boolean
  /** What to check out: the merge, as by default, or another ref. */
  readonly ref?: string
  /** An earlier event to start the job from, as a re-run does. */
  readonly again?: ForgeEvent
  /** Called when the event is made and the files are there. */
  readonly before?: () => unknown
}

/** A pull request on a forge, and jobs that review it. */
export interface ReviewScene {
  readonly forge: Forge
  readonly number: number
  /** Pushes to the branch of the pull request. Returns the commit. */
  push(files: Files): string
  /** Pushes a symbolic link to the branch of the pull request. */
  link(path: string, target: string): void
  /** Puts a branch where it was not: what comes after has none of the earlier commits of the branch. */
  forcePush(files: Files, from: string): string
  /** The event of a job, to be given to several. */
  event(settings?: JobSettings): ForgeEvent
  /** Runs the action with `mode: review`. */
  review(settings?: JobSettings): Promise<SeenStep>
  /** Somebody's review of the head as it is now. */
  answer(login: string, event: 'APPROVE' | 'REQUEST_CHANGES' | 'COMMENT'): Promise<void>
  /** Comments on the pull request, as text without ids of commits. */
  comments(): readonly string[]
  labels(): Promise<readonly string[]>
  /** A workspace as actions/checkout makes it. Returns its path. */
  checkOut(ref: string, depth: number, isPartial?: boolean): string
  /** Text with the ids of commits, and addresses, replaced by names. */
  clean(text: string): string
}

/**
 * Makes the repository acme/app, where acme may do all and ann may write, with a pull request of acme or of a fork.
 *
 * @param plan.head files that the pull request changes, `null` removes.
 */
export async function openReviewScene(plan: {
  readonly base: Files
  readonly head: Files
  readonly fork?: boolean
  readonly author?: string
}): Promise<ReviewScene> {
  const forge = await startForge()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-review-')))
  onTestFinished(async () => {
    await forge.close()
    rmSync(folder, { recursive: true, force: true })
    expect(forge.unhandled).toEqual([])
  })
  const { dir } = forge.addRepo('acme/app')
  execFileSync('git', ['-C', dir, 'config', 'uploadpack.allowFilter', 'true'])
  forge.setRole('acme/app', 'ann', 'write')
  const names = new Map<string, string>()
  const named = (commit: string, name: string) => {
    names.set(commit, name)
    return commit
  }
  named(forge.commit('acme/app', 'main', plan.base), 'base')
  const headRepo = plan.fork ? 'eve/app' : 'acme/app'
  if (plan.fork) forge.addRepo('eve/app', { forkOf: 'acme/app' })
  named(forge.commit(headRepo, 'change', plan.head, { from: 'main' }), 'head')
  const author = plan.author ?? (plan.fork ? 'eve' : 'acme')
  const { number } = forge.openPull('acme/app', { head: 'change', headRepo, author })

  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', args, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    }).trim()
  const ask = async (token: string, method: string, path: string, body?: unknown) => {
    const reply = await fetch(`${forge.apiUrl}/repos/acme/app/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`)
    return await reply.json()
  }
  let jobs = 0
  /** As actions/checkout does: from the repository's folder, since a server in this process cannot answer meanwhile. */
  const checkOut = (ref: string, depth: number, isPartial = false): string => {
    const workspace = join(folder, `job-${++jobs}`)
    mkdirSync(workspace)
    git(workspace, 'init', '-q')
    git(workspace, 'remote', 'add', 'origin', pathToFileURL(dir).href)
    const wanted = `+${ref}:refs/remotes/${ref.slice('refs/'.length)}`
    const refspecs = [wanted, ...(depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*'] : [])]
    const options = [
      ...(depth === 0 ? [] : [`--depth=${depth}`]),
      ...(isPartial ? ['--filter=blob:none'] : []),
    ]
    git(workspace, 'fetch', '-q', ...options, 'origin', ...refspecs)
    git(workspace, 'checkout', '-q', 'FETCH_HEAD')
    git(workspace, 'remote', 'set-url', 'origin', `${forge.url}/acme/app`)
    const commit = git(workspace, 'rev-parse', 'HEAD')
    if (!names.has(commit)) named(commit, 'merge')
    return workspace
  }
  const clean = (text: string) =>
    [...names]
      .reduce(
        (all, [commit, name]) =>
          all.replaceAll(commit, `<${name}>`).replaceAll(commit.slice(0, 10), `<${name}>`),
        text,
      )
      .replaceAll(forge.url, '<forge>')
  let pushes = 1
  const pushed = (commit: string) => named(commit, `head ${++pushes}`)
  const event = (settings: JobSettings = {}): ForgeEvent => {
    const { event: name = 'pull_request', action = 'opened', actor, label } = settings
    const made = forge.event('pull_request', 'acme/app', { number, action, ...(actor ? { actor } : {}) })
    const pull = made.payload['pull_request'] as { head: { sha: string }; base: { sha: string } }
    const payloads = {
      merge_group: { merge_group: { base_sha: pull.base.sha, head_sha: pull.head.sha } },
      push: { before: pull.base.sha, after: pull.head.sha },
    }
    const payload =
      name === 'merge_group' || name === 'push'
        ? payloads[name]
        : { ...made.payload, ...(label === undefined ? {} : { label: { name: label } }) }
    return { ...made, name, payload }
  }
  return {
    forge,
    number,
    clean,
    event,
    checkOut,
    push: (files) => pushed(forge.commit(headRepo, 'change', files)),
    link: (path, target) => {
      const workspace = checkOut('refs/heads/change', 0)
      symlinkSync(target, join(workspace, path))
      git(workspace, 'add', path)
      git(workspace, '-c', 'user.name=A', '-c', 'user.email=a@example.test', 'commit', '-qm', 'Link')
      git(workspace, 'push', '-q', pathToFileURL(dir).href, 'HEAD:refs/heads/change')
      // The forge looks at the branch again.
      pushed(forge.commit('acme/app', 'change', {}))
    },
    forcePush: (files, from) => {
      git(forge.repo(headRepo).dir, 'update-ref', '-d', 'refs/heads/change')
      return pushed(forge.commit(headRepo, 'change', files, { from }))
    },
    async review(settings = {}) {
      const { label, inputs, permissions, before } = settings
      const { depth = 1, ref = `refs/pull/${number}/merge`, isPartial } = settings
      if (label !== undefined) forge.label('acme/app', number, label, settings.actor ?? 'acme')
      const run = settings.again ?? event(settings)
      const token = forge.jobToken(
        'acme/app',
        run,
        permissions ?? { contents: 'read', pull_requests: 'write' },
      )
      const cwd = checkOut(ref, depth, isPartial)
      await before?.()
      const step = await runStep({
        cwd,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: folder,
          RUNNER_TEMP: folder,
          ...forge.env,
          ...settings.env,
        },
        inputs: { mode: 'review', token, ...inputs },
        event: makeEvent({ name: run.name, payload: run.payload, serverUrl: forge.url }),
      })
      expect(JSON.stringify(step)).not.toContain(token)
      return step
    },
    async answer(login, kind) {
      const token = login.endsWith('[bot]')
        ? forge.token({ login, repo: 'acme/app', permissions: { pull_requests: 'write' } })
        : forge.token({ login })
      await ask(token, 'POST', `pulls/${number}/reviews`, { event: kind, body: 'Words' })
    },
    comments: () => [...forge.repo('acme/app').comments.values()].map(({ body }) => clean(body)),
    async labels() {
      const found = await ask(forge.token({ login: 'acme' }), 'GET', `issues/${number}/labels`)
      return (found as readonly { readonly name: string }[]).map(({ name }) => name)
    },
  }
}
