import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'

const FILE = '.codemie/workflows/note.yaml'
const NOTE = `name: Note
assistants:
  - id: a
    system_prompt: You write.
    tools: [{ name: read_file }]

  - id: b
    system_prompt: You check.

states:
  - id: plan
    assistant_id: a
    task: Plan a note about the release of today

    next: { state_id: write }

  - id: write
    assistant_id: a
    task: Write the note that was planned before

    next: { state_id: check }

  - id: check
    assistant_id: b
    task: Look whether all of it holds

    next: { state_id: end }
`

let repository: TestRepository
let base: string

beforeEach(() => {
  repository = makeRepository({ files: { [FILE]: NOTE } })
  base = repository.git('rev-parse', '--short=12', 'HEAD')
})
afterEach(() => repository.remove())

const check = (...args: string[]) =>
  runInProcess(['diff', '--merge', ...args], { cwd: repository.root, env: repository.env })
const edited = (...pairs: readonly (readonly [string, string])[]) =>
  pairs.reduce((text, [from, to]) => {
    expect(text).toContain(from)
    return text.replace(from, to)
  }, NOTE)
const short = (revision: string) => repository.git('rev-parse', '--short=12', revision)

type Files = Readonly<Record<string, string | undefined>>

function commit(files: Files, message = 'Change') {
  for (const [path, text] of Object.entries(files))
    if (text === undefined) repository.git('rm', '-q', '-f', path)
    else repository.write(path, text)
  repository.git('add', '-A')
  repository.git('commit', '-q', '--allow-empty', '-m', message)
}

/** Two branches from the first commit: `main`, checked out, with ours, and `topic` with theirs. */
function branches(ours: Files | string, theirs: Files | string) {
  const files = (side: Files | string) => (typeof side === 'string' ? { [FILE]: side } : side)
  repository.git('checkout', '-q', '-b', 'topic')
  commit(files(theirs), 'Theirs')
  repository.git('checkout', '-q', 'main')
  commit(files(ours), 'Ours')
}

/** Merges `topic`, and commits what somebody made of it by hand. */
function mergeByHand(files: Files) {
  try {
    repository.git('merge', '-q', '--no-commit', 'topic')
  } catch {
    // A conflict, which the files solve.
  }
  commit(files)
}

const sides = (theirs = 'topic', ours = 'HEAD') =>
  `ours ${short(ours)}, theirs ${short(theirs)}, which parted at ${base}\n`

