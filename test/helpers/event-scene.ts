import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { type Forge, type ForgeEvent, type Permissions, startForge } from '../rig/forge.mjs'
import { makeEvent, runStep, type SeenStep } from './action.ts'
import { type EndedAction, startAction } from './action-bundle.ts'
import { type ModelServer, startModelServer } from './model-server.ts'

/** How a job differs from the ordinary one. */
export interface EventJob {
  readonly inputs?: Readonly<Record<string, string>>
  /** Variables beside those of the models. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: it may read contents and comment. */
  readonly permissions?: Permissions
  /** Hand no token over. Default: the token of the job. */
  readonly tokenless?: boolean
  /** Commits that the checkout brings; 0 brings all. Default: 1, as of actions/checkout. */
  readonly depth?: number
  /** Id of the workflow run; equal for the jobs of one. Default: a new one for each job. */
  readonly runId?: string | number
  /** Called with the folder of the checkout before the step begins. */
  readonly prepare?: (folder: string) => void
}

/** The repository acme/app on a forge, a server of models, and jobs that events start. */
export interface EventScene {
  readonly forge: Forge
  readonly models: ModelServer
  /** Runs the action with `mode: events` in a fresh checkout. */
  run(event: ForgeEvent, job?: EventJob): Promise<SeenStep>
  /** The same with the built action, as a process of its own. */
  runBundle(event: ForgeEvent, job?: EventJob): Promise<EndedAction>
  /** A fresh checkout for an event, as of actions/checkout. Returns its folder. */
  checkOut(event: ForgeEvent, depth?: number): string
  /** git in the checkout of the last job. */
  git(...args: string[]): string
  /** All that the last user message of each request to a model said. */
  asked(): readonly string[]
}

const MOST: Permissions = { contents: 'read', pull_requests: 'write' }

/** @param files of the first commit on main; the names of definitions may be short: `triage` stands for its path. */
export async function openEventScene(files: Readonly<Record<string, string>>): Promise<EventScene> {
  const [forge, models] = await Promise.all([startForge(), startModelServer()])
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codemie-events-')))
  onTestFinished(async () => {
    await Promise.all([forge.close(), models.close()])
    rmSync(folder, { recursive: true, force: true })
    expect(forge.unhandled).toEqual([])
  })
  const { dir } = forge.addRepo('acme/app')
  const path = (name: string) => (name.includes('.') ? name : `.codemie/workflows/${name}.yaml`)
  const placed = Object.entries(files).map(([name, text]) => [path(name), text] as const)
  forge.commit('acme/app', 'main', Object.fromEntries(placed))
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  let jobs = 0
  let workspace = folder
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: workspace,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    }).trim()
  const checkOut = (event: ForgeEvent, depth = 1) => {
    workspace = join(folder, `job-${++jobs}`)
    mkdirSync(workspace)
    git('init', '-q')
    git('remote', 'add', 'origin', `${forge.url}/acme/app`)
    // From the folder: a server in this process cannot answer while git is waited for.
    const options = depth === 0 ? [] : [`--depth=${depth}`]
    const all = depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*'] : []
    git('fetch', '-q', ...options, pathToFileURL(dir).href, `+${event.sha}:refs/remotes/event`, ...all)
    git('checkout', '-q', event.sha)
    return workspace
  }
  const prepare = (
    event: ForgeEvent,
    { inputs, env: more, permissions = MOST, tokenless, depth }: EventJob,
  ) => {
    // GitHub hands no secrets to what forks start.
    const isKeyless = event.fork && event.name === 'pull_request'
    return {
      cwd: checkOut(event, depth),
      env: {
        ...env,
        ...forge.env,
        RUNNER_TEMP: folder,
        OPENAI_BASE_URL: models.url,
        ...(isKeyless ? {} : { OPENAI_API_KEY: 'sk-test-0123456789' }),
        ...more,
      },
      inputs: {
        mode: 'events',
        token: tokenless ? '' : forge.jobToken('acme/app', event, permissions),
        ...inputs,
      },
    }
  }
  return {
    forge,
    models,
    checkOut,
    git,
    asked: () => models.requests.map(({ lastUserMessage }) => lastUserMessage),
    run: (event, job = {}) => {
      const { cwd, env: variables, inputs } = prepare(event, job)
      job.prepare?.(cwd)
      return runStep({
        cwd,
        env: variables,
        inputs,
        event: makeEvent({
          name: event.name,
          payload: event.payload,
          ref: event.ref,
          sha: event.sha,
          actor: event.actor,
          serverUrl: forge.url,
          runId: String(job.runId ?? 1000 + jobs),
        }),
      })
    },
    runBundle: async (event, job = {}) => {
      const { cwd, env: variables, inputs } = prepare(event, job)
      job.prepare?.(cwd)
      const files = `${cwd}-files`
      mkdirSync(files)
      const payload = join(files, 'event.json')
      writeFileSync(payload, JSON.stringify(event.payload))
      return await startAction({
        cwd,
        inputs,
        files,
        env: {
          ...variables,
          GITHUB_RUN_ID: String(job.runId ?? 1000 + jobs),
          GITHUB_RUN_ATTEMPT: '1',
          GITHUB_EVENT_NAME: event.name,
          GITHUB_EVENT_PATH: payload,
          GITHUB_REF: event.ref,
          GITHUB_SHA: event.sha,
          GITHUB_ACTOR: event.actor,
          GITHUB_REPOSITORY: 'acme/app',
          GITHUB_JOB: 'ai',
          GITHUB_ACTION: '__run',
        },
      }).ended
    },
  }
}

/** A workflow of one question, started by `on`; `more` are further lines at the root. */
export function asking(on: string, task = 'Begin', more = ''): string {
  return `
on: ${on}
enable_summarization_node: false
${more}
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: '${task}', resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`
}
