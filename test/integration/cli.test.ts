import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { type CliResult, type RunCliOptions, runInProcess } from '../helpers/run-cli.ts'

const repositories: TestRepository[] = []
afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove()
})

/** A repository with these files, and the way to run command lines in it. */
function open(files: Readonly<Record<string, string>> = {}) {
  const repository = makeRepository()
  repositories.push(repository)
  for (const [path, text] of Object.entries(files)) repository.write(path, text)
  const run = (line: string | readonly string[], options: Partial<RunCliOptions> = {}): Promise<CliResult> =>
    runInProcess(typeof line === 'string' ? line.split(' ') : line, {
      cwd: repository.root,
      ...options,
      env: { ...repository.env, ...options.env },
    })
  return { repository, run }
}

const HELLO = `name: Hello
description: Says hello.
tags: [demo]
lifecycle: production
on: [push, schedule]
enable_summarization_node: false
inputs:
  who: { type: string, required: true, description: Whom to greet }
  times: { type: integer, default: 1 }
custom_nodes:
  - id: greet
    custom_node_id: transform_node
    config:
      mappings:
        - { output_field: text, type: template, template: 'Hello {{ who }}!' }
states:
  - { id: greet, custom_node_id: greet, next: { state_id: end } }
`

const BROKEN = `enable_summarization_node: false
assistants: [{ id: helper, system_prompt: You help }]
states:
  - { id: ask, assistant_id: helpr, task: Hi, next: { state_id: end } }
`

const FILES = { '.codemie/workflows/hello.yaml': HELLO, '.codemie/workflows/broken.yaml': BROKEN }

describe('help', () => {
  it('is the same with no command, --help and help', async () => {
    const { run } = open()
    const [none, flag, word] = [await run([]), await run('--help'), await run('help')]
    expect(none).toMatchObject({ status: 0, stderr: '' })
    expect(flag).toEqual(none)
    expect(word).toEqual(none)
    expect(none.stdout).toMatchInlineSnapshot(`
      "codemie-ci 9.9.9
      Runs AI workflows that are kept as files in a git repository, and keeps every
      run as a commit.

      Usage  codemie-ci <command> [options]

      Workflows
        init        Set a repository up: configuration, a first workflow, a GitHub
                    workflow
        list        List the workflows of this repository
        validate    Check workflows and configuration, and show every problem at once
        explain     Tell more about the code of a problem
        plan        Show what a run would do, without doing any of it
        graph       Draw a workflow
        diff        Show what changes mean for what runs
        versions    List the versions of a workflow, and what each of them changed
        blame       Say which commits made a state of a workflow what it is
        bisect      Find the commit after which the output of a step went wrong
        revert      Put an earlier version of a workflow back into the working tree

      Files
        new         Write a workflow from a template
        templates   Find templates of workflows, use them, and make your own
        clone       Copy a workflow under another name
        rename      Give a workflow another name
        tag         Add tags to a workflow, or take some away
        lifecycle   Say how far a workflow has come
        archive     Put a workflow away
        unarchive   Bring a workflow back from the archive
        delete      Delete a workflow
        adopt       Say how workflow files of CodeMie and Octomind run here
        convert     Write a workflow of Octomind in CodeMie's form

      Runs
        run         Run a workflow and keep its record in git
        rerun       Run again what another run was given
        resume      Go on with a run that failed, was interrupted or waits for you
        shard       Do a part of a list that several machines share
        approve     Say yes to a run that waits, and go on with it
        reject      Say no to a run that waits: the steps that wait fail
        abort       End a run for good

      Records
        runs        List the runs that are kept in git
        show        Show a run, or the output of one of its steps
        compare     Show what differs between two runs
        export      Write a run out as JSON, Markdown or a zip archive
        share       Print the link of a record on the forge, or write it to a file
        verify      Check that records are what was written
        import      Bring in runs that could not be pushed, from their bundle
        prune       Take old records from the tip of codemie/runs
        sweep       Finish what killed or refused processes left of their records

      Setup
        doctor      Check that everything is in place, and say how to mend what is not
        schema      Print the JSON Schema that editors use
        completion  Print the script that completes commands in your shell

      Options of every command
        -C, --directory DIR  Work as if started in DIR
        --config FILE        Read this configuration instead of .codemie/config.yaml
        --no-color           No colours; so do NO_COLOR and TERM=dumb
        -h, --help           Show this help
        -v, --version        Show the version

      Examples
        codemie-ci init                set this repository up
        codemie-ci plan release-notes  see what a run would do
        codemie-ci run release-notes   run it
        codemie-ci show latest         look at its record

      'codemie-ci <command> --help' shows the options and examples of a command.
      "
    `)
  })

  it('of a command shows arguments, options and examples', async () => {
    const { run } = open()
    const result = await run('graph --help')
    expect(result).toMatchObject({ status: 0, stderr: '' })
    expect(await run('help graph')).toEqual(result)
    expect(result.stdout).toMatchInlineSnapshot(`
      "Draw a workflow.

      Usage  codemie-ci graph <workflow> [options]

      On a terminal a drawing of lines; elsewhere Mermaid text, which GitHub shows in
      Markdown.

      Arguments
        workflow  File stem, path or name of the workflow; with @REVISION as that
                  commit has it

      Options
        --mermaid  Mermaid, also on a terminal
        --text     The terminal drawing, also into a pipe

      Options of every command
        -C, --directory DIR  Work as if started in DIR
        --config FILE        Read this configuration instead of .codemie/config.yaml
        --no-color           No colours; so do NO_COLOR and TERM=dumb
        -h, --help           Show this help

      Examples
        codemie-ci graph release-notes            a drawing
        codemie-ci graph release-notes --mermaid  for a README
      "
    `)
  })

  it('fits a narrow terminal', async () => {
    const { run } = open()
    const { stdout } = await run('run --help', { columns: 60 })
    // Examples are not broken: they are there to be copied.
    for (const line of stdout.split('\n').filter((text) => !text.includes('codemie-ci '))) {
      expect(line.length).toBeLessThanOrEqual(60)
    }
  })

  it('says the version', async () => {
    const { run } = open()
    expect(await run('--version')).toEqual({ status: 0, stdout: '9.9.9\n', stderr: '' })
  })
})

