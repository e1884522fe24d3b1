import type { Answer, GitHost, Issue, PullRequest } from './host.ts'

const STATES: Readonly<Record<string, string>> = { opened: 'open' }

const EVENTS: Readonly<Record<string, string>> = { open: 'reopen', closed: 'close' }

const issueOf = (issue: Answer): Issue => ({
  number: issue.iid,
  title: issue.title,
  state: STATES[issue.state] ?? issue.state,
  author: issue.author?.username ?? '',
  labels: [issue.labels ?? []].flat(),
  body: issue.description ?? '',
  url: issue.web_url,
})

const pullOf = (request: Answer): PullRequest => {
  const { labels: _labels, ...rest } = issueOf(request)
  return {
    ...rest,
    draft: request.draft ?? false,
    head: request.source_branch,
    base: request.target_branch,
  }
}

const fieldsOf = ({
  title,
  body,
  labels,
}: {
  title?: unknown
  body?: unknown
  labels?: readonly string[] | undefined
}) => ({
  title,
  description: body,
  labels: labels?.join(','),
})

const stateOf = (state: string) => (state === 'open' ? 'opened' : state)

const fileAt = (path: string) => `/repository/files/${encodeURIComponent(path)}`

/** GitLab's way: merge requests for pull requests, notes for comments. Source: docs.gitlab.com/api, version 4. */
export const gitlab: GitHost = {
  pathOf: (repository) => `/projects/${encodeURIComponent(repository)}`,
  headers: {},

  async listIssues(api, { state, labels, limit }) {
    const query = { state: stateOf(state), labels: labels?.length ? labels : undefined, per_page: limit }
    const issues = await api.list('/issues', { query })
    return issues.map(issueOf)
  },
  getIssue: async (api, number) => issueOf(await api.call('GET', `/issues/${number}`)),
  createIssue: async (api, fields) => issueOf(await api.call('POST', '/issues', { body: fieldsOf(fields) })),
  updateIssue: async (api, number, fields) =>
    issueOf(
      await api.call('PUT', `/issues/${number}`, {
        body: { ...fieldsOf(fields), state_event: EVENTS[fields.state ?? ''] },
      }),
    ),
  async comment(api, on, number, body) {
    const place = on === 'issue' ? 'issues' : 'merge_requests'
    const note = await api.call('POST', `/${place}/${number}/notes`, { body: { body } })
    return { id: note.id, url: '' }
  },

  async listPulls(api, { state, head, limit }) {
    const query = { state: stateOf(state), source_branch: head, per_page: limit }
    const requests = await api.list('/merge_requests', { query })
    return requests.map(pullOf)
  },
  getPull: async (api, number) => pullOf(await api.call('GET', `/merge_requests/${number}`)),
  async listPullFiles(api, number, limit) {
    const diffs = await api.list(`/merge_requests/${number}/diffs`, {
      query: { per_page: limit },
    })
    return diffs.map((diff) => ({
      path: diff.new_path,
      change: diff.new_file
        ? 'added'
        : diff.deleted_file
          ? 'removed'
          : diff.renamed_file
            ? 'renamed'
            : 'modified',
      diff: diff.diff ?? '',
    }))
  },
  async createPull(api, { title, body, head, base, draft }) {
    const into = base ?? (await api.call('GET', '')).default_branch
    return pullOf(
      await api.call('POST', '/merge_requests', {
        body: {
          // GitLab knows a draft by its title.
          title: draft && !title.startsWith('Draft:') ? `Draft: ${title}` : title,
          description: body,
          source_branch: head,
          target_branch: into,
        },
      }),
    )
  },
  async commentOnLine(api, number, { path, line, body }) {
    const { diff_refs: refs } = await api.call('GET', `/merge_requests/${number}`)
    const position = { position_type: 'text', ...refs, old_path: path, new_path: path, new_line: line }
    const discussion = await api.call('POST', `/merge_requests/${number}/discussions`, {
      body: { body, position },
    })
    return { id: discussion.id, url: '' }
  },

  async listBranches(api, limit) {
    const branches = await api.list('/repository/branches', {
      query: { per_page: limit },
    })
    return branches.map((branch) => branch.name)
  },
  async listFiles(api, path, ref) {
    const query = { path: path || undefined, ref, per_page: 100 }
    const entries = await api.list('/repository/tree', { query })
    return entries.map((entry) => ({ path: entry.path, kind: entry.type === 'tree' ? 'folder' : 'file' }))
  },
  async readFile(api, path, ref = 'HEAD') {
    const file = await api.find(fileAt(path), { query: { ref } })
    return typeof file?.content === 'string' ? Buffer.from(file.content, 'base64') : undefined
  },
  async writeFile(api, { path, content, branch, message }) {
    const on = branch ?? (await api.call('GET', '')).default_branch
    const known = await api.find(fileAt(path), { query: { ref: on } })
    await api.call(known === undefined ? 'POST' : 'PUT', fileAt(path), {
      body: {
        branch: on,
        commit_message: message,
        content: Buffer.from(content).toString('base64'),
        encoding: 'base64',
      },
    })
    return { path, change: known === undefined ? 'created' : 'updated' }
  },
}
