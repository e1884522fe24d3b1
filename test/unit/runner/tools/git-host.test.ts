import { describe, expect, test } from 'vitest'
import { type ApiReply, startApi } from '../../../helpers/api-server.ts'
import { createIntegrationWorld } from './integrations-world.ts'

const options = { repository: 'acme/app' }

const HUB_ISSUE = {
  number: 7,
  title: 'Broken',
  state: 'open',
  user: { login: 'ann' },
  labels: [{ name: 'bug' }],
  body: null,
  html_url: 'https://hub/7',
  node_id: 'long and of no use',
}
const LAB_ISSUE = {
  id: 900,
  iid: 7,
  title: 'Broken',
  state: 'opened',
  author: { username: 'ann' },
  labels: ['bug'],
  description: null,
  web_url: 'https://lab/7',
}
const issue = (url: string) => ({
  number: 7,
  title: 'Broken',
  state: 'open',
  author: 'ann',
  labels: ['bug'],
  body: '',
  url,
})
const HUB_PULL = {
  ...HUB_ISSUE,
  draft: false,
  head: { ref: 'fix', sha: 'abc' },
  base: { ref: 'main' },
  merged_at: null,
}
const LAB_PULL = {
  ...LAB_ISSUE,
  draft: false,
  source_branch: 'fix',
  target_branch: 'main',
  diff_refs: { base_sha: 'a', head_sha: 'b', start_sha: 'c' },
}
const pull = (url: string) => {
  const { labels: _labels, ...rest } = issue(url)
  return { ...rest, draft: false, head: 'fix', base: 'main' }
}
const hello = { path: 'a b/c.md', sha: 'old', content: Buffer.from('hello').toString('base64') }
const aGoesB = Buffer.from('b').toString('base64')

type Row = [
  tool: string,
  args: Record<string, unknown>,
  replies: Record<string, ApiReply>,
  told: readonly unknown[],
  result: unknown,
]

