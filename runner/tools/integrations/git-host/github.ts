import { type Answer, escapePath, type GitHost, type Issue, type PullRequest } from './host.ts'

const issueOf = (issue: Answer): Issue => ({
  number: issue.number,
  title: issue.title,
  state: issue.state,
  author: issue.user?.login ?? '',
  labels: [issue.labels ?? []].flat().map((label: Answer) => label.name ?? label),
  body: issue.body ?? '',
  url: issue.html_url,
})

const pullOf = (pull: Answer): PullRequest => {
  const { labels: _labels, ...rest } = issueOf(pull)
  return {
    ...rest,
    state: pull.merged_at ? 'merged' : pull.state,
    draft: pull.draft ?? false,
    head: pull.head?.ref,
    base: pull.base?.ref,
  }
}

const commentOf = (comment: Answer) => ({ id: comment.id, url: comment.html_url ?? '' })

/** GitHub's way. Source: docs.github.com/rest, version 2022-11-28. */
export const github: GitHost = {
  pathOf: (repository) => `/repos/${escapePath(repository)}`,
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },

  async listIssues(api, { state, labels, limit }) {
    const query = { state, labels: labels?.length ? labels : undefined, per_page: limit }
    const issues = await api.list('/issues', { query })
    // To GitHub a pull request is an issue, too.
    return issues.filter((issue) => issue.pull_request === undefined).map(issueOf)
  },
  getIssue: async (api, number) => issueOf(await api.call('GET', `/issues/${number}`)),
  createIssue: async (api, { title, body, labels }) =>
    issueOf(await api.call('POST', '/issues', { body: { title, body, labels } })),
  updateIssue: async (api, number, fields) =>
    issueOf(await api.call('PATCH', `/issues/${number}`, { body: fields })),
  comment: async (api, _on, number, body) =>
    commentOf(await api.call('POST', `/issues/${number}/comments`, { body: { body } })),

  async listPulls(api, { state, head, limit }) {
    // GitHub wants the owner of the branch as well, and its forks have other owners.
    const pulls = await api.list('/pulls', { query: { state, per_page: head === undefined ? limit : 100 } })
    return pulls.map(pullOf).filter((pull) => head === undefined || pull.head === head)
  },
  getPull: async (api, number) => pullOf(await api.call('GET', `/pulls/${number}`)),
  async listPullFiles(api, number, limit) {
    const files = await api.list(`/pulls/${number}/files`, {
      query: { per_page: limit },
    })
    return files.map((file) => ({ path: file.filename, change: file.status, diff: file.patch ?? '' }))
  },
  async createPull(api, { base, ...pull }) {
    const into = base ?? (await api.call('GET', '')).default_branch
    return pullOf(await api.call('POST', '/pulls', { body: { ...pull, base: into } }))
  },
  async commentOnLine(api, number, { path, line, body }) {
    const { head } = await api.call('GET', `/pulls/${number}`)
    const comment = { body, commit_id: head?.sha, path, line, side: 'RIGHT' }
    return commentOf(await api.call('POST', `/pulls/${number}/comments`, { body: comment }))
  },

  async listBranches(api, limit) {
    const branches = await api.list('/branches', { query: { per_page: limit } })
    return branches.map((branch) => branch.name)
  },
  async listFiles(api, path, ref) {
    const entries = await api.list(`/contents/${escapePath(path)}`, { query: { ref } })
    return entries.map((entry) => ({
      path: entry.path,
      kind: entry.type === 'dir' ? ('folder' as const) : ('file' as const),
    }))
  },
  async readFile(api, path, ref) {
    const file = await api.find(`/contents/${escapePath(path)}`, { query: { ref } })
    return typeof file?.content === 'string' ? Buffer.from(file.content, 'base64') : undefined
  },
  async writeFile(api, { path, content, branch, message }) {
    const place = `/contents/${escapePath(path)}`
    const known = await api.find(place, { query: { ref: branch } })
    const body = {
      message,
      content: Buffer.from(content).toString('base64'),
      branch,
      ...(known === undefined ? {} : { sha: known.sha }),
    }
    await api.call('PUT', place, { body })
    return { path, change: known === undefined ? 'created' : 'updated' }
  },
}
