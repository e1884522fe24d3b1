import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeProject, type ProjectPlan, type TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let made: TestProject | undefined
afterEach(() => {
  made?.remove()
  made = undefined
})

const ALLOWED = 'policy: { agents: { "octomind acp": {} } }\n'
const IN_WORKFLOWS = '.codemie/workflows'
const STEP = 'name = "Ship"\n\n[[steps]]\nname = "build"\nrole = "dev"\nprompt = "Go"\n'
const LAYER = `[[workflows]]
name = "build"
description = "d"

[[workflows.steps]]
name = "first"
type = "once"
layer = "maker"

[[layers]]
name = "maker"
description = "d"
command = "octomind acp dev"
`
const ROLE = '\n[[roles]]\nname = "dev"\nmodel = "openai:gpt-4.1"\nsystem = "You build"\n'

/** A project in which octomind is there, or not. */
function projectOf(plan: ProjectPlan, isThere = true) {
  const project = makeProject({ ...plan, files: { ...plan.files, 'bin/octomind': '#!/bin/sh\n' } })
  made = project
  const PATH = isThere ? `${join(project.root, 'bin')}:${project.env['PATH']}` : (project.env['PATH'] ?? '')
  return (...words: string[]) =>
    runInProcess(words, { cwd: project.root, env: { ...project.env, PATH, OPENAI_API_KEY: 'x' } })
}