describe('a wrong command line', () => {
  it.each([
    [
      'vlidate',
      "error usage: There is no command 'vlidate'. Did you mean 'validate'?\n  = help: Try 'codemie-ci --help'.\n",
    ],
    [
      'run hello --jsn',
      "error usage: 'codemie-ci run' has no option '--jsn'. Did you mean '--json'?\n  = help: Try 'codemie-ci run --help'.\n",
    ],
    [
      'run hello --json --jsonl',
      'error usage: --json and --jsonl exclude each other.\n  = help: Both write to standard output.\n',
    ],
    [
      'run hello --max-concurrency many',
      "error usage: --max-concurrency takes a whole number from 1 to 1000, and not 'many'.\n  = help: Without it, the limit of the workflow counts.\n",
    ],
    [
      'run hello -i who',
      "error usage: -i takes KEY=VALUE, and 'who' has no =.\n  = help: For example -i base=main.\n",
    ],
    [
      'runs -n 0',
      "error usage: --limit takes a whole number from 1, and not '0'.\n  = help: For example -n 5.\n",
    ],
    [
      'explain unknown-stat',
      "error usage: There is no problem with the code 'unknown-stat'. Did you mean 'unknown-state'?\n  = help: 'codemie-ci explain' lists all codes.\n",
    ],
    [
      'completion tcsh',
      "error usage: There is no completion for 'tcsh'.\n  = help: Name one: bash, zsh, fish, powershell.\n",
    ],
  ])('%s', async (line, stderr) => {
    const { run } = open(FILES)
    expect(await run(line)).toEqual({ status: 2, stdout: '', stderr })
  })

  it('names the folder that -C does not find', async () => {
    const { run, repository } = open()
    expect(await run('-C nowhere list')).toEqual({
      status: 2,
      stdout: '',
      stderr: `error usage: --directory takes a folder, and 'nowhere' is not there.\n  = help: Looked at ${join(repository.root, 'nowhere')}.\n`,
    })
  })

  it('is told outside of a repository', async () => {
    const { run, repository } = open()
    const outside = repository.beside('')
    expect(await run('list', { cwd: outside })).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('error no-repository: '),
    })
  })

  it('names the nearest workflow', async () => {
    const { run } = open(FILES)
    expect(await run('plan helo')).toEqual({
      status: 2,
      stdout: '',
      stderr:
        "error unknown-workflow: There is no workflow 'helo'\n  = help: Did you mean 'hello'? `codemie-ci list` shows all workflows.\n",
    })
  })
})

