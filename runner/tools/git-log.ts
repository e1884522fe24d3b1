import { type BuiltInTool, badArgument, defineTool } from './define-tool.ts'
import { isShallow, resolveCommit, runGit } from './git-command.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

interface GitLogArgs {
  to?: string
  from?: string
  since_last_tag?: boolean
  since?: string
  until?: string
  limit?: number
  paths?: string[]
  first_parent?: boolean
  merges?: 'include' | 'exclude' | 'only'
  files?: boolean
}

/** One commit, as `git_log` gives it. */
export interface Commit {
  readonly sha: string
  readonly short: string
  readonly author: string
  /** Author date, ISO 8601 with offset. */
  readonly date: string
  readonly subject: string
  readonly body: string
  readonly parents: readonly string[]
  /** Only when asked for. Of a merge: what it brought compared to its first parent. */
  readonly files?: readonly ChangedFile[]
}

/** One file of a commit. `additions` and `deletions` are `null` for binary content. */
export interface ChangedFile {
  readonly path: string
  readonly status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type-changed'
  readonly additions: number | null
  readonly deletions: number | null
  /** Where it was before, when renamed or copied. */
  readonly from?: string
}

const DATE =
  /^(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:?\d{2})?)?|(\d+|a|an) (second|minute|hour|day|week|month|year)s? ago|yesterday)$/

const DATE_HELP = 'Write 2026-05-31, 2026-05-31T12:00:00Z, or "7 days ago".'

/** The built-in tool `git_log`. */
export const gitLogTool: BuiltInTool = defineTool<GitLogArgs>({
  name: 'git_log',
  description:
    'Lists commits, newest first: {range, commits: [{sha, short, author, date, subject, body, parents, files?}]}. A note says when history was cut.',
  reach: 'read',
  argumentNames: { max_count: 'limit', ref: 'to' },
  properties: {
    to: { type: 'string', description: 'Revision to start at. Default: HEAD.' },
    from: { type: 'string', description: 'Leave out everything reachable from this revision, e.g. a tag.' },
    since_last_tag: {
      type: 'boolean',
      description: 'Start after the last tag before `to`; without any tag the whole history. Default: false.',
    },
    since: { type: 'string', description: 'Only commits after this date, e.g. 2026-05-31 or "7 days ago".' },
    until: { type: 'string', description: 'Only commits before this date.' },
    limit: { type: 'integer', minimum: 1, maximum: 1000, description: 'Most commits to list. Default: 100.' },
    paths: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      description: 'Only commits that touch one of these files or folders.',
    },
    first_parent: {
      type: 'boolean',
      description: 'Follow only the main line through merges. Default: false.',
    },
    merges: { enum: ['include', 'exclude', 'only'], description: 'Merge commits. Default: include.' },
    files: { type: 'boolean', description: 'Also list the changed files of each commit. Default: false.' },
  },
  run: listCommits,
})

async function listCommits(args: GitLogArgs, context: ToolContext): Promise<unknown> {
  const tool = gitLogTool.name
  if (args.from !== undefined && args.since_last_tag === true) {
    throw badArgument(tool, 'since_last_tag', 'cannot be used together with "from"')
  }
  for (const name of ['since', 'until'] as const) {
    const value = args[name]
    if (value !== undefined && !DATE.test(value))
      throw badArgument(tool, name, `"${value}" is no date`, DATE_HELP)
  }
  const limit = args.limit ?? 100
  const to = await resolveCommit(context, args.to ?? 'HEAD', { tool, argument: 'to' })
  const tag = args.since_last_tag === true ? await lastTagBefore(context, to) : undefined
  const fromName = args.from ?? tag
  const from =
    fromName === undefined
      ? undefined
      : await resolveCommit(context, fromName, { tool, argument: args.from ? 'from' : 'since_last_tag' })
  const paths = await Promise.all(
    (args.paths ?? []).map(
      async (path) => (await resolveInRoot(context, path, { tool, argument: 'paths' })).relative,
    ),
  )

  const output = await runGit(context, {
    tool,
    args: [
      'log',
      '-z',
      '--format=%H%x00%h%x00%P%x00%aN%x00%aI%x00%s%x00%b',
      '--abbrev=10',
      '--no-decorate',
      '--no-notes',
      // One more than asked for: its presence tells that there are more.
      `--max-count=${limit + 1}`,
      ...(args.first_parent === true ? ['--first-parent'] : []),
      ...(args.merges === 'exclude' ? ['--no-merges'] : args.merges === 'only' ? ['--merges'] : []),
      ...(args.since === undefined ? [] : [`--since=${args.since}`]),
      ...(args.until === undefined ? [] : [`--until=${args.until}`]),
      ...(from === undefined ? [to] : [to, `^${from}`]),
      '--',
      ...paths,
    ],
  })
  const all = parseCommits(output.text, output.isCut)
  let commits: Commit[] = all.slice(0, limit)
  if (args.files === true && commits.length > 0) {
    const files = await filesOf(context, commits)
    commits = commits.map((commit) => ({ ...commit, files: files.get(commit.sha) ?? [] }))
  }

  const notes: string[] = []
  if (output.isCut) notes.push('The list was cut at the limit for the size of a tool result.')
  else if (all.length > limit) notes.push(`There are more commits than the limit of ${limit}.`)
  if (args.since_last_tag === true && tag === undefined)
    notes.push('There is no earlier tag: this is the whole history.')
  if ((await isShallow(context, tool)) && (await reachesEdge(context, to, from))) {
    notes.push('The clone is shallow: earlier commits are missing (fetch-depth: 0 gets them).')
  }
  return {
    range: fromName === undefined ? (args.to ?? 'HEAD') : `${fromName}..${args.to ?? 'HEAD'}`,
    commits,
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  }
}

