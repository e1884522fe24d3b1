import { expect, test } from 'vitest'
import { readSubject } from '../../../action/review-subject.ts'
import { Refusal } from '../../../runner/failure.ts'

const BASE = 'b'.repeat(40)
const HEAD = 'a'.repeat(40)
const NONE = '0'.repeat(40)
const ANN = { id: 7, login: 'ann', type: 'User' }
const EVE = { id: 8, login: 'eve', type: 'User' }

const pull = (repo: { readonly id: number } | null = { id: 1 }) => ({
  number: 3,
  user: EVE,
  base: { sha: BASE, repo: { id: 1 } },
  head: { sha: HEAD, repo },
})
const ofPull = (more: object = {}) => ({
  base: BASE,
  head: HEAD,
  pull: { number: 3, author: EVE, isFork: false, labelled: undefined, ...more },
})

test.each([
  ['a pull request', 'pull_request', { action: 'opened', pull_request: pull() }, ofPull()],
  ['a push to it', 'pull_request', { action: 'synchronize', pull_request: pull() }, ofPull()],
  ['one of a fork', 'pull_request', { pull_request: pull({ id: 2 }) }, ofPull({ isFork: true })],
  ['one of a fork that is gone', 'pull_request', { pull_request: pull(null) }, ofPull({ isFork: true })],
  [
    'a label that was put on it',
    'pull_request',
    { action: 'labeled', label: { name: 'x' }, sender: ANN, pull_request: pull() },
    ofPull({ labelled: { name: 'x', by: ANN } }),
  ],
  [
    'a label that was taken off it',
    'pull_request',
    { action: 'unlabeled', label: { name: 'x' }, sender: ANN, pull_request: pull() },
    ofPull(),
  ],
  ['a review of it', 'pull_request_review', { action: 'submitted', pull_request: pull() }, ofPull()],
  [
    'a merge queue',
    'merge_group',
    { merge_group: { base_sha: BASE, head_sha: HEAD } },
    { base: BASE, head: HEAD, pull: undefined },
  ],
  ['a push', 'push', { before: BASE, after: HEAD }, { base: BASE, head: HEAD, pull: undefined }],
  [
    'the first push of a branch',
    'push',
    { before: NONE, after: HEAD },
    { base: undefined, head: HEAD, pull: undefined },
  ],
])('%s', (_name, name, payload, expected) => {
  expect(readSubject({ name, payload })).toEqual(expected)
})

test.each([
  ['pull_request_target', { pull_request: pull() }, 'event-refused', /^`mode: review` does not work on/],
  ['schedule', {}, 'event-refused', "`mode: review` does not know what to review on 'schedule'"],
  ['constructor', {}, 'event-refused', "`mode: review` does not know what to review on 'constructor'"],
  ['pull_request', {}, 'event-incomplete', 'The event has no `pull_request.base.sha` that is a commit'],
  [
    'pull_request',
    { pull_request: { ...pull(), head: { sha: '--upload-pack=x' } } },
    'event-incomplete',
    'The event has no `pull_request.head.sha` that is a commit',
  ],
  [
    'pull_request',
    { pull_request: { ...pull(), user: null } },
    'event-incomplete',
    'The event has no `pull_request.user.id` that is a number',
  ],
  [
    'pull_request',
    { action: 'labeled', label: { name: 'x' }, pull_request: pull() },
    'event-incomplete',
    'The event has no `sender.id` that is a number',
  ],
  [
    'push',
    { before: BASE, after: NONE },
    'event-refused',
    'The branch was deleted: there is nothing to review',
  ],
])('%s with %o is refused', (name, payload, code, message) => {
  const read = () => readSubject({ name, payload })
  expect(read).toThrow(Refusal)
  expect(read).toThrow(message)
  expect(read).toThrow(expect.objectContaining({ code }))
})
