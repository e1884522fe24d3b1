import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forgeApiOf } from '../../runner/store/forge-api.ts'
import { type ForgeApiServer, startForgeApi } from '../helpers/forge-api.ts'
import { type GitServer, refusePush, startRemote } from '../helpers/git-http.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { eventsOf } from '../helpers/run-of-events.ts'
import { newRun, openTestStore, play } from '../helpers/test-store.ts'

const ID = '20261120T104455Z-00000001'
const FOLDER = `runs/review/2026/11/20/${ID}`
let repository: TestRepository
let server: GitServer
let bare: string
let api: ForgeApiServer | undefined

beforeEach(async () => {
  repository = makeRepository({ files: { 'a.txt': 'a\n' } })
  ;({ server, bare } = await startRemote(repository, { token: 't' }))
})
afterEach(async () => {
  await api?.close()
  api = undefined
  await server.close()
  repository.remove()
})

const push = { remote: 'origin', token: 't' }
const FAR = { pid: 4242, hostname: 'far' }
const remoteRefs = () => repository.git('-C', bare, 'for-each-ref', '--format=%(refname)').split('\n')
const onRemote = (...args: string[]) => repository.git('-C', bare, ...args)
const hook = (text: string) => {
  mkdirSync(join(bare, 'hooks'), { recursive: true })
  writeFileSync(join(bare, 'hooks/pre-receive'), `#!/bin/sh\n${text}\n`)
  chmodSync(join(bare, 'hooks/pre-receive'), 0o755)
}

describe('a host that takes no refs but branches and tags', () => {
  beforeEach(() => refusePush(bare, 'refs/codemie/*', 'only branches and tags may be pushed'))

  test('gets the refs of runs as branches, which is said once; the record is on the branch in the end', async () => {
    const store = await openTestStore(repository, { push })
    const writer = await store.claim(newRun())
    expect(remoteRefs()).toEqual([`refs/heads/codemie-refs/live/${ID}`, 'refs/heads/main'])
    const place = await play(writer, eventsOf(ID, { a: 'x' }))
    expect(place).toMatchObject({ isPublished: true, path: FOLDER })
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    expect(store.warnings.map(({ code }) => code)).toEqual(['custom-refs-refused'])
    expect(store.warnings[0]?.message).toMatch(
      /^The remote origin takes no refs below refs\/codemie\/ \(remote: error: only branches and tags may be pushed \| [0-9a-f]{40}:refs\/codemie\/live\/\S+ \[remote rejected\] \(pre-receive hook declined\)\)\. Runs that are not finished are branches there, below codemie-refs\/\.$/,
    )
  })

  test('another machine takes such a run over, and a sweep publishes what was left', async () => {
    const store = await openTestStore(repository, { push: { ...push, publish: 'later' }, holder: FAR })
    const writer = await store.claim(newRun())
    const events = eventsOf(ID, { a: 'x', b: 'y' })
    for (const event of events.slice(0, 4)) await writer.append(event)
    await writer.checkpoint({ force: true })

    const clone = makeRepository({})
    clone.git('remote', 'add', 'origin', repository.git('remote', 'get-url', 'origin'))
    const elsewhere = await openTestStore(clone, { push: { ...push, publish: 'later' } })
    elsewhere.wait(11 * 60_000)
    const resumed = await elsewhere.resume(ID)
    expect(resumed.events).toHaveLength(4)
    for (const event of events.slice(4)) await resumed.writer.append(event)
    await resumed.writer.finish()
    expect(remoteRefs()).toEqual([`refs/heads/codemie-refs/done/${ID}`, 'refs/heads/main'])
    clone.remove()

    const swept = await runInProcess(['sweep', '--push'], { cwd: repository.root, env: repository.env })
    expect([swept.status, swept.stdout]).toEqual([0, `${ID} was put on codemie/runs\n`])
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    await expect(writer.finish()).rejects.toMatchObject({ code: 'run-taken-over' })
  })

  test('and none of ours refuses the run with what the host said first', async () => {
    refusePush(bare, 'refs/codemie/*|refs/heads/codemie*', 'not here')
    const store = await openTestStore(repository, { push })
    await expect(store.claim(newRun())).rejects.toMatchObject({
      code: 'push-protected',
      message: expect.stringContaining('not here'),
    })
    expect(store.warnings).toEqual([])
    expect(remoteRefs()).toEqual(['refs/heads/main'])
  })
})

test('a host that limits the refs of one push: each goes alone, and every run is on the branch once', async () => {
  hook(
    'n=$(wc -l); if [ "$n" -gt 1 ]; then echo "error: GH013: Repository rule violations: Pushes can not update more than 1 branch or tag." >&2; exit 1; fi',
  )
  const later = await openTestStore(repository, { push: { ...push, publish: 'later' } })
  for (let run = 0; run < 3; run++) {
    const writer = await later.claim(newRun())
    await play(writer, eventsOf(writer.id, { a: 'x' }))
  }
  expect(remoteRefs()).toHaveLength(4)
  const swept = await runInProcess(['sweep', '--push'], { cwd: repository.root, env: repository.env })
  expect(swept).toMatchObject({ status: 0, stderr: '3 things put in order.\n' })
  expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
  expect(onRemote('log', '--format=%B', 'codemie/runs').match(/^Run: /gm)).toHaveLength(3)
})