const GITHUB: readonly Row[] = [
  [
    'list_issues',
    { labels: ['bug', 'ui'] },
    { 'GET /repos/acme/app/issues': { json: [HUB_ISSUE, { ...HUB_ISSUE, pull_request: {} }] } },
    ['GET /repos/acme/app/issues?state=open&labels=bug%2Cui&per_page=30'],
    [issue('https://hub/7')],
  ],
  [
    'get_issue',
    { issue_number: '7', repository: 'acme/other' },
    { 'GET /repos/acme/other/issues/7': { json: HUB_ISSUE } },
    ['GET /repos/acme/other/issues/7'],
    issue('https://hub/7'),
  ],
  [
    'create_issue',
    { title: 'Broken', description: 'It is.', labels: ['bug'] },
    { 'POST /repos/acme/app/issues': { status: 201, json: HUB_ISSUE } },
    [['POST /repos/acme/app/issues', { title: 'Broken', body: 'It is.', labels: ['bug'] }]],
    issue('https://hub/7'),
  ],
  [
    'update_issue',
    { number: 7, state: 'closed' },
    { 'PATCH /repos/acme/app/issues/7': { json: { ...HUB_ISSUE, state: 'closed' } } },
    [['PATCH /repos/acme/app/issues/7', { state: 'closed' }]],
    { ...issue('https://hub/7'), state: 'closed' },
  ],
  [
    'create_issue_comment',
    { number: 7, body: 'Seen.' },
    {
      'POST /repos/acme/app/issues/7/comments': { status: 201, json: { id: 1, html_url: 'https://hub/c1' } },
    },
    [['POST /repos/acme/app/issues/7/comments', { body: 'Seen.' }]],
    { id: 1, url: 'https://hub/c1' },
  ],
  [
    'list_pull_requests',
    { head: 'fix' },
    { 'GET /repos/acme/app/pulls': { json: [HUB_PULL, { ...HUB_PULL, head: { ref: 'other' } }] } },
    ['GET /repos/acme/app/pulls?state=open&per_page=100'],
    [pull('https://hub/7')],
  ],
  [
    'get_pull_request',
    { pr_number: 7 },
    { 'GET /repos/acme/app/pulls/7': { json: { ...HUB_PULL, state: 'closed', merged_at: 'then' } } },
    ['GET /repos/acme/app/pulls/7'],
    { ...pull('https://hub/7'), state: 'merged' },
  ],
  [
    'list_pull_request_files',
    { number: 7 },
    {
      'GET /repos/acme/app/pulls/7/files': {
        json: [
          { filename: 'a.md', status: 'modified', patch: '@@ -1 +1 @@' },
          { filename: 'a.png', status: 'added' },
        ],
      },
    },
    ['GET /repos/acme/app/pulls/7/files?per_page=100'],
    [
      { path: 'a.md', change: 'modified', diff: '@@ -1 +1 @@' },
      { path: 'a.png', change: 'added', diff: '' },
    ],
  ],
  [
    'create_pull_request',
    { title: 'Fix', source_branch: 'fix' },
    {
      'GET /repos/acme/app': { json: { default_branch: 'main' } },
      'POST /repos/acme/app/pulls': { status: 201, json: HUB_PULL },
    },
    [
      'GET /repos/acme/app',
      ['POST /repos/acme/app/pulls', { title: 'Fix', body: '', head: 'fix', draft: false, base: 'main' }],
    ],
    pull('https://hub/7'),
  ],
  [
    'create_pull_request_comment',
    { number: 7, comment: 'Seen.' },
    {
      'POST /repos/acme/app/issues/7/comments': { status: 201, json: { id: 2, html_url: 'https://hub/c2' } },
    },
    [['POST /repos/acme/app/issues/7/comments', { body: 'Seen.' }]],
    { id: 2, url: 'https://hub/c2' },
  ],
  [
    'create_pr_change_comment',
    { number: 7, file_path: 'a.md', line_number: 3, body: 'Why?' },
    {
      'GET /repos/acme/app/pulls/7': { json: HUB_PULL },
      'POST /repos/acme/app/pulls/7/comments': { status: 201, json: { id: 3, html_url: 'https://hub/c3' } },
    },
    [
      'GET /repos/acme/app/pulls/7',
      [
        'POST /repos/acme/app/pulls/7/comments',
        { body: 'Why?', commit_id: 'abc', path: 'a.md', line: 3, side: 'RIGHT' },
      ],
    ],
    { id: 3, url: 'https://hub/c3' },
  ],
  [
    'list_branches_in_repo',
    {},
    { 'GET /repos/acme/app/branches': { json: [{ name: 'main' }, { name: 'fix' }] } },
    ['GET /repos/acme/app/branches?per_page=100'],
    ['main', 'fix'],
  ],
  [
    'list_repository_files',
    { path: 'docs', ref: 'fix' },
    {
      'GET /repos/acme/app/contents/docs': {
        json: [
          { path: 'docs/a', type: 'dir' },
          { path: 'docs/b.md', type: 'file' },
        ],
      },
    },
    ['GET /repos/acme/app/contents/docs?ref=fix'],
    [
      { path: 'docs/a', kind: 'folder' },
      { path: 'docs/b.md', kind: 'file' },
    ],
  ],
  [
    'read_repository_file',
    { path: 'a b/c.md' },
    { 'GET /repos/acme/app/contents/a%20b/c.md': { json: hello } },
    ['GET /repos/acme/app/contents/a%20b/c.md'],
    'hello',
  ],
  [
    'write_repository_file',
    { path: 'a b/c.md', content: 'b', branch: 'fix' },
    {
      'GET /repos/acme/app/contents/a%20b/c.md': { json: hello },
      'PUT /repos/acme/app/contents/a%20b/c.md': { json: {} },
    },
    [
      'GET /repos/acme/app/contents/a%20b/c.md?ref=fix',
      [
        'PUT /repos/acme/app/contents/a%20b/c.md',
        { message: 'Update a b/c.md', content: aGoesB, branch: 'fix', sha: 'old' },
      ],
    ],
    { path: 'a b/c.md', change: 'updated' },
  ],
  [
    'github',
    { query: '{"method": "GET", "url": "/search/issues", "method_arguments": {"q": "repo:acme/app"}}' },
    { 'GET /search/issues': { json: { total_count: 0 } } },
    ['GET /search/issues?q=repo%3Aacme%2Fapp'],
    { total_count: 0 },
  ],
  [
    'github',
    { method: 'DELETE', url: 'repos/acme/app/labels/bug' },
    { 'DELETE /repos/acme/app/labels/bug': { status: 204, text: '' } },
    ['DELETE /repos/acme/app/labels/bug'],
    { status: 204 },
  ],
]

