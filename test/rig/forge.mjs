// A forge on loopback: one origin that speaks git (smart HTTP) and the part of GitHub's REST API that an action uses.
//
// - One truth. Pull request files, contents, refs, compare, trees and commits are read from the same bare repositories
//   that git clones from and pushes to; only comments, labels, checks, statuses, reviews and reactions live in memory.
// - Held to the contract. Every request body and every reply is checked against GitHub's own OpenAPI description
//   (`github-openapi.slim.json`); a reply that breaks it is a 500, so the fake can't drift. Fields that a handler does
//   not state are filled in neutrally from the schema.
// - Tokens have permissions, as a workflow's `permissions:` gives them to GITHUB_TOKEN; what lacks one gets GitHub's 403.
// - The schemas of a workflow run and of the download of an artifact were written by hand from GitHub's reference, the rest is cut out
//   of the description.
// - Anything not written here answers 404 and is kept in `forge.unhandled`: assert that it is empty.
//
// Dependencies: node >= 20.19, git >= 2.38, ajv. Shaped like GitHub Enterprise Server: API under /api/v3.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { createBare, gitHandler, tokenOf } from './git-http.mjs'

const SPEC = JSON.parse(readFileSync(new URL('./github-openapi.slim.json', import.meta.url), 'utf8'))
// Written by hand from GitHub's reference: the description above was cut before these were asked for.
const DEPLOYMENTS = JSON.parse(
  readFileSync(new URL('./github-openapi.deployments.json', import.meta.url), 'utf8'),
)
Object.assign(SPEC.paths, DEPLOYMENTS.paths)
Object.assign(SPEC.components.schemas, DEPLOYMENTS.schemas)
const NOW = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z')
const IDENTITY = {
  GIT_AUTHOR_NAME: 'forge',
  GIT_AUTHOR_EMAIL: 'forge@example.invalid',
  GIT_COMMITTER_NAME: 'forge',
  GIT_COMMITTER_EMAIL: 'forge@example.invalid',
}
const BOT = 'github-actions[bot]'
/** The one question in GraphQL that is answered: the REST API does not tell a job's token whose it is. */
const VIEWER = /^\s*(query\s*)?\{\s*viewer\s*\{\s*databaseId\s*\}\s*\}\s*$/

