import { Refusal } from '../runner/failure.ts'
import { MOST_COMMENT_CHARACTERS } from '../runner/report/diff-markdown.ts'
import type { Forge } from './github.ts'

/** The one comment of ours on a pull request or an issue. */
export interface StickyComment {
  /** Number of the pull request or the issue. */
  readonly issue: number
  /** Tells our comments of different purpose apart: small letters, digits and hyphens. */
  readonly name: string
  /** What it is to say; `undefined`: there is nothing to say. */
  readonly markdown: string | undefined
  /** What an earlier comment says from then on, when there is nothing to say any more. Markdown. */
  readonly settled: string
}

/** What became of the comment; `none`: there was none, and nothing to say. */
export type CommentFate = 'created' | 'edited' | 'unchanged' | 'none'

const CUT_NOTE = '\n\n_There is more than a comment may hold; the summary of the job has the rest._'

const READ = 'pull-requests: read'
const WRITE = 'pull-requests: write'

interface Comment {
  readonly id: number
  readonly body: string
  readonly userId: number | undefined
}

/**
 * Puts the comment up, or brings the one that is there up to date. It is known by a hidden mark at its beginning and by
 * its author, who must be the account of the token: what somebody else marked so is left alone. What says the same
 * already is not touched. Two jobs at once end with one comment. Refuses like `Forge.ask`.
 */
export async function upsertComment(forge: Forge, comment: StickyComment): Promise<CommentFate> {
  try {
    return await upsertOnce(forge, comment)
  } catch (error) {
    // It may have been put up, or deleted by a person meanwhile: look again, once.
    const isWorthIt =
      error instanceof Refusal && ['forge-unreachable', 'forge-not-found'].includes(error.code)
    if (!isWorthIt) throw error
    return await upsertOnce(forge, comment)
  }
}

async function upsertOnce(
  forge: Forge,
  { issue, name, markdown, settled }: StickyComment,
): Promise<CommentFate> {
  const mark = `<!-- codemie-ci:${name} -->`
  const body = fitComment(`${mark}\n${(markdown ?? settled).trim()}`)
  const marked = await markedComments(forge, issue, mark)
  const self = marked.length === 0 ? undefined : await ownId(forge)
  const [first, ...more] = marked.filter(({ userId }) => userId === self)
  await removeAll(forge, more)
  if (first !== undefined) return await edit(forge, first, body)
  if (markdown === undefined) return 'none'
  const made = await forge.ask(`comment on #${issue}`, WRITE, (octokit) =>
    octokit.rest.issues.createComment({ ...place(forge), issue_number: issue, body }),
  )
  // Another job may have been as quick: the eldest stays, and says what was said last.
  const author = made.data.user?.id
  const [eldest, ...younger] = (await markedComments(forge, issue, mark)).filter(
    ({ userId }) => userId === author,
  )
  await removeAll(forge, younger)
  if (eldest !== undefined && eldest.id !== made.data.id) await edit(forge, eldest, body)
  return 'created'
}

/** Comments that begin with a mark, the eldest first. */
async function markedComments(forge: Forge, issue: number, mark: string): Promise<readonly Comment[]> {
  const all = await forge.ask(`list the comments of #${issue}`, READ, (octokit) =>
    octokit.paginate(octokit.rest.issues.listComments, {
      ...place(forge),
      issue_number: issue,
      per_page: 100,
    }),
  )
  return all
    .map(({ id, body, user }) => ({ id, body: body ?? '', userId: user?.id }))
    .filter(({ body }) => body.startsWith(mark))
    .sort((a, b) => a.id - b.id)
}

/** Id of the account that the token acts for. The REST API tells it to people only, and not to the token of a job. */
export async function ownId(forge: Forge): Promise<number> {
  const reply = await forge.ask('ask whose token this is', READ, (octokit) =>
    octokit.graphql<{ readonly viewer: { readonly databaseId: number } }>('{ viewer { databaseId } }'),
  )
  return reply.viewer.databaseId
}

async function edit(forge: Forge, { id, body: old }: Comment, body: string): Promise<CommentFate> {
  if (plain(old) === plain(body)) return 'unchanged'
  await forge.ask('edit our comment', WRITE, (octokit) =>
    octokit.rest.issues.updateComment({ ...place(forge), comment_id: id, body }),
  )
  return 'edited'
}

/** Deletes comments of ours; another job may have been quicker. */
async function removeAll(forge: Forge, comments: readonly Comment[]): Promise<void> {
  for (const { id } of comments) {
    try {
      await forge.ask('delete our second comment', WRITE, (octokit) =>
        octokit.rest.issues.deleteComment({ ...place(forge), comment_id: id }),
      )
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== 'forge-not-found') throw error
    }
  }
}

function place({ owner, repo }: Forge) {
  return { owner, repo }
}

function plain(body: string): string {
  return body.replace(/\r\n/g, '\n').trimEnd()
}

/** Whole lines of a comment that is too long, an open fence closed, and a note. */
function fitComment(body: string): string {
  if (body.length <= MOST_COMMENT_CHARACTERS) return body
  // Room for the end of a fence, too.
  const head = body.slice(0, MOST_COMMENT_CHARACTERS - CUT_NOTE.length - 100)
  const line = head.lastIndexOf('\n')
  const kept = line > 0 ? head.slice(0, line) : head
  return `${kept}${openFence(kept)}${CUT_NOTE}`
}

/** What closes a fence that a text leaves open; `''` where none is. */
function openFence(text: string): string {
  let open = ''
  for (const [, mark = ''] of text.matchAll(/^(`{3,}|~{3,})/gm)) {
    if (open === '') open = mark
    else if (mark.startsWith(open)) open = ''
  }
  return open === '' ? '' : `\n${open.slice(0, 90)}`
}