describe('before a merge', () => {
  test('each side changed another thing', async () => {
    branches(edited(['about the release', 'about all']), edited(['all of it holds', 'it holds']))
    expect(await check('topic')).toEqual({
      status: 0,
      stdout: `✓ ${FILE} · 1 change of ours, 1 of theirs\n\n1 file: no findings\n${sides()}`,
      stderr: '',
    })
    expect(repository.git('status', '--porcelain')).toBe('')
  })

  test('nothing was changed on both sides, or all of it is merged already', async () => {
    branches({}, edited(['about the release', 'about all']))
    expect(await check('topic')).toMatchObject({
      status: 0,
      stdout: `Nothing that runs was changed on both sides\n${sides()}`,
    })
    expect((await check('HEAD~1')).status).toBe(0)
  })

  test('a conflict of texts, with what is at stake', async () => {
    branches(edited(['about the release', 'about all']), edited(['about the release', 'about it']))
    expect(await check('topic')).toMatchObject({
      status: 1,
      stdout: `✗ ${FILE} · 1 change of ours, 1 of theirs
  conflict      git cannot merge the two texts
  both-changed  state 'plan': ours: task: Plan a note about the release of today → Plan a note about all of today; theirs: task: Plan a note about the release of today → Plan a note about it of today

1 file: 2 findings
${sides()}`,
    })
  })

  test('texts that merge into a workflow that is broken: one removed a state, the other leads there', async () => {
    const [head = ''] = NOTE.split('  - id: check')
    branches(
      head.replace('next: { state_id: check }', 'next: { state_id: end }'),
      edited(['next: { state_id: write }', 'next: { state_ids: [write, check] }']),
    )
    expect(await check('topic')).toMatchObject({
      status: 1,
      stdout: `✗ ${FILE} · 2 changes of ours, 1 of theirs
  invalid  has errors after the merge: 15: State 'check' does not exist

1 file: 1 finding
${sides()}`,
    })
  })

  test('a file that one side renamed, and both changed', async () => {
    const moved = '.codemie/workflows/team/memo.yaml'
    branches(
      { [FILE]: undefined, [moved]: edited(['about the release', 'about all']) },
      edited(['all of it holds', 'it holds']),
    )
    expect(await check('topic')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`✓ ${moved} · 1 change of ours, 1 of theirs\n`),
    })
    expect((await check('topic', '.codemie/workflows/other')).stdout).toContain(
      'Nothing that runs was changed',
    )
    expect((await check('topic', moved)).stdout).toContain(`✓ ${moved}`)
  })

  test('a state that one side renamed, and the other changed and leads to', async () => {
    branches(
      edited(['- id: write', '- id: compose'], ['next: { state_id: write }', 'next: { state_id: compose }']),
      edited(['Write the note that was planned before', 'Write the note that was planned']),
    )
    expect((await check('topic')).stdout).toContain(`✓ ${FILE} · 1 change of ours, 1 of theirs\n`)
  })

  test('a key that each side added, so that git keeps both and only the last of them counts', async () => {
    branches(
      edited(['name: Note', 'name: Note\ntags: [x]'], ['id: a\n', 'id: a\n    temperature: 0.5\n']),
      edited(['next: { state_id: end }', 'next: { state_id: end }\ntags: [y]']),
    )
    expect((await check('topic')).stdout).toContain(
      '  both-changed  ours: tags +x; theirs: tags +y; the merge: tags +y\n',
    )
  })

  test('one side removed the file that the other changed', async () => {
    branches({ [FILE]: undefined }, edited(['about the release', 'about all']))
    expect((await check('topic')).stdout).toContain(
      `✗ ${FILE} · 1 change of ours, 1 of theirs\n  conflict  ours removed the file that theirs changed\n`,
    )
  })

  test('a side that cannot be read', async () => {
    branches(edited(['state_id: end', 'state_id: nowhere']), edited(['about the release', 'about all']))
    const broken = await check('topic')
    expect([broken.status, broken.stdout]).toEqual([
      1,
      expect.stringContaining('invalid  has errors after the merge: '),
    ])
  })
})

