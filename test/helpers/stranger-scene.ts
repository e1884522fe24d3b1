import type { SeenStep } from './action.ts'
import { type EventJob, type EventScene, openEventScene } from './event-scene.ts'
import { filesIn, makeZip, type ZipFile } from './zip.ts'

/** A pull request of somebody who may not write, with the run of its job and what that leaves. */
export interface StrangerScene extends EventScene {
  readonly number: number
  /** The commit of the stranger. */
  readonly head: string
  /** The workflow run that the job is of. */
  readonly source: { readonly id: number; readonly attempt: number }
  /** The job of the pull request. */
  job(mode: 'review' | 'events', job?: EventJob): Promise<SeenStep>
  /** The files that a job left, by path; empty: none. */
  left(step: SeenStep): ReadonlyMap<string, Buffer>
  /** Uploads what a job left as its workflow does. */
  upload(step: SeenStep, name?: string): void
  /** Uploads an archive of the test's making. `more`: what the API tells of it. */
  plant(files: readonly ZipFile[], more?: Readonly<Record<string, unknown>>): void
  /** The job of the base repository that follows the run. */
  publish(job?: EventJob & { readonly more?: Readonly<Record<string, unknown>> }): Promise<SeenStep>
  comments(): readonly string[]
  /** A file of the branch of records on the remote, or all its paths. */
  records(path?: string): string
}

const WHO = {
  fork: { repo: 'eve/app', author: 'eve' },
  dependabot: { repo: 'acme/app', author: 'dependabot[bot]' },
} as const

/** @param change files that the pull request changes. */
export async function openStrangerScene(plan: {
  readonly files: Readonly<Record<string, string>>
  readonly change: Readonly<Record<string, string | null>>
  readonly from?: keyof typeof WHO
}): Promise<StrangerScene> {
  const { repo, author } = WHO[plan.from ?? 'fork']
  const scene = await openEventScene(plan.files)
  const { forge } = scene
  if (repo !== 'acme/app') forge.addRepo(repo, { forkOf: 'acme/app' })
  forge.commit(repo, 'change', plan.change, { from: 'main' })
  const { number, headSha: head } = forge.openPull('acme/app', { head: 'change', headRepo: repo, author })
  const source = forge.addRun('acme/app', number)
  const { dir } = forge.repo('acme/app')
  const left = (step: SeenStep) => {
    const folder = step.outputs.artifact ?? ''
    if (folder === '') return new Map()
    return new Map(filesIn(folder).map(({ name, content }) => [name, content]))
  }
  return {
    ...scene,
    number,
    head,
    source,
    left,
    job: (mode, job = {}) =>
      scene.run(forge.event('pull_request', 'acme/app', { number }), {
        permissions: { contents: 'write', pull_requests: 'write', checks: 'write' },
        runId: source.id,
        ...job,
        inputs: { mode, ...job.inputs },
      }),
    upload: (step, name = 'codemie-ci-events-1') => {
      const files = [...left(step)].map(([path, content]) => ({ name: path, content }))
      forge.addArtifact('acme/app', source.id, name, makeZip(files))
    },
    plant: (files, more = {}) =>
      void forge.addArtifact('acme/app', source.id, 'codemie-ci-events-1', makeZip(files), more),
    publish: ({ more = {}, ...job } = {}) => {
      Object.assign(source, more)
      const event = forge.event('workflow_run', 'acme/app', { run: source.id })
      return scene.run(event, {
        permissions: { contents: 'write', pull_requests: 'write', actions: 'read' },
        ...job,
        inputs: { mode: 'publish', ...job.inputs },
      })
    },
    comments: () => [...forge.repo('acme/app').comments.values()].map(({ body }) => body),
    records: (path) =>
      path === undefined
        ? scene.git('-C', dir, 'ls-tree', '-r', '--name-only', 'codemie/runs')
        : scene.git('-C', dir, 'show', `codemie/runs:${path}`),
  }
}
