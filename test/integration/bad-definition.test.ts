import { describe, expect, test } from 'vitest'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const HEAD = `enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: a, system_prompt: P }]
`

/** A project with one workflow, `w`, and the way to give it to the command line. */
function open(workflow: string, head = HEAD) {
  const project = bench.make({ workflows: { w: `${head}${workflow}` } })
  const env = { ...project.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url }
  const cli = (line: string) => runInProcess(line.split(' '), { cwd: project.root, env })
  return { project, cli }
}

interface Refused {
  readonly workflow: string
  /** Default: `HEAD`. */
  readonly head?: string
  /** What `validate` shows, and its status; the heading of the summary is left out. */
  readonly validate: string
  readonly status: number
  /** What `run` says on standard error, where that is something else. */
  readonly run?: string
}

const ASK = '{ id: ask, assistant_id: a, task: T,'

/** Nothing of these starts. */
const REFUSED: Readonly<Record<string, Refused>> = {
  'a tool that nothing provides': {
    workflow: `tools: [{ id: jira, tool: AWS }]
states:
  - ${ASK} next: { state_id: file } }
  - { id: file, tool_id: jira, next: { state_id: end } }
`,
    validate: `warning tool-not-provided: There is no tool "AWS" here
 --> .codemie/workflows/w.yaml:7:11
  |
7 |   - { id: file, tool_id: jira, next: { state_id: end } }
  |           ^^^^
  = help: Allow the cloud's command line program and use run_command, or map it to an MCP server. To let another tool stand for it, write tools: { AWS: { use: <tool> } } in .codemie/config.yaml.

! 1 file checked, 1 warning in 1 file
`,
    status: 0,
    run: `error not-runnable: .codemie/workflows/w.yaml:7:11: There is no tool "AWS" here
  = help: Allow the cloud's command line program and use run_command, or map it to an MCP server. To let another tool stand for it, write tools: { AWS: { use: <tool> } } in .codemie/config.yaml.
  = help: \`codemie-ci plan w\` shows what the workflow needs.
`,
  },
  'a stored assistant that is missing': {
    workflow: `states:
  - ${ASK} next: { state_id: end } }
`,
    head: HEAD.replace('system_prompt: P', 'assistant_id: reviewer'),
    validate: `error stored-assistant-missing: Assistant 'a' refers to 'reviewer', and there is no .codemie/assistants/reviewer.yaml
 --> .codemie/workflows/w.yaml:3:14
  |
3 | assistants: [{ id: a, assistant_id: reviewer }]
  |              ^
  = help: Write that file, or make the assistant inline.

✗ 1 file checked, 1 error in 1 file
`,
    status: 2,
    run: `error not-runnable: .codemie/workflows/w.yaml:3:14: Assistant 'a' refers to 'reviewer', and there is no .codemie/assistants/reviewer.yaml
  = help: Write that file, or make the assistant inline.
  = help: \`codemie-ci plan w\` shows what the workflow needs.
`,
  },
  'a limit that cannot be met': {
    workflow: `messages_limit_before_summarization: 1
states:
  - ${ASK} next: { state_id: end } }
`,
    validate: `error limit-cannot-be-met: A history of one message cannot be reached: the summary itself leaves two
 --> .codemie/workflows/w.yaml:4:38
  |
4 | messages_limit_before_summarization: 1
  |                                      ^
  = expected: at least 2
  = found: 1
  = help: Choose a larger limit; the default is 25

✗ 1 file checked, 1 error in 1 file
`,
    status: 2,
  },
  'an output key that the engine needs itself': {
    workflow: `states:
  - ${ASK} next: { state_id: end, output_key: messages } }
`,
    validate: `error reserved-output-key: 'output_key' cannot be 'messages': the engine keeps its own data under that name
 --> .codemie/workflows/w.yaml:5:77
  |
5 |   - { id: ask, assistant_id: a, task: T, next: { state_id: end, output_key: messages } }
  |                                                                             ^^^^^^^^
  = help: Choose another key

✗ 1 file checked, 1 error in 1 file
`,
    status: 2,
  },
}

