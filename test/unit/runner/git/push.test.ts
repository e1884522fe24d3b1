import { expect, test } from 'vitest'
import { GitError } from '../../../../runner/git/git.ts'
import { classifyRemoteError } from '../../../../runner/git/push.ts'

test.each([
  ["fatal: could not read Username for 'https://x': terminal prompts disabled", 'unauthorized'],
  ["remote: Invalid username or token.\nfatal: Authentication failed for 'http://x'", 'unauthorized'],
  ['git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'unauthorized'],
  [
    'remote: Permission to acme/app.git denied to github-actions[bot].\nfatal: unable to access: The requested URL returned error: 403',
    'read-only',
  ],
  ["remote: Repository not found.\nfatal: repository 'http://x' not found", 'not-found'],
  ["fatal: '/x' does not appear to be a git repository", 'not-found'],
  [
    'remote: error: GH006: Protected branch update failed\n! [remote rejected] main -> main (pre-receive hook declined)',
    'protected',
  ],
  ['! [remote rejected] x -> refs/pull/1/head (deny updating a hidden ref)', 'protected'],
  ['! [rejected] main -> main (fetch first)', 'lost-race'],
  ['! [rejected] main -> main (stale info)', 'lost-race'],
  [
    "! [remote rejected] main -> main (failed to update ref)\nremote: error: cannot lock ref 'refs/heads/main'",
    'lost-race',
  ],
  ['fatal: the receiving end does not support --atomic push', 'no-atomic'],
  ['fatal: unable to access: The requested URL returned error: 503', 'server-trouble'],
  ['fatal: unable to access: Could not resolve host: example.test', 'unreachable'],
  ['fatal: unable to access: Failed to connect to 127.0.0.1 port 1: Connection refused', 'unreachable'],
  ['fatal: something new', 'other'],
])('%s', (stderr, problem) => {
  expect(classifyRemoteError(new GitError('x', { kind: 'exited', exitCode: 128, stderr }))).toBe(problem)
})

test('a command that was stopped for its time', () => {
  expect(classifyRemoteError(new GitError('x', { kind: 'timed-out' }))).toBe('unreachable')
})
