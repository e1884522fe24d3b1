import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { buildIfStale, runBuiltCli } from '../helpers/built-cli.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'

let folder: string
let server: ModelServer
let project: TestProject

beforeAll(buildIfStale, 60_000)
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loaded-'))
  server = await startModelServer()
  project = makeProject({
    workflows: {
      w: `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: ask, assistant_id: a, task: Say it, next: { state_id: end } }
`,
    },
  })
})
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true })
  project.remove()
  await server.close()
})

/** What the client of Node's `fetch` is kept in. */
const BUILT_IN_CLIENT = 'NativeModule internal/deps/undici/undici'

it.each([
  { does: 'run', tail: '', loads: false },
  { does: 'a program that asks for Headers', tail: '; new Headers()', loads: true },
])("$does loads Node's own HTTP client: $loads", async ({ tail, loads }) => {
  server.reply('Said')
  const list = join(folder, 'modules.json')
  const hook = join(folder, 'hook.cjs')
  writeFileSync(
    hook,
    `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(process.moduleLoadList)))${tail}`,
  )
  const { status, stderr } = await runBuiltCli(['run', 'w'], {
    cwd: project.root,
    env: {
      ...project.env,
      OPENAI_API_KEY: 'sk-test-0123456789',
      OPENAI_BASE_URL: server.url,
      NODE_OPTIONS: `--require=${hook}`,
    },
  })
  expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.anything() })
  expect(server.requests).toHaveLength(1)
  expect(JSON.parse(readFileSync(list, 'utf8')).includes(BUILT_IN_CLIENT)).toBe(loads)
})
