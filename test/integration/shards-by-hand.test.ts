import { afterEach, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository

afterEach(() => repository.remove())

const FILES = `
name: Files
enable_summarization_node: false
tools:
  - { id: read, tool: read_file, tool_args: { path: '{{path}}' } }
custom_nodes:
  - id: list
    custom_node_id: transform_node
    config: { mappings: [{ output_field: files, type: constant, value: [{ path: a.md }, { path: b.md }, { path: gone.md }] }] }
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: all, type: constant, value: read }] } }
states:
  - { id: plan, custom_node_id: list, next: { iter_key: files, state_id: look, shard: 2 } }
  - { id: look, tool_id: read, retry_policy: { max_attempts: 1 }, next: { state_id: report } }
  - { id: report, custom_node_id: n, next: { state_id: end } }
`

const cli = (...argv: string[]) => runInProcess(argv, { cwd: repository.root, env: repository.env })
const withoutIds = (text: string) =>
  text.replaceAll(/\b\d{8}T\d{6}Z-[0-9a-f]{8}\b/g, '<run>').replaceAll(/\b[0-9a-f]{12}\b/g, '<commit>')

test('by hand, in one repository without a remote', async () => {
  repository = makeRepository({
    files: { '.codemie/workflows/files.yaml': FILES, 'a.md': 'This is a.\n', 'b.md': 'This is b.\n' },
  })
  const planned = await cli('run', 'files', '--until-shards')
  expect(planned.status).toBe(3)
  expect(withoutIds(planned.stderr)).toMatchInlineSnapshot(`
    "Files · run <run>
      ✓ plan      0.0s
      ‖ waits for 2 shards with the 3 items of plan

    ‖ Files waits for its shards · 0.0s · 1 step
      record  refs/codemie/live/<run> <commit>
      look    codemie-ci show <run>
              git show refs/codemie/live/<run>:README.md
      shard   codemie-ci shard <run> <1 to 2>
      join    codemie-ci resume <run>
    "
  `)
  expect(withoutIds((await cli('show', 'latest')).stdout)).toContain(
    'Waits for 2 shards with the 3 items of plan',
  )
  expect(await cli('approve', 'latest')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("does not wait for anybody's yes or no"),
  })

  expect(await cli('shard', 'latest', 'two')).toMatchObject({ status: 2 })
  const first = await cli('shard', 'latest', '1')
  expect(first.status).toBe(0)
  expect(withoutIds(first.stderr)).toMatchInlineSnapshot(`
    "  ↺ plan      done before
      ▸ look[1]
      ✓ look[1]   0.0s

    ✓ shard 1 of 2, item 1: done
    "
  `)
  const failed = await cli('shard', 'latest', '2')
  expect(failed.status).toBe(1)
  expect(withoutIds(failed.stderr)).toMatchInlineSnapshot(`
    "  ↺ plan      done before
      ▸ look      2 steps
      ✗ look[3]: attempt 1 failed: read_file: "gone.md" does not exist
      · look      1 of 2
      ✗ look      1 of 2  1 failed  0.0s

    ✗ shard 2 of 2, 2 items (2 to 3): failed; what is finished is kept
    error tool-failed: read_file: "gone.md" does not exist
      again   codemie-ci shard <run> 2
    "
  `)
  const early = await cli('resume', 'latest')
  expect(early.status).toBe(6)
  expect(withoutIds(early.stderr)).toMatchInlineSnapshot(`
    "error shard-missing: Of 2 shards of plan these did not come to their end: 2
      shard 2: read_file: "gone.md" does not exist
      = help: Run their jobs again, or \`codemie-ci shard <run> <number>\`; what they and the others found is kept.
    "
  `)

  repository.write('gone.md', 'Here it is.\n')
  expect(JSON.parse((await cli('shard', 'latest', '2', '--json')).stdout)).toMatchObject({
    shard: 2,
    of: 2,
    status: 'succeeded',
    items: { first: 2, last: 3 },
  })
  expect(withoutIds((await cli('shard', 'latest', '2')).stderr)).toContain(
    'shard 2 of 2, 2 items (2 to 3): done before',
  )
  const joined = await cli('resume', 'latest')
  expect(joined).toMatchObject({ status: 0, stdout: 'read\n' })
  expect((await cli('show', 'latest', 'look[3]')).stdout).toBe('Here it is.\n')
  expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
})
