import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readEvent } from '../../../action/read-event.ts'
import { makeEvent } from '../../helpers/action.ts'
import { type Forge, type ForgeEvent, startForge } from '../../rig/forge.mjs'

const SHA = 'a'.repeat(40)
const OTHER = 'b'.repeat(40)
const ZEROS = '0'.repeat(40)

let forge: Forge

beforeAll(async () => {
  forge = await startForge()
  forge.addRepo('acme/app')
  forge.commit('acme/app', 'main', { a: '1\n' })
  forge.addRepo('eve/app', { forkOf: 'acme/app' })
  forge.commit('acme/app', 'change', { b: '1\n' }, { from: 'main' })
  forge.commit('eve/app', 'change', { c: '1\n' }, { from: 'main' })
  forge.openPull('acme/app', { head: 'change', draft: true })
  forge.openPull('acme/app', { head: 'change', headRepo: 'eve/app' })
})
afterAll(() => forge.close())

const read = ({ name, payload, ref, sha }: Pick<ForgeEvent, 'name' | 'payload' | 'ref' | 'sha'>) =>
  readEvent(makeEvent({ name, payload, ref, sha }))

describe('payloads as the forge hands them out', () => {
  test('a pull request of the same repository', () => {
    const event = forge.event('pull_request', 'acme/app', { number: 1, action: 'synchronize' })
    expect(read(event)).toMatchObject({
      occurrence: { event: 'pull_request', type: 'synchronize', branch: 'main', labels: [], draft: true },
      number: 1,
      pull: { number: 1, merge: event.sha },
      trusted: forge.event('push', 'acme/app').sha,
      withoutKeys: undefined,
      ignored: undefined,
    })
  })

  test('a pull request of a fork', () => {
    const event = read(forge.event('pull_request', 'acme/app', { number: 2 }))
    expect(event).toMatchObject({
      occurrence: { type: 'opened', draft: false },
      withoutKeys: 'the pull request comes from a fork',
    })
  })

  test('a push', () => {
    const event = forge.event('push', 'acme/app', { before: OTHER })
    expect(read(event)).toMatchObject({
      occurrence: { event: 'push', branch: 'main', tag: undefined, type: undefined },
      pushed: { before: OTHER, after: event.sha },
      trusted: undefined,
    })
  })

  test('a schedule, a dispatch by hand and one from elsewhere', () => {
    expect(read(forge.event('schedule', 'acme/app', { schedule: '0 6 * * 1' })).occurrence).toMatchObject({
      event: 'schedule',
      cron: '0 6 * * 1',
    })
    const inputs = { workflow: 'report', days: '7' }
    expect(read(forge.event('workflow_dispatch', 'acme/app', { inputs, workflow: 'ai.yml' }))).toMatchObject({
      chosen: 'report',
      inputs,
    })
    expect(
      read(forge.event('repository_dispatch', 'acme/app', { action: 'ticket' })).occurrence,
    ).toMatchObject({ event: 'repository_dispatch', type: 'ticket', branch: 'main' })
  })
})

