import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { convertWorkflow } from '../../schema/convert/convert.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { ReplyScript } from '../helpers/model-server.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const ASSISTANTS = {
  '.codemie/assistants/writer.yaml': 'system_prompt: You write.\n',
  '.codemie/assistants/critic.yaml': 'system_prompt: You judge.\n',
}

/** What models answer, by the beginning of what they are asked; the first that fits and is not used up. */
type Answers = readonly (readonly [asked: RegExp, ...answers: ReplyScript[]])[]

interface Scene {
  readonly file: string
  readonly part?: string
  readonly input: string
  readonly answers: Answers
}

const SCENES: Readonly<Record<string, Scene>> = {
  'steps one after the other, with braces that are none': {
    file: `
name = "chain"
[[steps]]
name = "first-draft"
role = "writer"
prompt = "  Write {{input}}: {% x %} {# y #} {{{input}}} {{{{CWD}}}} for {{ROLE}}"
[[steps]]
name = "end-of-it"
role = "critic"
prompt = "Judge {{first-draft}}"
`,
    input: '  a poem\n',
    answers: [
      [/^Write/, 'Roses { are } red'],
      [/^Judge/, 'Fine'],
    ],
  },
  'a loop that ends by its test': {
    file: `
name = "loop"
[[steps]]
name = "refine"
loop = true
max_iterations = 4
exit_when = { matches = "(?m)^(DONE|OK)$" }
[[steps.run]]
name = "write"
role = "writer"
prompt = "Write {{input}} heeding {{judge}}"
[[steps.run]]
name = "judge"
role = "critic"
prompt = "Judge {{write}}"
[[steps]]
name = "sum"
role = "writer"
prompt = "Sum up {{judge}}"
`,
    input: 'code',
    answers: [
      [/^Write/, 'one', 'two'],
      [/^Judge/, 'not DONE', 'Good\nDONE\nBye'],
      [/^Sum/, 'The end'],
    ],
  },
  'a loop at the end that is given up': {
    file: `
name = "loop"
[[steps]]
name = "refine"
loop = true
max_iterations = 2
exit_when = { contains = "NEVER" }
[[steps.run]]
name = "write"
role = "writer"
prompt = "Write {{input}}"
`,
    input: 'code',
    answers: [[/^Write/, 'one', 'two "quoted"\n  and <more>']],
  },
  'parallel steps with copies': {
    file: `
name = "parallel"
[[steps]]
name = "looks"
parallel = true
[[steps.run]]
name = "near"
role = "critic"
prompt = "Look near {{input}}"
count = 2
[[steps.run]]
name = "far's"
role = "critic"
prompt = "Look far {{input}}"
[[steps]]
name = "sum"
role = "writer"
prompt = "Sum up {{near}} and {{looks}}"
`,
    input: 'x',
    answers: [
      [/^Look near/, 'near', 'near'],
      [/^Look far/, '  far '],
      [/^Sum/, 'Sum'],
    ],
  },
  'parallel steps at the end': {
    file: `
name = "parallel"
[[steps]]
name = "looks"
parallel = true
[[steps.run]]
name = "near"
role = "critic"
prompt = "Look near {{input}}"
[[steps.run]]
name = "far"
role = "critic"
prompt = "Look far {{input}}"
`,
    input: 'x',
    answers: [
      [/^Look near/, 'near'],
      [/^Look far/, 'far'],
    ],
  },
  'a condition that does not hold, with a step of the other list': {
    file: `
name = "choice"
[[steps]]
name = "check"
role = "critic"
prompt = "Check {{input}}"
[[steps]]
name = "gate"
conditional = true
condition = { output = "check", contains = "don't" }
on_match = ["mend"]
on_no_match = ["praise"]
[[steps.run]]
name = "mend"
role = "writer"
prompt = "Mend {{check}}"
[[steps.run]]
name = "praise"
role = "writer"
prompt = "Praise {{check}} {{mend}}"
[[steps]]
name = "sum"
role = "writer"
prompt = """Sum up:\n{{praise}}\n{{mend}}"""
`,
    input: 'x',
    answers: [
      [/^Check/, 'I know'],
      [/^Praise/, 'praised'],
      [/^Sum/, 'Sum'],
    ],
  },
  'a condition without a list for what it finds, at the end': {
    file: `
name = "choice"
[[steps]]
name = "check"
role = "critic"
prompt = "Check {{input}}"
[[steps]]
name = "gate"
conditional = true
condition = { output = "check", matches = "^(?i)bad" }
on_match = ["mend"]
[[steps.run]]
name = "mend"
role = "writer"
prompt = "Mend {{check}}"
`,
    input: 'x',
    answers: [[/^Check/, 'not bad']],
  },
  'a graph that goes back once': {
    file: `
name = "graph"
entry = "write"
max_transitions = 6
edges = [
  { from = "write", to = "judge" },
  { from = "judge", to = "write", when = { contains = "again" } },
  { from = "judge", to = "$end", when = { output = "write", contains = "stop" } },
  { from = "judge", to = "looks" },
  { from = "looks", to = "$end" },
]
[[steps]]
name = "write"
role = "writer"
prompt = "Write {{input}}"
[[steps]]
name = "judge"
role = "critic"
prompt = "Judge {{write}}"
[[steps]]
name = "looks"
parallel = true
[[steps.run]]
name = "near"
role = "critic"
prompt = "Look near {{judge}}"
[[steps.run]]
name = "far"
role = "critic"
prompt = "Look far {{judge}}"
`,
    input: 'x',
    answers: [
      [/^Write/, 'one', 'two'],
      [/^Judge/, 'again', 'good'],
      [/^Look near/, 'near'],
      [/^Look far/, 'far'],
    ],
  },
  'a step that is tried again': {
    file: `
name = "again"
[[steps]]
name = "write"
role = "writer"
prompt = "Write {{input}}"
retries = 1
timeout = 5
`,
    input: 'x',
    answers: [[/^Write/, { status: 500 }, 'second']],
  },
  'a pipeline of a role': {
    part: 'role:dev',
    file: `
[[roles]]
name = "dev"
system = "You end."
pipeline = "prepare"
[[pipelines]]
name = "prepare"
description = "d"
steps = [
  { name = "upper", type = "once", command = "tr a-z A-Z; printf %s $PIPELINE_STEP_INDEX/$PIPELINE_TOTAL_STEPS" },
  { name = "gate", type = "conditional", command = "cat", condition_pattern = "TASK", on_match = ["sed s/TASK/Task/"] },
]
`,
    input: 'a task',
    answers: [[/^A Task1\/2$/, 'Done']],
  },
  'loops in loops, and a command that prints nothing': {
    part: 'flow',
    file: `
[[workflows]]
name = "flow"
description = "d"
steps = [
  { name = "outer", type = "loop", max_iterations = 2, exit_pattern = "never", substeps = [
    { name = "inner", type = "loop", max_iterations = 2, exit_pattern = "never", substeps = [{ name = "work", type = "once", layer = "worker" }] },
    { name = "gate", type = "conditional", condition_pattern = "4", on_match = ["printf four"], on_no_match = ["true || false"] },
  ] },
]
[[layers]]
name = "worker"
description = "d"
system_prompt = "You work."
input_mode = "last"
output_mode = "none"
output_role = "assistant"
`,
    input: '0',
    answers: [
      [/input:\n0$/, '1'],
      [/input:\n1$/, '2'],
      [/input:\n2$/, '3'],
      [/input:\n3$/, '4'],
    ],
  },
  'layers that see what others left in the session': {
    part: 'flow',
    file: `
[[workflows]]
name = "flow"
description = "d"
steps = [
  { name = "plan", type = "once", layer = "planner" },
  { name = "both", type = "parallel", parallel_layers = ["planner", "worker"], aggregator = "worker" },
  { name = "again", type = "loop", max_iterations = 3, exit_pattern = "DONE", substeps = [{ name = "work", type = "once", layer = "quiet" }] },
  { name = "gate", type = "conditional", layer = "quiet", condition_pattern = "yes$", on_match = ["worker"], on_no_match = [] },
]
[[layers]]
name = "planner"
description = "d"
system_prompt = "You plan."
input_mode = "all"
output_mode = "append"
output_role = "assistant"
[[layers]]
name = "worker"
description = "d"
system_prompt = "You work."
input_mode = "last"
output_mode = "append"
output_role = "user"
[[layers]]
name = "quiet"
description = "d"
system_prompt = "You are quiet."
input_mode = "summary"
output_mode = "none"
output_role = "assistant"
`,
    input: 'Task',
    answers: [
      [/\[Current task\]\nTask$/, 'A plan'],
      [/\[Current task\]\nA plan$/, 'Plan B'],
      [/Current input:\nA plan$/, 'Work B'],
      [/---/, 'Merged'],
      [/^Current input: Merged/, 'not yet'],
      [/^Current input: not yet/, 'DONE'],
      [/^Current input: DONE/, 'yes'],
      [/Current input:\nyes$/, 'Bye'],
    ],
  },
}

