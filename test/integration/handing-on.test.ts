import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runPath } from '../../runner/store/run-id.ts'
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

  test('writes the record to a file where there is nothing to link to, and says why; import brings it in', async () => {
    await record()
    const share = () => cli('share', 'latest')
    const none = await share()
    const [file = ''] = none.stdout.split('\n')
    const id = file.replace('.bundle', '')
    expect(none).toEqual({
      status: 0,
      stdout: `${id}.bundle\n`,
      stderr: `This repository has no remote that records are pushed to, so the record is in a file.\n  = help: Name one as results.remote in .codemie/config.yaml.\n\`codemie-ci import ${id}.bundle\` brings it into any clone.\n`,
    })
    expect(repository.git('for-each-ref', 'refs/codemie')).toBe('')
    const bare = repository.beside('bare.git')
    repository.git('init', '-q', '--bare', bare)
    repository.git('remote', 'add', 'origin', bare)
    expect((await share()).stderr).toMatch(
      /^Run \S+ is not on codemie\/runs of origin \(.*\), so the record is in a file\.\n/,
    )
    repository.git('push', '-q', 'origin', 'codemie/runs')
    expect((await share()).stderr).toMatch(/ has no pages to link to, so the record is in a file\.\n/)
    expect(JSON.parse((await cli('share', 'latest', '--bundle', '--json')).stdout)).toEqual({
      bundle: join(repository.root, file),
    })
    const other = makeRepository({ files: { 'a.txt': 'a\n' } })
    const at = { cwd: other.root, env: other.env }
    expect((await runInProcess(['import', join(repository.root, file)], at)).status).toBe(0)
    expect(other.git('rev-parse', `codemie/runs:${runPath('review', id)}`)).toBe(
      repository.git('rev-parse', `codemie/runs:${runPath('review', id)}`),
    )
    other.remove()
  })

  test('a run that waits goes on where its bundle is brought in', async () => {
    const store = await openTestStore(repository)
    const writer = await store.claim(newRun())
    for (const event of eventsOf(writer.id, { a: 'x' }).slice(0, -1)) await writer.append(event)
    await writer.abandon()
    const { stdout } = await cli('share', writer.id, '--bundle')
    const other = makeRepository({ files: { 'a.txt': 'a\n' } })
    const at = { cwd: other.root, env: other.env }
    const imported = await runInProcess(['import', join(repository.root, stdout.trim())], at)
    expect([imported.status, imported.stderr]).toEqual([0, expect.any(String)])
    expect(other.git('for-each-ref', '--format=%(refname)', 'refs/codemie')).toBe(
      `refs/codemie/live/${writer.id}`,
    )
    expect(JSON.parse((await runInProcess(['show', writer.id, '--json'], at)).stdout)).toMatchObject({
      status: 'interrupted',
    })
    other.remove()
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