describe('list', () => {
  it('shows what there is, and which has problems', async () => {
    const { run } = open(FILES)
    const result = await run('list')
    expect(result).toMatchObject({ status: 0, stderr: '' })
    expect(result.stdout).toMatchInlineSnapshot(`
      "✗ broken  broken (CodeMie)
                1 error: codemie-ci validate .codemie/workflows/broken.yaml

      ✓ hello   Hello (CodeMie, production, on push, schedule) #demo
                Says hello.
      "
    `)
  })

  it.each([
    ['list greet hello', '{"workflows":[]}'],
    ['list SAYS', 'hello'],
    ['list --tag demo', 'hello'],
    ['list --tag demo --tag other', '{"workflows":[]}'],
    ['list broken', 'broken'],
  ])('searches: %s', async (line, expected) => {
    const { run } = open(FILES)
    const { workflows } = JSON.parse((await run(`${line} --json`)).stdout) as { workflows: { id: string }[] }
    expect(workflows.length === 0 ? '{"workflows":[]}' : workflows.map(({ id }) => id).join(' ')).toBe(
      expected,
    )
  })

  it('tells how to begin', async () => {
    const { run } = open()
    expect((await run('list')).stdout).toBe(
      'There are no workflows in .codemie/workflows. `codemie-ci init` writes a first one.\n',
    )
  })
})

