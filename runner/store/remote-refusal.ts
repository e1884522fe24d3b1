import { Refusal } from '../failure.ts'
import { GitError } from '../git/git.ts'
import { classifyRemoteError, type PushRejected, type RemoteProblem } from '../git/push.ts'
import type { RecordRemote } from './remote.ts'

/** Why a network command of git failed, as {@link remoteRefusal} takes it. Anything that is no answer of a remote is thrown on. */
export function rejectionOf(error: unknown): PushRejected {
  if (!(error instanceof GitError) || error.kind === 'not-started') throw error
  return { problem: classifyRemoteError(error), words: error.stderr.trim().split('\n').at(-1) ?? '' }
}

/** What each problem means and what to do about it. */
const ADVICE: Readonly<Record<RemoteProblem, readonly [code: string, meaning: string, help: string]>> = {
  unauthorized: [
    'push-unauthorized',
    'does not accept the credentials, or there are none',
    'Give a token with write access to contents (in GitHub Actions: `permissions: contents: write`).',
  ],
  'read-only': [
    'push-read-only',
    'was asked with credentials that may only read',
    'Give a token with write access to contents. On a fork’s pull request there is none: record without --push.',
  ],
  'not-found': [
    'push-not-found',
    'was not found with these credentials',
    'Check the address and the token’s repositories.',
  ],
  protected: [
    'push-protected',
    'refuses this ref by a rule or a hook',
    'Let the runner create and update `codemie/runs` and `refs/codemie/*`, or push records to another repository.',
  ],
  'lost-race': [
    'push-lost-race',
    'was changed by others each time',
    'Nothing is wrong: the next run publishes it.',
  ],
  'no-atomic': [
    'push-no-atomic',
    'cannot change several refs as one',
    'The refs are pushed one by one instead.',
  ],
  'server-trouble': ['push-server-trouble', 'answered with an error of its own', 'Try again later.'],
  unreachable: ['push-unreachable', 'cannot be reached', 'Check the network, the proxy and the address.'],
  other: ['push-failed', 'did not take the record', 'The words of git say why.'],
}

/** A rejected push or fetch as a refusal (exit status 6). */
export function remoteRefusal(remote: RecordRemote, rejected: PushRejected, kept: string): Refusal {
  const [code, meaning, help] = ADVICE[rejected.problem]
  return new Refusal(code, `The remote ${remote.name} (${remote.shownUrl}) ${meaning}: ${rejected.words}`, {
    exitStatus: 6,
    help: `${help} ${kept}`.trim(),
  })
}

/** Whether the same request may work a moment later. */
export function isTransient(problem: RemoteProblem): boolean {
  return problem === 'lost-race' || problem === 'server-trouble' || problem === 'unreachable'
}
