import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { writeGithubWorkflow } from '../../../runner/github-workflow.ts'
import { publishSkeleton } from '../../../schema/github-workflow/publish-skeleton.ts'
import { startApi } from '../../helpers/api-server.ts'
import { asking, openEventScene } from '../../helpers/event-scene.ts'
import { ASKS, definitionsOf } from '../../helpers/github-workflow.ts'

const root = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')
const ACTION = 'codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9'

/** The workflow files that we write or show. */
async function shipped(): Promise<readonly string[]> {
  const { text } = await writeGithubWorkflow(
    definitionsOf({ a: `on: [pull_request, push, workflow_dispatch, workflow_call]\n${ASKS}` }),
    ACTION,
  )
  const shown = [...root('docs/action.md').matchAll(/```yaml\n(# \.github[\s\S]*?)```/g)].map(
    ([, one = '']) => one,
  )
  return [text, publishSkeleton(ACTION), ...shown]
}

test('attack 14: no cache of Actions is written or read', async () => {
  for (const text of await shipped()) expect(text).not.toMatch(/actions\/cache|\bcache:|actions\/setup-/)
  const service = await startApi({})
  const { forge, models, run } = await openEventScene({ asks: asking('push') })
  models.reply('done')
  const step = await run(forge.event('push', 'acme/app'), {
    env: {
      ACTIONS_CACHE_URL: `${service.url}/`,
      ACTIONS_RESULTS_URL: `${service.url}/`,
      ACTIONS_RUNTIME_URL: `${service.url}/`,
      ACTIONS_RUNTIME_TOKEN: 'runtime-token-0123456789',
      ACTIONS_CACHE_SERVICE_V2: 'true',
    },
  })
  expect(step.status).toBe('succeeded')
  expect(service.requests).toEqual([])
})

test('attack 21: actions are named by commit, and nothing is installed or downloaded to be executed', async () => {
  for (const text of await shipped()) {
    const uses = [...text.matchAll(/uses: (\S+)/g)].map(([, name = '']) => name)
    expect(uses.length).toBeGreaterThan(0)
    for (const name of uses) expect(name).toMatch(/^[\w./-]+@[0-9a-f]{40}$/)
    expect(text).not.toMatch(/\b(curl|wget|npx|npm (i|install)|pip install)\b/)
  }
  const { runs } = parse(root('action/action.yml'))
  expect(runs).toEqual({ using: 'node24', main: '../dist/action/index.cjs' })
})

test('attack 24: an MCP server whose tools are other ones than were looked at is not called, whatever the pull request pins', async () => {
  const server = fileURLToPath(new URL('../../helpers/mcp-server.mjs', import.meta.url))
  const config = (pin: string) =>
    `mcp:\n  allowed_commands: ["${process.execPath}"]\n  servers:\n    unruly: { command: "${process.execPath}", args: ["${server}", well], env: {}, tools_sha256: ${pin} }\n`
  const says = `
on: pull_request
inputs: { number: { type: integer } }
enable_summarization_node: false
tools: [{ id: t, tool: say, tool_args: { words: pwned }, mcp_server: { name: unruly, mcp_config_id: unruly } }]
states: [{ id: one, tool_id: t, next: { state_id: end } }]
`
  const { forge, run } = await openEventScene({ says, '.codemie/config.yaml': config('a'.repeat(64)) })
  forge.commit('acme/app', 'change', { a: 'a\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change' })
  const refused = await run(forge.event('pull_request', 'acme/app', { number }))
  expect(refused).toMatchObject({ status: 'failed', exitStatus: 5, said: [{ title: 'mcp-tool-changed' }] })
  expect(refused.log).not.toContain('pwned')
  const [, pin = ''] = /tools_sha256: ([0-9a-f]{64})/.exec(refused.said[0]?.message ?? '') ?? []
  // The pull request says that these are the right ones; the base does not.
  forge.commit('acme/app', 'change', { '.codemie/config.yaml': config(pin) })
  const again = await run(forge.event('pull_request', 'acme/app', { number }))
  expect(again).toMatchObject({ status: 'failed', exitStatus: 5 })
  // Somebody has looked at them.
  forge.commit('acme/app', 'main', { '.codemie/config.yaml': config(pin) })
  forge.commit('acme/app', 'later', { a: 'b\n' }, { from: 'main' })
  const later = forge.openPull('acme/app', { head: 'later' })
  const fine = await run(forge.event('pull_request', 'acme/app', { number: later.number }))
  expect(fine).toMatchObject({ status: 'succeeded', outputs: { output: 'pwned' } })
})
