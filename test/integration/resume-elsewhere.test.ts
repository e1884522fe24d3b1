import { afterEach, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'

const made: TestRepository[] = []

afterEach(() => {
  for (const repository of made.splice(0)) repository.remove()
})

function repositoryOf(plan: Parameters<typeof makeRepository>[0]): TestRepository {
  const repository = makeRepository(plan)
  made.push(repository)
  return repository
}

const PAUSES = `
name: Pauses
enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: a, type: constant, value: 1 }] } }
states:
  - { id: first, custom_node_id: n, next: { state_id: second } }
  - { id: second, custom_node_id: n, interrupt_before: true, next: { state_id: end } }
`

test('a run that paused on one machine goes on in a clone on another one, which never saw it', async () => {
  const remote = repositoryOf({ bare: true })
  const one = repositoryOf({ files: { '.codemie/workflows/w.yaml': PAUSES } })
  one.git('remote', 'add', 'origin', remote.root)
  one.git('push', '-q', 'origin', 'main')
  const other = repositoryOf({})
  other.git('remote', 'add', 'origin', remote.root)
  other.git('pull', '-q', 'origin', 'main')

  const paused = await runInProcess(['run', 'w', '--push', '--json'], { cwd: one.root, env: one.env })
  expect(paused.status).toBe(3)
  const { runId } = JSON.parse(paused.stdout)

  const inOther = { cwd: other.root, env: other.env }
  const withoutRemote = await runInProcess(['resume', runId], inOther)
  expect(withoutRemote.status).toBe(2)
  expect(withoutRemote.stderr).toContain('`codemie-ci resume <run> --push` fetches one by its id')

  const resumed = await runInProcess(['resume', runId, '--push', '--json'], inOther)
  expect(resumed.stderr).toBe('')
  expect(resumed.status).toBe(0)
  expect(JSON.parse(resumed.stdout)).toMatchObject({ runId, status: 'succeeded', steps: 2 })
  expect(remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/codemie/runs\nrefs/heads/main')

  const unknown = await runInProcess(['resume', '20200101T000000Z-00000000', '--push'], inOther)
  expect(unknown.status).toBe(2)
  expect(unknown.stderr).toContain('no-such-run')
})
