import { describe, expect, test } from 'vitest'
import { eventsOfType, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { make } = bench

const turns = () =>
  bench.server.requests.map((request) => request.lastUserMessage.replace('\nCurrent task:', ''))
const commandLine = (w: TestProject) => {
  const env = { ...w.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url }
  return (...argv: string[]) => runInProcess(argv, { cwd: w.root, env })
}
const FILE = '.codemie/workflows/w.yaml'

/** Three states in a line; the run waits before the last. */
const PAUSES = `enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: First, next: { state_id: two } }
  - { id: two, assistant_id: a, task: Second, next: { state_id: three } }
  - { id: three, assistant_id: a, task: Third, interrupt_before: true, next: { state_id: end } }
`

async function waiting(workflow = PAUSES) {
  bench.server.otherwise((request) => `to ${request.lastUserMessage}`)
  const w = make({ workflows: { w: workflow } })
  const { runId } = await w.run('w')
  const before = bench.server.requests.length
  return {
    w,
    runId,
    cli: commandLine(w),
    change: (from: string, to: string) => {
      expect(workflow).toContain(from)
      w.write(FILE, workflow.replace(from, to))
    },
    asked: () => turns().slice(before),
  }
}

describe('a definition that changed while the run waited', () => {
  test('is refused with what changed, by resume, approve and reject, and the run is not disturbed', async () => {
    const approval = PAUSES.replace('interrupt_before', 'approval')
    const { w, runId, cli, asked } = await waiting(approval)
    w.write(
      FILE,
      `models: { default: gpt-5 }\n${approval.replace('Second', 'Other').replace('state_id: three', 'state_id: extra')}  - { id: extra, assistant_id: b, task: More, next: { state_id: three } }\n`.replace(
        '{ id: a, system_prompt: P }',
        '{ id: a, system_prompt: P, tools: [{ name: git_log }] }, { id: b, system_prompt: Q }',
      ),
    )
    const lease = w.git('for-each-ref', '--format=%(objectname)', 'refs/codemie/live')
    const refused = await cli('approve', runId)
    expect({ ...refused, stderr: refused.stderr.replaceAll(runId, '<run>') }).toMatchInlineSnapshot(`
      {
        "status": 2,
        "stderr": "error definition-changed: Run <run> was executed with .codemie/workflows/w.yaml, which has changed since:
        model: none → gpt-5
        state 'one': tools +git_log
        state 'two': task: Second → Other
        state 'two': tools +git_log
        state 'two': goes to 'three' → goes to 'extra'
        state 'three': tools +git_log
        state 'extra': is new
        = help: Add --accept-changes to go on with the definition of now; these are done again where they are finished: one, two, three, extra. Add --as-recorded to go on with the one in the record.
      ",
        "stdout": "",
      }
    `)
    expect((await cli('reject', runId)).stderr).toContain('error definition-changed')
    expect((await cli('resume', runId)).status).toBe(3)
    expect(w.git('for-each-ref', '--format=%(objectname)', 'refs/codemie/live')).toBe(lease)
    expect((await w.read()).manifest).toMatchObject({ status: 'paused', fence: 1 })
    expect(asked()).toEqual([])
    expect(await cli('approve', runId, '--as-recorded')).toMatchObject({ status: 0 })
    expect(asked()).toEqual(['Third'])
  })

  test('in comments, formatting, names and unused assistants only, goes on', async () => {
    const { w, cli, asked } = await waiting()
    w.write(
      FILE,
      `# Why\nname: Other\ndescription: More words\n${PAUSES.replace('[{ id: a, system_prompt: P }]', '\n  - id: a\n    system_prompt: "P"\n  - { id: z, system_prompt: Z }')}`,
    )
    expect((await cli('resume', 'latest')).status).toBe(0)
    expect(asked()).toEqual(['Third'])
  })

  test('and is gone, or has errors, is refused; the recorded one still runs', async () => {
    const { w, runId, cli, asked } = await waiting()
    w.write(FILE, 'states: [')
    expect((await cli('resume', runId)).stderr).toMatch(
      /^error definition-changed: Run \S+ was executed with \.codemie\/workflows\/w\.yaml, and it has errors in the working tree: 1: .+\n {2}= help: `codemie-ci resume \S+ --as-recorded` goes on with the definition in the record\.\n$/,
    )
    w.git('rm', '-qf', FILE)
    const gone = await cli('resume', runId, '--accept-changes')
    expect(gone.status).toBe(2)
    expect(gone.stderr).toContain('and it cannot be read in the working tree')
    expect((await cli('resume', runId, '--as-recorded')).status).toBe(0)
    expect(asked()).toEqual(['Third'])
  })

  test('does not keep a run from being aborted', async () => {
    const { cli, change } = await waiting()
    change('Third', 'Other')
    expect((await cli('abort', 'latest')).status).toBe(0)
  })
})

describe('with the change accepted', () => {
  test('after the pause, finished steps stand, and the record tells of both definitions', async () => {
    const { w, runId, cli, change, asked } = await waiting()
    const before = (await w.read()).manifest.workflow.blob
    change('Third', 'Other')
    const done = await cli('resume', runId, '--accept-changes')
    expect(done.status).toBe(0)
    expect(done.stderr).toContain("  ! changed: state 'three': task: Third → Other [definition-changed]\n")
    expect(asked()).toEqual(['Other'])
    const { manifest, files, events } = await w.read()
    expect(manifest.workflow.earlier).toEqual([before])
    expect(manifest.workflow.blob).toBe(w.git('hash-object', FILE))
    expect(Buffer.from(files.get('workflow.yaml') ?? []).toString()).toContain('task: Other')
    expect(eventsOfType({ events }, 'run-resumed')[0]?.definition).toMatchObject({
      blob: manifest.workflow.blob,
      changes: ["state 'three': task: Third → Other"],
    })
    expect((await cli('show', 'latest')).stdout).toContain(
      "accepted a changed definition: state 'three': task: Third → Other",
    )
    expect((await cli('verify')).status).toBe(0)
  })

  test('before the pause, what changed and all after it runs anew, and the run waits again', async () => {
    const { w, cli, change, asked } = await waiting()
    change('Second', 'Other')
    expect((await cli('resume', 'latest', '-m', 'Go', '--accept-changes')).status).toBe(3)
    expect(asked()).toEqual(['Other'])
    expect((await cli('resume', 'latest')).status).toBe(0)
    expect(asked()).toEqual(['Other', 'Third'])
    expect((await w.read()).manifest).toMatchObject({ steps: 3, usage: { inputTokens: 40 } })
  })

  test('of what a step asks alone, the step after it runs anew although it asks the same', async () => {
    const { cli, change, asked } = await waiting()
    change('First', 'Other')
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(3)
    expect(asked()).toEqual(['Other', 'Second'])
  })

  test('and interrupted before the followers ran, a second resumption does not take their old outputs', async () => {
    const { w, cli, change, asked } = await waiting()
    change('First', 'Other')
    bench.server.when('Second', { status: 401, text: 'no' })
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(6)
    expect((await cli('resume', 'latest')).status).toBe(3)
    expect(asked()).toEqual(['Other', 'Second', 'Second'])
    expect((await w.outputsOf())['two']).toBe('to Second')
  })

  test('where a state was added between two, those after it run anew', async () => {
    const { w, cli, asked } = await waiting()
    w.write(
      FILE,
      `${PAUSES.replace('{ state_id: two }', '{ state_id: extra }')}  - { id: extra, assistant_id: a, task: More, next: { state_id: two } }\n`,
    )
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(3)
    expect(asked()).toEqual(['More', 'Second'])
  })

  test('where a state was removed, those after it run anew', async () => {
    const { w, cli, asked } = await waiting()
    w.write(
      FILE,
      PAUSES.replace('{ state_id: two }', '{ state_id: three }').replace(/ {2}- \{ id: two.*\n/, ''),
    )
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(3)
    expect(asked()).toEqual([])
    expect((await cli('resume', 'latest')).status).toBe(0)
    expect(asked()).toEqual(['Third'])
    expect(Object.keys(await w.outputsOf())).toEqual(['one', 'two', 'three'])
  })

  test('where a state was renamed, it runs anew', async () => {
    const { w, cli, asked } = await waiting()
    w.write(FILE, PAUSES.replace('state_id: two', 'state_id: zwei').replace('id: two', 'id: zwei'))
    const held = await cli('resume', 'latest', '--accept-changes')
    expect(held.status).toBe(3)
    expect(held.stderr).toContain("changed: state 'zwei': was called 'two' [definition-changed]\n")
    expect(asked()).toEqual(['Second'])
  })

  test('a yes given with it does not count: it was for the definition that was shown', async () => {
    const approval = PAUSES.replace('interrupt_before', 'approval')
    const one = await waiting(approval)
    one.change('Third', 'Other')
    expect((await one.cli('approve', 'latest', '--accept-changes')).status).toBe(3)
    expect(one.asked()).toEqual([])
    expect((await one.cli('approve', 'latest')).status).toBe(0)
    expect(one.asked()).toEqual(['Other'])
    expect((await one.cli('verify')).status).toBe(0)
    const two = await waiting(approval)
    two.change('Second', 'Other')
    const again = await two.cli('approve', 'latest', '--accept-changes')
    expect([again.status, again.stderr]).toEqual([
      3,
      expect.stringContaining(
        '! The definition is another one than three waited with, so the answer does not count and the run asks again [asked-again]\n',
      ),
    ])
    expect(two.asked()).toEqual(['Other'])
    // A record never says that somebody approved what they did not get to see.
    const shown = async () => JSON.parse((await two.cli('show', 'latest', '--json')).stdout).said
    expect((await shown()).map(({ what }: { what: string }) => what)).toEqual(['accepted-changes'])
    const done = await two.cli('approve', 'latest')
    expect(done.stderr).toContain(': 2 steps finished before\n')
    expect((await shown()).map(({ what }: { what: string }) => what)).toEqual([
      'accepted-changes',
      'approved',
    ])
  })

  test('of a handler for failures, the finished items of a map stand', async () => {
    bench.server.when('Plan', '{"items": ["a", "b", "c"]}')
    bench.server.when('Do\nCurrent task: b', { status: 401, text: 'no' }, { status: 401, text: 'no' })
    const { w, cli, asked } = await waiting(`enable_summarization_node: false
max_concurrency: 5
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: plan, assistant_id: a, task: Plan, next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Do, next: { state_id: join } }
  - { id: join, assistant_id: a, task: Join, next: { state_id: end } }
`)
    const text = Buffer.from((await w.read()).files.get('workflow.yaml') ?? []).toString()
    w.write(FILE, text.replace('task: Do,', 'task: Do, on_error: { state_id: continue },'))
    expect((await cli('resume', 'latest')).status).toBe(2)
    const done = await cli('resume', 'latest', '--accept-changes')
    expect([done.status, done.stderr.split('\n').filter((line) => line.includes('changed'))]).toEqual([
      0,
      ["  ! changed: state 'each': on_error +any failure → continue [definition-changed]"],
    ])
    expect(asked()).toEqual(['Do b', 'Join'])
  })

  test('inside a workflow that is called, what it finished before stands', async () => {
    bench.server.otherwise((request) => `to ${request.lastUserMessage}`)
    const inner = `enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: read, assistant_id: a, task: Read, next: { state_id: look } }
  - { id: look, assistant_id: a, task: Look, next: { state_id: end } }
`
    const w = make({
      workflows: {
        w: `enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states:
  - { id: check, workflow_id: inner, next: { state_id: last } }
  - { id: last, assistant_id: a, task: Last, interrupt_before: true, next: { state_id: end } }
`,
        inner,
      },
    })
    await w.run('w')
    w.write('.codemie/workflows/inner.yaml', inner.replace('Look', 'Other'))
    const cli = commandLine(w)
    expect((await cli('resume', 'latest')).stderr).toContain(
      "\n  in 'inner': state 'look': task: Look → Other\n",
    )
    expect((await cli('resume', 'latest', '--accept-changes')).status).toBe(3)
    expect((await cli('resume', 'latest')).status).toBe(0)
    expect(turns()).toEqual(['Read', 'Look', 'Other', 'Last'])
    expect((await cli('verify')).status).toBe(0)
  })
})

test('both ways on at once are refused', async () => {
  const { cli } = await waiting()
  expect(await cli('resume', 'latest', '--accept-changes', '--as-recorded')).toMatchObject({
    status: 2,
    stdout: '',
  })
})
