import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ModelServer, type ReceivedRequest, startModelServer } from '../helpers/model-server.ts'
import { eventsOfType, makeProject, type TestProject } from '../helpers/project.ts'

/** A plan, a map whose items each call a tool, a join that reads them, and a loop that goes round twice. */
const WORKFLOW = `
enable_summarization_node: false
max_concurrency: 2
assistants:
  - { id: a, system_prompt: P }
  - { id: reader, system_prompt: R, tools: [{ name: read_file }] }
custom_nodes:
  - id: shape
    custom_node_id: transform_node
    config: { mappings: [{ output_field: count, type: script, script: len(said) }] }
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: reader, task: Read, next: { state_id: shape, append_to_context: true, output_key: said } }
  - { id: shape, custom_node_id: shape, next: { state_id: review } }
  - id: review
    assistant_id: a
    task: "Review of {{ count }}"
    resolve_dynamic_values_in_prompt: true
    next: { condition: { expression: again, then: review, otherwise: end } }
`

let server: ModelServer
let project: TestProject | undefined

beforeEach(async () => {
  server = await startModelServer()
  server.otherwise(answer)
})
afterEach(async () => {
  project?.remove()
  await server.close()
})

/** The same question always gets the same answer. */
function answer({ body, lastUserMessage }: ReceivedRequest) {
  if (lastUserMessage === 'Plan') return '{"items": ["a.txt", "b.txt"]}'
  const [, path] = /^Read\nCurrent task: (.*)$/.exec(lastUserMessage) ?? []
  if (path === undefined) {
    const rounds = body.messages.filter((message: { content: string }) => message.content.includes('again'))
    return `{"again": ${rounds.length === 0}}`
  }
  const last = body.messages.at(-1)
  return last.role === 'tool'
    ? `It says ${last.content.trim()}`
    : { toolCalls: [{ name: 'read_file', args: { path } }] }
}

function make(): TestProject {
  project?.remove()
  project = makeProject({
    workflows: { w: WORKFLOW },
    files: { 'a.txt': 'alpha\n', 'b.txt': 'beta\n' },
    env: { OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: server.url },
  })
  return project
}

const bodies = (from: number) => server.requests.slice(from).map((request) => JSON.stringify(request.body))

describe('a run stopped after any of its events', () => {
  test('ends, resumed, with the same outputs, and asks for nothing twice that was answered', async () => {
    const whole = make()
    const undisturbed = await whole.run('w')
    expect(undisturbed.status).toBe('succeeded')
    expect(server.requests).toHaveLength(7)
    const expected = await whole.outputsOf()
    const stops = undisturbed.events.flatMap((event, index) => (event.type === 'run-finished' ? [] : [index]))
    expect(stops.length).toBeGreaterThan(25)

    for (const stopAfter of stops) {
      const w = make()
      const before = server.requests.length
      const stop = new AbortController()
      let seen = 0
      let answered = 0
      const first = await w.run('w', {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'effect-finished' && event.kind === 'model') answered++
          if (seen++ === stopAfter) stop.abort(new Error('interrupted'))
        },
      })
      const askedFirst = server.requests.length - before
      const second = first.status === 'succeeded' ? first : await w.resume('latest')
      expect({ stopAfter, status: second.status, outputs: await w.outputsOf() }).toEqual({
        stopAfter,
        status: 'succeeded',
        outputs: expected,
      })
      const cutOff = askedFirst - answered
      expect({ stopAfter, asked: server.requests.length - before }).toEqual({ stopAfter, asked: 7 + cutOff })
      expect(new Set(bodies(before)).size).toBe(7)
      expect(eventsOfType(second, 'run-finished')[0]?.output).toBe('{"again": false}')
    }
  }, 120_000)
})
