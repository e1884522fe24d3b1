import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProject, type TestProject } from '../helpers/project.ts'

const WORKFLOW = `
enable_summarization_node: false
custom_nodes:
  - { id: fixed, custom_node_id: transform_node, config: { mappings: [{ output_field: a, type: constant, value: 1 }] } }
states:
  - { id: one, custom_node_id: fixed, next: { state_id: end } }
`

let remote: string
let project: TestProject

beforeEach(() => {
  remote = mkdtempSync(join(tmpdir(), 'remote-'))
  execFileSync('git', ['init', '-q', '--bare', remote])
})

afterEach(() => {
  project.remove()
  rmSync(remote, { recursive: true })
})

test('results.push: always pushes every record without being asked', async () => {
  project = makeProject({ workflows: { w: WORKFLOW }, config: 'results: { push: always }' })
  project.git('remote', 'add', 'origin', remote)
  project.git('push', '-q', 'origin', 'HEAD')
  const run = await project.run('w')
  expect(run.record?.pushedTo).toBe('origin')
  expect(
    execFileSync('git', ['-C', remote, 'log', '--format=%s', 'codemie/runs'], { encoding: 'utf8' }),
  ).toBe(`w ${run.runId} succeeded\n`)
})
