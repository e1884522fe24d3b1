import { afterEach, expect, test } from 'vitest'
import { makeProject, type TestProject } from '../helpers/project.ts'

let project: TestProject | undefined

afterEach(() => project?.remove())

const WORKFLOW = `
enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: a, type: constant, value: 1 }] } }
states:
  - { id: s, custom_node_id: n, next: { state_id: end } }
`

test('a retired workflow is refused before anything happens, and one in production is not', async () => {
  project = makeProject({
    workflows: { old: `lifecycle: retired\n${WORKFLOW}`, current: `lifecycle: production\n${WORKFLOW}` },
  })
  await expect(project.run('old')).rejects.toMatchObject({
    code: 'not-runnable',
    exitStatus: 2,
    message: expect.stringContaining('The workflow is retired'),
  })
  expect(project.git('for-each-ref', 'refs/codemie', 'refs/heads/codemie')).toBe('')
  expect(await project.run('current')).toMatchObject({ status: 'succeeded' })
})

test('a retired workflow runs when it is forced, and goes on after a pause', async () => {
  const paused = WORKFLOW.replace(
    'custom_node_id: n, next',
    'custom_node_id: n, interrupt_before: true, next',
  )
  project = makeProject({ workflows: { old: `lifecycle: retired\n${paused}` } })
  expect(await project.run('old', { force: true })).toMatchObject({ status: 'paused' })
  expect(await project.resume('latest')).toMatchObject({ status: 'succeeded', output: '{"a": 1}' })
})
