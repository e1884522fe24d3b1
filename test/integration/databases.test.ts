import { expect, test } from 'vitest'
import { startApi } from '../helpers/api-server.ts'
import { eventsOfType } from '../helpers/project.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

test('a database is changed once and a channel is told, in a run that goes on after a failure', async () => {
  const hook = '/services/T0/B0/hidden-path-1'
  const channel = await startApi({ [`POST ${hook}`]: [{ status: 404, text: 'no_service' }, { text: 'ok' }] })
  const project = bench.projectOf(
    `
retry_policy: { max_attempts: 1 }
tools:
  - { id: make, tool: sql_execute, tool_args: { query: "CREATE TABLE builds (name TEXT, seconds INTEGER)" } }
  - { id: add, tool: sql_execute, tool_args: { query: "INSERT INTO builds VALUES (?, ?)", parameters: [main, 42] } }
  - { id: ask, tool: SQL, tool_args: { sql_query: "SELECT name, seconds FROM builds" } }
  - { id: tell, tool: notify, tool_args: { text: "main is built" } }
states:
  - { id: make, tool_id: make, next: { state_id: add } }
  - { id: add, tool_id: add, next: { state_id: ask } }
  - { id: ask, tool_id: ask, next: { state_id: tell } }
  - { id: tell, tool_id: tell, next: { state_id: end } }
`,
    {
      config: `
integrations:
  builds: { type: sqlite, options: { path: data/builds.db, write: true } }
  chat: { type: slack, url_env: HOOK }
policy: { write_paths: ["data/**"], http_allow_hosts: ["${channel.url}"] }
`,
      files: { 'data/readme': '' },
      env: { HOOK: `${channel.url}${hook}` },
    },
  )
  const first = await project.run('w')
  expect(first).toMatchObject({ status: 'failed', failure: { code: 'tool-http-status', status: 404 } })
  const again = await project.resume('latest')
  expect(again.failure).toBeUndefined()
  expect(eventsOfType(again, 'step-reused').map(({ path }) => path)).toEqual(['make', 'add', 'ask'])
  const outputs = await project.outputsOf()
  expect(JSON.parse(outputs['ask'] ?? '')).toEqual({
    columns: ['name', 'seconds'],
    rows: [{ name: 'main', seconds: 42 }],
  })
  expect(channel.told()).toEqual([
    [`POST ${hook}`, { text: 'main is built' }],
    [`POST ${hook}`, { text: 'main is built' }],
  ])
  expect(project.everythingWritten()).not.toContain('hidden-path-1')
})

test.each<[situation: string, tool: string, integration: string, code: string | undefined]>([
  [
    'a database on a server',
    'sql_query',
    'type: postgres, url: "postgres://127.0.0.1:1/x", username: me',
    'tool-refused',
  ],
  ['a channel', 'notify', 'type: slack, url_env: HOOK', 'tool-refused'],
  [
    'mail',
    'send_email',
    'type: email, url: "smtp://127.0.0.1:1", options: { from: a@b.example, to: [a@b.example] }',
    'tool-refused',
  ],
  ['a file', 'sql_query', 'type: sqlite, options: { path: empty.db }', undefined],
])('where nothing may connect to a network: %s', async (_situation, tool, integration, code) => {
  const args = {
    sql_query: '{ query: "SELECT 1" }',
    notify: '{ text: hi }',
    send_email: '{ subject: S, body: B }',
  }[tool]
  const project = bench.projectOf(
    `
tools: [{ id: t, tool: ${tool}, tool_args: ${args} }]
states: [{ id: act, tool_id: t, next: { state_id: end } }]
`,
    {
      config: `policy: { network: none }\nintegrations: { there: { ${integration} } }\n`,
      files: { 'empty.db': '' },
      env: { HOOK: 'https://hooks.example.com/hidden-path-1' },
    },
  )
  expect((await project.run('w')).failure?.code).toBe(code)
})