describe('a converted workflow asks the same and answers the same', () => {
  test.each(Object.keys(SCENES))('%s', async (name) => {
    const { file, part, input, answers } = SCENES[name] as Scene
    const { workflow, diagnostics } = readWorkflow({ file: 'w.toml', text: file, ...(part ? { part } : {}) })
    if (!workflow) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    const { text, losses } = convertWorkflow(workflow)
    expect(losses.filter(({ changesResult }) => changesResult)).toEqual([])
    const project = bench.make({
      files: { ...ASSISTANTS, '.codemie/workflows/original.toml': file },
      workflows: { converted: text },
      config: 'policy: { commands: [sh] }\n',
    })
    const seen = async (workflowName: string, given: string) => {
      const before = bench.server.requests.length
      for (const [asked, ...replies] of answers) bench.server.when(asked, ...replies)
      const run = await project.run(workflowName, { input: given })
      const asked = bench.server.requests.slice(before).map(({ body }) => JSON.stringify(body.messages))
      bench.server.assertDone()
      return { status: run.status, output: run.output, asked: asked.sort() }
    }
    const original = await seen(part ?? 'original', input)
    expect(original).toMatchObject({ status: 'succeeded' })
    expect(await seen('converted', JSON.stringify({ input }))).toEqual(original)
  })
})