describe('validate', () => {
  it('shows every problem with its place, and exits 2', async () => {
    const { run } = open(FILES)
    const result = await run('validate')
    expect(result).toMatchObject({ status: 2, stderr: '' })
    expect(result.stdout).toMatchInlineSnapshot(`
      "info unused-entry: No state uses the assistant 'helper'
       --> .codemie/workflows/broken.yaml:2:20
        |
      2 | assistants: [{ id: helper, system_prompt: You help }]
        |                    ^^^^^^
        = help: Use it or remove it

      error unknown-assistant: Assistant 'helpr' does not exist
       --> .codemie/workflows/broken.yaml:4:30
        |
      4 |   - { id: ask, assistant_id: helpr, task: Hi, next: { state_id: end } }
        |                              ^^^^^
        = expected: one of helper
        = did you mean 'helper'?
        = help: Name an entry of 'assistants'

      ✗ 2 files checked, 1 error in 1 file
      "
    `)
  })

  it('is content with a valid file, from a folder below', async () => {
    const { run, repository } = open({ ...FILES, 'sub/x': '' })
    const result = await run('validate ../.codemie/workflows/hello.yaml', {
      cwd: join(repository.root, 'sub'),
    })
    expect(result).toEqual({ status: 0, stdout: '✓ 1 file checked, no problems\n', stderr: '' })
  })

  it('warns of a tool that nothing provides, unless the config says what stands for it or cannot be read', async () => {
    const definition =
      `${HELLO}assistants: [{ id: a, system_prompt: P, tools: [{ name: sonar }] }]\n`.replace(
        'states:',
        'states:\n  - { id: ask, assistant_id: a, next: { state_id: greet } }',
      )
    const summaryWith = async (config: string) => {
      const { run } = open({ '.codemie/workflows/w.yaml': definition, '.codemie/config.yaml': config })
      return (await run('validate')).stdout.split('\n').at(-2)
    }
    expect(await summaryWith('budgets: { steps: 9 }\n')).toBe('! 2 files checked, 1 warning in 1 file')
    expect(await summaryWith('tools: { sonar: { use: http_get } }\n')).toBe('✓ 2 files checked, no problems')
    expect(await summaryWith('tools: 3\n')).toBe('✗ 2 files checked, 1 error in 1 file')
  })

  it('counts warnings as errors only when asked to', async () => {
    const { run } = open({ '.codemie/workflows/w.yaml': `${HELLO}colour: blue\n` })
    expect(await run('validate')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 warning in 1 file'),
    })
    expect(await run('validate --strict')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('1 error in 1 file'),
    })
  })

  it('annotates for GitHub', async () => {
    const { run } = open(FILES)
    const result = await run('validate --format github .codemie/workflows/broken.yaml')
    expect(result.status).toBe(2)
    expect(result.stdout).toMatch(
      /^::error file=\.codemie\/workflows\/broken\.yaml,line=4,.*title=unknown-assistant::/m,
    )
    expect(result.stderr).toBe('✗ 1 file checked, 1 error in 1 file\n')
  })

  it('gives programs the same', async () => {
    const { run } = open(FILES)
    const result = await run('validate --json')
    expect(result.status).toBe(2)
    const report = JSON.parse(result.stdout) as {
      valid: boolean
      errors: number
      files: { file: string; valid: boolean }[]
    }
    expect(report).toMatchObject({ valid: false, errors: 1 })
    expect(report.files.map(({ file, valid }) => [file, valid])).toEqual([
      ['.codemie/workflows/broken.yaml', false],
      ['.codemie/workflows/hello.yaml', true],
    ])
  })

  it('checks the configuration too', async () => {
    const { run } = open({ ...FILES, '.codemie/config.yaml': 'models: [1]\n' })
    const { status, stdout } = await run('validate')
    expect(status).toBe(2)
    expect(stdout).toContain('--> .codemie/config.yaml:1:9')
    expect(stdout).toContain('1 | models: [1]\n')
  })

  it('checks stored assistants as what they are, named or not', async () => {
    const { run } = open({ '.codemie/assistants/helper.yaml': 'system_promt: You help\n' })
    for (const line of ['validate', 'validate .codemie/assistants/helper.yaml']) {
      const { status, stdout } = await run(line)
      expect(status).toBe(2)
      expect(stdout).toContain('--> .codemie/assistants/helper.yaml:1:1')
      expect(stdout).toContain("did you mean 'system_prompt'?")
    }
  })

  it('needs files or a repository', async () => {
    const { run, repository } = open()
    expect(await run('validate', { cwd: repository.beside('') })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error no-repository: '),
    })
    expect(await run('validate')).toEqual({
      status: 0,
      stdout: 'There is nothing to check: no files in .codemie. `codemie-ci init` writes the first ones.\n',
      stderr: '',
    })
  })

  it('names a file that is not there', async () => {
    const { run } = open()
    expect(await run('validate nothing.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("There is no file 'nothing.yaml'."),
    })
  })

  it('works outside of a repository', async () => {
    const { run, repository } = open()
    const file = repository.beside('hello.yaml')
    writeFileSync(file, HELLO)
    expect(await run(['validate', file], { cwd: repository.beside('') })).toMatchObject({ status: 0 })
  })
})

describe('explain', () => {
  it('tells what a problem means', async () => {
    const { run } = open()
    expect(await run('explain unknown-state')).toMatchInlineSnapshot(`
      {
        "status": 0,
        "stderr": "",
        "stdout": "A state that does not exist [unknown-state]

      Every target must be a state of the same file, or end.

      Wrong
        next: { state_id: reviw }

      Right
        next: { state_id: review }

      Correct the name, or add the state.
      ",
      }
    `)
  })

  it('lists every code', async () => {
    const { run } = open()
    const { stdout } = await run('explain')
    expect(stdout).toMatch(/^unknown-state {2,}A state that does not exist$/m)
  })
})

