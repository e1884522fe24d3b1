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