describe('a branch that takes signed commits only', () => {
  beforeEach(async () => {
    refusePush(bare, 'refs/heads/codemie/*', 'GH013: Commits must have verified signatures')
    api = await startForgeApi(bare, 't', repository.env['PATH'] ?? '')
  })
  const withApi = () => ({
    GITHUB_SERVER_URL: server.origin,
    GITHUB_API_URL: api?.url ?? '',
  })
  const open = (more: Record<string, unknown> = {}) =>
    openTestStore({ ...repository, env: { ...repository.env, ...withApi() } }, { push, ...more })

  test('gets them from the forge, which signs what it makes; nothing is pushed to the branch', async () => {
    const store = await open()
    for (const output of ['x', 'y']) {
      const writer = await store.claim(newRun())
      expect(await play(writer, eventsOf(writer.id, { a: output }))).toMatchObject({ isPublished: true })
    }
    expect(remoteRefs()).toEqual(['refs/heads/codemie/runs', 'refs/heads/main'])
    expect(onRemote('show', `codemie/runs:${FOLDER}/steps/a/1/output.md`)).toBe('x')
    expect(onRemote('show', 'codemie/runs:README.md')).toMatch(/^# Runs of AI workflows/)
    expect(onRemote('log', '--format=%cn', 'codemie/runs')).toBe('Forge\nForge')
    expect(api?.requests).toEqual([
      'POST git/trees',
      'POST git/commits',
      'POST git/refs',
      'POST git/trees',
      'POST git/commits',
      'PATCH git/refs/heads/codemie/runs',
    ])
    expect(store.warnings).toEqual([])
    repository.git('fetch', '-q', bare, 'codemie/runs:refs/remotes/origin/codemie/runs')
    expect(await runInProcess(['verify'], { cwd: repository.root, env: repository.env })).toMatchObject({
      status: 0,
    })
  })

  test('when somebody else moved it in that moment, it is made again from there', async () => {
    const store = await open()
    const first = await store.claim(newRun())
    await play(first, eventsOf(first.id, { a: 'x' }))
    api?.beforeMove(() => {
      const tree = onRemote('rev-parse', 'codemie/runs^{tree}')
      const other = onRemote('commit-tree', tree, '-p', 'codemie/runs', '-m', 'Another publisher')
      onRemote('update-ref', 'refs/heads/codemie/runs', other)
    })
    const second = await store.claim(newRun())
    expect(await play(second, eventsOf(second.id, { a: 'y' }))).toMatchObject({ isPublished: true })
    expect(onRemote('log', '--format=%s', 'codemie/runs').split('\n')).toHaveLength(3)
  })

  test('when the API refuses, too, the run waits as done, and the warning says what the host said of the push', async () => {
    api?.refuse('PATCH git/refs', 422, 'Repository rule violations found')
    api?.refuse('POST git/refs', 403, 'Resource not accessible by integration')
    const store = await open()
    const writer = await store.claim(newRun())
    expect(await play(writer, eventsOf(writer.id, { a: 'x' }))).toMatchObject({ isPublished: false })
    expect(remoteRefs()).toEqual([`refs/codemie/done/${ID}`, 'refs/heads/main'])
    expect(store.warnings).toMatchObject([
      {
        code: 'record-not-published',
        message: expect.stringContaining('Commits must have verified signatures'),
      },
    ])
  })
})

describe('the API of a remote', () => {
  const env = { GITHUB_TOKEN: 'g' }
  test.each<[string, string, Record<string, string>, string | undefined, string | undefined]>([
    ['on GitHub', 'https://github.com/acme/app.git', env, undefined, 'https://api.github.com acme/app g'],
    [
      'with a token of its own',
      'https://github.com/acme/app',
      env,
      'own',
      'https://api.github.com acme/app own',
    ],
    [
      'on a server of one’s own',
      'https://git.corp.example/acme/app.git',
      env,
      'own',
      'https://git.corp.example/api/v3 acme/app own',
    ],
    [
      'that the CI system names',
      'https://git.corp.example/acme/app.git',
      {
        ...env,
        GITHUB_SERVER_URL: 'https://git.corp.example',
        GITHUB_API_URL: 'https://git.corp.example/api/v3/',
      },
      undefined,
      'https://git.corp.example/api/v3 acme/app g',
    ],
    [
      'elsewhere, which must not get the token',
      'https://evil.example/acme/app.git',
      env,
      undefined,
      undefined,
    ],
    ['over ssh', 'git@github.com:acme/app.git', env, undefined, undefined],
    ['in a folder', '/srv/git/app.git', env, undefined, undefined],
    ['without a token', 'https://github.com/acme/app.git', {}, undefined, undefined],
    ['below a group', 'https://gitlab.com/a/b/c.git', env, 'own', undefined],
  ])('%s', (_name, url, variables, token, expected) => {
    const found = forgeApiOf(url, variables, token)
    expect(found && `${found.baseUrl} ${found.repository} ${found.token}`).toBe(expected)
  })
})
