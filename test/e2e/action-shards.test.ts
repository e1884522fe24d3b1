import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findProgram, runWorkflows } from '../helpers/act.ts'
import { copyAction } from '../helpers/action-bundle.ts'
import { buildIfStale } from '../helpers/built-cli.ts'
import { type GitServer, startGitServer } from '../helpers/git-http.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const SHIPPED = '.github/workflows/codemie-sharded.yml'
const ACT = findProgram('act')

const MANY = `
name: Many
enable_summarization_node: false
inputs:
  items: { type: array, required: true }
tools:
  - { id: read, tool: read_file, tool_args: { path: '{{path}}' } }
custom_nodes:
  - { id: list, custom_node_id: transform_node, config: { mappings: [{ output_field: items, type: extract, source_path: items }] } }
  - { id: same, custom_node_id: transform_node, config: { mappings: [{ output_field: seen, type: constant, value: yes }] } }
states:
  - { id: plan, custom_node_id: list, next: { iter_key: items, state_id: look, shard: 3 } }
  - { id: look, tool_id: read, next: { state_id: report } }
  - { id: report, custom_node_id: same, next: { state_id: end } }
`

const CALLER = `
name: many
on: workflow_dispatch
jobs:
  many:
    uses: ./${SHIPPED}
    with:
      workflow: many
      inputs: \${{ toJSON(github.event.inputs) }}
`

describe.skipIf(ACT === undefined)(
  'the workflow file for several machines, run by act (skipped without act)',
  () => {
    let project: TestProject
    let forge: GitServer | undefined
    let action: string

    beforeAll(buildIfStale, 60_000)
    beforeEach(() => {
      action = copyAction()
    })
    afterEach(async () => {
      await forge?.close()
      project?.remove()
      rmSync(action, { recursive: true, force: true })
    })

    async function run(names: readonly string[]) {
      project = makeProject({
        files: {
          [SHIPPED]: readFileSync(root(SHIPPED), 'utf8'),
          '.github/workflows/many.yml': CALLER,
          '.codemie/workflows/many.yaml': MANY,
          ...Object.fromEntries([...'abcdefg'].map((name) => [`${name}.md`, `This is ${name}.\n`])),
        },
      })
      const tokens = { 'job-token-0123456789': { login: 'github-actions[bot]', write: true } }
      forge = await startGitServer(project.beside('forge'), tokens, project.env['PATH'] ?? '')
      const bare = forge.createBare('acme/app')
      project.git('push', '-q', bare, 'main')
      const seen = await runWorkflows({
        act: ACT ?? '',
        clone: project.root,
        event: 'workflow_dispatch',
        payload: { inputs: { items: names.map((name) => ({ path: `${name}.md` })) } },
        repository: 'acme/app',
        serverUrl: forge.origin,
        sha: project.git('rev-parse', 'HEAD'),
        ref: 'refs/heads/main',
        token: 'job-token-0123456789',
        actions: {
          'codemie/codemie-ci@v1': action,
          'actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0': 'checkout',
        },
        node: process.env['CODEMIE_TEST_NODE24'] ?? process.execPath,
      })
      return { ...seen, onForge: (...args: string[]) => project.git('-C', bare, ...args) }
    }

    test('plan, a job for each shard, and join', async () => {
      const seen = await run(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
      expect(seen.jobs, seen.log).toEqual({
        // act calls a called workflow by its own name, and numbers the jobs of a matrix.
        'many/codemie sharded/Plan': 'success',
        'many/codemie sharded/Shard 1-1': 'success',
        'many/codemie sharded/Shard 2-2': 'success',
        'many/codemie sharded/Shard 3-3': 'success',
        'many/codemie sharded/Join': 'success',
      })
      expect(seen.outputs['record']).toContain('codemie/runs:')
      expect(seen.onForge('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe('')
      const lines = seen.onForge('show', `${seen.outputs['record']}/map/look/0001.ndjson`).split('\n')
      expect(lines.map((line) => JSON.parse(line).path)).toEqual(
        [1, 2, 3, 4, 5, 6, 7].map((n) => `look[${n}]`),
      )
    })

    test('a shard that fails: the others are kept, and Join says which one is missing', async () => {
      const seen = await run(['a', 'b', 'gone'])
      expect(seen.jobs, seen.log).toEqual({
        'many/codemie sharded/Plan': 'success',
        'many/codemie sharded/Shard 1-1': 'success',
        'many/codemie sharded/Shard 2-2': 'success',
        'many/codemie sharded/Shard 3-3': 'failure',
        'many/codemie sharded/Join': 'failure',
      })
      const said = seen.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
      expect(said.join('\n')).toContain('re-run this job alone, and it does the rest')
      expect(said.join('\n')).toContain('these did not come to their end: 3')
      expect(
        seen.onForge('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/codemie').split('\n'),
      ).toEqual([
        expect.stringMatching(/^live/),
        ...['0000', '0001', '0002', '0003'].map((number) =>
          expect.stringMatching(`^shard/.*/plan/${number}$`),
        ),
      ])
    })

    test('one item is not worth another machine: the first job does it all', async () => {
      const seen = await run(['a'])
      expect(seen.jobs, seen.log).toEqual({ 'many/codemie sharded/Plan': 'success' })
      expect(seen.outputs).toMatchObject({ status: 'succeeded', matrix: '[]' })
    })
  },
)
