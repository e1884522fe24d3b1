import { Refusal } from '../runner/failure.ts'
import { findRepository } from '../runner/git/repository.ts'
import type { World } from '../runner/world.ts'
import type { CiEvent } from './event.ts'
import { textAt } from './payload.ts'
import { whyKeyless } from './read-event.ts'

/** Events about a pull request for which GitHub gives a token that only reads, and no secrets, when it comes from a stranger. */
const READ_ONLY: ReadonlySet<string> = new Set(['pull_request', 'pull_request_review'])
/** Events for which it gives a token that writes and all secrets, whoever sent what they are about. */
const POWERFUL: ReadonlySet<string> = new Set(['pull_request_target', 'workflow_run'])

/**
 * Why the token of a job may only read, for a sentence that begins with `no comment: `; `undefined`: it may do what the job
 * asks for.
 */
export function whyReadOnly({ name, payload }: Pick<CiEvent, 'name' | 'payload'>): string | undefined {
  return READ_ONLY.has(name) ? whyKeyless(payload) : undefined
}

/**
 * Refuses with `head-checked-out` when a job with secrets has the code of a stranger in its workspace: anything there, from
 * `.npmrc` to a program, may be run by some step. The only commits that are known to be the repository's own are the one
 * that GitHub starts such jobs for, and the base of the pull request; the head may have moved since the event.
 */
export async function refuseStrangersCode(
  event: Pick<CiEvent, 'name' | 'payload' | 'sha'> | undefined,
  { cwd, env }: Pick<World, 'cwd' | 'env'>,
): Promise<void> {
  const why = event && POWERFUL.has(event.name) ? whyKeyless(event.payload) : undefined
  if (event === undefined || why === undefined) return
  const { name, payload, sha } = event
  const { git } = findRepository(cwd, env)
  const found = await git.run({ args: ['rev-parse', '--verify', '--quiet', 'HEAD'], okCodes: [0, 1] })
  const head = found.stdout.toString().trim()
  const own = [sha, textAt(payload, 'pull_request.base.sha')]
  if (head === '' || own.includes(head)) return
  throw new Refusal(
    'head-checked-out',
    `The job runs on \`${name}\`, with secrets and a token that may write, ${why}, and what is checked out is not the base`,
    {
      exitStatus: 5,
      help: 'Whoever opened it could run code with your secrets. Take `ref` and `repository` out of actions/checkout, or use `pull_request`, which needs no secret.',
    },
  )
}