/** Fields of the `--format` above. */
const FIELDS = 7

function parseCommits(text: string, isCut: boolean): Commit[] {
  // Commit messages cannot hold NUL, so the fields are whatever stands between two of them.
  const tokens = text.split('\0')
  const commits: Commit[] = []
  for (let at = 0; at + FIELDS <= tokens.length; at += FIELDS) {
    const [sha, short, parents, author, date, subject, body] = tokens.slice(at, at + FIELDS) as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    if (isCut && at + FIELDS >= tokens.length) break
    commits.push({
      sha,
      short,
      author,
      date,
      subject,
      body: body.trim(),
      parents: parents.split(' ').filter((parent) => parent !== ''),
    })
  }
  return commits
}

/** The nearest tag before a commit; a tag on the commit itself does not count. */
async function lastTagBefore(context: ToolContext, commit: string): Promise<string | undefined> {
  const answer = await runGit(context, {
    tool: gitLogTool.name,
    args: ['describe', '--tags', '--abbrev=0', '--first-parent', `${commit}^`],
    okCodes: [0, 128],
  })
  return answer.text.trim() || undefined
}

/** Whether walking from `to` runs into the edge of a shallow clone. */
async function reachesEdge(context: ToolContext, to: string, from: string | undefined): Promise<boolean> {
  const walked = await runGit(context, {
    tool: gitLogTool.name,
    args: ['rev-list', '--max-parents=0', to, ...(from === undefined ? [] : [`^${from}`])],
  })
  // In a shallow clone the commits at the edge look like roots.
  return walked.text.trim() !== ''
}

const STATUS: Readonly<Record<string, ChangedFile['status']>> = {
  A: 'added',
  M: 'modified',
  D: 'deleted',
  R: 'renamed',
  C: 'copied',
  T: 'type-changed',
}

async function filesOf(
  context: ToolContext,
  commits: readonly Commit[],
): Promise<Map<string, ChangedFile[]>> {
  const output = await runGit(context, {
    tool: gitLogTool.name,
    args: [
      'diff-tree',
      ...['--stdin', '-z', '-r', '-M', '--root', '--raw', '--numstat', '--always'],
      ...['-m', '--no-ext-diff', '--no-textconv'],
    ],
    stdin: commits.map((commit) => `${commit.sha}\n`).join(''),
  })
  return parseDiffTree(output.text)
}

/**
 * Reads `diff-tree --stdin -z --raw --numstat`. Per commit: its hash, then `:modes hashes STATUS` + path (two for a
 * rename) for every file, then `added TAB deleted TAB path` (for a rename an empty path, then the two).
 */
function parseDiffTree(text: string): Map<string, ChangedFile[]> {
  const files = new Map<string, ChangedFile[]>()
  const tokens = text.split('\0')
  let current: ChangedFile[] = []
  let at = 0
  const next = () => tokens[at++] ?? ''
  while (at < tokens.length - 1) {
    const token = next()
    if (token.startsWith(':')) {
      const letter = token.split(' ').at(-1)?.[0] ?? 'M'
      const first = next()
      const moved = letter === 'R' || letter === 'C'
      const path = moved ? next() : first
      current.push({
        path,
        status: STATUS[letter] ?? 'modified',
        additions: null,
        deletions: null,
        ...(moved ? { from: first } : {}),
      })
      continue
    }
    const counts = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(token)
    if (counts === null) {
      current = []
      // A merge comes once for each parent, the first parent first; that is the one that counts.
      if (!files.has(token)) files.set(token, current)
      continue
    }
    let path = counts[3] ?? ''
    if (path === '') {
      next()
      path = next()
    }
    const index = current.findIndex((file) => file.path === path)
    const file = current[index]
    if (file !== undefined) {
      current[index] = { ...file, additions: toCount(counts[1]), deletions: toCount(counts[2]) }
    }
  }
  return files
}

function toCount(text: string | undefined): number | null {
  return text === undefined || text === '-' ? null : Number(text)
}