const LAB = '/api/v4/projects/acme%2Fapp'
const GITLAB: readonly Row[] = [
  [
    'list_issues',
    { labels: ['bug', 'ui'], state: 'closed' },
    { [`GET ${LAB}/issues`]: { json: [{ ...LAB_ISSUE, state: 'closed' }] } },
    [`GET ${LAB}/issues?state=closed&labels=bug%2Cui&per_page=30`],
    [{ ...issue('https://lab/7'), state: 'closed' }],
  ],
  [
    'get_issue',
    { number: 7 },
    { [`GET ${LAB}/issues/7`]: { json: LAB_ISSUE } },
    [`GET ${LAB}/issues/7`],
    issue('https://lab/7'),
  ],
  [
    'create_issue',
    { title: 'Broken', body: 'It is.', labels: ['bug', 'ui'] },
    { [`POST ${LAB}/issues`]: { status: 201, json: LAB_ISSUE } },
    [[`POST ${LAB}/issues`, { title: 'Broken', description: 'It is.', labels: 'bug,ui' }]],
    issue('https://lab/7'),
  ],
  [
    'update_issue',
    { number: 7, state: 'closed', title: 'Mended' },
    { [`PUT ${LAB}/issues/7`]: { json: LAB_ISSUE } },
    [[`PUT ${LAB}/issues/7`, { title: 'Mended', state_event: 'close' }]],
    issue('https://lab/7'),
  ],
  [
    'create_issue_comment',
    { number: 7, body: 'Seen.' },
    { [`POST ${LAB}/issues/7/notes`]: { status: 201, json: { id: 1 } } },
    [[`POST ${LAB}/issues/7/notes`, { body: 'Seen.' }]],
    { id: 1, url: '' },
  ],
  [
    'list_pull_requests',
    { head: 'fix', state: 'all' },
    { [`GET ${LAB}/merge_requests`]: { json: [LAB_PULL] } },
    [`GET ${LAB}/merge_requests?state=all&source_branch=fix&per_page=30`],
    [pull('https://lab/7')],
  ],
  [
    'get_pull_request',
    { merge_request_iid: 7 },
    { [`GET ${LAB}/merge_requests/7`]: { json: LAB_PULL } },
    [`GET ${LAB}/merge_requests/7`],
    pull('https://lab/7'),
  ],
  [
    'list_pull_request_files',
    { number: 7, limit: 5 },
    {
      [`GET ${LAB}/merge_requests/7/diffs`]: {
        json: [
          { new_path: 'a', new_file: true, diff: '@@' },
          { new_path: 'b', deleted_file: true },
          { new_path: 'c', renamed_file: true },
          { new_path: 'd' },
        ],
      },
    },
    [`GET ${LAB}/merge_requests/7/diffs?per_page=5`],
    [
      { path: 'a', change: 'added', diff: '@@' },
      { path: 'b', change: 'removed', diff: '' },
      { path: 'c', change: 'renamed', diff: '' },
      { path: 'd', change: 'modified', diff: '' },
    ],
  ],
  [
    'create_merge_request',
    { title: 'Fix', body: 'It.', source_branch: 'fix', target_branch: 'main', draft: true },
    { [`POST ${LAB}/merge_requests`]: { status: 201, json: LAB_PULL } },
    [
      [
        `POST ${LAB}/merge_requests`,
        { title: 'Draft: Fix', description: 'It.', source_branch: 'fix', target_branch: 'main' },
      ],
    ],
    pull('https://lab/7'),
  ],
  [
    'create_pull_request_comment',
    { number: 7, body: 'Seen.' },
    { [`POST ${LAB}/merge_requests/7/notes`]: { status: 201, json: { id: 2 } } },
    [[`POST ${LAB}/merge_requests/7/notes`, { body: 'Seen.' }]],
    { id: 2, url: '' },
  ],
  [
    'create_pr_change_comment',
    { number: 7, path: 'a.md', line: 3, body: 'Why?' },
    {
      [`GET ${LAB}/merge_requests/7`]: { json: LAB_PULL },
      [`POST ${LAB}/merge_requests/7/discussions`]: { status: 201, json: { id: 'd' } },
    },
    [
      `GET ${LAB}/merge_requests/7`,
      [
        `POST ${LAB}/merge_requests/7/discussions`,
        {
          body: 'Why?',
          position: {
            position_type: 'text',
            base_sha: 'a',
            head_sha: 'b',
            start_sha: 'c',
            old_path: 'a.md',
            new_path: 'a.md',
            new_line: 3,
          },
        },
      ],
    ],
    { id: 'd', url: '' },
  ],
  [
    'list_branches_in_repo',
    { limit: 2 },
    { [`GET ${LAB}/repository/branches`]: { json: [{ name: 'main' }] } },
    [`GET ${LAB}/repository/branches?per_page=2`],
    ['main'],
  ],
  [
    'list_repository_files',
    {},
    {
      [`GET ${LAB}/repository/tree`]: {
        json: [
          { path: 'docs', type: 'tree' },
          { path: 'a.md', type: 'blob' },
        ],
      },
    },
    [`GET ${LAB}/repository/tree?per_page=100`],
    [
      { path: 'docs', kind: 'folder' },
      { path: 'a.md', kind: 'file' },
    ],
  ],
  [
    'read_repository_file',
    { path: 'a b/c.md' },
    { [`GET ${LAB}/repository/files/a%20b%2Fc.md`]: { json: hello } },
    [`GET ${LAB}/repository/files/a%20b%2Fc.md?ref=HEAD`],
    'hello',
  ],
  [
    'write_repository_file',
    { path: 'new.md', content: 'b', message: 'Add it' },
    {
      [`GET ${LAB}`]: { json: { default_branch: 'main' } },
      [`POST ${LAB}/repository/files/new.md`]: { status: 201, json: {} },
    },
    [
      `GET ${LAB}`,
      `GET ${LAB}/repository/files/new.md?ref=main`,
      [
        `POST ${LAB}/repository/files/new.md`,
        { branch: 'main', commit_message: 'Add it', content: aGoesB, encoding: 'base64' },
      ],
    ],
    { path: 'new.md', change: 'created' },
  ],
  [
    'gitlab',
    { query: { method: 'post', url: '/api/v4/projects/1/labels', method_arguments: '{"name": "bug"}' } },
    { 'POST /api/v4/projects/1/labels': { json: { id: 1 } } },
    [['POST /api/v4/projects/1/labels', { name: 'bug' }]],
    { id: 1 },
  ],
]

