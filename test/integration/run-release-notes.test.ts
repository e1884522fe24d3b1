import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'

/** The workflow that `npm start` runs. */
const WORKFLOW = readFileSync(new URL('../../.codemie/workflows/release-notes.yaml', import.meta.url), 'utf8')
const FILE = '.codemie/workflows/release-notes.yaml'

let repository: TestRepository | undefined

afterEach(() => {
  repository?.remove()
  repository = undefined
})

function make(): TestRepository {
  repository = makeRepository()
  return repository
}

function commit(in_: TestRepository, message: string, files: Readonly<Record<string, string>> = {}): void {
  for (const [path, text] of Object.entries(files)) in_.write(path, text)
  in_.git('add', '-A')
  in_.git('commit', '-q', '--allow-empty', '-m', message)
}

/** Runs the workflow there; the report, with the ids of commits replaced by `ID`. */
async function notesOf(root: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { status, stdout, stderr } = await runInProcess(['run', 'release-notes', '--json'], {
    cwd: root,
    env,
  })
  expect([status, stderr]).toEqual([0, ''])
  return JSON.parse(JSON.parse(stdout).output).report.replaceAll(/\b[0-9a-f]{7,40}\b/g, 'ID')
}

describe('the release notes of a repository', () => {
  test('with one commit', async () => {
    const r = make()
    commit(r, 'Lay the foundation', { [FILE]: WORKFLOW })
    expect(await notesOf(r.root, r.env)).toBe(
      '# Release notes\n\n1 commit in `HEAD`. There is no earlier tag: this is the whole history.\n\n## Added\n\n- Lay the foundation (`ID`, Ann Tester, 1 file)\n',
    )
  })

  test('with all kinds of commits, merges left out', async () => {
    const r = make()
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    r.git('tag', 'v1.0.0')
    commit(r, 'fix(parser): do not stop at a tab', { 'src/a.ts': '1' })
    commit(r, 'Describe the parser', { 'docs/parser.md': 'x', 'README.md': 'x' })
    r.git('checkout', '-q', '-b', 'side')
    commit(r, 'Prove the parser', { 'test/a.test.ts': 'x' })
    r.git('checkout', '-q', 'main')
    commit(r, 'feat!: drop Node 18\n\nBREAKING CHANGE: it is too old', {
      'package.json': '{}',
      'src/b.ts': '',
    })
    r.git('merge', '-q', '--no-ff', '-m', 'Merge side', 'side')
    commit(r, 'Tidy up')
    expect(await notesOf(r.root, r.env)).toBe(
      [
        '# Release notes',
        '',
        '5 commits in `v1.0.0..HEAD`.',
        '',
        '## Added',
        '',
        '- feat!: drop Node 18 **Breaking.** (`ID`, Ann Tester, 2 files)',
        '',
        '## Changed',
        '',
        '- Tidy up (`ID`, Ann Tester, 0 files)',
        '',
        '## Fixed',
        '',
        '- fix(parser): do not stop at a tab (`ID`, Ann Tester, 1 file)',
        '',
        '## Documentation',
        '',
        '- Describe the parser (`ID`, Ann Tester, 2 files)',
        '',
        '## Tests',
        '',
        '- Prove the parser (`ID`, Ann Tester, 1 file)',
        '',
      ].join('\n'),
    )
  })

  test('on a tagged commit: those of that release', async () => {
    const r = make()
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    r.git('tag', '-a', 'v1', '-m', 'First')
    expect(await notesOf(r.root, r.env)).toBe(
      '# Release notes\n\n1 commit in `HEAD`. There is no earlier tag: this is the whole history.\n\n## Added\n\n- Add the workflow (`ID`, Ann Tester, 1 file)\n',
    )
    commit(r, 'Fix it', { 'a.txt': 'a' })
    r.git('tag', '-a', 'v2', '-m', 'Second')
    expect(await notesOf(r.root, r.env)).toBe(
      '# Release notes\n\n1 commit in `v1..HEAD`.\n\n## Fixed\n\n- Fix it (`ID`, Ann Tester, 1 file)\n',
    )
  })

  test('with nothing new since the tag but a merge', async () => {
    const r = make()
    commit(r, 'Begin')
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    r.git('tag', 'v2')
    r.git(
      'reset',
      '-q',
      '--hard',
      r.git('commit-tree', '-p', 'HEAD', '-p', 'HEAD~1', '-m', 'Merge', 'HEAD^{tree}'),
    )
    expect(await notesOf(r.root, r.env)).toBe('# Release notes\n\nNothing new in `v2..HEAD`.')
  })

  test('in a shallow clone, which says that it is one', async () => {
    const r = make()
    commit(r, 'First')
    r.git('tag', 'v0')
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    commit(r, 'Correct a letter', { 'a.txt': 'a' })
    const clone = r.beside('shallow')
    execFileSync('git', ['clone', '-q', '--depth', '1', `file://${r.root}`, clone], {
      env: r.env,
      stdio: 'pipe',
    })
    const notes = await notesOf(clone, r.env)
    expect(notes).toMatch(/^# Release notes\n\n1 commit in `\S+`\. .*shallow/)
    expect(notes).toContain('## Fixed\n\n- Correct a letter (`ID`, Ann Tester, ')
    expect(
      execFileSync('git', ['branch', '--list', 'codemie/runs'], { cwd: clone, env: r.env, encoding: 'utf8' }),
    ).toContain('codemie/runs')
  })

  test('with file names, authors and subjects that are not ASCII', async () => {
    const r = make()
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    r.git('tag', 'v1')
    r.write('docs/größe – 日本 "x".md', 'x')
    r.git('add', '-A')
    r.git(
      '-c',
      'user.name=Zoë Ødegård',
      'commit',
      '-q',
      '-m',
      'Beschreibe die Größe – 日本 {{ 7 * 7 }} `x` 🎉',
    )
    expect(await notesOf(r.root, r.env)).toBe(
      '# Release notes\n\n1 commit in `v1..HEAD`.\n\n## Documentation\n\n- Beschreibe die Größe – 日本 {{ 7 * 7 }} `x` 🎉 (`ID`, Zoë Ødegård, 1 file)\n',
    )
  })

  test('are no more than asked for', async () => {
    const r = make()
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    for (const n of [1, 2, 3, 4]) commit(r, `Change ${n}`, { 'a.txt': String(n) })
    const { status, stdout } = await runInProcess(['run', 'release-notes', '-i', 'limit=2', '--json'], {
      cwd: r.root,
      env: r.env,
    })
    expect(status).toBe(0)
    const { report } = JSON.parse(JSON.parse(stdout).output)
    expect(report).toContain('Change 4')
    expect(report).toContain('Change 3')
    expect(report).not.toContain('Change 2')
  })

  test('are byte-equal when run twice on the same commits', async () => {
    const r = make()
    commit(r, 'Add the workflow', { [FILE]: WORKFLOW })
    for (let n = 0; n < 12; n++) commit(r, `Change ${n}`, { [`src/${n}.ts`]: String(n) })
    const trees: string[] = []
    for (let n = 0; n < 2; n++) {
      const { status, stdout } = await runInProcess(['run', 'release-notes', '--json'], {
        cwd: r.root,
        env: r.env,
      })
      expect(status).toBe(0)
      const { ref, path } = JSON.parse(stdout).record
      trees.push(r.git('rev-parse', `${ref}:${path}/steps`))
    }
    expect(trees[1]).toBe(trees[0])
  })

  test('without a commit fail, and say that there is none', async () => {
    const r = make()
    r.write(FILE, WORKFLOW)
    const { status, stderr } = await runInProcess(['run', 'release-notes'], { cwd: r.root, env: r.env })
    expect(status).toBe(1)
    expect(stderr).toContain(
      'error tool-failed: git_log: there is no commit yet on the current branch\n  = help: Commit something first.\n',
    )
  })
})
