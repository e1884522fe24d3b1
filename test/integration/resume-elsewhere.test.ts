import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** Two clones of one remote, and a run of the first that waits and was pushed. */
async function pausedAndPushed(workflow = PAUSES) {
  const remote = repositoryOf({ bare: true })
  const one = repositoryOf({ files: { '.codemie/workflows/w.yaml': workflow } })
  one.git('remote', 'add', 'origin', remote.root)
  one.git('push', '-q', 'origin', 'main')
  const other = repositoryOf({})
  other.git('remote', 'add', 'origin', remote.root)
  const inOne = { cwd: one.root, env: one.env }
  const inOther = { cwd: other.root, env: other.env }
  const paused = await runInProcess(['run', 'w', '--push', '--json'], inOne)
  return { remote, inOne, inOther, runId: JSON.parse(paused.stdout).runId as string }
}

test.each([
  ['resume', /^error run-succeeded: Run \S+ has succeeded/],
  ['abort', /^error run-aborted: Run \S+ was aborted and does not go on/],
])('after %s in one clone the other one does nothing again', async (verb, refusal) => {
  const { remote, inOne, inOther, runId } = await pausedAndPushed()
  expect((await runInProcess([verb, runId, '--push'], inOther)).status).toBe(0)
  const tip = remote.git('rev-parse', 'codemie/runs')
  const late = await runInProcess(['resume', runId, '--push'], inOne)
  expect(late.status).toBe(2)
  expect(late.stderr).toMatch(refusal)
  expect(remote.git('rev-parse', 'codemie/runs')).toBe(tip)
})

test('after a failure in one clone the other one goes on from there', async () => {
  const fails = PAUSES.replace(
    'next: { state_id: end } }',
    'next: { state_id: third } }\n  - { id: third, tool_id: t, next: { state_id: end } }',
  ).replace('states:', 'tools: [{ id: t, tool: read_file, tool_args: { path: late.txt } }]\nstates:')
  const { remote, inOne, inOther, runId } = await pausedAndPushed(fails)
  expect((await runInProcess(['resume', runId, '--push'], inOther)).status).toBe(1)
  writeFileSync(join(inOne.cwd, 'late.txt'), 'here now')
  const late = await runInProcess(['resume', runId, '--push', '--jsonl'], inOne)
  expect(late.status).toBe(0)
  const reused = late.stdout.split('\n').filter((line) => line.includes('"step-reused"'))
  expect(reused.map((line) => JSON.parse(line).path)).toEqual(['first', 'second'])
  expect(remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/codemie/runs\nrefs/heads/main')
})

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
  // Its live ref is found by its id, and what another machine pushed is pushed again.
  const resumed = await runInProcess(['resume', runId, '--json'], inOther)
  expect(resumed.stderr).toBe('')
  expect(resumed.status).toBe(0)
  expect(JSON.parse(resumed.stdout)).toMatchObject({ runId, status: 'succeeded', steps: 2 })
  expect(remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/codemie/runs\nrefs/heads/main')

  const unknown = await runInProcess(['resume', '20200101T000000Z-00000000'], inOther)
  expect(unknown.status).toBe(2)
  expect(unknown.stderr).toContain('no-such-run')
})
