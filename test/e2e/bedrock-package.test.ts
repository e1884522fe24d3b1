import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildIfStale, CLI } from '../helpers/built-cli.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'

let folder: string
let repository: TestRepository
beforeAll(async () => {
  await buildIfStale()
  folder = mkdtempSync(join(tmpdir(), 'codemie-ci-alone-'))
  cpSync(dirname(CLI), join(folder, 'dist'), { recursive: true })
  const decoy = 'node_modules/@aws-sdk/client-bedrock-agent-runtime'
  repository = makeRepository({
    files: {
      [`${decoy}/package.json`]: '{ "name": "decoy", "main": "./index.js" }',
      [`${decoy}/index.js`]: "require('node:fs').writeFileSync('loaded', '')\n",
      '.codemie/config.yaml':
        'integrations: { cloud: { type: aws, options: { region: eu-west-1 }, env: { access_key_id: MY_ID, secret_access_key: MY_KEY } } }\n',
      '.codemie/workflows/w.yaml': `custom_nodes:
  - id: flow
    custom_node_id: bedrock_flow_node
    config: { flow_id: F, flow_alias_id: A, integration_alias: cloud, input_node_name: I, input_node_output_field: o }
states: [{ id: ask, custom_node_id: flow, next: { state_id: end } }]
`,
    },
  })
}, 60_000)
afterAll(() => {
  repository.remove()
  rmSync(folder, { recursive: true, force: true })
})

const run = () => {
  const env = { ...repository.env, MY_ID: 'AKIDEXAMPLE', MY_KEY: 'a-secret-key-0123456789' }
  try {
    execFileSync(process.execPath, [join(folder, 'dist', 'cli.cjs'), 'run', 'w'], {
      cwd: repository.root,
      env,
      stdio: 'pipe',
    })
    return ''
  } catch (error) {
    return String((error as { readonly stderr: Buffer }).stderr)
  }
}

test('a flow without the package is refused, and the one of the repository is not taken', () => {
  const stderr = run()
  expect(stderr).toContain('is not installed beside codemie-ci')
  expect(stderr).toContain(
    'Run `npm install @aws-sdk/client-bedrock-agent-runtime` where codemie-ci is installed',
  )
  expect(existsSync(join(repository.root, 'loaded'))).toBe(false)
})

test('the package is found where codemie-ci is installed', () => {
  mkdirSync(join(folder, 'node_modules', '@aws-sdk'), { recursive: true })
  cpSync(
    join(repository.root, 'node_modules/@aws-sdk/client-bedrock-agent-runtime'),
    join(folder, 'node_modules/@aws-sdk/client-bedrock-agent-runtime'),
    { recursive: true },
  )
  expect(run()).not.toContain('is not installed')
  // The decoy says so where the run was started.
  expect(existsSync(join(repository.root, 'loaded'))).toBe(true)
})
