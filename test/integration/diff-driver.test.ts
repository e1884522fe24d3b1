import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { NOTE_FILE as FILE, NOTE } from '../helpers/note-workflow.ts'
import { runInProcess } from '../helpers/run-cli.ts'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const PROGRAM = [process.execPath, '--import', TSX, MAIN]

let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { [FILE]: NOTE, 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const run = (args: readonly string[], more: Partial<Parameters<typeof runInProcess>[1]> = {}) =>
  runInProcess(args, { cwd: repository.root, env: repository.env, program: PROGRAM, ...more })
const attributes = () => readFileSync(join(repository.root, '.gitattributes'), 'utf8')
const LINES = `/.codemie/workflows/**/*.yaml diff=codemie
/.codemie/workflows/**/*.yml diff=codemie
/.codemie/workflows/**/*.toml diff=codemie
/.codemie/assistants/*.yaml diff=codemie
/.codemie/assistants/*.yml diff=codemie
/.codemie/skills/** diff=codemie
/.codemie/templates/**/*.yaml diff=codemie
/.codemie/templates/**/*.yml diff=codemie
/.codemie/config.yaml diff=codemie
`

describe('git itself, after init --diff-driver', () => {
  beforeEach(async () => {
    expect(await run(['init', '--diff-driver'])).toMatchObject({ status: 0, stderr: '' })
  })

  test('git diff shows what changes mean, of other files the text', () => {
    repository.write(FILE, NOTE.replace('Write the note', 'Write it').replace('name: Note', 'name: "Note"'))
    repository.write('a.txt', 'b\n')
    expect(repository.git('diff')).toMatch(
      /^\.codemie\/workflows\/note\.yaml\n {2}neutral {4}state 'write': task: Write the note . Write it\ndiff --git a\/a\.txt b\/a\.txt\n/,
    )
    expect(repository.git('diff', '--no-ext-diff', FILE)).toContain('\n+name: "Note"\n')
    expect(repository.git('diff', '--stat')).toContain('2 files changed')
  })

  test('so do git show and git log, where a file is new, moved, broken, laid out otherwise, and gone', () => {
    const commit = (message: string) => {
      repository.git('add', '-A')
      repository.git('commit', '-q', '-m', message)
    }
    commit('Attributes')
    repository.write('.codemie/workflows/new.yaml', NOTE)
    commit('New')
    mkdirSync(join(repository.root, '.codemie/workflows/a team'))
    renameSync(
      join(repository.root, '.codemie/workflows/new.yaml'),
      join(repository.root, '.codemie/workflows/a team/new.yaml'),
    )
    repository.write(FILE, `# Why\n${NOTE}`)
    commit('Move')
    rmSync(join(repository.root, '.codemie/workflows/a team/new.yaml'))
    repository.write(FILE, 'states: 1\n')
    commit('Gone')
    const shown = (revision: string) =>
      repository.git('show', '--ext-diff', '--format=', revision).split('\n')
    expect(shown('HEAD~2')).toEqual([
      '.codemie/workflows/new.yaml - added',
      '  widening   is new: 2 states, with tool read_file',
    ])
    expect(shown('HEAD~1')).toEqual([
      '.codemie/workflows/a team/new.yaml, before .codemie/workflows/new.yaml',
      `${FILE} - nothing that runs is different`,
    ])
    expect(shown('HEAD')).toEqual([
      '.codemie/workflows/a team/new.yaml - removed',
      '  narrowing  is gone',
      FILE,
      "  x has errors after the change: 1: 'states' has the wrong type",
    ])
    expect(repository.git('log', '-p', '--ext-diff', '--format=%s', '-1', 'HEAD~2')).toContain(
      'new.yaml - added',
    )
  })

  test('and what reads diffs itself is not led astray', async () => {
    repository.write(FILE, NOTE.replace('Write the note', 'Write it'))
    expect((await run(['diff'])).stdout).toContain('task: Write the note → Write it\n')
    repository.git('commit', '-q', '-a', '-m', 'It')
    expect((await run(['versions', 'note'])).stdout).toContain('Write it')
  })
})

describe('what git calls', () => {
  const driver = (args: readonly string[], env = repository.env) =>
    run(['diff', '--driver', '--', ...args], { env })

  test.each([
    ['one that is not merged yet', [FILE], `${FILE} · not merged yet\n`],
    [
      'a file that is not there',
      [FILE, 'nowhere', 'a1', '100644', FILE, 'b2', '100644'],
      expect.stringMatching(/^\.codemie\/workflows\/note\.yaml · cannot be compared: ENOENT: .+\n$/),
    ],
    [
      'another mode of the same text',
      [FILE, FILE, 'a1', '100644', FILE, 'a1', '100755'],
      `${FILE} · nothing that runs is different\n`,
    ],
    [
      'a name with a colour',
      ['x\u001b[31m', '/dev/null', '.', '.', '/dev/null', '.', '.'],
      'x · not merged yet\n',
    ],
  ])('%s: words, and never a failure', async (_name, args, stdout) => {
    expect(await driver(args)).toEqual({ status: 0, stdout, stderr: '' })
  })

  test.each([
    [{ GIT_PAGER_IN_USE: 'true', TERM: 'xterm' }, true],
    [{ GIT_PAGER_IN_USE: 'true', TERM: 'xterm', NO_COLOR: '1' }, false],
    [{ TERM: 'xterm' }, false],
  ])('colours as git has them for its pager: %j', async (env, isColoured) => {
    const { stdout } = await driver([FILE], { ...repository.env, ...env } as never)
    expect(stdout.includes('\u001b[1m')).toBe(isColoured)
  })
})

describe('init --diff-driver', () => {
  const command = () => repository.git('config', '--local', 'diff.codemie.command')

  test('says what it did and what is to do', async () => {
    expect(
      (await run(['init', '--diff-driver'], { program: ['/a b/node', "/it's/cli.cjs"] })).stdout,
    ).toBe(`✓ .gitattributes  written
✓ diff.codemie.command  written

\`git diff\` now shows what changes mean; so do \`git show --ext-diff\` and \`git log -p --ext-diff\`.
\`git diff --no-ext-diff\` shows the text.

Commit .gitattributes. Each clone has to run this once: git commits no settings.
\`git config --remove-section diff.codemie\` takes it back.
`)
    expect(attributes()).toBe(LINES)
    expect(command()).toBe("'/a b/node' '/it'\\''s/cli.cjs' diff --driver --")
  })

  test('a second time changes nothing; another program is set anew', async () => {
    await run(['init', '--diff-driver'])
    expect((await run(['init', '--diff-driver'])).stdout).toMatch(
      /^· \.gitattributes {2}unchanged\n· diff\.codemie\.command {2}unchanged\n/,
    )
    const { stdout } = await run(['init', '--diff-driver', '--json'], { program: ['node', 'x.cjs'] })
    expect(JSON.parse(stdout)).toEqual({
      root: repository.root,
      attributes: 'unchanged',
      setting: 'updated',
      command: 'node x.cjs diff --driver --',
    })
  })

  test.each([
    ['*.png binary\r\n', `*.png binary\r\n${LINES.replaceAll('\n', '\r\n')}`],
    ['*.png binary', `*.png binary\n${LINES}`],
    [
      `# ours\n  /.codemie/workflows/**/*.yml   diff=codemie\n`,
      `# ours\n  /.codemie/workflows/**/*.yml   diff=codemie\n${LINES.replace(/.*workflows.*yml.*\n/, '')}`,
    ],
  ])('keeps the other lines of %j', async (before, after) => {
    repository.write('.gitattributes', before)
    await run(['init', '--diff-driver'])
    expect(attributes()).toBe(after)
  })

  test('a program that is installed is called by its name; what npx puts into the path is gone later', async () => {
    const folders = ['node_modules/.bin', 'bin'].map((folder) => repository.beside(folder))
    const withPath = (...extra: (string | undefined)[]) => ({
      env: { ...repository.env, PATH: [...extra, repository.env['PATH']].join(':') },
    })
    for (const folder of folders) {
      mkdirSync(folder, { recursive: true })
      symlinkSync(process.execPath, join(folder, 'codemie-ci'))
    }
    await run(['init', '--diff-driver'], withPath(folders[0]))
    expect(command()).toContain(MAIN)
    await run(['init', '--diff-driver'], withPath(...folders))
    expect(command()).toBe('codemie-ci diff --driver --')
  })

  test('refuses a link, and other things at the same time', async () => {
    symlinkSync('a.txt', join(repository.root, '.gitattributes'))
    expect(await run(['init', '--diff-driver'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'error cannot-write: .gitattributes cannot be written: it is a link, and git reads no attributes through one\n',
      ),
    })
    expect(await run(['init', '--diff-driver', '--force'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--diff-driver sets up nothing else.'),
    })
  })
})