describe.each([
  ['github', GITHUB, { authorization: 'Bearer tok-123456', 'x-github-api-version': '2022-11-28' }],
  ['gitlab', GITLAB, { 'private-token': 'tok-123456' }],
] as const)('%s', (type, rows, headers) => {
  test.each(rows)('%s %j', async (tool, args, replies, told, result) => {
    const server = await startApi(replies)
    const world = createIntegrationWorld({ type, url: server.url, options })
    expect(await world.call(tool, args)).toEqual(result)
    expect(server.told()).toEqual(told)
    for (const request of server.requests) expect(request.headers).toMatchObject(headers)
  })

  test('every tool of the family has a row', () => {
    const tools = new Set(rows.map(([tool]) => tool.replace('merge_request', 'pull_request')))
    expect(tools.size).toBe(16)
  })
})

describe('what is refused before anything is sent', () => {
  const rows: [
    tool: string,
    args: Record<string, unknown>,
    options: Record<string, unknown>,
    message: string,
  ][] = [
    ['get_issue', { number: 7 }, {}, 'get_issue: argument "repository" is missing'],
    [
      'get_issue',
      { number: 7, repository: 'app' },
      {},
      'get_issue: argument "repository" must be owner/name',
    ],
    [
      'get_issue',
      { number: 7, repository: '../..' },
      {},
      'get_issue: argument "repository" must be owner/name',
    ],
    ['get_issue', { number: 0 }, options, 'get_issue: the arguments do not fit: "number" must be >= 1'],
    [
      'write_repository_file',
      { path: '../../../user/keys', content: 'x' },
      options,
      'write_repository_file: argument "path" must not have "." or ".." in it',
    ],
    ['github', { method: 'GET' }, {}, 'github: argument "url" is missing'],
    ['github', { query: 'not json' }, {}, 'github: argument "query" is not a JSON object'],
    [
      'github',
      { query: { method: 'BREW', url: '/x' } },
      {},
      'github: argument "method" must be one of GET, POST, PUT, PATCH, DELETE',
    ],
    [
      'github',
      { method: 'GET', url: 'https://evil.example/x' },
      {},
      'github: argument "url" leads to another place than',
    ],
    [
      'github',
      { method: 'GET', url: '/x', custom_headers: { Authorization: 'x' } },
      {},
      'github: argument "headers": "Authorization" may not be given',
    ],
  ]
  test.each(rows)('%s %j', async (tool, args, given, message) => {
    const server = await startApi({})
    const world = createIntegrationWorld({ type: 'github', url: server.url, options: given })
    expect((await world.fail(tool, args)).message).toContain(message)
    expect(server.requests).toEqual([])
  })
})