describe('a merge commit', () => {
  const OURS = edited(
    ['about the release', 'about all'],
    ['tools: [{ name: read_file }]', 'tools: [{ name: read_file }, { name: x }]'],
  )
  const THEIRS = edited(['all of it holds', 'it holds'])
  const findings = async () => {
    const { stdout, status } = await check('--json')
    const { files } = JSON.parse(stdout)
    return [status, files.flatMap((file: { findings: object[] }) => file.findings)]
  }

  test('as git makes it', async () => {
    branches(OURS, THEIRS)
    repository.git('merge', '-q', '--no-edit', 'topic')
    expect(await check()).toMatchObject({
      status: 0,
      stdout: `✓ ${FILE} · 3 changes of ours, 1 of theirs\n\n1 file: no findings\n${sides('HEAD^2', 'HEAD^1')}`,
    })
  })

  test('in which somebody lost a change and made another', async () => {
    branches(OURS, THEIRS)
    mergeByHand({ [FILE]: OURS.replace('You check.', 'You look.') })
    expect(await check()).toMatchObject({
      status: 1,
      stdout: `✗ ${FILE} · 3 changes of ours, 1 of theirs
  lost             theirs: state 'check': task: Look whether all of it holds → Look whether it holds
  made-by-neither  state 'check': prompt: You check. → You look.

1 file: 2 findings
${sides('HEAD^2', 'HEAD^1')}`,
    })
  })

  test('both sides made the same change, and the merge lost it', async () => {
    branches(OURS, OURS.replace('all of it holds', 'it holds'))
    mergeByHand({
      [FILE]: OURS.replace('about all', 'about the release').replace('all of it holds', 'it holds'),
    })
    expect(await findings()).toEqual([
      1,
      [
        {
          code: 'lost',
          state: 'plan',
          sentence: 'task: Plan a note about the release of today → Plan a note about all of today',
        },
      ],
    ])
  })

  test('both sides changed the same differently, and one of them won', async () => {
    branches(edited(['about the release', 'about all']), edited(['about the release', 'about it']))
    mergeByHand({ [FILE]: edited(['about the release', 'about all']) })
    expect(await findings()).toEqual([
      1,
      [
        {
          code: 'both-changed',
          state: 'plan',
          sentence:
            'ours: task: Plan a note about the release of today → Plan a note about all of today; theirs: task: Plan a note about the release of today → Plan a note about it of today; the merge: task: Plan a note about the release of today → Plan a note about all of today',
        },
      ],
    ])
  })

  test('a long text that was lost is shown word by word', async () => {
    const long = (word: string) => edited(['You check.', `You check ${'this and that, '.repeat(6)}${word}.`])
    commit({ [FILE]: long('today') })
    base = short('HEAD')
    branches({}, long('now'))
    mergeByHand({ [FILE]: long('today') })
    expect((await check()).stdout).toBe(`✗ ${FILE}
  lost  theirs: state 'check': prompt: changed, 1 word out and 1 in
        theirs   [...] this and that, this and that, this and that, this and that, [-today-]{+now+}.

1 file: 1 finding
${sides('HEAD^2', 'HEAD^1')}`)
  })

  const TOOLS = '[{ name: read_file }]'
  const withTools = (...names: string[]) =>
    edited([TOOLS, `[{ name: read_file }${names.map((name) => `, { name: ${name} }`).join('')}]`])

  test.each<[string, string, unknown[]]>([
    ['both parts of a list', withTools('y', 'x'), [0, []]],
    [
      'one of them',
      withTools('x'),
      [
        1,
        [
          expect.objectContaining({ code: 'both-changed', state: 'plan' }),
          expect.objectContaining({ state: 'write' }),
        ],
      ],
    ],
  ])('both sides added to a list, and the merge has %s', async (_name, merged, expected) => {
    branches(withTools('x'), withTools('y'))
    mergeByHand({ [FILE]: merged })
    expect(await findings()).toEqual(expected)
  })

  test.each<[string, Files | string, Files | string, Files, object[]]>([
    [
      'a file that only they added is gone',
      {},
      { '.codemie/workflows/new.yaml': NOTE.replace('Note', 'New') },
      { '.codemie/workflows/new.yaml': undefined },
      [{ code: 'lost', side: 'theirs', sentence: 'the file is gone, with what this side had changed' }],
    ],
    [
      'a file that nobody had is there',
      {},
      {},
      { '.codemie/workflows/new.yaml': NOTE },
      [{ code: 'made-by-neither', sentence: 'the file is there, and no side had it' }],
    ],
    [
      'a file that nobody removed is gone',
      {},
      {},
      { [FILE]: undefined },
      [{ code: 'made-by-neither', sentence: 'the file is gone, and no side had removed it' }],
    ],
    [
      'a file that they removed is back',
      {},
      { [FILE]: undefined },
      { [FILE]: NOTE },
      [{ code: 'lost', side: 'theirs', sentence: 'had removed the file' }],
    ],
    [
      'a change of a file that nobody changed',
      {},
      {},
      { [FILE]: edited(['You check.', 'You look.']) },
      [{ code: 'made-by-neither', state: 'check', sentence: 'prompt: You check. → You look.' }],
    ],
    [
      'a state that they renamed is called as before',
      edited(['about the release', 'about all']),
      edited(['- id: write', '- id: compose'], ['next: { state_id: write }', 'next: { state_id: compose }']),
      { [FILE]: edited(['about the release', 'about all']) },
      [{ code: 'lost', side: 'theirs', state: 'write', sentence: "is called 'compose'" }],
    ],
    [
      'a state that they added does something else',
      edited(['You check.', 'You look.']),
      `${NOTE}\n  - { id: last, assistant_id: b, task: Say it, next: { state_id: end } }\n`.replace(
        'next: { state_id: end }\n\n',
        'next: { state_id: last }\n\n',
      ),
      {
        [FILE]:
          `${edited(['You check.', 'You look.'])}\n  - { id: last, assistant_id: b, task: Shout it, next: { state_id: end } }\n`.replace(
            'next: { state_id: end }\n\n',
            'next: { state_id: last }\n\n',
          ),
      },
      [
        { code: 'lost', side: 'theirs', state: 'last', sentence: 'is new' },
        { code: 'made-by-neither', state: 'last', sentence: 'is new' },
      ],
    ],
  ])('%s', async (_name, ours, theirs, merged, expected) => {
    branches(ours, theirs)
    mergeByHand(merged)
    expect(await findings()).toEqual([1, expected])
  })

  const CONFIG = '.codemie/config.yaml'
  const config = (hosts: string, commands: string) =>
    `policy:\n  http_allow_hosts: [${hosts}]\n\n  # Programs.\n\n  commands: [${commands}]\n`

  test.each<[string, string, unknown[]]>([
    ['is kept', config('a.test', 'make'), []],
    [
      'is lost in part',
      config('', 'make'),
      [{ code: 'lost', side: 'ours', sentence: expect.stringContaining('+a.test') }],
    ],
  ])('what both sides changed of the configuration %s', async (_name, merged, expected) => {
    commit({ [CONFIG]: config('', '') })
    branches({ [CONFIG]: config('a.test', '') }, { [CONFIG]: config('', 'make') })
    mergeByHand({ [CONFIG]: merged })
    expect(await findings()).toEqual([expected.length, expected])
  })

  test('a side that cannot be read, which the merge mended', async () => {
    branches('states: 1\n', THEIRS)
    mergeByHand({ [FILE]: THEIRS })
    expect(await findings()).toEqual([
      1,
      [{ code: 'not-comparable', sentence: "had errors in ours: 1: 'states' has the wrong type" }],
    ])
  })
})

