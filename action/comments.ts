import { Refusal } from '../runner/failure.ts'
import type { ReadComment } from './event-data.ts'
import { openForge } from './github.ts'
import type { Job } from './job.ts'

const MOST_COMMENTS = 100

/**
 * The last comments of a pull request or an issue, the eldest first, without those of this action. What keeps them from being
 * read is a warning, and they are `undefined`.
 */
export async function readComments(
  access: Parameters<typeof openForge>[0],
  issue: number,
  job: Job,
): Promise<readonly ReadComment[] | undefined> {
  try {
    const forge = await openForge(access)
    const { owner, repo } = forge
    const all = await forge.ask(`list the comments of #${issue}`, 'pull-requests: read', (octokit) =>
      octokit.paginate(octokit.rest.issues.listComments, { owner, repo, issue_number: issue, per_page: 100 }),
    )
    return all
      .map(({ user, body }) => ({ author: user?.login ?? 'ghost', body: body ?? '' }))
      .filter(({ body }) => !body.startsWith('<!-- codemie-ci:'))
      .slice(-MOST_COMMENTS)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    job.say('warning', 'No comments', [error.message, error.help].filter(Boolean).join('\n'))
    return undefined
  }
}