describe('payloads by hand', () => {
  const rows: readonly (readonly [
    situation: string,
    event: Parameters<typeof makeEvent>[0],
    read: object,
  ])[] = [
    [
      'a tag',
      { ref: 'refs/tags/v1', payload: { before: ZEROS } },
      { occurrence: { tag: 'v1', branch: undefined }, pushed: { before: undefined, after: SHA } },
    ],
    [
      'a new branch',
      { ref: 'refs/heads/next', payload: { before: ZEROS, commits: [{ id: OTHER }] } },
      { occurrence: { branch: 'next' }, pushed: { before: `${OTHER}^` } },
    ],
    [
      'records of runs',
      { ref: 'refs/heads/codemie/runs', payload: {} },
      { ignored: 'What was pushed are records of runs.' },
    ],
    ['a branch that is gone', { payload: { deleted: true } }, { ignored: expect.stringContaining('gone') }],
    [
      'a merge group',
      {
        name: 'merge_group',
        ref: 'refs/heads/gh-readonly-queue/main/pr-1-x',
        payload: {
          action: 'checks_requested',
          merge_group: { base_ref: 'refs/heads/main', base_sha: OTHER },
        },
      },
      { occurrence: { type: 'checks_requested', branch: 'main' }, trusted: OTHER },
    ],
    [
      'an issue',
      { name: 'issues', payload: { action: 'opened', issue: { number: 3, labels: [{ name: 'bug' }] } } },
      { occurrence: { type: 'opened', labels: ['bug'] }, number: 3, pull: undefined, trusted: SHA },
    ],
    [
      'a comment by a person',
      {
        name: 'issue_comment',
        payload: {
          action: 'created',
          issue: { number: 3 },
          comment: { body: 'Hi', user: { login: 'ann', type: 'User' } },
        },
      },
      { number: 3, ignored: undefined, trusted: SHA },
    ],
    [
      'a comment by a bot',
      { name: 'issue_comment', payload: { comment: { user: { login: 'github-actions[bot]' } } } },
      { ignored: 'The comment is by a bot, and bots that answer each other find no end.' },
    ],
    [
      'a comment by an app that does not say so in its name',
      { name: 'issue_comment', payload: { comment: { user: { login: 'helper', type: 'Bot' } } } },
      { ignored: expect.stringContaining('bot') },
    ],
    [
      'our own comment, written with the token of a person',
      {
        name: 'issue_comment',
        payload: {
          comment: { body: '<!-- codemie-ci:run-a -->\nDone', user: { login: 'ann', type: 'User' } },
        },
      },
      { ignored: 'The comment is our own.' },
    ],
    [
      'a pull request whose fork is gone',
      { name: 'pull_request', payload: { pull_request: { number: 1, head: { repo: null } } } },
      { withoutKeys: 'the pull request comes from a fork', pull: undefined },
    ],
    [
      'a pull request with the rights of its base',
      {
        name: 'pull_request_target',
        sha: OTHER,
        payload: {
          pull_request: {
            number: 1,
            base: { sha: OTHER },
            head: { sha: SHA },
            merge_commit_sha: 'c'.repeat(40),
          },
        },
      },
      { trusted: OTHER, pull: { base: OTHER, head: SHA, merge: 'c'.repeat(40) } },
    ],
    [
      'a pull request by Dependabot',
      {
        name: 'pull_request',
        payload: {
          sender: { login: 'dependabot[bot]' },
          pull_request: { head: { repo: { full_name: 'a/b' } }, base: { repo: { full_name: 'a/b' } } },
        },
      },
      { withoutKeys: 'Dependabot gets no secrets', ignored: undefined },
    ],
    [
      'a workflow that ended',
      {
        name: 'workflow_run',
        payload: { action: 'completed', workflow_run: { name: 'Build', head_branch: 'x' } },
      },
      {
        occurrence: { workflow: 'Build', branch: 'x', type: 'completed' },
        trusted: SHA,
        withoutKeys: 'the run that it follows is of a fork',
      },
    ],
    [
      'a workflow of the repository itself that ended',
      {
        name: 'workflow_run',
        payload: {
          workflow_run: { head_repository: { full_name: 'a/b' } },
          repository: { full_name: 'a/b' },
        },
      },
      { withoutKeys: undefined },
    ],
    [
      'a payload of other types',
      { name: 'pull_request', payload: { action: 5, number: 'x', pull_request: 'none', sender: null } },
      { occurrence: { type: undefined, branch: 'main', labels: undefined, draft: false }, number: undefined },
    ],
    [
      'a payload of nothing',
      { name: 'schedule', payload: {} },
      { occurrence: { cron: undefined }, inputs: {} },
    ],
    [
      'inputs that were left out',
      { name: 'workflow_dispatch', payload: { inputs: null } },
      { inputs: {}, chosen: undefined },
    ],
  ]
  test.each(rows)('%s', (_, event, expected) => {
    expect(readEvent(makeEvent(event))).toMatchObject(expected)
  })
})
