import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { type RunCliOptions, runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository
afterEach(() => repository?.remove())

/** A repository with these files, and the way to run command lines in it. */
function open(files: Readonly<Record<string, string>> = {}) {
  repository = makeRepository({ files: { 'README.md': 'Read me.\n', ...files } })
  const { root, env } = repository
  return {
    run: (argv: readonly string[], options: Partial<RunCliOptions> = {}) =>
      runInProcess(argv, { cwd: root, env, ...options }),
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    has: (path: string) => existsSync(join(root, path)),
    status: () => repository.git('status', '--porcelain', '--untracked-files=all'),
  }
}

const W = '.codemie/workflows'
const T = '.codemie/templates'

/** Bare, with a parameter of each kind, in each kind of place. */
const GREET = `# How we greet.
name: Greeting
description: Greets people.
tags: [people]
category: people
parameters:
  who: { type: string, minLength: 1, description: Whom to greet }
  times: { type: integer, minimum: 1, default: 2, description: How often }
  loud: { type: boolean, default: false }
  words: { type: array, items: { type: string }, default: [hello, good day] }
on: workflow_dispatch   # by hand

enable_summarization_node: <<loud>>
assistants:
  - id: host
    system_prompt: |
      You greet <<who>>, <<times>> times.
      Words: <<words>>
states:
  - id: greet   # the only one
    assistant_id: host
    task: "Greet <<who>>" # as {{ name }} would not
    next: { state_id: end }
recursion_limit: <<times>>
`

const CODEMIE = `name: "Sorter"
description: Sorts <<everything>>.
mode: Sequential
slug: sorter
icon_url: https://icons.example/a.png
execution_config:
  # who works
  assistants:
    - id: a
      system_prompt: You sort.
  states:
    - id: s
      assistant_id: a
      task: |
        Sort.

          Twice.
      next:
        state_id: end
  enable_summarization_node: false
`

describe('finding templates', () => {
  test.each([
    [
      ['templates', '--category', 'issues'],
      ['triage', 'incident-summary'],
    ],
    [['templates', 'list', '--category', 'people'], ['greet']],
    [['templates', 'search', 'PULL', 'review'], ['pull-request-review']],
    [
      ['templates', 'search', 'git', '--tag', 'report'],
      ['release-notes', 'summary', 'report'],
    ],
    [['templates', 'search', 'nothing', 'like', 'that'], []],
  ])('%j', async (argv, expected) => {
    const { run } = open({ [`${T}/greet.yaml`]: GREET })
    const { templates } = JSON.parse((await run([...argv, '--json'])).stdout) as {
      templates: { id: string }[]
    }
    expect(templates.map(({ id }) => id)).toEqual(expected)
  })

  test('lists them by category, those of the repository with their file', async () => {
    const { run } = open({
      [`${T}/greet.yaml`]: GREET,
      [`${T}/bad.yaml`]: 'states: <<\n',
      [`${T}/sorter_template.yaml`]: CODEMIE,
    })
    const { stdout } = await run(['templates', 'search', 'r', 's', '--tag', 'review'])
    expect(stdout).toMatchInlineSnapshot(`
      "review
        review               Reads what this branch changes compared to another one, and reviews it.
        pull-request-review  Reviews what a pull request changes, and shows what it finds beside the
                             lines.

      codemie-ci templates show <template> tells more, codemie-ci new <name> --from-template <template> uses it.
      "
    `)
    const all = (await run(['templates'])).stdout
    expect(all).toContain(`people\n  greet                Greets people. (${T}/greet.yaml)\n`)
    expect(all).toContain(`  sorter               Sorts <<everything>>. (${T}/sorter_template.yaml)\n`)
    expect(all).toContain(`  bad                  ✗ has errors: codemie-ci validate ${T}/bad.yaml\n`)
  })

  test('says which categories there are when nothing matches', async () => {
    const { run } = open()
    expect((await run(['templates', '--category', 'nope'])).stdout).toBe(
      'None of 17 templates matches. There are these categories: approval, basics, data, integration, issues, planning, quality, reports, review, security.\n',
    )
  })

  test('one of the repository takes the place of a built-in one of its name', async () => {
    const { run } = open({ [`${T}/report.yaml`]: GREET })
    expect((await run(['templates', 'show', 'report'])).stdout).toContain(`Greeting ${T}/report.yaml`)
  })

  test('shows what a template asks for and makes', async () => {
    const { run } = open({ [`${T}/greet.yaml`]: GREET })
    expect((await run(['templates', 'show', 'greet'])).stdout).toMatchInlineSnapshot(`
      "Greeting .codemie/templates/greet.yaml · people · #people
      Greets people.

      Parameters
        who    required  Whom to greet
        times  2  How often
        loud   false
        words  ["hello","good day"]

      Workflow
        # How we greet.
        name: Greeting
        description: Greets people.
        tags: [people]
        on: workflow_dispatch   # by hand

        enable_summarization_node: <<loud>>
        assistants:
          - id: host
            system_prompt: |
              You greet <<who>>, <<times>> times.
              Words: <<words>>
        states:
          - id: greet   # the only one
            assistant_id: host
            task: "Greet <<who>>" # as {{ name }} would not
            next: { state_id: end }
        recursion_limit: <<times>>
      "
    `)
  })

  test.each([
    [['templates', 'shw'], "error usage: 'codemie-ci templates' does not know 'shw'."],
    [['templates', 'list', 'x'], "error usage: 'codemie-ci templates list' takes no words, and 'x' is one."],
    [['templates', 'search'], "error usage: 'codemie-ci templates search' needs words to look for."],
    [['templates', 'show'], "error usage: 'codemie-ci templates show' takes one name."],
    [
      ['templates', 'show', 'a', 'b'],
      "error usage: 'codemie-ci templates show' takes one name, and 'b' is one too many.",
    ],
    [['templates', 'show', 'raport'], "error unknown-template: There is no template 'raport'"],
    [['templates', 'use'], "error usage: 'codemie-ci templates use' takes a template and a name."],
  ])('refuses %j', async (argv, line) => {
    const { run } = open()
    const { status, stdout, stderr } = await run(argv)
    expect({ status, stdout, first: stderr.split('\n')[0] }).toEqual({ status: 2, stdout: '', first: line })
  })
})

describe('new', () => {
  test('fills the parameters in and keeps everything else', async () => {
    const { run, read } = open({ [`${T}/greet.yaml`]: GREET })
    const result = await run([
      'new',
      'team/hi',
      '--from-template',
      'greet',
      '--set',
      'who=Ann: "the" boss\n- x: 1',
      '--set',
      'loud=true',
      '--set',
      'words=["a", "b: c"]',
    ])
    expect(result.stderr).toBe('')
    expect(result.stdout).toMatchInlineSnapshot(`
      "✓ .codemie/workflows/team/hi.yaml  written from the template greet

      Next
        codemie-ci validate        check everything
        codemie-ci plan hi         see what a run would do
        export OPENAI_API_KEY=...  or another provider, in .codemie/config.yaml
        codemie-ci run hi          run it
      "
    `)
    expect(read(`${W}/team/hi.yaml`)).toMatchInlineSnapshot(`
      "# How we greet.
      name: Hi
      description: Greets people.
      tags: [people]
      on: workflow_dispatch   # by hand

      enable_summarization_node: true
      assistants:
        - id: host
          system_prompt: |
            You greet Ann: "the" boss
            - x: 1, 2 times.
            Words: ["a","b: c"]
      states:
        - id: greet   # the only one
          assistant_id: host
          task: "Greet Ann: \\"the\\" boss\\n- x: 1" # as {{ name }} would not
          next: { state_id: end }
      recursion_limit: 2
      "
    `)
    expect((await run(['validate', '--strict', `${W}/team/hi.yaml`])).status).toBe(0)
  })

  test('says all that is missing and wrong at once, and writes nothing', async () => {
    const { run, status } = open({ [`${T}/greet.yaml`]: GREET })
    expect(
      await run(['new', 'hi', '--from-template', 'greet', '--set', 'times=0', '--set', 'wo=Ann']),
    ).toEqual({
      status: 2,
      stdout: '',
      stderr: `error parameters-invalid: The template has no parameter 'wo': did you mean 'who'?
Parameter 'who' is missing (Whom to greet): give it with --set who=…
Parameter 'times' must be >= 1
  = help: \`codemie-ci templates show greet\` shows the parameters.
`,
    })
    expect(status()).toBe('')
  })

  test('uses a template of CodeMie as it is, with nothing in it taken for a placeholder', async () => {
    const { run, read } = open({ [`${T}/sorter_template.yaml`]: CODEMIE })
    expect((await run(['templates', 'use', 'sorter'])).status).toBe(0)
    expect(read(`${W}/sorter.yaml`)).toBe(`name: "Sorter"
description: Sorts <<everything>>.
# who works
assistants:
  - id: a
    system_prompt: You sort.
states:
  - id: s
    assistant_id: a
    task: |
      Sort.

        Twice.
    next:
      state_id: end
enable_summarization_node: false
`)
  })

  test('takes blank where nobody can be asked, and points editors at the schema that init wrote', async () => {
    const { run, read } = open({ '.codemie/schema/workflow.schema.json': '{}' })
    expect((await run(['new', 'a/b', '--json'])).stdout).toContain('"template": "blank"')
    expect(read(`${W}/a/b.yaml`)).toMatch(
      /^# yaml-language-server: \$schema=\.\.\/\.\.\/schema\/workflow\.schema\.json\nname: B\n/,
    )
  })

  test.each([
    ['a file that is there', 'there', 'greet', 'file-exists'],
    ['a name that another workflow has', 'deep', 'greet', 'name-taken'],
    ['a name that leads elsewhere', '../x', 'greet', 'bad-name'],
    ['a template that makes no valid workflow', 'x', 'lost', 'definition-invalid'],
    ['a template with errors', 'x', 'typo', 'template-invalid'],
    ['a template that is not there', 'x', 'nope', 'unknown-template'],
    ['a parameter that no schema describes', 'x', 'odd', 'parameters-invalid'],
  ])('refuses %s', async (_situation, name, template, code) => {
    const { run, status } = open({
      [`${T}/greet.yaml`]: GREET,
      [`${T}/lost.yaml`]: GREET.replace('assistant_id: host', 'assistant_id: hots'),
      [`${T}/odd.yaml`]: GREET.replace('who: { type: string', 'who: { type: strng'),
      [`${T}/typo.yaml`]: GREET.replace('Greet <<who>>', 'Greet <<woh>>'),
      [`${W}/there.yaml`]: 'mine\n',
      [`${W}/team/deep.yaml`]: 'states: []\n',
    })
    const result = await run(['new', name, '--from-template', template, '--set', 'who=Ann'])
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toContain(`error ${code}: `)
    expect(status()).toBe('')
  })

  test('asks on a terminal for what was not given, again when an answer does not fit', async () => {
    const { run, read } = open({ [`${T}/greet.yaml`]: GREET })
    const result = await run(['new', 'hi', '--from-template', 'greet', '--set', 'loud=true'], {
      typed: ['', 'Ann', 'many', '3', ''],
    })
    expect(result.status).toBe(0)
    expect(result.stderr).toMatchInlineSnapshot(`
      "An empty line takes what stands in brackets; Ctrl-C leaves.
      Whom to greet
      who: Parameter 'who' is missing (Whom to greet)
      Whom to greet
      who: How often [2]
      times: Parameter 'times' must be integer
      How often [2]
      times: words [["hello","good day"]]
      words: "
    `)
    expect(read(`${W}/hi.yaml`)).toContain('You greet Ann, 3 times.\n      Words: ["hello","good day"]\n')
  })

  test('writes nothing when the person leaves in between', async () => {
    const { run, status } = open({ [`${T}/greet.yaml`]: GREET })
    const result = await run(['new', 'hi', '--from-template', 'greet'], { typed: ['Ann'] })
    expect(result).toMatchObject({
      status: 130,
      stderr: expect.stringContaining(
        'error interrupted: Not all questions were answered, and nothing was written',
      ),
    })
    expect(status()).toBe('')
  })
})

describe('saving a workflow as a template', () => {
  const MINE = `# Ours.
name: Mine
tags: [git]
on: workflow_dispatch
enable_summarization_node: false
assistants:
  - { id: host, system_prompt: You greet., model: "gpt-5" }
tools:
  - { id: log, tool: git_log, tool_args: { limit: 5, merges: exclude } }
states:
  - { id: log, tool_id: log, next: { state_id: greet } }
  - id: greet
    assistant_id: host
    task: |
      Greet: all.
      Nicely.
    next: { state_id: end } # done
`

  test('puts parameters in the place of values, which become their defaults', async () => {
    const { run, read } = open({ [`${W}/mine.yaml`]: MINE })
    const saved = await run([
      'templates',
      'save',
      'mine',
      '--name',
      'ours',
      '--category',
      'people',
      '--parameter',
      'assistants.host.model=model',
      '--parameter',
      'tools.log.tool_args.limit=most',
      '--parameter',
      'states.greet.task=task',
    ])
    expect(saved).toEqual({
      status: 0,
      stdout: `✓ ${T}/ours.yaml  written from ${W}/mine.yaml
  · assistants.host.model is the parameter model
  · tools.log.tool_args.limit is the parameter most
  · states.greet.task is the parameter task
`,
      stderr: 'Use it: codemie-ci new <name> --from-template ours\n',
    })
    expect(read(`${T}/ours.yaml`)).toMatchInlineSnapshot(`
      "# Ours.
      name: Mine
      tags: [git]
      category: people
      parameters:
        model:
          type: string
          default: gpt-5
        most:
          type: integer
          default: 5
        task:
          type: string
          default: |
            Greet: all.
            Nicely.
      on: workflow_dispatch
      enable_summarization_node: false
      assistants:
        - { id: host, system_prompt: You greet., model: <<model>> }
      tools:
        - { id: log, tool: git_log, tool_args: { limit: <<most>>, merges: exclude } }
      states:
        - { id: log, tool_id: log, next: { state_id: greet } }
        - id: greet
          assistant_id: host
          task: <<task>>
          next: { state_id: end } # done
      "
    `)
    expect((await run(['validate', '--strict', `${T}/ours.yaml`])).stdout).toBe(
      '✓ 1 file checked, no problems\n',
    )
    expect((await run(['new', 'theirs', '--from-template', 'ours', '--set', 'most=7'])).status).toBe(0)
    expect(read(`${W}/theirs.yaml`)).toBe(
      MINE.replace('name: Mine', 'name: Theirs').replace('limit: 5', 'limit: 7').replace('"gpt-5"', 'gpt-5'),
    )
  })

  test.each([
    [
      'a path that leads nowhere',
      ['--parameter', 'states.gret.task=a'],
      "There is no 'gret' of 'states.gret.task' in the workflow. Did you mean 'greet'?",
    ],
    [
      'a list',
      ['--parameter', 'tags=a'],
      "'tags' is no text, number or truth value, and only these become parameters",
    ],
    [
      'one name for two values',
      ['--parameter', 'name=a', '--parameter', 'states.greet.id=a'],
      "The parameter 'a' cannot stand for two different values",
    ],
    [
      'a name that no placeholder has',
      ['--parameter', 'name=a b'],
      "'a b' cannot be the name of a parameter: letters, digits, - and _",
    ],
  ])('refuses %s', async (_situation, argv, line) => {
    const { run, status } = open({ [`${W}/mine.yaml`]: MINE })
    const { stderr } = await run(['templates', 'save', 'mine', ...argv])
    expect(stderr).toContain(`error not-generalised: No template can be made of ${W}/mine.yaml:\n  ${line}\n`)
    expect(status()).toBe('')
  })

  test('overwrites nothing, and takes no workflow with errors', async () => {
    const { run, status } = open({
      [`${W}/mine.yaml`]: MINE,
      [`${T}/mine_template.yaml`]: CODEMIE,
      [`${W}/bad.yaml`]: 'states: []\n',
    })
    expect((await run(['templates', 'save', 'mine'])).stderr).toContain(
      `error name-taken: ${T}/mine_template.yaml is called 'mine' already`,
    )
    expect((await run(['templates', 'save', 'bad'])).stderr).toContain('error definition-invalid: ')
    expect((await run(['templates', 'save', 'mine', '--name', '../x'])).stderr).toContain('error bad-name: ')
    expect(status()).toBe('')
  })
})

test('validate checks templates and what they make', async () => {
  const { run } = open({
    [`${T}/greet.yaml`]: GREET.replace('times: {', 'tmes: {'),
    [`${T}/lost.yaml`]: GREET.replace(
      '{ type: string, minLength: 1,',
      '{ type: string, default: Ann,',
    ).replace('assistant_id: host', 'assistant_id: hots'),
    [`${T}/key.yaml`]: GREET.replace('  - id: greet ', '  - <<who>>: 1\n    id: greet '),
    [`${T}/list.yaml`]: 'parameters: [a]\nstates: []\n',
  })
  const { files } = JSON.parse((await run(['validate', '--json'])).stdout) as {
    files: { file: string; diagnostics: { code: string; line: number; message: string }[] }[]
  }
  expect(
    files.flatMap(({ file, diagnostics }) =>
      diagnostics.map(({ code, line }) => `${file.split('/').at(-1)}:${line} ${code}`),
    ),
  ).toEqual([
    'greet.yaml:8 template-parameter-unused',
    'greet.yaml:16 template-placeholder',
    'greet.yaml:24 template-placeholder',
    'key.yaml:20 template-key',
    'list.yaml:1 template-parameters',
    'lost.yaml:1 template-result',
  ])
})