describe('plan', () => {
  it('shows what a run would do, and touches nothing', async () => {
    const { run, repository } = open(FILES)
    const before = repository.git('for-each-ref') + repository.git('status', '--porcelain', '--ignored')
    const result = await run('plan hello -i who=Ada')
    expect(result).toMatchObject({ status: 0, stderr: '' })
    expect(result.stdout).toMatchInlineSnapshot(`
      "Hello · .codemie/workflows/hello.yaml · production
      Says hello.

      Inputs
        who    "Ada"  Whom to greet
        times  1 (default)

      Graph
        ● greet  transform
        │
        ◇ end

      Steps, in order
         1. greet  transform
            then  end

      Writes to the outside
        nothing

      Secrets
        none needed

      Limits
        50 supersteps, 2 steps at once, no budget

      At most
        steps        1
        model calls  0
        tokens       0
        money        $0.00

      ✓ Ready to run
      "
    `)
    expect(await run('run hello --dry-run -i who=Ada')).toEqual(result)
    expect(repository.git('for-each-ref') + repository.git('status', '--porcelain', '--ignored')).toBe(before)
  })

  it('shows all problems of the input, and exits 2', async () => {
    const { run } = open(FILES)
    const { status, stdout } = await run('plan hello -i times=often -i whom=x')
    expect(status).toBe(2)
    expect(stdout).toContain('✗ Not ready to run: 3 problems\n')
  })

  it('says which key is missing, without needing one', async () => {
    const { run } = open({
      '.codemie/workflows/ask.yaml': BROKEN.replace('helpr', 'helper'),
    })
    const without = await run('plan ask')
    expect(without).toMatchObject({ status: 0, stderr: '' })
    expect(without.stdout).toContain('  ✗ OPENAI_API_KEY  not set  for model openai:gpt-5-mini\n')
    expect(without.stdout).toContain('! Ready to run once OPENAI_API_KEY is set\n')
    const set = await run('plan ask --model big', { env: { OPENAI_API_KEY: 'sk-0123456789' } })
    expect(set.stdout).toContain('  ✓ OPENAI_API_KEY  set      for model openai:big\n')
    expect(set.stdout).not.toContain('sk-0123456789')
  })

  it('says when a budget in dollars cannot be kept, because nobody knows a price', async () => {
    const { run } = open({
      '.codemie/workflows/ask.yaml': `budget: { usd: 1 }\n${BROKEN.replace('helpr', 'helper')}`,
    })
    const { status, stdout } = await run('plan ask --model openai:gpt-99')
    expect(status).toBe(0)
    expect(stdout).toContain('  money        $1.00, the budget of the workflow; without it not known\n')
    expect(stdout).toContain(
      "error not-runnable: The price of 'openai:gpt-99' is not known, so a budget in dollars cannot be kept\n",
    )
  })

  it('refuses an invalid workflow with its problems', async () => {
    const { run } = open(FILES)
    const { status, stdout, stderr } = await run('plan broken')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('error unknown-assistant')
    expect(stderr).toMatch(/✗ \.codemie\/workflows\/broken\.yaml cannot run: 1 error\n$/)
  })

  it('is data for programs', async () => {
    const { run } = open(FILES)
    const plan = JSON.parse((await run('plan hello -i who=Ada --json')).stdout) as object
    expect(plan).toMatchObject({
      workflow: { id: 'hello', lifecycle: 'production' },
      input: '{"who":"Ada","times":1}',
      states: [{ id: 'greet', kind: 'transform', at: '.codemie/workflows/hello.yaml:17:11' }],
      secrets: [],
      effects: [],
      problems: [],
    })
  })
})

describe('graph', () => {
  it('is Mermaid in a pipe and lines on a terminal', async () => {
    const { run } = open(FILES)
    const piped = await run('graph hello')
    expect(piped.stdout).toMatch(/^flowchart TD\n/)
    expect((await run('graph hello --mermaid', { columns: 80 })).stdout).toBe(piped.stdout)
    const drawn = await run('graph hello', { columns: 80 })
    expect(drawn.stdout).toContain('● greet')
    expect((await run('graph hello --text')).stdout).toBe(drawn.stdout)
  })
})

