import { readFileSync } from 'node:fs'
import { strFromU8, unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { shareLink } from '../../runner/store/share-link.ts'
import { startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
let repository: TestRepository

beforeEach(() => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
})
afterEach(() => repository.remove())

const cli = (...args: string[]) => runInProcess(args, { cwd: repository.root, env: repository.env })
const record = async (name = 'Review', options = {}) => {
  const store = await openTestStore(repository, options)
  const workflow = { id: 'review', name, file: 'review.yaml', text: 'states: []\n' }
  await play(await store.claim(newRun({ workflow })), eventsOf(ID, { 'a/b': '{"x":[1]}', c: 'Fine.' }))
}

describe('export', () => {
  test('as JSON and as Markdown', async () => {
    await record()
    expect(JSON.parse((await cli('export', 'latest')).stdout)).toMatchObject({
      id: ID,
      inputs: { a: 'one', b: 2 },
      steps: [{ path: 'a/b' }, { path: 'c', attempts: [{ output: 'Fine.' }] }],
    })
    const { stdout } = await cli('export', 'latest', '--format', 'md')
    expect(stdout).toMatch(/^# Review: succeeded\n/)
    expect(stdout).toContain(
      '## Outputs\n\n### `a/b`\n\n```json\n{\n  "x": [\n    1\n  ]\n}\n```\n\n### `c`\n\nFine.\n',
    )
  })

  test('as an archive with a file for each step, the same bytes each time', async () => {
    await record()
    const name = `Review_${ID}.zip`
    expect(await cli('export', 'latest', '--format', 'zip')).toMatchObject({ status: 0, stderr: `${name}\n` })
    const bytes = readFileSync(`${repository.root}/${name}`)
    const files = Object.entries(unzipSync(bytes)).map(([path, content]) => [path, strFromU8(content)])
    expect(files).toEqual([
      ['2026-11-20_10-44-56.000_a_b_succeeded.md', '{\n    "x": [\n        1\n    ]\n}\n'],
      ['2026-11-20_10-44-57.000_c_succeeded.md', 'Fine.\n'],
    ])
    expect(await cli('export', 'latest', '--format', 'zip')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error file-exists: /),
    })
    await cli('export', 'latest', '--format', 'zip', '-o', 'again.zip')
    expect(readFileSync(`${repository.root}/again.zip`)).toEqual(bytes)
  })

  test('as an archive with one file', async () => {
    await record()
    await cli('export', 'latest', '--format', 'zip', '--combined', '-o', 'x.zip')
    const files = unzipSync(readFileSync(`${repository.root}/x.zip`))
    expect(strFromU8(files[`Review_${ID}.md`] ?? new Uint8Array())).toBe(
      '## a/b_Succeeded\n\n{\n    "x": [\n        1\n    ]\n}\n\n## c_Succeeded\n\nFine.\n',
    )
  })

  test('a workflow with a hostile name does not lead out of the folder', async () => {
    await record('../../x\u0000y')
    expect((await cli('export', 'latest', '--format', 'zip')).stderr).toBe(`__.._x_y_${ID}.zip\n`)
  })
})

describe('share', () => {
  test('gives the link of the commit that published the run', async () => {
    const { server, bare } = await startRemote(repository, { token: 't' })
    try {
      await record('Review', { push: { remote: 'origin' } })
      const commit = repository.git('-C', bare, 'rev-parse', 'codemie/runs')
      expect(await cli('share', 'latest')).toEqual({
        status: 0,
        stdout: `${server.origin}/acme/app/tree/${commit}/runs/review/2026/11/20/${ID}\n`,
        stderr: '',
      })
    } finally {
      await server.close()
    }
  })

  test('says what to do where there is nothing to link to', async () => {
    await record()
    expect((await cli('share', 'latest')).stderr).toMatch(/^error no-forge: /)
    const bare = repository.beside('bare.git')
    repository.git('init', '-q', '--bare', bare)
    repository.git('remote', 'add', 'origin', bare)
    expect((await cli('share', 'latest')).stderr).toMatch(/^error not-published: /)
    repository.git('push', '-q', 'origin', 'codemie/runs')
    expect((await cli('share', 'latest')).stderr).toMatch(/^error no-forge: .* has no pages to link to\n/)
  })

  test.each([
    ['https://github.com/acme/app.git', 'https://github.com/acme/app/tree/C/P'],
    ['git@github.com:acme/app.git', 'https://github.com/acme/app/tree/C/P'],
    ['ssh://git@git.corp.example:2222/acme/app', 'https://git.corp.example/acme/app/tree/C/P'],
    ['https://gitlab.com/group/sub/app.git', 'https://gitlab.com/group/sub/app/-/tree/C/P'],
    ['git@bitbucket.org:acme/app.git', 'https://bitbucket.org/acme/app/src/C/P'],
    ['https://codeberg.org/acme/app', 'https://codeberg.org/acme/app/src/commit/C/P'],
    ['https://dev.azure.com/acme/p/_git/app', 'https://dev.azure.com/acme/p/_git/app?path=/P&version=GCC'],
    ['http://forge.example:8080/acme/app/', 'http://forge.example:8080/acme/app/tree/C/P'],
    ['/srv/git/app.git', undefined],
    ['file:///srv/git/app.git', undefined],
    ['C:\\git\\app', undefined],
  ])('of %s is %s', (url, link) => {
    expect(shareLink(url, { commit: 'C', path: 'P' })).toBe(link)
  })
})