describe('a role that only octomind has', () => {
  const files = { [`${IN_WORKFLOWS}/ship.toml`]: STEP }

  test('is no problem where octomind is there and allowed', async () => {
    const line = projectOf({ files, config: ALLOWED })
    expect(await line('validate')).toMatchObject({ status: 0, stdout: '✓ 2 files checked, no problems\n' })
    expect(await line('plan', 'ship', '--input', 'Go')).toMatchObject({ status: 0 })
  })

  test('is a warning where it is allowed and may be there when the workflow runs', async () => {
    const line = projectOf({ files, config: ALLOWED }, false)
    const { status, stdout } = await line('validate')
    expect(status).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "warning stored-assistant-missing: The role 'dev' is named here, and there is no .codemie/assistants/dev.yaml; the program 'octomind' has to be there when it runs, and is not here
       --> .codemie/workflows/ship.toml:5:8
        |
      5 | role = "dev"
        |        ^^^^^
        = help: Write that file, or a [[roles]] table in a configuration under .codemie/workflows; or install octomind, which policy.agents has to allow.

      ! 2 files checked, 1 warning in 1 file
      "
    `)
    expect(await line('plan', 'ship', '--input', 'Go', '--json')).toMatchObject({
      stdout: expect.stringContaining('there is no .codemie/assistants/dev.yaml'),
    })
  })

  test('is an error where it is not allowed', async () => {
    const line = projectOf({ files })
    expect(await line('validate')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('error stored-assistant-missing'),
    })
  })
})

describe('who answers', () => {
  const here = { [`${IN_WORKFLOWS}/team.toml`]: LAYER + ROLE }
  const elsewhere = { [`${IN_WORKFLOWS}/team.toml`]: LAYER, [`${IN_WORKFLOWS}/roles.toml`]: ROLE }
  const step = { [`${IN_WORKFLOWS}/build.toml`]: STEP, [`${IN_WORKFLOWS}/roles.toml`]: ROLE }

  test.each<[string, ProjectPlan['files'] & object, boolean, string, 'octomind' | 'the role']>([
    ['a layer whose role is beside it', here, true, ALLOWED, 'octomind'],
    ['a layer whose role is in another file', elsewhere, true, ALLOWED, 'octomind'],
    ['a layer whose role is beside it, without octomind', here, false, ALLOWED, 'the role'],
    ['a layer whose role is in another file, without octomind', elsewhere, false, ALLOWED, 'the role'],
    ['a layer whose role is in another file, octomind not allowed', elsewhere, true, '', 'the role'],
    ['a step whose role is in another file', step, true, ALLOWED, 'the role'],
  ])('%s', async (_situation, files, isThere, config, who) => {
    const line = projectOf({ files, config }, isThere)
    const { status, stdout, stderr } = await line('plan', 'build', '--input', 'Go', '--json')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const { assistant } = JSON.parse(stdout).states[0]
    expect(assistant.command).toBe(who === 'octomind' ? 'octomind acp dev' : undefined)
    expect(assistant.systemPrompt).toBe(who === 'octomind' ? undefined : 'You build')
    expect(await line('validate')).toMatchObject({ status: 0 })
  })
})

describe('programs that the config does not allow', () => {
  const once = (name: string, command: string) =>
    `\n[[pipelines.steps]]\nname = "${name}"\ntype = "once"\ncommand = '${command}'\n`
  const PIPELINE = `[[pipelines]]\nname = "gather"\ndescription = "d"\n${once('one', './one.sh')}${once('two', 'echo hi | cat')}${once('three', './later.sh')}
[[roles]]\nname = "dev"\nmodel = "openai:gpt-4.1"\nsystem = "S"\npipeline = "gather"\n`
  const script = { 'one.sh': '#!/bin/sh\ncat\n' }
  const commands = (...all: string[]) => `policy: { commands: ${JSON.stringify(all)} }\n`
  const problemsOf = (stdout: string): readonly string[] =>
    JSON.parse(stdout).problems.map(({ message }: { message: string }) => message)

  const AT = '.codemie/workflows/team.toml'
  const ONE = `${AT}:8:11: The program './one.sh' is not allowed (allowed: LISTED)`
  const TWO = `${AT}:13:11: 'echo hi | cat' runs in sh, which is not allowed (allowed: LISTED)`
  const THREE = `${AT}:18:11: The program './later.sh' is not allowed (allowed: LISTED)`

  test.each<[string, readonly string[], readonly string[]]>([
    ['none', [], [ONE, TWO, THREE]],
    ['the script', ['./one.sh'], [TWO, THREE]],
    // It may be written before its turn comes.
    ['the script and one that is not there yet', ['./one.sh', './later.sh'], [TWO]],
    ['the shell', ['sh'], [ONE]],
    ['all', ['./one.sh', 'sh'], []],
  ])(
    'stand against a plan and a run, and validate warns: allowed is %s',
    async (_name, allowed, expected) => {
      const line = projectOf({
        files: { ...script, [AT]: PIPELINE },
        config: commands(...allowed),
      })
      const words = expected.map((text) => text.replace('LISTED', allowed.join(', ') || 'none'))
      const plan = await line('plan', 'dev', '--input', 'Go', '--json')
      expect(problemsOf(plan.stdout)).toEqual(words)
      const validate = await line('validate', '--json')
      expect(validate.status).toBe(0)
      const found = JSON.parse(validate.stdout).files.flatMap(
        (one: { diagnostics: readonly object[] }) => one.diagnostics,
      )
      expect(found).toEqual(
        words.map((text) =>
          expect.objectContaining({
            code: 'program-not-allowed',
            severity: 'warning',
            message: text.replace(/^\S+ /, ''),
          }),
        ),
      )
      if (words.length === 0) return
      const run = await line('run', 'dev', '--input', 'Go')
      expect(run).toMatchObject({ status: 5, stdout: '' })
      for (const text of words) expect(run.stderr).toContain(text)
    },
  )

  test('of a script and of an agent, need a mapping', async () => {
    const agents = LAYER.replace('octomind acp dev', 'goose acp')
    const line = projectOf({ files: { ...script, 'up/pipes.toml': PIPELINE, 'up/agents.toml': agents } })
    const { status, stdout } = await line('import', 'octomind', 'up')
    expect(status).toBe(1)
    expect(stdout).toMatchInlineSnapshot(`
      "! up/agents.toml  needs a mapping
          11: Agent 'goose acp': the program is not allowed (allowed: none)
      ! up/pipes.toml   needs a mapping
          8: The program './one.sh' is not allowed (allowed: none)
          13: 'echo hi | cat' runs in sh, which is not allowed (allowed: none)
          18: The program './later.sh' is not allowed (allowed: none)

      2 files: 2 need a mapping

      What is missing
        Add it under policy.agents in .codemie/config.yaml: agents: { "goose": {} }. (1 file)
          Agent 'goose acp': the program is not allowed (allowed: none)
        Add "./one.sh" to policy.commands in .codemie/config.yaml. (1 file)
          The program './one.sh' is not allowed (allowed: none)
        Add "sh" to policy.commands in .codemie/config.yaml. (1 file)
          'echo hi | cat' runs in sh, which is not allowed (allowed: none)
        Add "./later.sh" to policy.commands in .codemie/config.yaml; there is no such file here, either. (1 file)
          The program './later.sh' is not allowed (allowed: none)
      "
    `)
  })
})

test('doctor tells once of an agent that several workflows of a file have', async () => {
  const workflow = (name: string) =>
    LAYER.slice(0, LAYER.indexOf('[[layers]]')).replace('"build"', `"${name}"`)
  const text = `${workflow('other')}${LAYER.replace('octomind acp dev', 'goose acp')}`
  const line = projectOf({ files: { [`${IN_WORKFLOWS}/team.toml`]: text } })
  const { stdout } = await line('doctor', '--offline')
  expect(stdout.split('\n').filter((told) => told.includes('goose'))).toEqual([
    "! .codemie/workflows/team.toml:20:8: Agent 'goose acp': the program is not allowed (allowed: none)",
    '  = help: Add it under policy.agents in .codemie/config.yaml: agents: { "goose": {} }.',
    "! .codemie/workflows/team.toml: Agent 'goose acp': there is no program 'goose' here",
  ])
})
