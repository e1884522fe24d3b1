import { type OutsideKind, OutsideText } from '../runner/policy/untrusted.ts'
import type { Change } from './change.ts'
import type { CiEvent } from './event.ts'
import { at } from './payload.ts'
import { labelsOf, type ReadEvent } from './read-event.ts'

/** A name by which workflows get something of an event. */
export interface EventName {
  readonly name: string
  /** For the docs; ends without a full stop. */
  readonly words: string
  /** Where it stands in payloads; the first that is there counts. */
  readonly from: readonly string[]
  readonly kind: OutsideKind
}

const NAMES: readonly EventName[] = [
  { name: 'action', words: 'What happened: `opened`, `created`, …', from: ['action'], kind: 'name' },
  {
    name: 'number',
    words: 'Number of the pull request or issue',
    from: ['pull_request.number', 'issue.number'],
    kind: 'name',
  },
  {
    name: 'title',
    words: 'Its title',
    from: ['pull_request.title', 'issue.title', 'discussion.title', 'release.name'],
    kind: 'text',
  },
  {
    name: 'body',
    words: 'Its text',
    from: ['pull_request.body', 'issue.body', 'discussion.body', 'release.body'],
    kind: 'markdown',
  },
  {
    name: 'author',
    words: 'Who opened it',
    from: ['pull_request.user.login', 'issue.user.login', 'discussion.user.login', 'release.author.login'],
    kind: 'name',
  },
  {
    name: 'url',
    words: 'Its page',
    from: ['pull_request.html_url', 'issue.html_url', 'discussion.html_url', 'release.html_url'],
    kind: 'name',
  },
  { name: 'draft', words: 'Whether it is a draft', from: ['pull_request.draft'], kind: 'name' },
  { name: 'label', words: 'The label that was put on or taken off', from: ['label.name'], kind: 'name' },
  {
    name: 'base',
    words: 'Branch that it is to be merged into',
    from: ['pull_request.base.ref'],
    kind: 'name',
  },
  {
    name: 'base_sha',
    words: 'The last commit of that branch',
    from: ['pull_request.base.sha', 'merge_group.base_sha'],
    kind: 'name',
  },
  { name: 'head', words: 'Branch that the change is on', from: ['pull_request.head.ref'], kind: 'name' },
  {
    name: 'head_sha',
    words: 'The last commit of the change',
    from: ['pull_request.head.sha', 'merge_group.head_sha'],
    kind: 'name',
  },
  {
    name: 'comment',
    words: 'What a comment or review says',
    from: ['comment.body', 'review.body'],
    kind: 'markdown',
  },
  {
    name: 'comment_author',
    words: 'Who wrote it',
    from: ['comment.user.login', 'review.user.login'],
    kind: 'name',
  },
  {
    name: 'comment_association',
    words: 'What they are here: `OWNER`, `MEMBER`, `COLLABORATOR`, `CONTRIBUTOR`, `NONE`',
    from: ['comment.author_association', 'review.author_association'],
    kind: 'name',
  },
  {
    name: 'message',
    words: 'Message of the last commit',
    from: ['head_commit.message', 'merge_group.head_commit.message'],
    kind: 'text',
  },
  { name: 'before', words: 'Commit before a push', from: ['before'], kind: 'name' },
  { name: 'after', words: 'Commit after a push', from: ['after'], kind: 'name' },
  { name: 'cron', words: 'The line of the schedule', from: ['schedule'], kind: 'text' },
  { name: 'sender', words: 'Who made it happen', from: ['sender.login'], kind: 'name' },
]

/** What is not in the payload, with words for the docs. */
const OTHERS = [
  ['name', 'Name of the event, such as `pull_request`'],
  ['branch', 'The branch that filters look at: the base of a pull request, or what was pushed'],
  ['tag', 'The tag that was pushed'],
  ['labels', 'Labels of the pull request or issue, a list'],
  ['files', 'Files that a pull request or a push changes, a list of paths'],
  ['diff', 'The change itself, at most 200,000 characters'],
  ['comments', 'The last comments of a pull request or issue, a list of `author` and `body`; needs `token`'],
  ['client_payload', 'What a `repository_dispatch` brought; its keys are names, too'],
] as const

/** All names with what they mean, for the docs. */
export const EVENT_NAMES: readonly (readonly [name: string, words: string])[] = [
  ...NAMES.map(({ name, words }) => [name, words] as const),
  ...OTHERS,
].sort(([a], [b]) => (a < b ? -1 : 1))

/** A comment as the forge tells it. */
export interface ReadComment {
  readonly author: string
  readonly body: string
}

/** What had to be asked for; `undefined`: nobody needs it, or it could not be had. */
export interface Gathered {
  readonly change: Change | undefined
  readonly comments: readonly ReadComment[] | undefined
}

const LONGEST_DIFF = 200_000
const LONGEST_COMMENT = 10_000

/** What happened by documented names, every text of it marked as being from outside; what is not known is left out. */
export function describeEvent(
  { payload, name: event }: CiEvent,
  { occurrence: { branch, tag } }: ReadEvent,
  { change, comments }: Gathered,
): Readonly<Record<string, unknown>> {
  const named = NAMES.map(({ name, from, kind }) => {
    const value = from.map((path) => at(payload, path)).find((one) => one !== undefined)
    return [name, markTexts(value, name, kind)] as const
  })
  const lists = (name: string, values: readonly string[] | undefined) =>
    values?.map((value) => new OutsideText(name, value, 'name'))
  const all = {
    name: event,
    ...Object.fromEntries(named),
    branch: markTexts(branch, 'branch', 'name'),
    tag: markTexts(tag, 'tag', 'name'),
    labels: lists('labels', labelsOf(payload)),
    files: lists('files', change?.files),
    diff:
      change?.diff === undefined ? undefined : new OutsideText('diff', change.diff, 'source', LONGEST_DIFF),
    comments: comments?.map(({ author, body }) => ({
      author: new OutsideText('author', author, 'name'),
      body: new OutsideText('comment', body, 'markdown', LONGEST_COMMENT),
    })),
    client_payload: markTexts(at(payload, 'client_payload'), 'client_payload', 'text'),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Deepest that a payload is looked into. */
const DEEPEST = 20

/** The same data with every text in it marked; keys that are more than a word are left out. */
function markTexts(value: unknown, name: string, kind: OutsideKind, depth = 0): unknown {
  if (typeof value === 'string') return new OutsideText(name, value, value === '' ? 'name' : kind)
  if (typeof value !== 'object' || value === null) return value
  if (depth > DEEPEST) return undefined
  if (Array.isArray(value)) return value.map((item) => markTexts(item, name, kind, depth + 1))
  const entries = Object.entries(value).filter(([key]) => /^[\w.-]{1,100}$/.test(key) && key !== '__proto__')
  return Object.fromEntries(entries.map(([key, item]) => [key, markTexts(item, key, kind, depth + 1)]))
}