test.each([
  ['on the host of the integration', (host: string) => `http://x-token@${host}/acme/app.git`, 'succeeds'],
  ['on another host', () => 'git@github.com:acme/app.git', 'fails'],
  ['nowhere', () => '/srv/app.git', 'fails'],
])('a clone whose origin is %s gives the repository', async (_situation, originOf, expected) => {
  const server = await startApi({ 'GET /repos/acme/app/issues/7': { json: HUB_ISSUE } })
  const world = createIntegrationWorld({ type: 'github', url: server.url })
  world.git(['init', '-q'])
  world.git(['remote', 'add', 'origin', originOf(new URL(server.url).host)])
  if (expected === 'succeeds')
    expect(await world.call('get_issue', { number: 7 })).toEqual(issue('https://hub/7'))
  else expect((await world.fail('get_issue', { number: 7 })).message).toContain('"repository" is missing')
  expect(server.requests).toHaveLength(expected === 'succeeds' ? 1 : 0)
})

test('a pull request comes from the branch that is checked out', async () => {
  const server = await startApi({ 'POST /repos/acme/app/pulls': { status: 201, json: HUB_PULL } })
  const world = createIntegrationWorld({ type: 'github', url: server.url, options })
  world.git(['init', '-q', '-b', 'fix'])
  world.git(['commit', '-q', '--allow-empty', '-m', 'x'])
  await world.call('create_pull_request', { title: 'Fix', base: 'main' })
  expect(server.told()).toEqual([
    ['POST /repos/acme/app/pulls', { title: 'Fix', body: '', head: 'fix', draft: false, base: 'main' }],
  ])
  world.git(['checkout', '-q', '--detach'])
  expect((await world.fail('create_pull_request', { title: 'Fix', base: 'main' })).message).toBe(
    'create_pull_request: argument "head" is missing, and no branch is checked out',
  )
})

test.each([
  ['a text file is not there', {}, 'read_repository_file: there is no file "a.md"'],
  [
    'a file is not text',
    { 'GET /repos/acme/app/contents/a.md': { json: { content: 'AAEC' } } },
    'read_repository_file: "a.md" is not text',
  ],
  [
    'something else answers',
    { 'GET /repos/acme/app/contents/a.md': { text: '<html>' } },
    'answered with something that its API does not',
  ],
])('%s', async (_situation, replies, message) => {
  const server = await startApi(replies)
  const world = createIntegrationWorld({ type: 'github', url: server.url, options })
  expect((await world.fail('read_repository_file', { path: 'a.md' })).message).toContain(message)
})