describe('init', () => {
  const PATHS = [
    '.codemie/config.yaml',
    '.codemie/workflows/release-notes.yaml',
    '.codemie/schema/workflow.schema.json',
    '.codemie/schema/config.schema.json',
    '.github/workflows/codemie.yml',
  ]

  it('writes what a repository needs, and says what to type next', async () => {
    const { run } = open()
    expect(await run('init')).toMatchInlineSnapshot(`
      {
        "status": 0,
        "stderr": "",
        "stdout": "✓ .codemie/config.yaml  written
      ✓ .codemie/workflows/release-notes.yaml  written
      ✓ .codemie/schema/workflow.schema.json  written
      ✓ .codemie/schema/config.schema.json  written
      ✓ .github/workflows/codemie.yml  written
        · The commit of v9.9.9 could not be looked up, so the action is named by its tag. \`codemie-ci init --update\` pins it when /nowhere can be reached.
      ✓ .github/workflows/codemie-publish.yml  written

      Next
        codemie-ci validate            check everything
        codemie-ci plan release-notes  see what a run would do
        codemie-ci run release-notes   run it
      ",
      }
    `)
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
  })

  it('changes nothing the second time', async () => {
    const { run, repository } = open()
    await run('init')
    const before = PATHS.map((path) => readFileSync(join(repository.root, path), 'utf8'))
    const { status, stdout } = await run('init')
    expect(status).toBe(0)
    expect(stdout.split('\n').slice(0, 5)).toEqual(PATHS.map((path) => `· ${path}  unchanged`))
    expect(PATHS.map((path) => readFileSync(join(repository.root, path), 'utf8'))).toEqual(before)
  })

  it('stays with the starter that is there already', async () => {
    const { run, repository } = open()
    await run('init --template review')
    const { status, stdout } = await run('init')
    expect(status).toBe(0)
    expect(stdout).toContain('· .codemie/workflows/review.yaml  unchanged\n')
    expect(existsSync(join(repository.root, '.codemie/workflows/release-notes.yaml'))).toBe(false)
  })

  it('keeps what a person changed, unless forced', async () => {
    const { run, repository } = open({ '.codemie/config.yaml': '# mine\n' })
    const kept = await run('init')
    expect(kept.stdout).toContain('! .codemie/config.yaml  kept: it differs from what init writes\n')
    expect(kept.stdout).toContain('Files of yours stay as they are; --force replaces them.\n')
    expect(readFileSync(join(repository.root, '.codemie/config.yaml'), 'utf8')).toBe('# mine\n')
    expect((await run('init --force')).stdout).toContain('✓ .codemie/config.yaml  replaced\n')
  })

  it('brings generated files up to date', async () => {
    const { run, repository } = open()
    await run('init')
    repository.write('.codemie/schema/config.schema.json', '{}\n')
    expect((await run('init')).stdout).toContain('✓ .codemie/schema/config.schema.json  updated\n')
  })

  it.each(['release-notes', 'review', 'triage', 'summary'])('writes a valid %s', async (template) => {
    const { run, repository } = open()
    expect(await run(`init --template ${template} --no-github`)).toMatchObject({ status: 0, stderr: '' })
    expect(await run('validate --strict')).toEqual({
      status: 0,
      stdout: '✓ 2 files checked, no problems\n',
      stderr: '',
    })
    expect(await run(`plan ${template}`)).toMatchObject({ status: 0, stderr: '' })
    const text = readFileSync(join(repository.root, `.codemie/workflows/${template}.yaml`), 'utf8')
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schema\/workflow\.schema\.json\n/)
  })

  it('says so when a file stands in the way', async () => {
    const { run } = open({ '.codemie': 'a file' })
    expect(await run('init')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error cannot-write: '),
    })
  })
})

describe('schema and completion', () => {
  it('prints JSON Schema', async () => {
    const { run } = open()
    for (const what of ['', ' workflow', ' config', ' assistant']) {
      expect(JSON.parse((await run(`schema${what}`)).stdout)).toMatchObject({ type: 'object' })
    }
  })

  it.each(['bash', 'zsh', 'fish', 'powershell'])('completes in %s', async (shell) => {
    const { run } = open()
    const { status, stdout } = await run(`completion ${shell}`)
    expect(status).toBe(0)
    for (const word of ['validate', 'resume', 'max-concurrency']) expect(stdout).toContain(word)
  })

  it('knows the shell of the person', async () => {
    const { run } = open()
    expect((await run('completion', { env: { SHELL: '/usr/bin/fish' } })).stdout).toMatch(
      /^# fish completion/,
    )
  })
})
