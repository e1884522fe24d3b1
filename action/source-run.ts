import { Refusal } from '../runner/failure.ts'
import type { RecordTrust } from '../runner/store/manifest.ts'
import type { ArtifactOnForge } from './download-artifact.ts'
import type { CiEvent } from './event.ts'
import type { Forge } from './github.ts'
import { at } from './payload.ts'

/** A workflow run about a pull request of a stranger that is over, as the API tells of it. */
export interface SourceRun {
  readonly id: number
  readonly attempt: number
  /** Account that started it. */
  readonly actor: string
  readonly trust: RecordTrust
  readonly head: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
  /** The open pull request whose head the commit still is, and the tip of its base. */
  readonly pull: { readonly number: number; readonly base: string }
}

/** There is nothing to publish, which is no fault: why, as a sentence. */
export interface NoSource {
  readonly why: string
}

const MOST_ARTIFACTS = 10
/** `codemie-ci-review-1`: what left it, and in which attempt of the run. */
const ARTIFACT = /^codemie-ci-[a-z-]{1,40}-(\d{1,4})$/

/**
 * Looks up the run that a `workflow_run` event tells of. Only its number is taken from the event; whose it is, which commit
 * and which pull request it is about is what the API says now. Refuses with `event-refused`, and like `Forge.ask`.
 */
export async function findSource(
  forge: Forge,
  { name, payload, repository }: Pick<CiEvent, 'name' | 'payload' | 'repository'>,
): Promise<SourceRun | NoSource> {
  const id = at(payload, 'workflow_run.id')
  if (name !== 'workflow_run' || typeof id !== 'number' || !Number.isSafeInteger(id)) {
    throw new Refusal('event-refused', `\`mode: publish\` works on \`workflow_run\`, and not on '${name}'`, {
      help: '`codemie-ci init` writes the workflow for it, .github/workflows/codemie-publish.yml.',
    })
  }
  const { owner, repo } = forge
  const { data: run } = await forge.ask(`look at workflow run ${id}`, 'actions: read', (octokit) =>
    octokit.rest.actions.getWorkflowRun({ owner, repo, run_id: id }),
  )
  if (run.id !== id || run.repository.full_name.toLowerCase() !== repository.toLowerCase()) {
    throw new Refusal('event-refused', `Workflow run ${id} is of another repository`, {
      exitStatus: 5,
      help: 'Only runs of this repository are published here.',
    })
  }
  if (run.event !== 'pull_request') return { why: 'The workflow run is not about a pull request.' }
  if (run.status !== 'completed' || run.run_attempt !== at(payload, 'workflow_run.run_attempt')) {
    return { why: 'The workflow run was started again, and what it leaves then is published.' }
  }
  const { head_repository: from, actor } = run
  if (from === null) return { why: 'The repository of the pull request is gone.' }
  const isFork = from.id !== run.repository.id
  const isDependabot = actor?.login === 'dependabot[bot]' && actor.type === 'Bot'
  if (!isFork && !isDependabot) return { why: 'The workflow run had a token of its own that may write.' }
  const { data: pulls } = await forge.ask('find the pull request', 'pull-requests: read', (octokit) =>
    octokit.rest.pulls.list({
      owner,
      repo,
      state: 'open',
      head: `${from.owner.login}:${run.head_branch ?? ''}`,
      per_page: 100,
    }),
  )
  const those = pulls.filter(({ head }) => head.sha === run.head_sha && head.repo?.id === from.id)
  const [pull, other] = those
  if (pull === undefined) {
    return {
      why: `No open pull request has ${run.head_sha.slice(0, 10)} as its head any more: a later commit has a run of its own.`,
    }
  }
  if (other !== undefined) {
    return {
      why: `Several pull requests have ${run.head_sha.slice(0, 10)} as their head, and it is not known which one the run was about.`,
    }
  }
  return {
    id,
    attempt: run.run_attempt ?? 1,
    actor: actor?.login ?? '',
    trust: isFork ? 'untrusted-fork' : 'untrusted-dependabot',
    head: run.head_sha,
    createdAt: Date.parse(run.created_at),
    updatedAt: Date.parse(run.updated_at),
    pull: { number: pull.number, base: pull.base.sha },
  }
}

/** Whether the pull request is open and its head is still the commit that the run was about. Refuses like `Forge.ask`. */
export async function isStillHead(forge: Forge, { head, pull: { number } }: SourceRun): Promise<boolean> {
  const { owner, repo } = forge
  const { data } = await forge.ask(`look at #${number}`, 'pull-requests: read', (octokit) =>
    octokit.rest.pulls.get({ owner, repo, pull_number: number }),
  )
  return data.state === 'open' && data.head.sha === head
}

/**
 * The artifacts of ours that the attempt of the run left, in the order of their names. Refuses with `artifact-refused` when
 * there are too many, or two of one name, and like `Forge.ask`.
 */
export async function listArtifacts(
  forge: Forge,
  { id, attempt }: SourceRun,
): Promise<readonly ArtifactOnForge[]> {
  const { owner, repo } = forge
  const { data } = await forge.ask('list the artifacts of the workflow run', 'actions: read', (octokit) =>
    octokit.rest.actions.listWorkflowRunArtifacts({ owner, repo, run_id: id, per_page: 100 }),
  )
  const ours = data.artifacts
    .filter(({ name, expired, workflow_run: of }) => {
      const isOfRun = of === undefined || of === null || of.id === id
      return !expired && isOfRun && ARTIFACT.exec(name)?.[1] === String(attempt)
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const twice = ours.find(({ name }, index) => ours[index + 1]?.name === name)
  if (twice !== undefined) throw refusal(`Workflow run ${id} has two artifacts ${twice.name}`)
  if (ours.length > MOST_ARTIFACTS)
    throw refusal(`Workflow run ${id} has ${ours.length} artifacts of codemie-ci`)
  return ours.map(({ id: artifact, name, size_in_bytes: bytes, digest }) => ({
    id: artifact,
    name,
    bytes,
    digest: digest ?? undefined,
  }))
}

function refusal(message: string): Refusal {
  return new Refusal('artifact-refused', message, {
    exitStatus: 5,
    help: 'A job of codemie-ci leaves one of each name. Nothing of them was used.',
  })
}