describe('refuses', () => {
  test.each([
    [[], `error not-a-merge: HEAD (`],
    [['nowhere'], "error unknown-revision: There is no revision 'nowhere' here\n"],
    [['topic', '--markdown'], '--merge and --markdown exclude each other.'],
    [['alone'], 'error no-common-commit: The two sides have no commit in common here\n'],
  ])('%j', async (args, message) => {
    branches({}, {})
    repository.git('checkout', '-q', '--orphan', 'alone')
    repository.git('commit', '-q', '-m', 'Alone')
    repository.git('checkout', '-q', 'main')
    expect(await check(...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(message),
    })
  })

  test('a git that cannot merge without the working tree', async () => {
    branches({}, {})
    const folder = repository.beside('old')
    mkdirSync(folder)
    const git = repository.env['PATH']
    writeFileSync(
      join(folder, 'git'),
      `#!/bin/sh\ncase " $* " in *" merge-tree "*) exit 129;; esac\nPATH='${git}' exec git "$@"\n`,
      { mode: 0o755 },
    )
    const old = await runInProcess(['diff', '--merge', 'topic'], {
      cwd: repository.root,
      env: { ...repository.env, PATH: `${folder}:${git}` },
    })
    expect(old).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'error git-too-old: This git cannot merge without touching the working tree\n',
      ),
    })
  })
})