describe('nothing starts, and nothing is kept, with', () => {
  test.each(Object.entries(REFUSED))('%s', async (_situation, { workflow, head, validate, status, run }) => {
    const { project, cli } = open(workflow, head)
    expect(await cli('validate')).toEqual({ status, stdout: validate, stderr: '' })
    const problem = validate.replace(/\n✗ .*\n$/, '\n✗ .codemie/workflows/w.yaml cannot run: 1 error\n')
    expect(await cli('run w')).toEqual({ status: 2, stdout: '', stderr: run ?? problem })
    expect(bench.server.requests).toEqual([])
    expect(project.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main')
  })
})

interface Failed {
  readonly workflow: string
  readonly reply: string
  /** How often the model is asked before it fails. */
  readonly requests: number
  /** Paths of the steps whose outputs are kept. */
  readonly kept: readonly string[]
  /** The end of what \`run\` says, from the first line about what went wrong. */
  readonly message: string
}

/** These start; what they did is kept, and a resumption starts where they failed. */
const FAILED: Readonly<Record<string, Failed>> = {
  'a map over a text': {
    workflow: `states:
  - ${ASK} next: { state_id: each, iter_key: items } }
  - { id: each, assistant_id: a, task: Each, next: { state_id: end } }
`,
    reply: '{"items": "abc"}',
    requests: 1,
    kept: ['ask'],
    message: `error items-not-a-list: .codemie/workflows/w.yaml:5:76: the output of 'ask' holds no list under 'items' but a value of type str, so there is nothing to iterate over
  = help: Make the step answer with {"items": [...]}, or point at the list with a JSON pointer such as /data/items.
`,
  },
  'a loop that goes on beyond the limit': {
    workflow: `recursion_limit: 3
states:
  - ${ASK} next: { state_id: check } }
  - { id: check, assistant_id: a, task: Check, next: { condition: { expression: done, then: end, otherwise: ask } } }
`,
    reply: '{"done": false}',
    requests: 3,
    kept: ['ask', 'ask#2', 'check'],
    message: `error recursion-limit: The run needs more than 3 supersteps; the next one would run 'check'
  = help: Raise 'recursion_limit' in .codemie/workflows/w.yaml, or mend the loop that does not end.
`,
  },
  'a template of a transform that would run for ever': {
    workflow: `custom_nodes:
  - id: count
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: a, type: template, template: "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}" }
states:
  - ${ASK} next: { state_id: count } }
  - { id: count, custom_node_id: count, next: { state_id: end } }
`,
    reply: '{"x": 1}',
    requests: 1,
    kept: ['ask'],
    message: `error transform-failed: .codemie/workflows/w.yaml:5:5: the transform of 'count' failed: mapping 1 ("a"): more than 2000000 steps of evaluation (limit "steps")
  = help: Correct the mapping, or say with on_error (skip, default, partial) what should happen.
`,
  },
  'a template of a state processor that is refused': {
    workflow: `custom_nodes:
  - id: sum
    custom_node_id: state_processor_node
    config: { state_id: ask, output_template: "{{ items | length }}" }
states:
  - ${ASK} next: { state_id: sum } }
  - { id: sum, custom_node_id: sum, task: Sum up, next: { state_id: end } }
`,
    reply: '{"x": 1}',
    requests: 2,
    kept: ['ask'],
    message: `error template-failed: .codemie/workflows/w.yaml:5:5: 'output_template' of 'sum' cannot be rendered: the secure engine takes an expression with blanks only when it has a comparison, 'in', 'is', 'and', 'or', 'not' or brackets; write {{ a|upper }} without blanks, or {% set x = a + 1 %} first (rule "blanks-in-variable")
  = help: Mend the template; it fails the same way each time.
`,
  },
}

describe('what was done is kept, and a resumption fails in the same place without doing it again, with', () => {
  test.each(Object.entries(FAILED))(
    '%s',
    async (_situation, { workflow, reply, requests, kept, message }) => {
      bench.server.otherwise(reply)
      const { project, cli } = open(workflow)
      const run = await cli('run w')
      expect([run.status, run.stdout]).toEqual([1, ''])
      expect(problemIn(run.stderr)).toBe(message)
      expect(Object.keys(await project.outputsOf()).sort()).toEqual(kept)
      expect(bench.server.requests).toHaveLength(requests)
      const again = await cli('resume latest')
      expect(again.status).toBe(1)
      expect(problemIn(again.stderr)).toBe(message)
      expect([...again.stderr.matchAll(/↺ (\S+)/g)].map(([, path]) => path).sort()).toEqual(kept)
    },
  )
})

/** The words about the failure at the end of a run. */
function problemIn(stderr: string): string {
  return /^error [\s\S]*?(?=^ {2}record)/m.exec(stderr)?.[0] ?? stderr
}

describe('a run goes on, and says so, with', () => {
  test.each([
    [
      'a condition that would run for ever: it counts as false',
      `${ASK} next: { condition: { expression: "len('a' * 10 ** 12) > 0", then: more, otherwise: end } } }
  - { id: more, assistant_id: a, task: More, next: { state_id: end } }`,
      '  ! .codemie/workflows/w.yaml:5:75: more than 10000000 characters in one text (limit "textChars") [budget-exceeded]\n',
    ],
    [
      'a prompt that would be rendered for ever: it stays as it is',
      `{ id: ask, assistant_id: a, resolve_dynamic_values_in_prompt: true, task: "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}", next: { state_id: end } }`,
      '  ! .codemie/workflows/w.yaml:5:79: more than 2000000 steps of evaluation (limit "steps") [budget-exceeded]\n',
    ],
  ])('%s', async (_situation, states, warning) => {
    bench.server.otherwise('{"x": 1}')
    const { project, cli } = open(`states:\n  - ${states}\n`)
    expect(await cli('validate')).toMatchObject({ status: 0 })
    const run = await cli('run w -i q=1')
    expect(run).toMatchObject({
      status: 0,
      stdout: '{\n  "x": 1\n}\n',
      stderr: expect.stringContaining(warning),
    })
    expect(Object.keys(await project.outputsOf())).toEqual(['ask'])
  })

  test('an output schema that is not JSON: it only describes the answer', async () => {
    bench.server.reply('no JSON')
    const schema = '\'{"type": "object", "properties": {"a": ...}}\''
    const { cli } = open(`states:\n  - ${ASK} output_schema: ${schema}, next: { state_id: end } }\n`)
    expect(await cli('validate')).toEqual({
      status: 0,
      stdout: `info schema-not-enforced: This output_schema is only described to the model: it is no JSON object with 'type' and 'properties' that draft 07 allows
 --> .codemie/workflows/w.yaml:5:57
  |
5 |   - { id: ask, assistant_id: a, task: T, output_schema: '{"type": "object", "properties": {"a": ...}}', next: { state_id...
  |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: Correct it if the answer must be held to it

✓ 1 file checked, no problems
`,
      stderr: '',
    })
    expect(await cli('run w')).toMatchObject({ status: 0, stdout: 'no JSON\n' })
    expect(bench.server.requests[0]?.body.messages[0].content).toContain('{"a": ...}')
  })
})