const STEP = '[[steps]]\nname = "only"\nrole = "writer"\nprompt = "Write {{input}}"\n'
const LOSING = `${STEP}workdir = "docs"\n`

describe('codemie-ci convert', () => {
  const convert = async (file: string, ...options: string[]) => {
    const project = bench.make({
      files: { ...ASSISTANTS, '.codemie/workflows/w.toml': `name = "W"\n${file}` },
    })
    const cli = { cwd: project.root, env: project.env }
    return { ...(await runInProcess(['convert', 'w', ...options], cli)), project, cli }
  }
  const NOTES = [
    ".codemie/workflows/w.toml:4:8: note: The role 'writer' has to be a stored assistant, or a role of a configuration: Octomind is not started for it",
    '.codemie/workflows/w.toml:5:10: note: An output with {{ }} or {% %} in it is filled in itself where a task names it, as it is not in Octomind',
  ]
  const LOST =
    ".codemie/workflows/w.toml:3:8: lost: 'only' works in the folder docs; converted, it works in that of the repository"

  test('prints the workflow, and what differs on standard error', async () => {
    const { status, stdout, stderr } = await convert(STEP)
    expect({ status, stderr }).toEqual({ status: 0, stderr: `${NOTES.join('\n')}\n` })
    expect(stdout).toMatchInlineSnapshot(`
      "# Made of w in .codemie/workflows/w.toml by codemie-ci convert.
      name: W
      inputs:
        input:
          type: string
          required: true
          description: What the workflow works on
      enable_summarization_node: false
      recursion_limit: 5
      retry_policy:
        max_attempts: 1
      assistants:
        - id: writer
          assistant_id: writer
      custom_nodes:
        - id: begin
          custom_node_id: transform_node
          config:
            mappings:
              - type: script
                output_field: input
                script: "input.strip()"
      states:
        - id: begin
          custom_node_id: begin
          next:
            include_in_llm_history: false
            clear_prior_messages: true
            state_id: only
        - id: only
          assistant_id: writer
          task: "Write {{ input }}"
          resolve_dynamic_values_in_prompt: true
          next:
            output_key: only
            store_in_context: false
            include_in_llm_history: false
            state_id: end
      "
    `)
  })

  test('writes nothing where something would be lost', async () => {
    const { status, stdout, stderr, project } = await convert(LOSING, '--output', 'new.yaml')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe(
      `${[LOST, ...NOTES].join('\n')}\n✗ Nothing is written: 1 thing of w would be lost. With --partial the rest is written.\n`,
    )
    expect(existsSync(join(project.root, 'new.yaml'))).toBe(false)
  })

  test('writes the rest with --partial, to a file that was not there', async () => {
    const { status, stdout, stderr, cli } = await convert(
      LOSING,
      '--partial',
      '--output',
      '.codemie/workflows/new.yaml',
    )
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toBe(`${[LOST, ...NOTES].join('\n')}\n✓ .codemie/workflows/new.yaml\n`)
    expect(await runInProcess(['validate', '.codemie/workflows/new.yaml', '--strict'], cli)).toMatchObject({
      status: 0,
    })
    const again = await runInProcess(
      ['convert', 'w', '--partial', '--output', '.codemie/workflows/new.yaml'],
      cli,
    )
    expect(again.status).not.toBe(0)
    expect(again.stderr).toContain('.codemie/workflows/new.yaml is there already, and nothing is overwritten')
  })

  test('is an object with --json', async () => {
    const whole = await convert(STEP, '--json')
    expect(JSON.parse(whole.stdout)).toMatchObject({
      file: null,
      yaml: expect.stringContaining('states:'),
      lost: [{ changesResult: false }, { changesResult: false }],
    })
    const { status, stdout } = await convert(LOSING, '--json')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      file: null,
      yaml: null,
      lost: [{ changesResult: true, file: '.codemie/workflows/w.toml', line: 3, column: 8 }, {}, {}],
    })
  })

  test('refuses what has the form already, and what has errors', async () => {
    const { cli, project } = await convert(STEP)
    project.write(
      '.codemie/workflows/c.yaml',
      'assistants: [{ id: a, system_prompt: P }]\nstates: [{ id: s, assistant_id: a, next: {} }]\n',
    )
    const codemie = await runInProcess(['convert', 'c'], cli)
    expect(codemie).toMatchObject({ status: 2, stdout: '' })
    expect(codemie.stderr).toContain('.codemie/workflows/c.yaml has the form of CodeMie already.')
    expect(await convert('')).toMatchObject({ status: 2, stdout: '' })
  })
})
