import { afterEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { type ModelServer, startModelServer } from '../helpers/model-server.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository | undefined
let server: ModelServer | undefined
afterEach(async () => {
  await server?.close()
  repository?.remove()
  server = undefined
})

/** A workflow in a file of its own: a loop, a parallel block, items, and a choice. */
const STANDALONE = `name = "Ship"
description = "Plans, builds and judges"

[[steps]]
name = "plan"
role = "planner"
prompt = "Plan {{input}} at {{DATE}}"

[[steps]]
name = "refine"
loop = true
max_iterations = 3
exit_when = { output = "tester", matches = '(?m)^PASS' }

[[steps.run]]
name = "developer"
role = "developer"
prompt = "Build {{plan}}"
retries = 1

[[steps.run]]
name = "tester"
role = "tester"
prompt = "Test {{developer}}"

[[steps]]
name = "opinions"
parallel = true
min_success = 2
max_parallel = 1

[[steps.run]]
name = "user"
role = "tester"
prompt = "Judge {{developer}} as a user"

[[steps.run]]
name = "expert"
role = "tester"
count = 2
prompt = "Judge {{developer}} as an expert"

[[steps]]
name = "notes"
parallel = true
source = "plan"
max_parallel = 1
match = '(?m)^- (.+)$'

[[steps.run]]
name = "note"
role = "developer"
prompt = "Describe {{notes}}"

[[steps]]
name = "end"
conditional = true
condition = { output = "tester", matches = '(?m)^PASS' }
on_match = ["praise"]
on_no_match = ["excuse"]

[[steps.run]]
name = "praise"
role = "developer"
prompt = "Praise {{opinions}}"

[[steps.run]]
name = "excuse"
role = "developer"
prompt = "Excuse {{opinions}}"
`

/** Steps with ways between them that tests choose. */
const GRAPH = `name = "Review"
description = "Reviews until it passes"
entry = "review"
max_transitions = 4

[[steps]]
name = "review"
role = "tester"
prompt = "Review {{input}}"

[[steps]]
name = "fix"
role = "developer"
prompt = "Fix {{review}}"

[[edges]]
from = "review"
to = "$end"
when = { matches = '(?m)^PASS' }

[[edges]]
from = "review"
to = "fix"

[[edges]]
from = "fix"
to = "review"
`

/** A configuration in the manner of MAP, with the roles that answer in all of these. */
const CONFIG = `[[workflows]]
name = "map"
description = "Decomposes, acts and monitors"

[[workflows.steps]]
name = "decompose"
type = "once"
layer = "decomposer"

[[workflows.steps]]
name = "goals"
type = "foreach"
parse_pattern = '(?s)<goal>(.+?)</goal>'

[[workflows.steps.substeps]]
name = "work"
type = "loop"
max_iterations = 4
exit_pattern = '(?m)^COMPLETE'

[[workflows.steps.substeps.substeps]]
name = "propose"
type = "parallel"
parallel_layers = ["actor_a", "actor_b"]
aggregator = "selector"

[[workflows.steps.substeps.substeps]]
name = "check"
type = "conditional"
layer = "monitor"
condition_pattern = '(?m)^VALID'
on_match = ["evaluator"]
on_no_match = ["actor_a"]

[[layers]]
name = "decomposer"
description = "Splits the task"
command = "octomind acp planner"
input_mode = "all"
output_mode = "append"

[[layers]]
name = "actor_a"
description = "Proposes"
command = "octomind acp developer"

[[layers]]
name = "actor_b"
description = "Proposes, too"
command = "octomind acp developer"

[[layers]]
name = "selector"
description = "Chooses"
command = "octomind acp tester"
output_mode = "append"

[[layers]]
name = "monitor"
description = "Checks"
command = "octomind acp tester"
input_mode = "all"

[[layers]]
name = "evaluator"
description = "Judges"
command = "octomind acp tester"

[[roles]]
name = "planner"
model = "openai:test-model"
system = "You plan."

[[roles]]
name = "developer"
model = "openai:test-model"
system = "You build."
workflow = "map"

[[roles]]
name = "tester"
model = "openai:test-model"
system = "You test."
`

async function open(files: Readonly<Record<string, string>> = {}) {
  server = await startModelServer()
  repository = makeRepository({
    files: {
      '.codemie/workflows/ship.toml': STANDALONE,
      '.codemie/workflows/review.toml': GRAPH,
      '.codemie/workflows/team.toml': CONFIG,
      ...files,
    },
  })
  const { root, env } = repository
  return (line: string, stdin?: string) =>
    runInProcess(line.split(' '), {
      cwd: root,
      env: { ...env, OPENAI_BASE_URL: server?.url ?? '', OPENAI_API_KEY: 'sk-0123456789abcdef' },
      ...(stdin === undefined ? {} : { stdin }),
    })
}

/** Ids and object names differ from run to run. */
const plain = (text: string) =>
  text
    .replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>')
    .replace(/\b[0-9a-f]{12}\b/g, '<commit>')
    .replace(/^.*(Started|Took|Commit|Workflow) \|.*\n/gm, '')

describe('workflows of Octomind', () => {
  test('are listed beside the others, with roles that a workflow prepares', async () => {
    const cli = await open()
    expect((await cli('list')).stdout).toMatchInlineSnapshot(`
      "✓ review          Review (Octomind file, development)
                        Reviews until it passes

      ✓ ship            Ship (Octomind file, development)
                        Plans, builds and judges

      ✓ map             map (Octomind config, development)
                        Decomposes, acts and monitors

      ✓ role:developer  developer (Octomind config, development)
      "
    `)
    expect((await cli('validate')).stdout).toMatchInlineSnapshot(`
      "✓ 3 files checked, no problems
      "
    `)
  })

  test('are drawn with what is inside of their blocks', async () => {
    const cli = await open()
    expect((await cli('graph ship --text')).stdout).toMatchInlineSnapshot(`
      "● plan        role planner
      │
      ● refine      at most 3 rounds, until the output of tester matches (?m)^PASS
      │  ○ developer  role developer
      │  ○ tester     role tester
      │
      ● opinions    one after the other, expert 2 times, 2 must succeed
      │  ○ user    role tester
      │  ○ expert  role tester
      │
      ● notes       for each match of (?m)^- (.+)$ in the output of plan, one after the other
      │  ○ note  role developer
      │
      ● end (step)  when the output of tester matches (?m)^PASS: praise; else excuse
      │  ○ praise  role developer
      │  ○ excuse  role developer
      ◇ end
      "
    `)
    expect((await cli('graph review --text')).stdout).toMatchInlineSnapshot(`
      "◆ review  role tester
      ├─ when matches (?m)^PASS
      │  ◇ end
      └─ otherwise
         ● fix     role developer
         │
         ↺ review
      "
    `)
    expect((await cli('graph map --text')).stdout).toMatchInlineSnapshot(`
      "● decompose  layer decomposer
      │
      ● goals      for each match of (?s)<goal>(.+?)</goal> in the text, one after the other
      │  ○ work  at most 4 rounds, until the latest output matches (?m)^COMPLETE
      │  │  ○ propose  all at once, then selector on all answers
      │  │  │  ○ actor_a   layer actor_a
      │  │  │  ○ actor_b   layer actor_b
      │  │  │  ○ selector  layer selector
      │  │  ○ check    monitor, then when its answer matches (?m)^VALID: evaluator; else actor_a
      │  │  │  ○ monitor    layer monitor
      │  │  │  ○ evaluator  layer evaluator
      │  │  │  ○ actor_a    layer actor_a
      ◇ end
      "
    `)
    expect((await cli('graph ship --mermaid')).stdout).toMatchInlineSnapshot(`
      "flowchart TD
        start([start])
        n0["plan"]
        subgraph n1 ["refine: at most 3 rounds, until the output of tester matches (?m)#94;P…"]
          n1_0["developer"]
          n1_1["tester"]
          n1_0 --> n1_1
        end
        subgraph n2 ["opinions: one after the other, expert 2 times, 2 must succeed"]
          n2_0["user"]
          n2_1["expert"]
        end
        subgraph n3 ["notes: for each match of (?m)#94;- (.+)#36; in the output of plan, one a…"]
          n3_0["note"]
        end
        subgraph n4 ["end (step): one of two ways"]
          n4_0["praise"]
          n4_1["excuse"]
          n4_test{"the output of tester matches (?m)#94;PASS"}
          n4_test -->|"yes"| n4_0
          n4_test -->|"no"| n4_1
        end
        start --> n0
        n0 --> n1
        n1 --> n2
        n2 --> n3
        n3 --> n4
      "
    `)
    expect((await cli('graph map --mermaid')).stdout).toMatchInlineSnapshot(`
      "flowchart TD
        start([start])
        n0["decompose"]
        subgraph n1 ["goals: for each match of (?s)#60;goal#62;(.+?)#60;/goal#62; in the text, one a…"]
          subgraph n1_0 ["work: at most 4 rounds, until the latest output matches (?m)#94;COMP…"]
            subgraph n1_0_0 ["propose: all at once, then selector on all answers"]
              n1_0_0_0["actor_a"]
              n1_0_0_1["actor_b"]
              n1_0_0_2["selector"]
              n1_0_0_0 --> n1_0_0_2
              n1_0_0_1 --> n1_0_0_2
            end
            subgraph n1_0_1 ["check: one of two ways"]
              n1_0_1_0["monitor"]
              n1_0_1_1["evaluator"]
              n1_0_1_2["actor_a"]
              n1_0_1_test{"the latest output matches (?m)#94;VALID"}
              n1_0_1_0 --> n1_0_1_test
              n1_0_1_test -->|"yes"| n1_0_1_1
              n1_0_1_test -->|"no"| n1_0_1_2
            end
            n1_0_0 --> n1_0_1
          end
        end
        start --> n0
        n0 --> n1
      "
    `)
  })

  test('are planned step by step', async () => {
    const cli = await open()
    expect((await cli('plan ship -', 'a door')).stdout).toMatchInlineSnapshot(`
      "Ship · .codemie/workflows/ship.toml · development
      Plans, builds and judges

      Inputs
        a door

      Graph
        ● plan        role planner
        │
        ● refine      at most 3 rounds, until the output of tester matches (?m)^PASS
        │  ○ developer  role developer
        │  ○ tester     role tester
        │
        ● opinions    one after the other, expert 2 times, 2 must succeed
        │  ○ user    role tester
        │  ○ expert  role tester
        │
        ● notes       for each match of (?m)^- (.+)$ in the output of plan, one after the other
        │  ○ note  role developer
        │
        ● end (step)  when the output of tester matches (?m)^PASS: praise; else excuse
        │  ○ praise  role developer
        │  ○ excuse  role developer
        ◇ end

      Steps, in order
         1. plan  role planner · openai:test-model
            system  You plan.
            prompt  Plan a door at {{DATE}}
                    known later: DATE from the project
            then    refine

         2. refine  block · at most 3 rounds, until the output of tester matches (?m)^PASS
            then  opinions
            2.1. developer  role developer · openai:test-model
                system  You build.
                prompt  Build {{plan}}
                        known later: plan from plan
            2.2. tester  role tester · openai:test-model
                system  You test.
                prompt  Test {{developer}}
                        known later: developer from developer

         3. opinions  block · one after the other, expert 2 times, 2 must succeed
            then  notes
            3.1. user  role tester · openai:test-model
                system  You test.
                prompt  Judge {{developer}} as a user
                        known later: developer from developer
            3.2. expert  role tester · openai:test-model
                system  You test.
                prompt  Judge {{developer}} as an expert
                        known later: developer from developer

         4. notes  block · for each match of (?m)^- (.+)$ in the output of plan, one after the other
            then  end (step)
            4.1. note  role developer · openai:test-model
                system  You build.
                prompt  Describe {{notes}}
                        known later: notes from notes

         5. end (step)  block · when the output of tester matches (?m)^PASS: praise; else excuse
            5.1. praise  role developer · openai:test-model
                system  You build.
                prompt  Praise {{opinions}}
                        known later: opinions from opinions
            5.2. excuse  role developer · openai:test-model
                system  You build.
                prompt  Excuse {{opinions}}
                        known later: opinions from opinions

      Writes to the outside
        nothing

      Secrets
        ✓ OPENAI_API_KEY  set      for model openai:test-model

      Limits
        5 supersteps, 1 step at once, no budget

      At most
        steps        no limit
        model calls  no limit
        tokens       no limit
        money        no limit
        because      a text decides how many items 'notes' has
                     how much input 'openai:test-model' takes is not known
                     how long an answer of 'openai:test-model' gets is not known
                     what 'openai:test-model' costs at most is not known

      ✓ Ready to run
      "
    `)
    expect((await cli('plan map -', 'a door')).stdout).toMatchInlineSnapshot(`
      "map · .codemie/workflows/team.toml · development
      Decomposes, acts and monitors

      Inputs
        a door

      Graph
        ● decompose  layer decomposer
        │
        ● goals      for each match of (?s)<goal>(.+?)</goal> in the text, one after the other
        │  ○ work  at most 4 rounds, until the latest output matches (?m)^COMPLETE
        │  │  ○ propose  all at once, then selector on all answers
        │  │  │  ○ actor_a   layer actor_a
        │  │  │  ○ actor_b   layer actor_b
        │  │  │  ○ selector  layer selector
        │  │  ○ check    monitor, then when its answer matches (?m)^VALID: evaluator; else actor_a
        │  │  │  ○ monitor    layer monitor
        │  │  │  ○ evaluator  layer evaluator
        │  │  │  ○ actor_a    layer actor_a
        ◇ end

      Steps, in order
         1. decompose  layer decomposer · openai:test-model
            system  You plan.
            told    the text before it, and all of the session
            then    goals

         2. goals  block · for each match of (?s)<goal>(.+?)</goal> in the text, one after the other
            2.1. work  block · at most 4 rounds, until the latest output matches (?m)^COMPLETE
                2.1.1. propose  block · all at once, then selector on all answers
                    2.1.1.1. actor_a  layer actor_a · openai:test-model
                        system  You build.
                        told    the text before it, and the last answer of the session
                    2.1.1.2. actor_b  layer actor_b · openai:test-model
                        system  You build.
                        told    the text before it, and the last answer of the session
                    2.1.1.3. selector  layer selector · openai:test-model
                        system  You test.
                        told    the text before it, and the last answer of the session
                2.1.2. check  block · monitor, then when its answer matches (?m)^VALID: evaluator; else actor_a
                    2.1.2.1. monitor  layer monitor · openai:test-model
                        system  You test.
                        told    the text before it, and all of the session
                    2.1.2.2. evaluator  layer evaluator · openai:test-model
                        system  You test.
                        told    the text before it, and the last answer of the session
                    2.1.2.3. actor_a  layer actor_a · openai:test-model
                        system  You build.
                        told    the text before it, and the last answer of the session

      Writes to the outside
        nothing

      Secrets
        ✓ OPENAI_API_KEY  set      for model openai:test-model

      Limits
        2 supersteps, 1 step at once, no budget

      At most
        steps        no limit
        model calls  no limit
        tokens       no limit
        money        no limit
        because      a text decides how many items 'goals' has
                     how much input 'openai:test-model' takes is not known
                     how long an answer of 'openai:test-model' gets is not known
                     what 'openai:test-model' costs at most is not known

      ✓ Ready to run
      "
    `)
  })

  test('say that they need a text, and how it is given', async () => {
    const cli = await open()
    const planned = await cli('plan ship')
    expect(planned.status).toBe(2)
    expect(planned.stdout).toContain('\nInputs\n  a text (required)\n')
    expect((await cli('run ship')).stderr).toBe(
      "error input-missing: The workflow needs an input: the text that its steps work on\n\n✗ .codemie/workflows/ship.toml cannot run: 1 problem with its input. Try: codemie-ci run ship --input '…'\n",
    )
  })

  test.each(['role:tester', 'tester', 'role-tester-f5b6ed6e'])(
    'are found among the runs as %s',
    async (name) => {
      const cli = await open()
      server?.reply('Done')
      expect(await cli('run --role tester Mend')).toMatchObject({ status: 0 })
      const all = (await cli('runs')).stdout
      expect(all).toMatch(/^✓ succeeded {2}role:tester {2}/)
      expect(await cli(`runs ${name}`)).toEqual({ status: 0, stdout: all, stderr: '' })
      expect(JSON.parse((await cli(`runs ${name} --json`)).stdout).runs).toMatchObject([
        { workflow: 'role:tester' },
      ])
      expect((await cli(`runs ${name} --status failed`)).stdout).toBe('No run matches.\n')
    },
  )

  test('that have no run are told from those that are not there', async () => {
    const cli = await open()
    for (const name of ['map', 'team.toml#map', 'role:developer', 'Ship', 'ship.toml']) {
      const { status, stdout, stderr } = await cli(`runs ${name}`)
      expect({ status, stdout, stderr }).toEqual({
        status: 0,
        stdout: `There are no runs of '${name}'.\n`,
        stderr: '',
      })
    }
    expect(await cli('runs shipp')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^error unknown-workflow: There is no workflow 'shipp'\n {2}= help: Did you mean 'ship'/,
      ),
    })
  })

  test('of one name in two files are told apart by the file', async () => {
    const only = (answer: string) =>
      `[[workflows]]\nname = "lay"\ndescription = "Lays"\n\n[[workflows.steps]]\nname = "a"\ntype = "once"\nlayer = "a"\n\n[[layers]]\nname = "a"\ndescription = "Answers"\nmodel = "openai:gpt-4.1"\nsystem_prompt = "${answer}"\n`
    const cli = await open({
      '.codemie/workflows/one.toml': only('Say one'),
      '.codemie/workflows/two.toml': only('Say two'),
    })
    server?.reply('one', 'two')
    for (const file of ['one', 'two']) await cli(`run ${file}.toml#lay --input x`)
    const idsOf = async (line: string) =>
      JSON.parse((await cli(`${line} --json`)).stdout).runs.map(({ id }: { id: string }) => id)
    const all = await idsOf('runs lay')
    expect(all).toHaveLength(2)
    expect([...(await idsOf('runs two.toml#lay')), ...(await idsOf('runs one.toml#lay'))]).toEqual(
      expect.arrayContaining(all),
    )
    expect(await idsOf('runs two.toml#lay')).toHaveLength(1)
  })

  test('are shown after a run, with the time that each step took', async () => {
    const cli = await open()
    server?.when(/Plan a door/, '- hinge\n- lock')
    server?.when(/Test /, 'FAIL', 'PASS')
    server?.otherwise('done')
    const ran = await cli('run ship -', 'a door')
    expect(ran.stdout).toMatchInlineSnapshot(`
      "done
      "
    `)
    expect(plain(ran.stderr)).toMatchInlineSnapshot(`
      "Ship · run <run>
        ▸ plan
        ✓ plan        0.0s  15 tokens  cost unknown
        ── Ship | plan | Step 1/5 | 0ms ──────────────────────────────────────
        ▸ refine
        ▸ refine[1]/developer
        ✓ refine[1]/developer  0.0s  15 tokens  cost unknown
        ▸ refine[1]/tester
        ✓ refine[1]/tester  0.0s  15 tokens  cost unknown
        ▸ refine[2]/developer
        ✓ refine[2]/developer  0.0s  15 tokens  cost unknown
        ▸ refine[2]/tester
        ✓ refine[2]/tester  0.0s  15 tokens  cost unknown
        ✓ refine      0.0s
        ── Ship | refine | Step 2/5 | 0ms ────────────────────────────────────
        ▸ opinions
        ▸ opinions/user
        ✓ opinions/user  0.0s  15 tokens  cost unknown
        ▸ opinions[1]/expert
        ✓ opinions[1]/expert  0.0s  15 tokens  cost unknown
        ▸ opinions[2]/expert
        ✓ opinions[2]/expert  0.0s  15 tokens  cost unknown
        ✓ opinions    0.0s
        ── Ship | opinions | Step 3/5 | 0ms ──────────────────────────────────
        ▸ notes
        ▸ notes[1]/note
        ✓ notes[1]/note  0.0s  15 tokens  cost unknown
        ▸ notes[2]/note
        ✓ notes[2]/note  0.0s  15 tokens  cost unknown
        ✓ notes       0.0s
        ── Ship | notes | Step 4/5 | 0ms ─────────────────────────────────────
        ▸ end (step)
        ▸ end (step)/praise
        ✓ end (step)/praise  0.0s  15 tokens  cost unknown
        ✓ end (step)  0.0s
        ── Ship | end (step) | Step 5/5 | 0ms ────────────────────────────────

      ✓ Ship succeeded · 0.0s · 15 steps · 165 tokens · cost unknown
        record  codemie/runs <commit> runs/ship/2026/01/02/<run>
        look    codemie-ci show <run>
                git show codemie/runs:runs/ship/2026/01/02/<run>/README.md
      "
    `)
    expect(plain((await cli('show latest')).stdout)).toMatchInlineSnapshot(`
      "✓ succeeded Ship · run <run>
        started   2026-01-02 03:04 UTC, ran 0.0s
        workflow  .codemie/workflows/ship.toml
        commit    <commit> (main)
        models    openai:test-model
        used      15 steps · 165 tokens · cost unknown
        input     a door

      Steps
        ✓ plan                 0.0s
        ✓ refine               0.0s
        ✓ refine[1]/developer  0.0s
        ✓ refine[1]/tester     0.0s
        ✓ refine[2]/developer  0.0s
        ✓ refine[2]/tester     0.0s
        ✓ opinions             0.0s
        ✓ opinions/user        0.0s
        ✓ opinions[1]/expert   0.0s
        ✓ opinions[2]/expert   0.0s
        ✓ notes                0.0s
        ✓ notes[1]/note        0.0s
        ✓ notes[2]/note        0.0s
        ✓ end (step)           0.0s
        ✓ end (step)/praise    0.0s

      Timing
        ── Ship | plan | Step 1/5 | 0ms ──────────────────────────────────────
        ── Ship | refine | Step 2/5 | 0ms ────────────────────────────────────
        ── Ship | opinions | Step 3/5 | 0ms ──────────────────────────────────
        ── Ship | notes | Step 4/5 | 0ms ─────────────────────────────────────
        ── Ship | end (step) | Step 5/5 | 0ms ────────────────────────────────
        ── Ship | all steps | 0ms ────────────────────────────────────────────

      Result
        done
      "
    `)
    const page = repository?.git('show', `codemie/runs:${readmeOf(repository)}`) ?? ''
    expect(plain(page)).toMatchInlineSnapshot(`
      "# Ship: succeeded

      | | |
      |---|---|
      | Run | \`<run>\` |
      | Started by | by hand |
      | Models | \`openai:test-model\` |
      | Tokens | 110 in, 55 out |
      | Cost | not known |

      ## Result

      done

      ## Steps

      |---|---|---:|---:|---:|
      | \`plan\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`refine\` | finished | 0 ms |  |  |
      | \`refine[1]/developer\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`refine[1]/tester\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`refine[2]/developer\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`refine[2]/tester\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`opinions\` | finished | 0 ms |  |  |
      | \`opinions/user\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`opinions[1]/expert\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`opinions[2]/expert\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`notes\` | finished | 0 ms |  |  |
      | \`notes[1]/note\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`notes[2]/note\` | finished | 0 ms | 10 in, 5 out | not known |
      | \`end (step)\` | finished | 0 ms |  |  |
      | \`end (step)/praise\` | finished | 0 ms | 10 in, 5 out | not known |

      ## Timing

      \`\`\`text
      ── Ship | plan | Step 1/5 | 0ms ──────────────────────────────────────
      ── Ship | refine | Step 2/5 | 0ms ────────────────────────────────────
      ── Ship | opinions | Step 3/5 | 0ms ──────────────────────────────────
      ── Ship | notes | Step 4/5 | 0ms ─────────────────────────────────────
      ── Ship | end (step) | Step 5/5 | 0ms ────────────────────────────────
      ── Ship | all steps | 0ms ────────────────────────────────────────────
      \`\`\`

      ## Graph

      \`\`\`mermaid
      flowchart TD
        start([start])
        n0["plan"]
        subgraph n1 ["refine: at most 3 rounds, until the output of tester matches (?m)#94;P…"]
          n1_0["developer"]
          n1_1["tester"]
          n1_0 --> n1_1
        end
        subgraph n2 ["opinions: one after the other, expert 2 times, 2 must succeed"]
          n2_0["user"]
          n2_1["expert"]
        end
        subgraph n3 ["notes: for each match of (?m)#94;- (.+)#36; in the output of plan, one a…"]
          n3_0["note"]
        end
        subgraph n4 ["end (step): one of two ways"]
          n4_0["praise"]
          n4_1["excuse"]
          n4_test{"the output of tester matches (?m)#94;PASS"}
          n4_test -->|"yes"| n4_0
          n4_test -->|"no"| n4_1
        end
        start --> n0
        n0 --> n1
        n1 --> n2
        n2 --> n3
        n3 --> n4
      \`\`\`

      ## How to go on

      Read it in a terminal: \`codemie-ci show <run>\`."
    `)
    expect((await cli('verify')).stdout).toMatchInlineSnapshot(`
      "✓ 1 record verified, 1 compared with the commit they ran on
      "
    `)
  })
})

