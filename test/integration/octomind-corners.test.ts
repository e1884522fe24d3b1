import { afterEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { type ModelServer, type ScriptedReply, startModelServer } from '../helpers/model-server.ts'
import { runFile } from '../helpers/octomind-case.ts'
import { makeProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'

/** What no numbered case of the notes is about. */
const step = (name: string, keys: string) => `\n[[steps]]\nname = "${name}"\n${keys}\n`
const leaf = (name: string, prompt: string, more = '') =>
  `\n[[steps.run]]\nname = "${name}"\nrole = "${name}"\nprompt = '${prompt}'\n${more}\n`
const ask = (name: string, prompt: string, more = '') =>
  step(name, `role = "${name}"\nprompt = '${prompt}'\n${more}`)
const edge = (from: string, to: string, when = '') =>
  `\n[[edges]]\nfrom = "${from}"\nto = "${to}"\n${when === '' ? '' : `when = { contains = "${when}" }`}\n`

describe('a conversation that goes on', () => {
  test('goes on inside of a loop that a graph comes back to', async () => {
    const { asked } = await runFile(
      `entry = "l"
max_transitions = 4
${step('l', 'loop = true\nmax_iterations = 2\nexit_when = { contains = "OK" }')}
${leaf('dev', 'D {{input}}', 'session = "continue"')}
${leaf('rev', 'R {{dev}}')}
${ask('gate', 'T {{l}}')}
${edge('l', 'gate')}${edge('gate', '$end', 'PASS')}${edge('gate', 'l')}`,
      { dev: ['d1', 'd2', 'd3'], rev: ['no', 'OK', 'OK'], gate: ['bad', 'PASS'] },
    )
    expect(asked).toEqual([
      'dev: D in',
      'rev: R d1',
      'dev: D in / d1 / no',
      'rev: R d2',
      'gate: T OK',
      'dev: D in / d1 / no / d2 / bad',
      'rev: R d3',
      'gate: T OK',
    ])
  })
})

describe('steps that run at once', () => {
  const p = (keys = '') => step('p', `parallel = true\n${keys}`)

  test.each([
    ['with a quorum', 'min_success = 1'],
    ['without', ''],
  ])('are not asked when the folder of one is missing: %s', async (_quorum, keys) => {
    const run = await runFile(
      `${p(keys)}${leaf('a', 'A')}${leaf('b', 'B', 'workdir = "nope"')}${ask('z', '[{{a}}][{{b}}]')}`,
      { a: ['one'], b: ['two'], z: ['Z'] },
    )
    expect(run).toMatchObject({ end: 'fails', asked: [] })
    expect(run.codes).toContain('folder-missing')
  })

  test('are not asked when an output that one names is not there on this way', async () => {
    const run = await runFile(
      `entry = "p"
max_transitions = 3
${p('min_success = 1')}${leaf('a', 'A')}${leaf('b', 'B {{z}}')}
${ask('z', 'Z')}${edge('p', 'z')}${edge('z', '$end')}`,
      { a: ['one'], b: ['two'], z: ['Z'] },
    )
    expect(run).toMatchObject({ end: 'fails', asked: [] })
    expect(run.codes).toContain('output-missing')
  })

  test('may be called like what every object has', async () => {
    const { asked } = await runFile(
      `${p()}${leaf('constructor', 'C')}${leaf('toString', 'T')}${ask('z', '[{{constructor}}][{{toString}}]')}`,
      { constructor: ['one'], toString: ['two'], z: ['Z'] },
    )
    expect(asked.toSorted()).toEqual(['constructor: C', 'toString: T', 'z: [one][two]'])
  })

  test('spend what they spend also when too few of them succeed', async () => {
    const run = await runFile(`max_cost = 1.0\n${p('min_success = 2')}${leaf('a', 'A')}${leaf('b', 'B')}`, {
      a: [{ text: 'one', usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 1.5 } }],
      b: [{ status: 500 }],
    })
    expect(run.end).toBe('fails')
    expect(run.codes).toContain('budget-exceeded')
    expect(run.codes).not.toContain('too-few-succeeded')
  })

  test.each(['', 'entry = "s"\nmax_transitions = 2\n'])(
    'cannot have the input as a source: %j',
    async (graph) => {
      const edges = graph === '' ? '' : `${edge('s', 'p')}${edge('p', '$end')}`
      const run = await runFile(
        `${graph}${ask('s', 'S')}${p(`source = "input"\nmatch = '(\\w+)'`)}${leaf('a', '{{p}}')}${edges}`,
        { s: ['S'], a: ['A'] },
      )
      expect(run).toMatchObject({ end: 'fails', asked: [] })
      expect(run.codes).toContain('unknown-step')
    },
  )
})

describe('a prompt of which nothing is left', () => {
  const choice = `${step(
    'c',
    `conditional = true
condition = { output = "s", contains = "x" }
on_match = ["m"]`,
  )}${leaf('m', 'M')}`

  test('is not sent: the attempt fails', async () => {
    const run = await runFile(`${ask('s', 'S')}${choice}${ask('z', ' {{m}} ', 'retries = 1')}`, {
      s: ['no'],
      m: ['M'],
      z: ['Z'],
    })
    expect(run).toMatchObject({ end: 'fails', asked: ['s: S'] })
    expect(run.codes).toContain('empty-prompt')
  })

  test('counts as a failed branch beside others', async () => {
    const run = await runFile(
      `${ask('s', 'S')}${choice}${step('p', 'parallel = true\nmin_success = 1')}${leaf('a', 'A')}${leaf('b', '{{m}}')}${ask('z', '[{{a}}][{{b}}]')}`,
      { s: ['no'], m: ['M'], a: ['one'], b: ['two'], z: ['Z'] },
    )
    expect(run).toMatchObject({ end: 'succeeds', asked: ['s: S', 'a: A', 'z: [one][]'] })
  })
})

describe('names in a graph', () => {
  test('a loop of no rounds gives an empty text to what tests the latest one', async () => {
    const run = await runFile(
      `entry = "l"
max_transitions = 3
${step('l', 'loop = true\nmax_iterations = 0\nexit_when = { contains = "OK" }')}${leaf('dev', 'D')}
${step('c', 'conditional = true\ncondition = { matches = "^$" }\non_match = ["m"]')}${leaf('m', 'M')}
${edge('l', 'c')}${edge('c', '$end')}`,
      { dev: ['d'], m: ['M'] },
    )
    expect(run).toMatchObject({ end: 'succeeds', asked: ['m: M'] })
  })

  test('a built-in value stands in for a step of its name that has not run', async () => {
    const run = await runFile(
      `entry = "s"
max_transitions = 3
${ask('s', 'I am {{ROLE}}')}${step('ROLE', 'role = "r"\nprompt = "R"')}${edge('s', 'ROLE')}${edge('ROLE', '$end')}`,
      { s: ['S'], r: ['R'] },
    )
    expect(run).toMatchObject({ end: 'succeeds', asked: ['s: I am s', 'r: R'] })
  })
})

describe('four braces', () => {
  test('stand for two around any text', async () => {
    const { asked } = await runFile(ask('s', 'a {{{{ x }}}} {{{{CWD}}}} {"a":{"b":{"c":{}}}}'), { s: ['S'] })
    expect(asked).toEqual(['s: a {{ x }} {{CWD}} {"a":{"b":{"c":{}}}}'])
  })
})

describe('files in a prompt', () => {
  const shown = async (context: string) => {
    const { asked } = await runFile(
      step('s', `role = "s"\nprompt = '''<context>${context}</context>'''`),
      { s: ['S'] },
      {
        files: { 'q.txt': `it's "one" & <two>\nsecond\n`, 'docs/a.md': 'A\n' },
      },
    )
    return asked[0]?.replace('s: FILE CONTEXT:\n\n', '')
  }

  test('are escaped', async () => {
    expect(await shown('q.txt:1:1')).toMatch(
      /^<content path="q\.txt" lines="1">\n1:[0-9a-f]{2}\|it&#39;s &quot;one&quot; &amp; &lt;two&gt;\n<\/content>$/,
    )
  })

  test.each([
    ['behind the end', 'q.txt:5:9', '<content path="q.txt" lines="5:9">\n</content>'],
    [
      'of a file that is not there',
      'gone.txt:3:3',
      '<content path="gone.txt" lines="3:3" error="true">\nFile not found: gone.txt\n</content>',
    ],
  ])('lines %s', async (_situation, context, wanted) => {
    expect(await shown(context)).toBe(wanted)
  })

  test.each([
    ['one file', 'docs/a.md', '<content path="docs/a.md" lines="1">\n1:f5|A\n</content>'],
    [
      'several, one a line',
      '\n  q.txt\n  gone.txt\n',
      '<content path="gone.txt" error="true">\nFile not found: gone.txt\n</content>\n\n<content path="q.txt" lines="1:2">',
    ],
  ])('are shown whole where a block names them alone: %s', async (_situation, context, wanted) => {
    expect(await shown(context)).toContain(wanted)
  })

  test.each(['Makefile', 'docs/a.md is about it', 'docs'])('words stay as they are: %s', async (words) => {
    expect(await shown(words)).toBe(`s: <context>${words}</context>`)
  })

  test('ranges of one beginning stay in the order written', async () => {
    const text = await shown('q.txt:1:2 q.txt:1:1')
    expect(Array.from(text?.matchAll(/lines="([^"]+)"/g) ?? [], ([, lines]) => lines)).toEqual(['1:2', '1'])
  })
})

/** Runs a test in a repository of these files, with a server of models. `cli` runs one line of the command line in it. */
async function inRepository<T>(
  files: Readonly<Record<string, string>>,
  work: (scene: {
    readonly repository: TestRepository
    readonly server: ModelServer
    readonly cli: (...line: string[]) => ReturnType<typeof runInProcess>
  }) => Promise<T>,
): Promise<T> {
  const server = await startModelServer()
  const repository = makeRepository({ files })
  const env = { ...repository.env, OPENAI_API_KEY: 'k', OPENAI_BASE_URL: server.url }
  try {
    return await work({
      repository,
      server,
      cli: (...line) => runInProcess(line, { cwd: repository.root, env }),
    })
  } finally {
    repository.remove()
    await server.close()
  }
}

const flowOf = (name: string, ...steps: readonly string[]) =>
  `[[workflows]]\nname = "${name}"\ndescription = "d"\n${steps
    .map((step) => `[[workflows.steps]]\nname = "${step}"\ntype = "once"\nlayer = "x"\n`)
    .join('')}`
const layerOf = (prompt: string) =>
  `[[layers]]\nname = "x"\ndescription = "d"\nmodel = "openai:gpt-5-mini"\nsystem_prompt = "${prompt}"\n`

describe('the session of a role', () => {
  const layer = (name: string, keys: string) => `\n[[layers]]\nname = "${name}"\ndescription = "d"\n${keys}\n`
  const once = (name: string) => `\n[[workflows.steps]]\nname = "${name}"\ntype = "once"\nlayer = "${name}"\n`

  /** Runs the role `dev` of a configuration; gives the root, and what each request said without the prompt of the system. */
  async function runRole(
    config: string,
    replies: readonly ScriptedReply[],
    resumed: readonly ScriptedReply[] = [],
  ) {
    const files = {
      '.codemie/workflows/team.config.toml': config,
      '.codemie/config.yaml': 'policy: { commands: [sh] }\n',
      'sub/a': '',
    }
    return await inRepository(files, async ({ repository: { root }, server, cli }) => {
      server.reply(...replies)
      await cli('run', '--role', 'dev', 'Do it')
      if (resumed.length > 0) {
        server.reply(...resumed)
        await cli('resume', 'latest')
      }
      const asked = server.requests.map(({ body }) => {
        const { model, messages } = body as { model: string; messages: { role: string; content: string }[] }
        return [
          model,
          ...messages.flatMap(({ role, content }) => (role === 'system' ? [] : [`${role}: ${content}`])),
        ]
      })
      return { asked, root }
    })
  }

  const ROLE = `[[roles]]\nname = "dev"\nsystem = "S"\nworkflow = "wf"\nmodel = "openai:gpt-5-mini"\n`
  const FLOW = `\n[[workflows]]\nname = "wf"\ndescription = "d"\n`
  const KEYS = 'system_prompt = "L"\noutput_role = "assistant"\n'
  const BROKEN = { status: 400 }

  test('keeps what layers left before its workflow failed, also after a resume', async () => {
    const config = `${ROLE}welcome = "Hi"\n${FLOW}${once('x')}${once('y')}${layer('x', `${KEYS}output_mode = "append"`)}${layer('y', KEYS)}`
    const { asked } = await runRole(config, [{ text: 'X' }, BROKEN, BROKEN], [{ text: 'done' }])
    const wanted = ['gpt-5-mini', 'assistant: Hi', 'assistant: X', 'user: Do it']
    expect(asked.slice(2)).toEqual([wanted, wanted])
  })

  test('begins with one greeting, whoever is told of it', async () => {
    const config = `${ROLE}welcome = "{{ROLE}} in {{CWD}}"\n${FLOW}${once('x')}${layer('x', `${KEYS}input_mode = "all"\nworkdir = "sub"`)}`
    const { asked, root } = await runRole(config, [{ text: 'X' }, { text: 'done' }])
    const greeting = `dev in ${root}`
    expect(asked).toEqual([
      ['gpt-5-mini', `user: [Assistant]\n${greeting}\n\n[Current task]\nDo it`],
      ['gpt-5-mini', `assistant: ${greeting}`, 'user: X'],
    ])
  })

  test('is asked with all that its pipeline prints, and not with a part', async () => {
    const script = (name: string, command: string) =>
      `\n[[pipelines.steps]]\nname = "${name}"\ntype = "once"\ncommand = "${command}"\n`
    const pipeline = (bytes: number) =>
      `${ROLE}pipeline = "p"\n\n[[pipelines]]\nname = "p"\ndescription = "d"\n${script('print', `head -c ${bytes} /dev/zero | tr '\\\\0' a`)}${script('count', 'wc -c')}`.replace(
        'workflow = "wf"\n',
        '',
      )
    expect((await runRole(pipeline(2_000_000), [{ text: 'done' }])).asked).toEqual([
      ['gpt-5-mini', 'user: 2000000\n'],
    ])
    expect((await runRole(pipeline(17_000_000), [])).asked).toEqual([])
  })

  test('lends its model to layers that name none', async () => {
    const config = `model = "openai:gpt-5"\n${ROLE}welcome = "Hi"\n${FLOW}${once('x')}${layer('x', KEYS)}`
    const { asked } = await runRole(config, [{ text: 'X' }, { text: 'done' }])
    expect(asked.map(([model]) => model)).toEqual(['gpt-5-mini', 'gpt-5-mini'])
  })
})

test('values of the project are told as octomind tells them', async () => {
  const files = {
    '.codemie/workflows/w.toml': `name = "w"${ask('s', 'R{{README}}R S{{GIT_STATUS}}S T{{GIT_TREE}}T C{{CONTEXT}}C')}`,
    '.codemie/assistants/s.yaml': 'model: gpt-5-mini\nsystem_prompt: S\n',
    'README.md': '# Title\n\n',
    'CHANGES.md': 'Much.\n',
    'src/lib.ts': '',
    'src/deep/main.ts': '',
  }
  await inRepository(files, async ({ repository, server, cli }) => {
    repository.write('src/new.ts', '')
    server.reply('one', 'two')
    await cli('run', 'w', '--input', 'go')
    repository.git('add', '-A')
    repository.git('commit', '-q', '-m', 'All')
    await cli('run', 'w', '--input', 'go')
    const [changed = '', clean = ''] = server.requests.map(({ lastUserMessage }) => lastUserMessage)
    expect(changed).toMatchInlineSnapshot(`
      "R

      ==== README ====

      # Title



      ==== END README ====
      R S

      ==== GIT STATUS ====

      ?? src/new.ts


      ==== END GIT STATUS ====
      S T

      ==== FILE TREE ====

      ├─ .codemie/
      │  ├─ assistants/
      │  │  └─ s.yaml
      │  └─ workflows/
      │     └─ w.toml
      ├─ CHANGES.md
      ├─ README.md
      └─ src/
         ├─ deep/
         │  └─ main.ts
         └─ lib.ts


      ==== END FILE TREE ====
      T C

      ==== PROJECT CONTEXT ====

      # Project README

      # Title



      # Project CHANGES

      Much.


      # Git Branch

      main

      # Git Status

      ?? src/new.ts


      # Project File Structure

      ├─ .codemie/
      │  ├─ assistants/
      │  │  └─ s.yaml
      │  └─ workflows/
      │     └─ w.toml
      ├─ CHANGES.md
      ├─ README.md
      └─ src/
         ├─ deep/
         │  └─ main.ts
         └─ lib.ts


      ==== END PROJECT CONTEXT ====
      C"
    `)
    expect(/S(.*?)S T/s.exec(clean)?.[1]).toBe('')
    expect(clean).not.toContain('# Git Status')
  })
})

describe('a configuration with an error', () => {
  let repository: TestRepository | undefined
  afterEach(() => repository?.remove())

  const flow = '[[workflows]]\nname = "wf"\ndescription = "d"\n'
  const role = '[[roles]]\nname = "dev"\nsystem = "S"\n'

  test.each([[['run', 'wf', '--input', 'x']], [['plan', 'wf']], [['run', '--role', 'dev', 'x']]])(
    'is told of where something in it is asked for: %j',
    async (line) => {
      const broken = `${flow}[[workflows.steps]]\nname = "s"\ntype = "once"\nlayer = "ghost"\n${role}`
      repository = makeRepository({ files: { '.codemie/workflows/team.config.toml': broken } })
      const { status, stderr, stdout } = await runInProcess(line, {
        cwd: repository.root,
        env: repository.env,
      })
      expect({ status, said: stderr + stdout }).toMatchObject({
        status: 2,
        said: expect.stringMatching(
          /error unknown-layer: .*\n --> \.codemie\/workflows\/team\.config\.toml:7:9/,
        ),
      })
    },
  )

  test('of two roles with one name each can be named by its path', async () => {
    repository = makeRepository({
      files: { '.codemie/workflows/a.toml': role, '.codemie/workflows/b.toml': role },
    })
    const plan = (name: string) =>
      runInProcess(['run', '--role', name, 'x', '--model', 'ollama:m', '--no-commit'], {
        cwd: repository?.root ?? '',
        env: { ...repository?.env, OLLAMA_BASE_URL: 'http://127.0.0.1:1/v1' },
      })
    expect((await plan('dev')).stderr).toContain('ambiguous-workflow')
    for (const name of ['b.toml#dev', '.codemie/workflows/b.toml#role:dev']) {
      expect((await plan(name)).stderr).toContain('dev · run')
    }
    expect((await plan('def')).stderr).toContain('Roles that there are: dev.')
  })
})

test('steps with one name are timed each at its place', async () => {
  const text = `${flowOf('wf', 's', 's', 'a/b')}${layerOf('L')}`
  await inRepository({ '.codemie/workflows/team.toml': text }, async ({ server, cli }) => {
    server.otherwise('X')
    const { stderr } = await cli('run', 'wf', '--input', 'x')
    const lines = stderr.split('\n').filter((line) => line.includes(' Step '))
    expect(lines.map((line) => /Step \d\/\d/.exec(line)?.[0])).toEqual(['Step 1/3', 'Step 2/3', 'Step 3/3'])
  })
})

describe('help', () => {
  test.each([
    [
      'a graph that does not end',
      `entry = "s"\nmax_transitions = 2\n${ask('s', 'S')}${edge('s', '$end', 'PASS')}${edge('s', 's')}`,
      "Raise 'max_transitions' in .codemie/workflows/w.toml, or mend the loop that does not end.",
    ],
    [
      'a workflow that cost too much',
      `max_cost = 1.0\n${ask('s', 'S')}${ask('t', 'T')}`,
      "Raise the workflow's own 'max_cost' and start a new run.",
    ],
  ])('for %s names the key that the file has', async (_situation, text, help) => {
    const server = await startModelServer()
    const project = makeProject({
      files: {
        '.codemie/workflows/w.toml': `name = "w"\n${text}`,
        '.codemie/workflows/roles.toml': '[[roles]]\nname = "s"\n\n[[roles]]\nname = "t"\n',
      },
      config: 'models: { default: gpt-5-mini }\nprices: { gpt-5-mini: { input: 1000000, output: 1 } }\n',
      env: { OPENAI_API_KEY: 'k', OPENAI_BASE_URL: server.url },
    })
    try {
      server.otherwise({ text: 'x', usage: { input: 2, output: 1 } })
      const { failure } = await project.run('w', { input: 'go' })
      expect(failure?.help).toBe(help)
    } finally {
      await server.close()
      project.remove()
    }
  })
})

test('a run of one of several workflows of a file is repeated with the definition of now', async () => {
  const file = '.codemie/workflows/team.toml'
  const text = (prompt: string) => `${flowOf('one', 's')}${flowOf('two', 's')}${layerOf(prompt)}`
  await inRepository({ [file]: text('Before') }, async ({ repository, server, cli }) => {
    server.otherwise('X')
    await cli('run', 'two', '--input', 'x')
    repository.write(file, text('Now'))
    const { status, stderr } = await cli('rerun', 'latest', '--latest')
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringMatching(/^two · run/) })
    expect(server.requests.map(({ body }) => body.messages[0].content)).toEqual(['Before', 'Now'])
  })
})
