import { expect, onTestFinished, test } from 'vitest'
import { startForge } from '../rig/forge.mjs'

test('the stand-in of a forge keeps pull requests of forks, and answers as GitHub describes it', async () => {
  const forge = await startForge()
  onTestFinished(() => forge.close())
  forge.addRepo('acme/app')
  forge.commit('acme/app', 'main', { 'a.txt': 'a\n' })
  forge.addRepo('eve/app', { forkOf: 'acme/app' })
  forge.commit('eve/app', 'change', { 'b.txt': 'b\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change', headRepo: 'eve/app' })
  const run = forge.event('pull_request', 'acme/app', { number, action: 'synchronize' })
  expect(run).toMatchObject({ name: 'pull_request', ref: `refs/pull/${number}/merge`, fork: true })
  const token = forge.jobToken('acme/app', run, { contents: 'write', pull_requests: 'write' })
  const ask = async (path: string, init: RequestInit = {}) =>
    await fetch(`${forge.apiUrl}/repos/acme/app/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}` },
    })
  const files = await (await ask(`pulls/${number}/files`)).json()
  expect(files).toMatchObject([{ filename: 'b.txt', status: 'added' }])
  const comment = { method: 'POST', body: JSON.stringify({ body: 'x' }) }
  // What comes from a fork may only read.
  expect((await ask(`issues/${number}/comments`, comment)).status).toBe(403)
  expect(forge.unhandled).toEqual([])
})