function readmeOf({ git }: TestRepository): string {
  const paths = git('ls-tree', '-r', '--name-only', 'codemie/runs').split('\n')
  return paths.find((path) => /^runs\/.*README\.md$/.test(path)) ?? ''
}

describe('a configuration', () => {
  test('is compared workflow by workflow', async () => {
    const cli = await open()
    const changed = CONFIG.replace('max_iterations = 4', 'max_iterations = 6')
    repository?.write('.codemie/workflows/team.toml', changed.replace('You test.', 'You test well.'))
    expect((await cli('diff')).stdout).toMatchInlineSnapshot(`
      ".codemie/workflows/team.toml#map
        widening   state 'goals/work': rounds at most: 4 → 6
        neutral    state 'goals/work/propose/selector': prompt: You test. → You test well.
        neutral    state 'goals/work/check/monitor': prompt: You test. → You test well.
        neutral    state 'goals/work/check/evaluator': prompt: You test. → You test well.
      .codemie/workflows/team.toml#role:tester
        neutral    prompt of the role: You test. → You test well.
        neutral    state 'tester': prompt: You test. → You test well.

      2 workflows: 1 widening, 5 neutral
      "
    `)
    expect((await cli('versions map')).stdout).toContain('the first version')
    expect((await cli('blame map goals/work/check')).status).toBe(0)
  })

  test('does not take what only workflows in YAML have, nor go in parts', async () => {
    const cli = await open()
    for (const line of ['tag ship +x', 'lifecycle ship testing', 'rename map other', 'delete map']) {
      const { status, stderr } = await cli(line)
      expect([line, status]).toEqual([line, 2])
      expect(stderr).toMatch(/is a file of Octomind, which has no|'map' is one of the workflows of/)
    }
    expect((await cli('rename ship boat')).status).toBe(0)
    expect((await cli('list')).stdout).toContain('boat')
  })

  test.each([
    ['clone lay other', 'Copy its table in the file, and give the copy another name.'],
    ['rename lay other', 'Change its name in the file.'],
    ['archive lay', 'Move the file yourself, with all that is in it, or take its table out of it.'],
    ['delete lay', 'Take its table out of the file, or remove the file yourself, with all that is in it.'],
  ])('of which `%s` wants a part, although it has only one', async (line, help) => {
    const only =
      '[[workflows]]\nname = "lay"\ndescription = "Lays"\n\n[[workflows.steps]]\nname = "a"\ntype = "once"\nlayer = "a"\n\n[[layers]]\nname = "a"\ndescription = "Answers"\nmodel = "openai:gpt-4.1"\nsystem_prompt = "Say yes"\n'
    const path = '.codemie/workflows/lay.toml'
    const cli = await open({ [path]: only })
    const { status, stdout, stderr } = await cli(line)
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: `error not-editable: 'lay' is one of the workflows of ${path}, which go with the file\n  = help: ${help}\n`,
    })
    expect(repository?.git('status', '--porcelain')).toBe('')
  })
})
