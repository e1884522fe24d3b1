import { afterEach, describe, expect, test } from 'vitest'
import { makeProject, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let project: TestProject | undefined
afterEach(() => {
  project?.remove()
  project = undefined
})

/** A configuration with two layers of its own and one that a role of the file stands in for. */
const LAYERS = `[[workflows]]
name = "build"
description = "Builds it"

[[workflows.steps]]
name = "first"
type = "once"
layer = "task_refiner"

[[workflows.steps]]
name = "polish"
type = "loop"
max_iterations = 2
exit_pattern = '(?m)^DONE'

[[workflows.steps.substeps]]
name = "again"
type = "once"
layer = "editor"

[[workflows.steps]]
name = "last"
type = "once"
layer = "maker"

[[layers]]
name = "task_refiner"
description = "Makes the task clear"
model = "MODEL"
system_prompt = "Make it clear"

[[layers]]
name = "editor"
description = "Refines what is there"
command = "octomind acp editor"

[[layers]]
name = "maker"
description = "Builds"
model = "anthropic:claude-opus-4-8"
system_prompt = "Build it"

[[roles]]
name = "editor"
model = "acme:huge"
system = "Edit"
`

async function validate(model: string, config = '') {
  const made = makeProject({
    files: { '.codemie/workflows/team.config.toml': LAYERS.replace('MODEL', model) },
    config: `models: { providers: { acme: { base_url: 'http://localhost:9/v1' } } }\n${config}`,
  })
  project = made
  const { stdout } = await runInProcess(['validate'], { cwd: made.root, env: made.env })
  return stdout.split('\n').filter((line) => /model-too-dear|smaller model/.test(line))
}

describe('a refiner with a dear model', () => {
  test('is warned of, with a smaller model of the same provider', async () => {
    expect(await validate('anthropic:claude-opus-4-8')).toMatchInlineSnapshot(`
      [
        "warning model-too-dear: 'task_refiner' refines a text and asks anthropic:claude-opus-4-8, whose answers cost $25 for a million tokens",
        "   = help: A smaller model is enough to make a text clearer, such as anthropic:claude-haiku-5-5 for $0.50",
      ]
    `)
  })

  test('is warned of by a price of the config, inside of a block, where its role answers', async () => {
    expect(
      await validate('openai:gpt-5-mini', 'prices: { "acme:huge": { input: 20, output: 40 } }'),
    ).toMatchInlineSnapshot(`
      [
        "warning model-too-dear: 'editor' refines a text and asks acme:huge, whose answers cost $40 for a million tokens",
        "   = help: A smaller model is enough to make a text clearer",
      ]
    `)
  })

  test.each([
    ['is cheap', 'openai:gpt-5-mini', ''],
    ['has no known price', 'acme:small', ''],
    ['costs less here', 'openai:gpt-5', 'prices: { gpt-5: { input: 1, output: 9.99 } }'],
  ])('is not warned of where it %s', async (_situation, model, config) => {
    expect(await validate(model, config)).toEqual([])
  })

  test('is warned of in a file of its own by the name of the step, and by the default model of the config', async () => {
    const made = makeProject({
      files: {
        '.codemie/workflows/ship.toml': `name = "Ship"

[[steps]]
name = "refine_task"
role = "writer"
prompt = "Make clear: {{input}}"

[[steps]]
name = "write"
role = "writer"
prompt = "Write {{refine_task}}"
`,
        '.codemie/assistants/writer.yaml': 'system_prompt: Write\n',
      },
      config: 'models: { default: big, aliases: { big: "openai:gpt-5-2025-08-07" } }\n',
    })
    project = made
    const { stdout } = await runInProcess(['validate'], { cwd: made.root, env: made.env })
    expect(stdout).toMatchInlineSnapshot(`
      "warning model-too-dear: 'refine_task' refines a text and asks openai:gpt-5-2025-08-07, whose answers cost $10 for a million tokens
       --> .codemie/workflows/ship.toml:4:8
        |
      4 | name = "refine_task"
        |        ^^^^^^^^^^^^^
        = help: A smaller model is enough to make a text clearer, such as openai:gpt-6-luna for $0.50

      ! 3 files checked, 1 warning in 1 file
      "
    `)
  })
})
