import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const TEXT = 'states: []\n'
const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
let repository: TestRepository

beforeEach(async () => {
  repository = makeRepository({ files: { '.codemie/workflows/review.yaml': TEXT } })
  await record(1)
  await record(2)
})
afterEach(() => repository.remove())

async function record(seed: number, id = 'review') {
  const store = await openTestStore(repository, { seed })
  const workflow = { id, name: id, file: '.codemie/workflows/review.yaml', text: TEXT }
  const writer = await store.claim(newRun({ workflow }))
  return await play(writer, eventsOf(writer.id, { a: 'x' }))
}

const verify = (...args: string[]) =>
  runInProcess(['verify', ...args], { cwd: repository.root, env: repository.env })
const codes = async () =>
  (
    JSON.parse((await verify('--json')).stdout) as { findings: { code: string; path: string }[] }
  ).findings.map(({ code, path }) => `${code} ${path.replace(`${FOLDER}/`, '')}`)

/** Commits a change to the branch as a person would who checked it out. */
function tamper(change: (folder: string) => void, message = () => 'By hand'): void {
  const path = repository.beside('checkout')
  repository.git('worktree', 'add', '-q', path, 'codemie/runs')
  change(path)
  repository.git('-C', path, 'add', '-A', '-f')
  checkout = path
  repository.git('-C', path, 'commit', '-q', '--no-verify', '-m', message())
  repository.git('worktree', 'remove', '--force', path)
}
let checkout = ''
/** The message of a publication of what the checkout now holds, as only somebody who may push could make it. */
const publication = (id = ID) => {
  const tree = repository.git('-C', checkout, 'write-tree')
  const path = `runs/review/2026/11/20/${id}`
  return `review ${id} succeeded\n\nRun: ${id} review succeeded ${repository.git('rev-parse', `${tree}:${path}`)}`
}
const editManifest = (root: string, change: (manifest: Record<string, unknown>) => void) => {
  const path = join(root, FOLDER, 'run.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  change(manifest)
  writeFileSync(path, JSON.stringify(manifest))
}
const write = (root: string, path: string, text: string) => {
  repository.git('-C', root, 'rm', '-q', '--cached', '--ignore-unmatch', path)
  writeFileSync(join(root, path), text)
}

describe('verify', () => {
  test('finds nothing in what was recorded', async () => {
    expect(await verify()).toEqual({
      status: 0,
      stdout: '✓ 2 records verified, 2 compared with the commit they ran on\n',
      stderr: '',
    })
    expect((await verify('latest')).stdout).toBe(
      '✓ 1 record verified, 1 compared with the commit they ran on\n',
    )
  })

  test('names the file that was changed, and what to do', async () => {
    tamper((root) => write(root, `${FOLDER}/steps/a/1/output.md`, 'y\n'))
    expect(await verify()).toEqual({
      status: 1,
      stdout: expect.stringContaining(
        `✗ ${FOLDER}/steps/a/1/output.md is not what run.json lists [file-changed]\n  = help: The commit that published the run still has it: \`git log -p -- <path>\`.\n`,
      ),
      stderr: '',
    })
    expect((await verify()).stdout).toMatch(/✗ 2 records verified, 1 one not as written, 2 compared/)
    expect((await verify(ID.slice(0, -1).concat('2'))).status).toBe(0)
  })

  test.each<[string, (root: string) => void, string[]]>([
    [
      'a file was added',
      (root) => write(root, `${FOLDER}/more.txt`, 'x'),
      ['file-added more.txt', 'tree-changed'],
    ],
    [
      'a file was removed',
      (root) => rmSync(join(root, FOLDER, 'inputs.json')),
      ['file-missing inputs.json', 'tree-changed'],
    ],
    [
      'the manifest is gone',
      (root) => rmSync(join(root, FOLDER, 'run.json')),
      ['record-unreadable run.json', 'tree-changed'],
    ],
    [
      'the manifest is no JSON',
      (root) => write(root, `${FOLDER}/run.json`, '{'),
      ['record-unreadable run.json', 'tree-changed'],
    ],
    [
      'a link stands for a file',
      (root) => {
        rmSync(join(root, FOLDER, 'inputs.json'))
        symlinkSync('/etc/passwd', join(root, FOLDER, 'inputs.json'))
      },
      ['odd-entry inputs.json', 'file-missing inputs.json', 'tree-changed'],
    ],
    [
      'a file is executable',
      (root) => chmodSync(join(root, FOLDER, 'inputs.json'), 0o755),
      ['odd-entry inputs.json', 'file-missing inputs.json', 'tree-changed'],
    ],
    [
      'a hidden file',
      (root) => write(root, `${FOLDER}/.gitattributes`, '* text'),
      ['odd-entry .gitattributes', 'file-added .gitattributes', 'tree-changed'],
    ],
    [
      'the journal is no journal',
      (root) => write(root, `${FOLDER}/journal/000001.ndjson`, 'x\n'),
      ['file-changed journal/000001.ndjson', 'journal-damaged journal/000001.ndjson', 'tree-changed'],
    ],
    [
      'another definition',
      (root) => write(root, `${FOLDER}/workflow.yaml`, 'a: 1\n'),
      ['file-changed workflow.yaml', 'definition-changed workflow.yaml', 'tree-changed'],
    ],
    ['a file outside of any run', (root) => write(root, 'runs/x.txt', 'x'), ['folder-odd runs/x.txt']],
  ])('%s', async (_name, change, expected) => {
    tamper(change)
    expect((await codes()).map((code) => code.replace(/^(tree-changed) .*/, '$1'))).toEqual(expected)
    expect((await verify()).status).toBe(1)
  })

  test('a status made up with a fitting digest disagrees with the commit that published it', async () => {
    tamper((root) => {
      const path = join(root, FOLDER, 'run.json')
      writeFileSync(path, readFileSync(path, 'utf8').replace('"succeeded"', '"failed"'))
    })
    expect(await codes()).toEqual([`message-differs ${FOLDER}`, `tree-changed ${FOLDER}`])
  })

  test('a record of a newer version is not looked at, and is no problem where it was published as it is', async () => {
    const store = await openTestStore(repository, { seed: 3 })
    const writer = await store.claim(
      newRun({ workflow: { id: 'review', name: 'R', file: 'r.yaml', text: TEXT } }),
    )
    await play(writer, eventsOf(writer.id, { a: 'x' }))
    const newer = writer.id
    const parent = repository.git('rev-parse', 'codemie/runs')
    tamper(
      (root) => {
        const path = join(root, `runs/review/2026/11/20/${newer}`, 'run.json')
        writeFileSync(path, readFileSync(path, 'utf8').replace('"schema": 1', '"schema": 2'))
      },
      () => publication(newer),
    )
    const before = repository.git('rev-parse', `${parent}~1`)
    const made = repository.git(
      'commit-tree',
      'codemie/runs^{tree}',
      '-p',
      before,
      '-m',
      repository.git('log', '-1', '--format=%B', 'codemie/runs'),
    )
    repository.git('update-ref', 'refs/heads/codemie/runs', made)
    rmSync(join(repository.root, '.git/logs'), { recursive: true })
    expect(await verify()).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(
        '2 records verified, 2 compared with the commit they ran on, 1 of newer',
      ),
    })
  })

  test('a newer layout hides no change', async () => {
    tamper((root) =>
      editManifest(root, (manifest) => {
        manifest['schema'] = 99
      }),
    )
    expect(await codes()).toEqual([`tree-changed ${FOLDER}`])
    tamper((root) => write(root, `${FOLDER}/steps/a/1/output.md`, 'y\n'), publication)
    expect(await codes()).toEqual([`tree-changed ${FOLDER}`, `record-replaced ${FOLDER}`])
  })

  test('a run that was deleted by hand, and one that was moved to another workflow', async () => {
    tamper((root) => rmSync(join(root, FOLDER), { recursive: true }))
    expect(await codes()).toEqual([`run-removed ${FOLDER}`])
    const other = FOLDER.replace(/1$/, '2')
    tamper((root) => {
      mkdirSync(join(root, 'runs/other/2026/11/20'), { recursive: true })
      renameSync(join(root, other), join(root, other.replace('review', 'other')))
    })
    expect(await codes()).toEqual([
      `folder-odd ${other.replace('review', 'other')}`,
      `tree-changed ${other.replace('review', 'other')}`,
      `run-removed ${other}`,
      `run-removed ${FOLDER}`,
    ])
  })

  test('a record that was replaced under a forged publication does not continue the one before it', async () => {
    tamper(
      (root) =>
        editManifest(root, (manifest) => {
          manifest['actor'] = { name: 'Mallory', source: 'git' }
        }),
      publication,
    )
    expect(await codes()).toEqual([`record-replaced ${FOLDER}`])
    expect((await verify()).stdout).toMatch(
      /was replaced by commit [0-9a-f]{12} with a record that does not continue the one before it \[record-replaced\]\n {2}= help: The commit before it still has the first record/,
    )
  })

  test('an edit that was put back leaves its commits', async () => {
    const text = repository.git('show', `codemie/runs:${FOLDER}/steps/a/1/output.md`)
    tamper((root) => write(root, `${FOLDER}/steps/a/1/output.md`, 'y\n'))
    tamper((root) => write(root, `${FOLDER}/steps/a/1/output.md`, `${text}\n`))
    expect(await codes()).toEqual([`tree-changed ${FOLDER}`, `tree-changed ${FOLDER}`])
  })

  test('only the fetched copy was tampered with', async () => {
    const sound = repository.git('rev-parse', 'codemie/runs')
    tamper((root) => write(root, `${FOLDER}/steps/a/1/output.md`, 'y\n'))
    repository.git('update-ref', 'refs/remotes/origin/codemie/runs', 'codemie/runs')
    repository.git('update-ref', 'refs/heads/codemie/runs', sound)
    expect(await codes()).toEqual(['file-changed steps/a/1/output.md', `tree-changed ${FOLDER}`])
  })

  test('the branch was moved back and went on from there: the clone remembers what it had', async () => {
    repository.git('update-ref', '--create-reflog', 'refs/remotes/origin/codemie/runs', 'codemie/runs')
    repository.git('update-ref', '-d', 'refs/heads/codemie/runs')
    repository.git('update-ref', 'refs/remotes/origin/codemie/runs', 'refs/remotes/origin/codemie/runs~1')
    expect(await codes()).toEqual(['branch-rewritten codemie/runs'])
    expect((await verify()).stdout).toMatch(
      /no longer has 1 of the commits that it had here, the newest of them/,
    )
  })

  test('a shallow clone is not taken for a forged one', async () => {
    const clone = repository.beside('shallow')
    repository.git('clone', '-q', '--depth=1', '--branch=codemie/runs', `file://${repository.root}`, clone)
    const { status, stdout } = await runInProcess(['verify'], { cwd: clone, env: repository.env })
    expect([status, stdout]).toEqual([
      0,
      '! the history of codemie/runs is not whole here, so only what is here was checked: `git fetch --unshallow` brings the rest\n✓ 2 records verified\n',
    ])
  })

  test.each<[string, (manifest: Record<string, unknown>) => void]>([
    [
      'files that are none',
      (manifest) => {
        manifest['files'] = { 'inputs.json': null }
      },
    ],
    [
      'no workflow file',
      (manifest) => {
        manifest['workflow'] = { id: 'review', name: 'R', blob: '' }
      },
    ],
    [
      'calls that are none',
      (manifest) => {
        manifest['workflow'] = { id: 'review', name: 'R', file: 'a', blob: '', calls: [1] }
      },
    ],
    [
      'no models',
      (manifest) => {
        delete manifest['models']
      },
    ],
  ])('a manifest with %s is refused by every reader', async (_name, change) => {
    tamper((root) => editManifest(root, change))
    expect(await codes()).toEqual(['record-unreadable run.json', `tree-changed ${FOLDER}`])
    const shown = await runInProcess(['show', ID], { cwd: repository.root, env: repository.env })
    expect([shown.status, shown.stderr.split(':')[0]]).toEqual([6, 'error record-unreadable'])
  })

  test('a run that was forged as a whole, definition and all, is not that of its commit', async () => {
    const tip = repository.git('rev-parse', 'codemie/runs')
    const store = await openTestStore(repository, { seed: 3 })
    const workflow = {
      id: 'review',
      name: 'R',
      file: '.codemie/workflows/review.yaml',
      text: 'states: [1]\n',
    }
    const writer = await store.claim(newRun({ workflow }))
    await play(writer, eventsOf(writer.id, { a: 'x' }))
    expect(repository.git('rev-parse', 'codemie/runs')).not.toBe(tip)
    expect((await codes()).map((code) => code.split(' ')[0])).toEqual(['definition-changed'])
  })

  test('the branch shares nothing with its fetched copy: begun apart, or replaced, which a person can tell', async () => {
    repository.git('update-ref', 'refs/remotes/origin/codemie/runs', 'codemie/runs')
    const tree = repository.git('rev-parse', 'codemie/runs^{tree}')
    const orphan = repository.git(
      'commit-tree',
      tree,
      '-m',
      repository.git('log', '--format=%B', 'codemie/runs'),
    )
    repository.git('update-ref', 'refs/heads/codemie/runs', orphan)
    expect(await verify()).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^! codemie\/runs here and its copy at [0-9a-f]{12} share no commit: /),
    })
  })

  test('a merge into the branch', async () => {
    const tree = repository.git('rev-parse', 'codemie/runs^{tree}')
    const merge = repository.git('commit-tree', tree, '-p', 'codemie/runs', '-p', 'main', '-m', 'Merge')
    repository.git('update-ref', 'refs/heads/codemie/runs', merge)
    expect(await codes()).toEqual([`branch-merged ${merge}`])
  })

  test.each(['../x', '-rf', '🙂', 'x'.repeat(300), 'Review', 'REVIEW'])(
    'a workflow that is called %j',
    async (id) => {
      await record(3, id)
      expect(await codes()).toEqual([])
    },
  )

  test('there is no branch yet', async () => {
    repository.git('update-ref', '-d', 'refs/heads/codemie/runs')
    expect(await verify()).toMatchObject({ status: 0, stdout: '✓ 0 records verified\n' })
    expect(await verify(ID)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error not-published: /),
    })
  })
})