/** Permission that a write needs, any one of them (reads of a repository that the token sees need none). */
const WRITES = [
  [/^(issues|reactions)\//, ['issues', 'pull_requests']],
  [/^pulls\//, ['pull_requests']],
  [/^checks\//, ['checks']],
  [/^repos\/create-commit-status$/, ['statuses']],
  [/^actions\//, ['actions']],
  [/^(repos|git)\//, ['contents']],
]

class HttpError extends Error {
  constructor(status, message, more = {}, headers = {}) {
    super(message)
    Object.assign(this, {
      status,
      headers,
      body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status), ...more },
    })
  }
}
const notFound = () => new HttpError(404, 'Not Found')
const invalid = (message, errors) => new HttpError(422, message, errors ? { errors } : {})

export async function startForge({ root = mkdtempSync(join(tmpdir(), 'forge-')), keep = false } = {}) {
  const users = new Map()
  const repos = new Map()
  const tokens = new Map()
  const failures = []
  const forge = {
    root,
    log: [],
    unhandled: [],
    dispatches: [],
    beforePush: undefined,
    /** Called with each request of the API before it is answered, in time for the world to change. */
    beforeAnswer: undefined,
  }
  let lastId = 1000
  const id = () => ++lastId
  let lastMoment = 0
  /** The time, but never twice the same second: what comes after what can be told. */
  const moment = () => {
    lastMoment = Math.max(Math.floor(Date.now() / 1000), lastMoment + 1)
    return new Date(lastMoment * 1000).toISOString().replace('.000Z', 'Z')
  }

  const server = createServer((req, res) => void answer(req, res))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  forge.url = `http://127.0.0.1:${server.address().port}`
  forge.apiUrl = `${forge.url}/api/v3`
  forge.env = {
    GITHUB_SERVER_URL: forge.url,
    GITHUB_API_URL: forge.apiUrl,
    GITHUB_GRAPHQL_URL: `${forge.url}/api/graphql`,
  }
  const contract = createContract(SPEC, forge.apiUrl)
  const git = (repo, args, { input, env } = {}) =>
    execFileSync('git', args, {
      cwd: repo.dir,
      input,
      env: {
        PATH: process.env.PATH,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
        LC_ALL: 'C',
        ...IDENTITY,
        ...env,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1 << 28,
    })
  const text = (...args) =>
    git(...args)
      .toString()
      .trim()
  const tryText = (...args) => {
    try {
      return text(...args)
    } catch {
      return undefined
    }
  }

  const blob = (repo, content) => text(repo, ['hash-object', '-w', '--stdin'], { input: content })
  /** The tree `base` (or none) with `entries` put in, or taken out where `sha` is null. */
  function writeTree(repo, base, entries) {
    const index = { env: { GIT_INDEX_FILE: join(repo.dir, `index.${id()}`) } }
    if (base) git(repo, ['read-tree', base], index)
    const input = entries
      .map(({ path, mode = '100644', sha }) =>
        sha === null ? `0 ${'0'.repeat(40)}\t${path}\0` : `${mode} ${sha}\t${path}\0`,
      )
      .join('')
    git(repo, ['update-index', '-z', '--index-info'], { input, ...index })
    return text(repo, ['write-tree'], index)
  }

  // ---- setting the scene -------------------------------------------------------------------------------------------
  const user = (login) => {
    if (!users.has(login))
      users.set(login, { id: id(), login, type: login.endsWith('[bot]') ? 'Bot' : 'User' })
    const u = users.get(login)
    const path = encodeURIComponent(login)
    return {
      ...u,
      node_id: `U_${u.id}`,
      url: `${forge.apiUrl}/users/${path}`,
      html_url: `${forge.url}/${path}`,
      avatar_url: `${forge.url}/avatars/u/${u.id}`,
      site_admin: false,
    }
  }
  forge.addRepo = (fullName, { isPrivate = false, forkOf } = {}) => {
    const dir = createBare(root, fullName)
    const repo = {
      id: id(),
      fullName,
      dir,
      isPrivate,
      forkOf,
      roles: new Map(),
      pulls: new Map(),
      issues: new Map(),
      comments: new Map(),
      reviews: new Map(),
      checks: new Map(),
      statuses: [],
      labels: new Map(),
      /** Reviews of jobs that wait for an environment, by the id of their workflow run. */
      approvals: new Map(),
      /** Workflow runs, and what they uploaded. */
      runs: new Map(),
      artifacts: new Map(),
      /** What happened to pull requests, and to branches, the eldest first. */
      timeline: [],
      activities: [],
    }
    if (forkOf)
      execFileSync('git', ['fetch', '-q', repos.get(forkOf).dir, '+refs/heads/*:refs/heads/*'], { cwd: dir })
    repo.roles.set(fullName.split('/')[0], 'admin')
    repos.set(fullName, repo)
    return repo
  }
  forge.repo = (fullName) => repos.get(fullName)
  forge.setRole = (fullName, login, role) => {
    user(login)
    repos.get(fullName).roles.set(login, role)
  }
  /** A person's token acts by that person's role; a workflow's token (`permissions` given) acts as the bot, on one repository. */
  forge.token = ({
    login = BOT,
    repo,
    permissions,
    value = `ghs_${Math.random().toString(36).slice(2)}`,
  } = {}) => {
    user(login)
    tokens.set(value, { login, repo, permissions })
    return value
  }
  /** Commits `files` (path -> text, null removes) on `branch`, made from `from` when new. Returns the commit's id. */
  forge.commit = (fullName, branch, files, { from, message = 'change' } = {}) => {
    const repo = repos.get(fullName)
    const parent =
      tryText(repo, ['rev-parse', '-q', '--verify', `refs/heads/${branch}`]) ??
      (from && text(repo, ['rev-parse', from]))
    const entries = Object.entries(files).map(([path, content]) => ({
      path,
      sha: content === null ? null : blob(repo, content),
    }))
    const commit = text(repo, [
      'commit-tree',
      writeTree(repo, parent, entries),
      ...(parent ? ['-p', parent] : []),
      '-m',
      message,
    ])
    const old = tryText(repo, ['rev-parse', '-q', '--verify', `refs/heads/${branch}`])
    git(repo, ['update-ref', `refs/heads/${branch}`, commit])
    repo.activities.push({
      id: id(),
      node_id: 'ACT',
      before: old ?? '0'.repeat(40),
      after: commit,
      ref: `refs/heads/${branch}`,
      timestamp: moment(),
      activity_type: old ? 'push' : 'branch_creation',
      actor: user(fullName.split('/')[0]),
    })
    for (const r of repos.values())
      for (const p of r.pulls.values()) if (p.headRepo === fullName && p.headRef === branch) refreshPull(r, p)
    return commit
  }
  forge.openPull = (
    fullName,
    {
      head,
      base = 'main',
      headRepo = fullName,
      author = headRepo.split('/')[0],
      title = 'A change',
      body = '',
      draft = false,
    },
  ) => {
    const repo = repos.get(fullName)
    const pull = {
      id: id(),
      number: repo.pulls.size + repo.issues.size + 1,
      title,
      body,
      draft,
      state: 'open',
      author,
      headRepo,
      headRef: head,
      baseRef: base,
      created: NOW(),
    }
    repo.pulls.set(pull.number, pull)
    refreshPull(repo, pull)
    return pull
  }
  forge.idOf = (login) => user(login).id
  forge.openIssue = (fullName, { author = fullName.split('/')[0], title = 'An issue', body = '' } = {}) => {
    const repo = repos.get(fullName)
    const number = repo.pulls.size + repo.issues.size + 1
    const issue = { id: id(), number, title, body, state: 'open', author, created: NOW() }
    repo.issues.set(number, issue)
    return issue
  }
  /** What a person writes on a pull request or an issue. Returns the comment's id; `more`: members of the comment. */
  forge.write = (fullName, number, author, body, more = {}) => {
    user(author)
    const at = moment()
    const comment = { id: id(), number, body, author, created: at, updated: at, reactions: [], ...more }
    repos.get(fullName).comments.set(comment.id, comment)
    return comment.id
  }
  /** What a person makes of a comment later. */
  forge.rewrite = (fullName, comment, body) =>
    Object.assign(repos.get(fullName).comments.get(comment), { body, updated: moment() })
  /** What somebody says to the jobs of a workflow run that wait for an environment. */
  forge.reviewJobs = (fullName, runId, login, environment, state = 'approved') => {
    const { approvals } = repos.get(fullName)
    const review = { environments: [{ id: 1, name: environment }], state, user: user(login), comment: '' }
    approvals.set(runId, [...(approvals.get(runId) ?? []), review])
  }
  /** Something that happened to a pull request, for its timeline. */
  forge.tell = (fullName, number, event, by, more = {}) =>
    repos.get(fullName).timeline.push({
      number,
      id: id(),
      node_id: 'EV',
      url: `${forge.apiUrl}/repos/${fullName}/issues/events/${lastId}`,
      actor: user(by),
      event,
      commit_id: null,
      commit_url: null,
      created_at: moment(),
      performed_via_github_app: null,
      ...more,
    })
  /** Puts a label on, as `by` may or may not; a label that is on already stays as it is. `more`: of the event. */
  forge.label = (fullName, number, name, by, more = {}) => {
    const repo = repos.get(fullName)
    const labels = repo.labels.get(number) ?? new Set()
    if (!labels.has(name))
      forge.tell(fullName, number, 'labeled', by, { label: { name, color: 'ededed' }, ...more })
    repo.labels.set(number, labels.add(name))
  }
  forge.unlabel = (fullName, number, name, by) => {
    const repo = repos.get(fullName)
    if (!repo.labels.get(number)?.delete(name)) throw notFound()
    forge.tell(fullName, number, 'unlabeled', by, { label: { name, color: 'ededed' } })
  }
  /** Lets a pull request go to another branch, as its author does by editing it. */
  forge.retarget = (fullName, number, base) => {
    const repo = repos.get(fullName)
    const pull = repo.pulls.get(number)
    pull.baseRef = base
    refreshPull(repo, pull)
    forge.tell(fullName, number, 'base_ref_changed', pull.author)
  }
  /** Keeps refs/pull/N/head and refs/pull/N/merge as GitHub does (no merge ref when there is a conflict). */
  function refreshPull(repo, pull) {
    git(repo, [
      'fetch',
      '-q',
      repos.get(pull.headRepo).dir,
      `+refs/heads/${pull.headRef}:refs/pull/${pull.number}/head`,
    ])
    const [base, head] = [
      text(repo, ['rev-parse', `refs/heads/${pull.baseRef}`]),
      text(repo, ['rev-parse', `refs/pull/${pull.number}/head`]),
    ]
    const tree = tryText(repo, ['merge-tree', '--write-tree', base, head])?.split('\n')[0]
    pull.mergeSha =
      tree && text(repo, ['commit-tree', tree, '-p', base, '-p', head, '-m', `Merge ${head} into ${base}`])
    if (tree) git(repo, ['update-ref', `refs/pull/${pull.number}/merge`, pull.mergeSha])
    pull.before = pull.headSha
    pull.headSha = head
  }
  /**
   * What GitHub hands a run: `{ name, payload, sha, ref, actor, fork }`. `about` says which: `{ number }` for pull_request
   * and issue_comment (with `comment`, an id), `{ schedule }`, `{ inputs, workflow }`, `{ before }` for push.
   */
  forge.event = (
    name,
    fullName,
    {
      action,
      number,
      comment,
      inputs = {},
      workflow,
      schedule,
      clientPayload,
      run: runId,
      branch = 'main',
      before,
      actor,
    } = {},
  ) => {
    const repo = repos.get(fullName)
    const ref = `refs/heads/${branch}`
    const sha = text(repo, ['rev-parse', ref])
    const pull = repo.pulls.get(number)
    const by = actor ?? pull?.author ?? repo.issues.get(number)?.author ?? fullName.split('/')[0]
    const common = { repository: forge.complete('repos/get', 200, show.repo(repo)), sender: user(by) }
    const run = (payload, more) => ({
      name,
      payload: { ...payload, ...common },
      sha,
      ref,
      actor: by,
      fork: false,
      ...more,
    })
    const fork = Boolean(pull && pull.headRepo !== fullName)
    if (name === 'pull_request') {
      const payload = {
        action: action ?? 'opened',
        number,
        pull_request: forge.complete('pulls/get', 200, show.pull(repo, pull)),
        ...(action === 'synchronize' && { before: pull.before, after: pull.headSha }),
      }
      return run(payload, { sha: pull.mergeSha, ref: `refs/pull/${number}/merge`, fork })
    }
    if (name === 'issue_comment')
      return run({
        action: action ?? 'created',
        issue: forge.complete('issues/get', 200, show.issue(repo, number)),
        comment: forge.complete('issues/get-comment', 200, show.comment(repo, repo.comments.get(comment))),
      })
    if (name === 'issues')
      return run({
        action: action ?? 'opened',
        issue: forge.complete('issues/get', 200, show.issue(repo, number)),
      })
    if (name === 'push')
      return run({
        ref,
        before: before ?? '0'.repeat(40),
        after: sha,
        created: !before,
        deleted: false,
        forced: false,
        base_ref: null,
        commits: [],
        head_commit: { id: sha },
        pusher: { name: by },
      })
    if (name === 'workflow_run')
      return run({
        action: action ?? 'completed',
        workflow: { name: 'codemie' },
        workflow_run: forge.complete('actions/get-workflow-run', 200, show.run(repo, repo.runs.get(runId))),
      })
    if (name === 'schedule') return run({ schedule, workflow })
    if (name === 'workflow_dispatch') return run({ inputs, ref, workflow })
    if (name === 'repository_dispatch') return run({ action, branch, client_payload: clientPayload ?? {} })
    throw new Error(`no such event here: ${name}`)
  }
  /**
   * A workflow run about a pull request that is over. `more` replaces what the API tells of it: `headRepo`, `headSha`,
   * `headBranch`, `event`, `status`, `attempt`, `actor`. Returns it; its id is for `GITHUB_RUN_ID` and the event `workflow_run`.
   */
  forge.addRun = (fullName, number, more = {}) => {
    const repo = repos.get(fullName)
    const pull = repo.pulls.get(number)
    const run = {
      id: id(),
      headRepo: pull?.headRepo,
      headSha: pull?.headSha,
      headBranch: pull?.headRef,
      event: 'pull_request',
      status: 'completed',
      attempt: 1,
      actor: pull?.author,
      created: NOW(),
      ...more,
    }
    repo.runs.set(run.id, run)
    return run
  }
  /** Something that a run uploaded; `more` replaces what the API tells of it. Returns its id. */
  forge.addArtifact = (fullName, run, name, archive, more = {}) => {
    const artifact = id()
    const digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`
    repos.get(fullName).artifacts.set(artifact, { id: artifact, run, name, archive, digest, ...more })
    return artifact
  }
  /** GITHUB_TOKEN for a run: what `permissions:` asks for, but read-only when the pull request comes from a fork or Dependabot. */
  forge.jobToken = (fullName, run, permissions = { contents: 'read' }) =>
    forge.token({
      repo: fullName,
      permissions:
        run.fork || (run.name === 'pull_request' && run.actor === 'dependabot[bot]')
          ? Object.fromEntries(Object.keys(permissions).map((p) => [p, 'read']))
          : permissions,
    })
  /**
   * Trouble for the next `times` requests (git's too) that match `{ method, path: RegExp }`: `{ status, body, headers }` answers
   * in the forge's place, `{ drop: true }` closes the connection, `{ delayMs }` waits first, and alone changes nothing else.
   */
  forge.fail = (rule) => {
    failures.push({ times: 1, ...rule })
  }
  forge.close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    if (!keep) rmSync(root, { recursive: true, force: true })
  }

  // ---- what things look like ---------------------------------------------------------------------------------------
  const api = (repo, path = '') => `${forge.apiUrl}/repos/${repo.fullName}${path}`
  const html = (repo, path = '') => `${forge.url}/${repo.fullName}${path}`
  const show = {
    repo: (repo) => ({
      id: repo.id,
      node_id: `R_${repo.id}`,
      name: repo.fullName.split('/')[1],
      full_name: repo.fullName,
      private: repo.isPrivate,
      visibility: repo.isPrivate ? 'private' : 'public',
      owner: user(repo.fullName.split('/')[0]),
      fork: Boolean(repo.forkOf),
      default_branch: 'main',
      url: api(repo),
      html_url: html(repo),
      clone_url: `${html(repo)}.git`,
    }),
    pull: (repo, p) => {
      const [number, head] = [p.number, repos.get(p.headRepo)]
      const baseSha = text(repo, ['rev-parse', `refs/heads/${p.baseRef}`])
      const files = changedFiles(repo, baseSha, p.headSha)
      return {
        id: p.id,
        node_id: `PR_${p.id}`,
        number,
        state: p.state,
        draft: p.draft,
        title: p.title,
        body: p.body,
        user: user(p.author),
        locked: false,
        created_at: p.created,
        updated_at: NOW(),
        author_association:
          { admin: 'OWNER', write: 'COLLABORATOR' }[repo.roles.get(p.author)] ?? 'CONTRIBUTOR',
        head: {
          label: `${head.fullName.split('/')[0]}:${p.headRef}`,
          ref: p.headRef,
          sha: p.headSha,
          user: user(head.fullName.split('/')[0]),
          repo: show.repo(head),
        },
        base: {
          label: `${repo.fullName.split('/')[0]}:${p.baseRef}`,
          ref: p.baseRef,
          sha: baseSha,
          user: user(repo.fullName.split('/')[0]),
          repo: show.repo(repo),
        },
        url: api(repo, `/pulls/${number}`),
        html_url: html(repo, `/pull/${number}`),
        diff_url: html(repo, `/pull/${number}.diff`),
        issue_url: api(repo, `/issues/${number}`),
        comments_url: api(repo, `/issues/${number}/comments`),
        mergeable: Boolean(p.mergeSha),
        mergeable_state: p.mergeSha ? 'clean' : 'dirty',
        merge_commit_sha: p.mergeSha ?? null,
        merged: false,
        labels: labelsOf(repo, number),
        commits: Number(text(repo, ['rev-list', '--count', `${baseSha}..${p.headSha}`])),
        changed_files: files.length,
        additions: sum(files, 'additions'),
        deletions: sum(files, 'deletions'),
        comments: [...repo.comments.values()].filter((c) => c.number === number).length,
      }
    },
    run: (repo, r) => ({
      id: r.id,
      node_id: `WFR_${r.id}`,
      name: 'codemie',
      path: '.github/workflows/codemie.yml',
      display_title: 'A change',
      run_number: 1,
      run_attempt: r.attempt,
      event: r.event,
      status: r.status,
      conclusion: r.status === 'completed' ? 'success' : null,
      head_branch: r.headBranch,
      head_sha: r.headSha,
      // GitHub tells none of a fork.
      pull_requests: [],
      created_at: r.created,
      updated_at: NOW(),
      actor: user(r.actor),
      triggering_actor: user(r.actor),
      url: api(repo, `/actions/runs/${r.id}`),
      html_url: html(repo, `/actions/runs/${r.id}`),
      repository: show.repo(repos.get(r.repository ?? repo.fullName)),
      head_repository: show.repo(repos.get(r.headRepo)),
    }),
    artifact: (repo, a) => ({
      id: a.id,
      node_id: `A_${a.id}`,
      name: a.name,
      size_in_bytes: a.bytes ?? a.archive.length,
      url: api(repo, `/actions/artifacts/${a.id}`),
      archive_download_url: api(repo, `/actions/artifacts/${a.id}/zip`),
      expired: a.expired ?? false,
      created_at: NOW(),
      updated_at: NOW(),
      expires_at: NOW(),
      digest: a.digest,
      workflow_run: { id: a.of ?? a.run },
    }),
    issue: (repo, number) => {
      const p = repo.pulls.get(number)
      const i = p ?? repo.issues.get(number)
      if (!i) throw notFound()
      return {
        id: i.id,
        node_id: `I_${i.id}`,
        number,
        title: i.title,
        body: i.body,
        state: i.state,
        user: user(i.author),
        labels: labelsOf(repo, number),
        locked: false,
        created_at: i.created,
        updated_at: i.created,
        comments: [...repo.comments.values()].filter((c) => c.number === number).length,
        url: api(repo, `/issues/${number}`),
        html_url: html(repo, `/${p ? 'pull' : 'issues'}/${number}`),
        author_association: 'CONTRIBUTOR',
        ...(p && {
          pull_request: {
            url: api(repo, `/pulls/${number}`),
            html_url: html(repo, `/pull/${number}`),
            diff_url: html(repo, `/pull/${number}.diff`),
            patch_url: html(repo, `/pull/${number}.patch`),
          },
        }),
      }
    },
    comment: (repo, c) => ({
      id: c.id,
      node_id: `IC_${c.id}`,
      body: c.body,
      user: user(c.author),
      created_at: c.created,
      updated_at: c.updated,
      author_association: repo.roles.has(c.author) ? 'COLLABORATOR' : 'NONE',
      performed_via_github_app: c.app ?? null,
      url: api(repo, `/issues/comments/${c.id}`),
      html_url: html(repo, `/pull/${c.number}#issuecomment-${c.id}`),
      issue_url: api(repo, `/issues/${c.number}`),
    }),
    check: (repo, c) => ({
      id: c.id,
      node_id: `CR_${c.id}`,
      name: c.name,
      head_sha: c.head_sha,
      status: c.status,
      conclusion: c.conclusion ?? null,
      started_at: c.started_at ?? NOW(),
      completed_at: c.completed_at ?? (c.conclusion ? NOW() : null),
      details_url: c.details_url ?? null,
      external_id: c.external_id ?? '',
      url: api(repo, `/check-runs/${c.id}`),
      html_url: html(repo, `/runs/${c.id}`),
      check_suite: { id: 1 },
      pull_requests: [],
      app: { id: 15368, slug: 'github-actions', name: 'GitHub Actions' },
      output: {
        title: c.output?.title ?? null,
        summary: c.output?.summary ?? null,
        text: c.output?.text ?? null,
        annotations_count: c.annotations.length,
        annotations_url: api(repo, `/check-runs/${c.id}/annotations`),
      },
    }),
    status: (repo, s) => ({
      ...s,
      url: api(repo, `/statuses/${s.sha}`),
      avatar_url: null,
      creator: user(s.author),
    }),
    commit: (repo, sha) => {
      const [tree, parents, author, email, date, ...message] = text(repo, [
        'show',
        '-s',
        '--format=%T%n%P%n%an%n%ae%n%aI%n%B',
        sha,
      ]).split('\n')
      const who = { name: author, email, date: new Date(date).toISOString().replace(/\.\d+Z$/, 'Z') }
      return {
        sha,
        node_id: `C_${sha}`,
        url: api(repo, `/git/commits/${sha}`),
        html_url: html(repo, `/commit/${sha}`),
        message: message.join('\n').trim(),
        author: who,
        committer: who,
        tree: { sha: tree, url: api(repo, `/git/trees/${tree}`) },
        parents: parents
          .split(' ')
          .filter(Boolean)
          .map((p) => ({
            sha: p,
            url: api(repo, `/git/commits/${p}`),
            html_url: html(repo, `/commit/${p}`),
          })),
      }
    },
    ref: (repo, ref) => {
      const sha = text(repo, ['rev-parse', ref])
      return {
        ref,
        node_id: `REF_${ref}`,
        url: api(repo, `/git/${ref}`),
        object: { type: text(repo, ['cat-file', '-t', sha]), sha, url: api(repo, `/git/commits/${sha}`) },
      }
    },
  }
  forge.show = show
  const sum = (list, key) => list.reduce((total, item) => total + item[key], 0)
  const labelsOf = (repo, number) =>
    [...(repo.labels.get(number) ?? [])].map((name) => ({
      id: 1,
      node_id: `L_${name}`,
      url: api(repo, `/labels/${encodeURIComponent(name)}`),
      name,
      color: 'ededed',
      default: false,
      description: null,
    }))

  function changedFiles(repo, base, head) {
    // Nothing in common: as they are.
    const mergeBase = tryText(repo, ['merge-base', base, head]) ?? base
    const raw = git(repo, ['diff', '-M', '--raw', '--numstat', '-z', '--no-abbrev', mergeBase, head])
      .toString()
      .split('\0')
    const patches = git(repo, ['diff', '-M', mergeBase, head])
      .toString()
      .split(/^(?=diff --git )/m) // in the order of --raw
    const files = new Map()
    for (let i = 0; i < raw.length - 1; i++) {
      if (raw[i].startsWith(':')) {
        const [, , , sha, letter] = raw[i].split(' ')
        const previous = letter[0] === 'R' ? raw[++i] : undefined
        const filename = raw[++i]
        const path = encodeURI(filename)
        const hunks = patches[files.size].search(/^@@ /m)
        files.set(filename, {
          sha: letter === 'D' ? text(repo, ['rev-parse', `${mergeBase}:${filename}`]) : sha,
          filename,
          status: { A: 'added', D: 'removed', M: 'modified', R: 'renamed', T: 'changed' }[letter[0]],
          ...(previous && { previous_filename: previous }),
          ...(hunks >= 0 && { patch: patches[files.size].slice(hunks).trimEnd() }),
          blob_url: html(repo, `/blob/${head}/${path}`),
          raw_url: html(repo, `/raw/${head}/${path}`),
          contents_url: api(repo, `/contents/${path}?ref=${head}`),
        })
      } else {
        const [added, deleted, name] = raw[i].split('\t')
        const [additions, deletions] = [Number(added) || 0, Number(deleted) || 0]
        if (!name) i += 2
        Object.assign(files.get(name || raw[i]), {
          additions,
          deletions,
          changes: additions + deletions,
        })
      }
    }
    return [...files.values()]
  }

  // ---- operations, by GitHub's operation id ------------------------------------------------------------------------
  const pullOf = ({ repo, at }) =>
    repo.pulls.get(Number(at.pull_number)) ??
    (() => {
      throw notFound()
    })()
  const commentOf = ({ repo, at }) =>
    repo.comments.get(Number(at.comment_id)) ??
    (() => {
      throw notFound()
    })()
  const checkOf = ({ repo, at }) =>
    repo.checks.get(Number(at.check_run_id)) ??
    (() => {
      throw notFound()
    })()
  const resolve = (repo, ref) =>
    tryText(repo, ['rev-parse', '-q', '--verify', `${ref}^{commit}`]) ??
    (() => {
      throw notFound()
    })()
  const limit = (value, max, name) => {
    if (value && value.length > max) throw invalid(`${name} is too long (maximum is ${max} characters)`)
  }
  const applyCheck = (check, { output, ...body }) => {
    limit(output?.summary, 65535, 'Summary')
    if (output?.annotations?.length > 50)
      throw invalid('Invalid request. annotations: more than 50 items', [])
    check.annotations.push(...(output?.annotations ?? []))
    Object.assign(check, body, output && { output: { ...check.output, ...output } })
    if (check.conclusion) check.status = 'completed'
  }
  const operations = {
    'users/get-authenticated': ({ who }) =>
      who.permissions
        ? (() => {
            throw new HttpError(403, 'Resource not accessible by integration')
          })()
        : user(who.login),
    'rate-limit/get': () => ({ resources: { core: rate(), search: rate() }, rate: rate() }),
    'repos/get': ({ repo }) => show.repo(repo),
    'repos/get-branch': ({ repo, at }) => ({
      name: at.branch,
      commit: { sha: resolve(repo, `refs/heads/${at.branch}`) },
      protected: false,
    }),
    'repos/get-collaborator-permission-level': ({ repo, at }) => {
      if (!users.has(at.username)) throw notFound()
      const role = repo.roles.get(at.username) ?? (repo.isPrivate ? 'none' : 'read')
      return {
        permission: { maintain: 'write', triage: 'read' }[role] ?? role,
        role_name: role,
        user: { ...user(at.username), role_name: role },
      }
    },
    'repos/get-content': ({ repo, at, query, req }) => {
      const ref = resolve(repo, query.get('ref') ?? 'main')
      const path = (at.path ?? '').replace(/\/$/, '')
      const type = tryText(repo, ['cat-file', '-t', `${ref}:${path}`])
      if (!type) throw notFound()
      const entry = (name, sha, kind, size) => ({
        type: kind,
        name: name.split('/').pop(),
        path: name,
        sha,
        size,
        url: api(repo, `/contents/${encodeURI(name)}?ref=${ref}`),
        html_url: html(repo, `/blob/${ref}/${encodeURI(name)}`),
        git_url: api(repo, `/git/blobs/${sha}`),
        download_url: html(repo, `/raw/${ref}/${encodeURI(name)}`),
      })
      if (type === 'tree')
        return text(repo, ['ls-tree', '-l', `${ref}:${path}`])
          .split('\n')
          .filter(Boolean)
          .map((line) => {
            const [, kind, sha, size, name] = /^\d+ (\w+) (\w+)\s+(\S+)\t(.*)$/.exec(line)
            return entry(
              path ? `${path}/${name}` : name,
              sha,
              kind === 'tree' ? 'dir' : 'file',
              Number(size) || 0,
            )
          })
      const bytes = git(repo, ['cat-file', 'blob', `${ref}:${path}`])
      if (/raw/.test(req.headers.accept ?? '')) return bytes
      return {
        ...entry(path, text(repo, ['rev-parse', `${ref}:${path}`]), 'file', bytes.length),
        encoding: 'base64',
        content: bytes.toString('base64').replace(/.{60}/g, '$&\n'),
      }
    },
    'repos/compare-commits-with-basehead': ({ repo, at }) => {
      const [base, head] = at.basehead.split('...').map((ref) => resolve(repo, ref))
      const mergeBase = tryText(repo, ['merge-base', base, head])
      if (!mergeBase) throw notFound()
      const [behind, ahead] = text(repo, ['rev-list', '--left-right', '--count', `${base}...${head}`])
        .split('\t')
        .map(Number)
      const entry = (sha) => {
        const { message, author, committer, tree, ...rest } = show.commit(repo, sha)
        return { ...rest, commit: { message, author, committer, tree }, author: null, committer: null }
      }
      return {
        base_commit: entry(base),
        merge_base_commit: entry(mergeBase),
        status: ahead && behind ? 'diverged' : ahead ? 'ahead' : behind ? 'behind' : 'identical',
        ahead_by: ahead,
        behind_by: behind,
        total_commits: ahead,
        commits: text(repo, ['rev-list', '--reverse', `${base}..${head}`])
          .split('\n')
          .filter(Boolean)
          .map(entry),
        files: changedFiles(repo, base, head),
      }
    },
    'repos/create-commit-status': ({ repo, at, body, who }) => {
      const s = {
        id: id(),
        node_id: 'S',
        sha: resolve(repo, at.sha),
        context: 'default',
        description: null,
        target_url: null,
        ...body,
        author: who.login,
        created_at: NOW(),
        updated_at: NOW(),
      }
      repo.statuses.unshift(s)
      return [201, show.status(repo, s)]
    },
    'repos/get-combined-status-for-ref': ({ repo, at }) => {
      const sha = resolve(repo, at.ref)
      const latest = [
        ...new Map(
          repo.statuses
            .filter((s) => s.sha === sha)
            .reverse()
            .map((s) => [s.context, s]),
        ).values(),
      ]
      const state = latest.some((s) => /error|failure/.test(s.state))
        ? 'failure'
        : latest.length && latest.every((s) => s.state === 'success')
          ? 'success'
          : 'pending'
      return {
        sha,
        state,
        statuses: latest.map((s) => show.status(repo, s)),
        total_count: latest.length,
        repository: show.repo(repo),
        commit_url: api(repo, `/commits/${sha}`),
        url: api(repo, `/commits/${sha}/status`),
      }
    },
    'repos/create-dispatch-event': ({ repo, body }) => {
      forge.dispatches.push({ repo: repo.fullName, ...body })
      return [204]
    },
    'actions/create-workflow-dispatch': ({ repo, at, body }) => {
      resolve(repo, body.ref)
      forge.dispatches.push({ repo: repo.fullName, workflow: at.workflow_id, ...body })
      return [204]
    },
    'actions/get-workflow-run': ({ repo, at }) => {
      const run = repo.runs.get(Number(at.run_id))
      if (!run) throw notFound()
      return show.run(repo, run)
    },
    'actions/list-workflow-run-artifacts': ({ repo, at, query }) => {
      const all = [...repo.artifacts.values()].filter(({ run }) => run === Number(at.run_id))
      const size = Number(query.get('per_page') ?? 30)
      return { total_count: all.length, artifacts: all.slice(0, size).map((a) => show.artifact(repo, a)) }
    },
    // Public ones, too, take a token.
    'actions/download-artifact': ({ repo, at, who }) => {
      const artifact = repo.artifacts.get(Number(at.artifact_id))
      if (!artifact || !who) throw notFound()
      if (who.permissions && !who.permissions.actions)
        throw new HttpError(403, 'Resource not accessible by integration')
      if (artifact.expired) throw new HttpError(410, 'Artifact has expired')
      // Another origin, as GitHub's storage is one.
      const location = `http://localhost:${server.address().port}/_artifacts/${repo.fullName}/${artifact.id}`
      throw new HttpError(302, 'Found', {}, { location })
    },
    'pulls/list': ({ repo, query }) =>
      paged(
        [...repo.pulls.values()]
          .filter(
            (p) =>
              [p.state, 'all'].includes(query.get('state') ?? 'open') &&
              (!query.get('head') || query.get('head') === `${p.headRepo.split('/')[0]}:${p.headRef}`),
          )
          .map((p) => show.pull(repo, p)),
      ),
    'pulls/get': (c) =>
      /\bdiff\b/.test(c.req.headers.accept ?? '')
        ? git(c.repo, ['diff', `refs/heads/${pullOf(c).baseRef}...${pullOf(c).headSha}`])
        : show.pull(c.repo, pullOf(c)),
    'pulls/create': ({ repo, body, who }) => {
      const [owner, head] = body.head.includes(':')
        ? body.head.split(':')
        : [repo.fullName.split('/')[0], body.head]
      return [
        201,
        show.pull(
          repo,
          forge.openPull(repo.fullName, {
            ...body,
            head,
            headRepo: `${owner}/${repo.fullName.split('/')[1]}`,
            author: who.login,
          }),
        ),
      ]
    },
    'pulls/list-files': (c) =>
      paged(changedFiles(c.repo, `refs/heads/${pullOf(c).baseRef}`, pullOf(c).headSha)),
    'pulls/create-review': (c) => {
      const pull = pullOf(c)
      const files = new Map(
        changedFiles(c.repo, `refs/heads/${pull.baseRef}`, pull.headSha).map((f) => [f.filename, f]),
      )
      if (
        (c.body.comments ?? []).some(
          (comment) => !files.has(comment.path) || !linesOf(files.get(comment.path).patch).has(comment.line),
        )
      )
        throw invalid('Unprocessable Entity', ['Line could not be resolved'])
      if (c.body.event === 'APPROVE' && c.who.login === pull.author)
        throw invalid('Unprocessable Entity', ['Can not approve your own pull request'])
      const review = {
        id: id(),
        node_id: 'PRR',
        number: pull.number,
        user: user(c.who.login),
        body: c.body.body ?? '',
        state:
          { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' }[c.body.event] ??
          'PENDING',
        comments: c.body.comments ?? [],
        submitted_at: moment(),
        commit_id: pull.headSha,
        author_association: 'NONE',
      }
      c.repo.reviews.set(review.id, review)
      return [200, review]
    },
    'pulls/list-reviews': (c) =>
      paged([...c.repo.reviews.values()].filter((r) => r.number === pullOf(c).number)),
    'issues/get': ({ repo, at }) => show.issue(repo, Number(at.issue_number)),
    'issues/list-for-repo': ({ repo, query }) =>
      paged(
        [...repo.issues.keys(), ...repo.pulls.keys()]
          .map((number) => show.issue(repo, number))
          .filter(({ created_at: created }) => !query.get('since') || created >= query.get('since'))
          .sort((a, b) => b.number - a.number),
      ),
    'issues/create': ({ repo, body, who }) => {
      limit(body.body, 65536, 'Body')
      return [201, show.issue(repo, forge.openIssue(repo.fullName, { ...body, author: who.login }).number)]
    },
    'issues/list-comments': ({ repo, at }) => {
      show.issue(repo, Number(at.issue_number))
      return paged(
        [...repo.comments.values()]
          .filter((c) => c.number === Number(at.issue_number))
          .map((c) => show.comment(repo, c)),
      )
    },
    'issues/create-comment': ({ repo, at, body, who }) => {
      limit(body.body, 65536, 'Body')
      const comment = {
        id: id(),
        number: show.issue(repo, Number(at.issue_number)).number,
        body: body.body,
        author: who.login,
        created: NOW(),
        updated: NOW(),
        reactions: [],
      }
      repo.comments.set(comment.id, comment)
      return [201, show.comment(repo, comment)]
    },
    'issues/get-comment': (c) => show.comment(c.repo, commentOf(c)),
    'issues/update-comment': (c) => {
      limit(c.body.body, 65536, 'Body')
      return show.comment(c.repo, Object.assign(commentOf(c), { body: c.body.body, updated: NOW() }))
    },
    'issues/delete-comment': (c) => {
      c.repo.comments.delete(commentOf(c).id)
      return [204]
    },
    'issues/list-labels-on-issue': ({ repo, at }) => paged(labelsOf(repo, Number(at.issue_number))),
    'issues/list-events-for-timeline': ({ repo, at }) =>
      paged(
        repo.timeline
          .filter(({ number }) => number === Number(at.issue_number))
          .map(({ number: _, ...event }) => event),
      ),
    'repos/list-activities': ({ repo, query }) =>
      paged(repo.activities.filter(({ ref }) => !query.get('ref') || ref === query.get('ref')).reverse()),
    'issues/add-labels': ({ repo, at, body, who }) => {
      const n = Number(at.issue_number)
      for (const label of body.labels ?? body) forge.label(repo.fullName, n, label.name ?? label, who.login)
      return labelsOf(repo, n)
    },
    'issues/remove-label': ({ repo, at, who }) => {
      forge.unlabel(repo.fullName, Number(at.issue_number), at.name, who.login)
      return labelsOf(repo, Number(at.issue_number))
    },
    'reactions/create-for-issue-comment': (c) => {
      const list = commentOf(c).reactions
      const had = list.find((r) => r.content === c.body.content && r.user.login === c.who.login)
      if (had) return [200, had]
      list.push({
        id: id(),
        node_id: 'REA',
        user: user(c.who.login),
        content: c.body.content,
        created_at: NOW(),
      })
      return [201, list.at(-1)]
    },
    'actions/get-reviews-for-run': ({ repo, at }) => paged(repo.approvals.get(at.run_id) ?? []),
    'reactions/list-for-issue-comment': (c) => paged(commentOf(c).reactions),
    'checks/create': ({ repo, body }) => {
      const check = { id: id(), status: 'queued', annotations: [], head_sha: resolve(repo, body.head_sha) }
      applyCheck(check, body)
      repo.checks.set(check.id, check)
      return [201, show.check(repo, check)]
    },
    'checks/update': (c) => {
      applyCheck(checkOf(c), c.body)
      return show.check(c.repo, checkOf(c))
    },
    'checks/get': (c) => show.check(c.repo, checkOf(c)),
    'checks/list-annotations': (c) =>
      paged(
        checkOf(c).annotations.map((a) => ({
          start_column: null,
          end_column: null,
          title: null,
          raw_details: null,
          blob_href: forge.url,
          ...a,
        })),
      ),
    'checks/list-for-ref': ({ repo, at, query }) => {
      const sha = resolve(repo, at.ref)
      const list = [...repo.checks.values()].filter(
        (c) => c.head_sha === sha && (!query.get('check_name') || c.name === query.get('check_name')),
      )
      return { total_count: list.length, check_runs: list.map((c) => show.check(repo, c)) }
    },
    'git/get-ref': ({ repo, at }) =>
      tryText(repo, ['rev-parse', '-q', '--verify', `refs/${at.ref}`])
        ? show.ref(repo, `refs/${at.ref}`)
        : (() => {
            throw notFound()
          })(),
    'git/list-matching-refs': ({ repo, at }) =>
      paged(
        text(repo, ['for-each-ref', '--format=%(refname)'])
          .split('\n')
          .filter((ref) => ref.startsWith(`refs/${at.ref}`))
          .map((ref) => show.ref(repo, ref)),
      ),
    'git/create-ref': ({ repo, body }) => {
      if (tryText(repo, ['rev-parse', '-q', '--verify', body.ref])) throw invalid('Reference already exists')
      if (!tryText(repo, ['cat-file', '-t', body.sha])) throw invalid('Object does not exist')
      git(repo, ['update-ref', body.ref, body.sha])
      return [201, show.ref(repo, body.ref)]
    },
    'git/update-ref': ({ repo, at, body }) => {
      const ref = `refs/${at.ref}`
      const old = tryText(repo, ['rev-parse', '-q', '--verify', ref])
      if (!old) throw invalid('Reference does not exist')
      if (!body.force && tryText(repo, ['merge-base', '--is-ancestor', old, body.sha]) === undefined)
        throw invalid('Update is not a fast forward')
      git(repo, ['update-ref', ref, body.sha])
      return show.ref(repo, ref)
    },
    'git/delete-ref': ({ repo, at }) => {
      if (tryText(repo, ['rev-parse', '-q', '--verify', `refs/${at.ref}`]) === undefined)
        throw invalid('Reference does not exist')
      git(repo, ['update-ref', '-d', `refs/${at.ref}`])
      return [204]
    },
    'git/create-blob': ({ repo, body }) => {
      const sha = blob(repo, Buffer.from(body.content, body.encoding === 'base64' ? 'base64' : 'utf8'))
      return [201, { sha, url: api(repo, `/git/blobs/${sha}`) }]
    },
    'git/create-tree': ({ repo, body }) => {
      const sha = writeTree(
        repo,
        body.base_tree,
        body.tree.map((entry) => ({
          ...entry,
          sha: entry.sha === undefined ? blob(repo, entry.content) : entry.sha,
        })),
      )
      return [201, { sha, url: api(repo, `/git/trees/${sha}`), truncated: false, tree: [] }]
    },
    'git/create-commit': ({ repo, body, who }) => {
      const name = body.author?.name ?? who.login
      const email = body.author?.email ?? `${who.login}@users.noreply.example.invalid`
      const sha = text(
        repo,
        ['commit-tree', body.tree, ...(body.parents ?? []).flatMap((p) => ['-p', p]), '-m', body.message],
        {
          env: {
            GIT_AUTHOR_NAME: name,
            GIT_AUTHOR_EMAIL: email,
            GIT_COMMITTER_NAME: name,
            GIT_COMMITTER_EMAIL: email,
          },
        },
      )
      return [201, show.commit(repo, sha)]
    },
    'git/get-commit': ({ repo, at }) => show.commit(repo, resolve(repo, at.commit_sha)),
  }
  const linesOf = (patch = '') => {
    const lines = new Set()
    let n = 0
    for (const l of patch.split('\n')) {
      const hunk = /^@@ -\S+ \+(\d+)/.exec(l)
      if (hunk) n = Number(hunk[1])
      else if (!l.startsWith('-')) lines.add(n++)
    }
    return lines
  }
  const rate = () => ({ limit: 5000, used: 0, remaining: 5000, reset: Math.floor(Date.now() / 1000) + 3600 })
  const paged = (list) => ({ list })

  // ---- serving -----------------------------------------------------------------------------------------------------
  function access(fullName, token) {
    const repo = repos.get(fullName)
    const who = tokens.get(token)
    const known = who !== undefined
    if (!repo) return { read: false, write: false, known, login: who?.login }
    const role =
      who &&
      (who.permissions
        ? who.repo === fullName
          ? (who.permissions.contents ?? 'none')
          : 'none'
        : repo.roles.get(who.login))
    return {
      known,
      login: who?.login,
      read: !repo.isPrivate || Boolean(role && role !== 'none'),
      write: ['write', 'maintain', 'admin'].includes(role),
    }
  }
  const onGit = gitHandler({ root, access, beforePush: (name) => Promise.resolve(forge.beforePush?.(name)) })

  async function answer(req, res) {
    const entry = {
      method: req.method,
      path: req.url,
      login: tokens.get(tokenOf(req))?.login,
      agent: req.headers['user-agent'],
    }
    forge.log.push(entry)
    res.on('finish', () => {
      entry.status = res.statusCode
    })
    const rule = failures.find(
      (f) => f.times > 0 && (!f.method || f.method === req.method) && (!f.path || f.path.test(req.url)),
    )
    if (rule) {
      rule.times--
      if (rule.delayMs) await new Promise((done) => setTimeout(done, rule.delayMs))
      if (rule.drop) return void req.socket.destroy()
      if (rule.status) {
        req.resume()
        return void res
          .writeHead(rule.status, { 'content-type': 'application/json', ...rule.headers })
          .end(
            typeof rule.body === 'string'
              ? rule.body
              : JSON.stringify(rule.body ?? { message: 'Made to fail' }),
          )
      }
    }
    if (onGit(req, res)) return
    forge.beforeAnswer?.(entry)
    const stored = /^\/_artifacts\/([^/]+\/[^/]+)\/(\d+)$/.exec(req.url)
    if (stored) {
      req.resume()
      const isLeak = req.headers.authorization !== undefined
      if (isLeak) forge.unhandled.push('a token was sent to the storage of artifacts')
      const { archive } = repos.get(stored[1]).artifacts.get(Number(stored[2]))
      return void res.writeHead(isLeak ? 400 : 200, { 'content-type': 'application/zip' }).end(archive)
    }
    const chunks = []
    for await (const chunk of req) chunks.push(chunk)
    try {
      const { status, body, headers } = await call(req, Buffer.concat(chunks).toString(), entry)
      res.writeHead(status, {
        'x-github-request-id': `F${id()}`,
        'x-ratelimit-limit': '5000',
        'x-ratelimit-remaining': '4999',
        'x-ratelimit-reset': String(rate().reset),
        'content-type': Buffer.isBuffer(body)
          ? 'application/octet-stream'
          : 'application/json; charset=utf-8',
        ...headers,
      })
      res.end(body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body))
    } catch (error) {
      const known = error instanceof HttpError
      if (!known) console.error('forge:', req.method, req.url, error)
      res
        .writeHead(known ? error.status : 500, {
          'content-type': 'application/json; charset=utf-8',
          ...error.headers,
        })
        .end(JSON.stringify(known ? error.body : { message: String(error) }))
    }
  }

  function call(req, rawBody, entry) {
    const url = new URL(req.url, forge.url)
    const path = url.pathname.replace(/^\/api\/v3/, '')
    const found = contract.find(req.method, path)
    const token = tokenOf(req)
    const who = tokens.get(token)
    if (token !== undefined && !who) throw new HttpError(401, 'Bad credentials')
    const body = rawBody ? JSON.parse(rawBody) : undefined
    entry.body = body
    if (url.pathname === '/api/graphql' && VIEWER.test(body?.query))
      return { status: 200, body: { data: { viewer: { databaseId: user(who?.login).id } } } }
    if (!found || !operations[found.op]) {
      forge.unhandled.push(`${req.method} ${path}${found ? ` (${found.op})` : ''}`)
      throw notFound()
    }
    const { op, at } = found
    entry.op = op
    const repo = at.repo && repos.get(`${at.owner}/${at.repo}`)
    if (at.repo) {
      const can = repo && access(repo.fullName, token)
      if (!can?.read) throw notFound()
      if (req.method !== 'GET') {
        if (!who) throw new HttpError(401, 'Requires authentication')
        const accepted = WRITES.find(([pattern]) => pattern.test(op))[1]
        const granted = who.permissions
          ? who.repo === repo.fullName && accepted.some((p) => who.permissions[p] === 'write')
          : can.write || /^(issues|reactions)\/create/.test(op)
        if (!granted)
          throw new HttpError(
            403,
            who.permissions
              ? 'Resource not accessible by integration'
              : 'Must have write access to repository.',
            {},
            { 'x-accepted-github-permissions': accepted.map((p) => `${p}=write`).join('; ') },
          )
      }
    }
    const wrong = contract.checkRequest(found, body)
    if (wrong.length) throw invalid(`Invalid request.\n\n${wrong.join('\n')}`)
    let [status, value] = [200, operations[op]({ repo, at, query: url.searchParams, body, who, req })]
    if (Array.isArray(value) && typeof value[0] === 'number') [status, value] = value
    const headers = {}
    if (value?.list) {
      const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100)
      const page = Number(url.searchParams.get('page') ?? 1)
      const last = Math.max(1, Math.ceil(value.list.length / size))
      const link = (rel, n) => {
        const to = new URL(url)
        to.searchParams.set('page', n)
        return `<${to}>; rel="${rel}"`
      }
      const links = [
        ...(page > 1 ? [link('prev', page - 1), link('first', 1)] : []),
        ...(page < last ? [link('next', page + 1), link('last', last)] : []),
      ]
      if (links.length) headers.link = links.join(', ')
      value = value.list.slice((page - 1) * size, page * size)
    }
    if (value === undefined || Buffer.isBuffer(value)) return { status, body: value, headers }
    const complete = contract.complete(found, status, value)
    const broken = contract.checkReply(found, status, complete)
    if (broken.length)
      throw new Error(`reply of ${op} breaks the description: ${broken.slice(0, 5).join('; ')}`)
    return { status, body: complete, headers }
  }
  forge.complete = (op, status, value) => contract.complete(contract.byId(op), status, value)
  return forge
}

/** GitHub's OpenAPI description as a router, a check of both directions, and a source of neutral values. */
function createContract(spec, base) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  ajv.addSchema(withNull(spec), 'gh')
  const escapePart = (part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
  const validators = new Map()
  const check = (pointer, value) => {
    if (!validators.has(pointer))
      validators.set(pointer, ajv.compile({ $ref: `gh#/${pointer.map(escapePart).join('/')}` }))
    const valid = validators.get(pointer)
    return valid(value) ? [] : valid.errors.map((e) => `${e.instancePath || '(root)'} ${e.message}`)
  }
  const deref = (node) =>
    node?.$ref
      ? node.$ref
          .slice(2)
          .split('/')
          .reduce((n, key) => n[key], spec)
      : node
  const routes = Object.entries(spec.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        op: operation.operationId,
        method: method.toUpperCase(),
        path,
        operation,
        order: path.split('{').length,
        pattern: new RegExp(
          `^${path
            .replace(/\/\{path\}/, '(?:/(?<path>.*))?')
            .replace(/\{(ref|basehead|branch)\}/, '(?<$1>.+)')
            .replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`,
        ),
      })),
    )
    .sort((a, b) => a.order - b.order)
  const jsonOf = (content) => Object.keys(content ?? {}).find((type) => /json/.test(type))
  const pointers = new Map()
  const memo = (key, make) => {
    if (!pointers.has(key)) pointers.set(key, make())
    return pointers.get(key)
  }
  const requestPointer = ({ operation, path, method, op }) =>
    memo(`q ${op}`, () => {
      const type = jsonOf(operation.requestBody?.content)
      return type && ['paths', path, method.toLowerCase(), 'requestBody', 'content', type, 'schema']
    })
  const replyPointer = ({ operation, path, method, op }, status) =>
    memo(`r ${op} ${status}`, () => {
      const reply = operation.responses[status]
      if (!reply) throw new Error(`${op} does not document status ${status}`)
      const type = jsonOf(deref(reply).content)
      return (
        type && [
          ...(reply.$ref
            ? reply.$ref.slice(2).split('/')
            : ['paths', path, method.toLowerCase(), 'responses', String(status)]),
          'content',
          type,
          'schema',
        ]
      )
    })
  const at = (pointer) => pointer.reduce((node, key) => node[key], spec)

  function neutral(schema) {
    const s = deref(schema)
    if (s.nullable) return null
    if ('default' in s) return s.default
    if (s.enum) return s.enum[0]
    const one = s.allOf ?? s.oneOf ?? s.anyOf
    if (one) return s.allOf ? fill(s, {}) : neutral(one[0])
    if (s.type === 'object' || s.properties) return fill(s, {})
    if (s.type === 'array') return []
    if (s.type === 'integer' || s.type === 'number') return 0
    if (s.type === 'boolean') return false
    return { uri: base, 'date-time': '2026-01-01T00:00:00Z', email: 'a@example.invalid' }[s.format] ?? ''
  }
  function fill(schema, given) {
    const s = deref(schema)
    let value = given
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) {
      const list = [s, ...(s.oneOf ?? s.anyOf ?? []).map(deref)].find((c) => c.items)
      return list ? value.map((v) => fill(list.items, v)) : value
    }
    for (const part of s.allOf ?? []) value = fill(part, value)
    const choice = (s.oneOf ?? s.anyOf)?.map(deref)
    if (choice)
      value = fill(
        choice.find((c) => c.properties?.type?.enum?.includes(value.type)) ??
          choice.find((c) => c.type === 'object' || c.properties) ??
          choice[0],
        value,
      )
    const out = { ...value }
    for (const [key, sub] of Object.entries(s.properties ?? {})) {
      if (out[key] === undefined) {
        if (s.required?.includes(key)) out[key] = neutral(sub)
      } else out[key] = fill(sub, out[key])
    }
    return out
  }
  return {
    byId: (op) => routes.find((r) => r.op === op),
    find: (method, path) => {
      for (const r of routes) {
        const m = r.method === method && r.pattern.exec(path)
        if (m)
          return {
            ...r,
            at: Object.fromEntries(
              Object.entries(m.groups ?? {}).map(([k, v]) => [k, v && decodeURIComponent(v)]),
            ),
          }
      }
    },
    checkRequest: (found, body) => {
      const p = requestPointer(found)
      return p && (body !== undefined || found.operation.requestBody.required) ? check(p, body ?? {}) : []
    },
    checkReply: (found, status, body) => {
      const p = replyPointer(found, status)
      return p ? check(p, body) : []
    },
    complete: (found, status, value) => {
      const p = replyPointer(found, status)
      return p ? fill(at(p), value) : value
    },
  }
}

/** OpenAPI 3.0 `nullable` as JSON Schema. */
function withNull(node) {
  if (Array.isArray(node)) return node.map(withNull)
  if (!node || typeof node !== 'object') return node
  const out = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withNull(value)]))
  if (out.nullable !== true) return out
  delete out.nullable
  if (out.enum) out.enum = [...new Set([...out.enum, null])]
  if (typeof out.type === 'string') return { ...out, type: [out.type, 'null'] }
  return { anyOf: [out, { type: 'null' }] }
}
