import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { runInProcess } from '../helpers/run-cli.ts'

let repository: TestRepository
afterEach(() => repository?.remove())

const WORK = `enable_summarization_node: false
custom_nodes:
  - { id: n, custom_node_id: transform_node, config: { mappings: [{ output_field: a, type: constant, value: 1 }] } }
states:
  - { id: s, custom_node_id: n, next: { state_id: end } }
`

/** Odd on purpose: what is not touched has to stay as it is, to the last blank. */
const REVIEW = `# Kept by the review guild.
name:   Review   # as people know it
tags: [ quality,git ]

on: workflow_dispatch
${WORK}`

const CALLER = `name: Caller
enable_summarization_node: false
states:
  - { id: first, workflow_id: review, next: { state_id: second } }
  - id: second
    workflow_id: "review" # once more
    next: { state_id: end }
`

/** A repository with these files committed, and the way to run command lines in it. */
function open(files: Readonly<Record<string, string>>) {
  repository = makeRepository({ files: { 'README.md': 'Read me.\n', ...files } })
  const { root, env } = repository
  return {
    run: (...argv: string[]) => runInProcess(argv, { cwd: root, env }),
    read: (path: string) => readFileSync(join(root, path), 'utf8'),
    has: (path: string) => existsSync(join(root, path)),
    status: () => repository.git('status', '--porcelain', '--untracked-files=all'),
  }
}

const W = '.codemie/workflows'

/** What git says after the line was typed that the command printed. */
function typeLine(stderr: string): string {
  const line = /^Nothing is committed yet: (.*)\n$/.exec(stderr)?.[1] ?? ''
  for (const command of line.split(' && ')) {
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')
    repository.git(...words.slice(1))
  }
  return repository.git('show', '--stat=80', '--format=%s', 'HEAD')
}

describe('clone', () => {
  test('keeps comments and layout, and gives the copy a name of its own', async () => {
    const { run, read } = open({ [`${W}/review.yaml`]: REVIEW })
    const result = await run('clone', 'review', 'strict-review')
    expect(result).toEqual({
      status: 0,
      stdout: `✓ ${W}/strict-review.yaml is a copy of ${W}/review.yaml\n`,
      stderr: `Nothing is committed yet: git add -- ${W}/strict-review.yaml && git commit -m 'Clone review as strict-review' -- ${W}/strict-review.yaml\n`,
    })
    expect(read(`${W}/strict-review.yaml`)).toBe(REVIEW.replace('  Review ', '  Strict review '))
    expect(typeLine(result.stderr)).toMatch(/^Clone review as strict-review\n\n.*strict-review.yaml/)
  })

  test('goes to a folder, also of a file elsewhere, and says what starts it', async () => {
    const { run, has } = open({ 'examples/a.yaml': `on: [push, workflow_dispatch]\n${WORK}` })
    expect((await run('clone', 'examples/a.yaml', 'team/b')).stdout).toBe(
      `✓ ${W}/team/b.yaml is a copy of examples/a.yaml, and starts by the same events: push\n`,
    )
    expect(has(`${W}/team/b.yaml`)).toBe(true)
  })

  test.each([
    [
      'a name that is taken',
      'other',
      'file-exists',
      `${W}/other.yaml is there already, and nothing is overwritten`,
    ],
    ['a name that is taken in a folder', 'deep', 'name-taken', `${W}/team/deep.yaml is called 'deep', too`],
    ['a name that people know another by', 'Otto', 'name-taken', `${W}/other.yaml is called 'Otto', too`],
    [
      'a name that leads out of the folder',
      '../../x',
      'bad-name',
      "'../../x' cannot be the name of a workflow",
    ],
    ['a name that would be cut', 'a.config', 'bad-name', "'a.config' cannot be the name of a workflow"],
  ])('refuses %s', async (_situation, name, code, message) => {
    const { run, status } = open({
      [`${W}/review.yaml`]: REVIEW,
      [`${W}/other.yaml`]: `name: Otto\n${WORK}`,
      [`${W}/team/deep.yaml`]: WORK,
    })
    const result = await run('clone', 'review', name)
    expect(result.status).toBe(2)
    expect(result.stderr.split('\n')[0]).toBe(`error ${code}: ${message}`)
    expect(status()).toBe('')
  })

  test('refuses a workflow with errors', async () => {
    const { run, status } = open({ [`${W}/review.yaml`]: 'states: []\n' })
    expect(await run('clone', 'review', 'copy')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`error definition-invalid: ${W}/review.yaml has errors: 1: `),
    })
    expect(status()).toBe('')
  })
})

describe('rename', () => {
  test('moves the file as it is, and git follows it', async () => {
    const { run, read, has } = open({ [`${W}/review.yml`]: REVIEW })
    const result = await run('rename', 'review', 'code-review')
    expect(result).toEqual({
      status: 0,
      stdout: `✓ ${W}/review.yml is ${W}/code-review.yml now\n`,
      stderr: `Nothing is committed yet: git add -- ${W}/code-review.yml && git commit -m 'Rename review to code-review' -- ${W}/review.yml ${W}/code-review.yml\n`,
    })
    expect(read(`${W}/code-review.yml`)).toBe(REVIEW)
    expect(has(`${W}/review.yml`)).toBe(false)
    expect(typeLine(result.stderr)).toContain('{review.yml => code-review.yml}')
    expect((await run('versions', 'code-review', '--json')).stdout).toContain('"subject": "Change"')
  })

  test('stays in the folder that it is in, unless another one is named', async () => {
    const { run } = open({ [`${W}/team/review.yaml`]: REVIEW })
    expect((await run('rename', 'review', 'a')).stdout).toContain(`${W}/team/a.yaml now`)
    expect((await run('rename', 'a', 'other/b')).stdout).toContain(`${W}/other/b.yaml now`)
  })

  test('is refused while others call it, and changes these when asked to', async () => {
    const { run, read, status } = open({ [`${W}/review.yaml`]: REVIEW, [`${W}/caller.yaml`]: CALLER })
    expect(await run('rename', 'review', 'code-review')).toEqual({
      status: 2,
      stdout: '',
      stderr: `error still-called: Other workflows call 'review':
  ${W}/caller.yaml:4  state 'first'
  ${W}/caller.yaml:6  state 'second'
  = help: With --callers they call it by its new name from then on.
`,
    })
    expect(status()).toBe('')
    const done = await run('rename', 'review', 'code-review', '--callers')
    expect(done.stdout).toBe(
      `✓ ${W}/review.yaml is ${W}/code-review.yaml now\n  · ${W}/caller.yaml calls it by its new name\n`,
    )
    expect(read(`${W}/caller.yaml`)).toBe(
      CALLER.replace('workflow_id: review', 'workflow_id: code-review').replace('"review"', 'code-review'),
    )
    expect(typeLine(done.stderr)).toContain('caller.yaml')
    expect(status()).toBe('')
    expect((await run('validate')).status).toBe(0)
  })

  test('leaves alone who calls it by its display name', async () => {
    const { run } = open({
      [`${W}/review.yaml`]: REVIEW,
      [`${W}/caller.yaml`]: CALLER.replace('"review"', 'Review').replace('id: review,', 'id: Review,'),
    })
    expect((await run('rename', 'review', 'code-review')).status).toBe(0)
    expect((await run('validate')).status).toBe(0)
  })

  test('is refused where its own calls would lead nowhere', async () => {
    const { run, status } = open({
      [`${W}/team/caller.yaml`]: CALLER.replaceAll('review', 'review.yaml'),
      [`${W}/team/review.yaml`]: REVIEW,
    })
    const { stderr } = await run('rename', 'caller', 'other/caller')
    expect(stderr).toBe(
      `error calls-lost: Its call of 'review.yaml' leads to ${W}/team/review.yaml now, and would not from ${W}/other/caller.yaml\n  = help: Name it by its path from the top of the repository: workflow_id: ${W}/team/review.yaml\n`,
    )
    expect(status()).toBe('')
  })
})

describe('archive', () => {
  test('puts a workflow away, unseen and not run, and brings it back as it was', async () => {
    const { run, read, status } = open({ [`${W}/team/review.yaml`]: REVIEW, [`${W}/other.yaml`]: WORK })
    expect((await run('archive', 'review')).stdout).toBe(
      `✓ ${W}/team/review.yaml is .codemie/archive/team/review.yaml now\n`,
    )
    expect(read('.codemie/archive/team/review.yaml')).toBe(REVIEW)
    expect((await run('list')).stdout).not.toContain('review')
    expect((await run('list', '--all')).stdout).toContain('Review (CodeMie, archived, development')
    expect(await run('plan', 'review')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('error unknown-workflow: '),
    })
    expect((await run('validate')).stdout).toContain('1 file checked')
    expect((await run('unarchive', 'reveiw')).stderr).toContain("Did you mean 'review'?")
    expect((await run('unarchive', 'review')).stdout).toBe(`✓ ${W}/team/review.yaml is back\n`)
    expect(status()).toBe('')
  })

  test('is refused while others call it', async () => {
    const { run, status } = open({ [`${W}/review.yaml`]: REVIEW, [`${W}/caller.yaml`]: CALLER })
    expect((await run('archive', 'review')).stderr).toContain(
      "error still-called: Other workflows call 'review':",
    )
    expect(status()).toBe('')
  })

  test('overwrites nothing, there and back', async () => {
    const { run } = open({ [`${W}/review.yaml`]: REVIEW, '.codemie/archive/review.yaml': WORK })
    expect((await run('archive', 'review')).stderr).toContain(
      'error file-exists: .codemie/archive/review.yaml',
    )
    expect((await run('unarchive', 'review')).stderr).toContain(`error file-exists: ${W}/review.yaml`)
  })

  test('takes a workflow with errors, and does not bring it back', async () => {
    const { run } = open({ [`${W}/broken.yaml`]: 'states: []\n' })
    expect((await run('archive', 'broken')).status).toBe(0)
    expect((await run('unarchive', 'broken')).stderr).toContain(
      `error definition-invalid: ${W}/broken.yaml would have errors:\n  line 1: `,
    )
  })
})

describe('delete', () => {
  test('removes the file, and git brings it back', async () => {
    const { run, read, has } = open({ [`${W}/review.yaml`]: REVIEW })
    expect(await run('delete', 'review')).toEqual({
      status: 0,
      stdout: `✓ ${W}/review.yaml is deleted\n`,
      stderr: `Nothing is committed yet: git commit -m 'Delete review' -- ${W}/review.yaml\n`,
    })
    expect(has(`${W}/review.yaml`)).toBe(false)
    repository.git('checkout', '--', '.')
    expect(read(`${W}/review.yaml`)).toBe(REVIEW)
  })

  test.each([
    ['changes that are not committed', (path: string) => repository.write(path, `${REVIEW}\n`)],
    ['a file that git does not know', () => repository.git('rm', '-q', '--cached', `${W}/review.yaml`)],
  ])('is refused with %s, unless forced', async (_situation, spoil) => {
    const { run, has } = open({ [`${W}/review.yaml`]: REVIEW })
    spoil(`${W}/review.yaml`)
    expect((await run('delete', 'review')).stderr).toContain('error uncommitted-changes: ')
    expect(has(`${W}/review.yaml`)).toBe(true)
    expect((await run('delete', 'review', '--force')).status).toBe(0)
    expect(has(`${W}/review.yaml`)).toBe(false)
  })

  test('is refused while others call it, and outside of the workflows', async () => {
    const { run, status } = open({
      [`${W}/review.yaml`]: REVIEW,
      [`${W}/caller.yaml`]: CALLER,
      'examples/a.yaml': WORK,
    })
    expect((await run('delete', 'review', '--force')).stderr).toContain('error still-called: ')
    expect((await run('delete', 'examples/a.yaml')).stderr).toContain(
      `error workflow-outside: examples/a.yaml is not in ${W}`,
    )
    expect(status()).toBe('')
  })
})

describe('tag', () => {
  test.each([
    ['words on one line', REVIEW, '[ quality,git ]', '[quality, security]'],
    [
      'a list of lines with comments',
      `name: A\ntags:\n  - git # the first\n  # said by Ann\n  - quality\n${WORK}`,
      '  - git # the first\n  # said by Ann\n  - quality\n',
      '  # said by Ann\n  - quality\n  - security\n',
    ],
    ['none yet', `# head\nname: A\n\n# of the work\n${WORK}`, 'name: A\n', undefined],
  ])('changes %s and nothing else', async (_situation, text, before, after) => {
    const { run, read } = open({ [`${W}/review.yaml`]: text })
    const argv = after === undefined ? ['security'] : ['security', '--remove', 'git']
    const result = await run('tag', 'review', ...argv)
    expect(result).toMatchObject({ status: 0, stdout: `✓ ${W}/review.yaml has other tags now\n` })
    expect(read(`${W}/review.yaml`)).toBe(text.replace(before, after ?? 'name: A\ntags: [security]\n'))
    expect(result.stderr).toContain(
      `git commit -m 'Tag review +security${after === undefined ? '' : ' -git'}'`,
    )
  })

  test('of a file in the template form', async () => {
    const text = `name: A\nexecution_config:\n  tags:\n    - git\n${WORK.replace(/^(?=.)/gm, '  ')}`
    const { run, read } = open({ [`${W}/review.yaml`]: text })
    expect((await run('tag', 'review', 'a: b')).status).toBe(0)
    expect(read(`${W}/review.yaml`)).toBe(text.replace('    - git\n', "    - git\n    - 'a: b'\n"))
  })

  test('says what is there already, and what is not', async () => {
    const { run, status } = open({ [`${W}/review.yaml`]: REVIEW })
    expect(await run('tag', 'review', 'git')).toEqual({
      status: 0,
      stdout: `· ${W}/review.yaml has these tags already\n`,
      stderr: '',
    })
    expect((await run('tag', 'review', '--remove', 'gti')).stderr).toBe(
      `error unknown-tag: ${W}/review.yaml has no tag 'gti'\n  = help: Did you mean 'git'?\n`,
    )
    expect((await run('tag', 'review', 'a', '--remove', 'a')).stderr).toContain('to be added and removed')
    expect((await run('tag', 'review')).stderr).toContain('needs a tag to add')
    expect(status()).toBe('')
  })

  test('gives up where the file is not written in lines', async () => {
    const { run, status } = open({
      [`${W}/review.yaml`]: `{ ${WORK.split('\n')[0]}, custom_nodes: [{ id: n, custom_node_id: transform_node, config: { mappings: [] } }], states: [{ id: s, custom_node_id: n, next: { state_id: end } }] }\n`,
    })
    expect((await run('tag', 'review', 'a')).stderr).toBe(
      `error not-editable: 'tags' of ${W}/review.yaml is written in a way that cannot be changed in place\n  = help: Change it in an editor. Nothing was written.\n`,
    )
    expect(status()).toBe('')
  })
})

describe('lifecycle', () => {
  test('is added once, and changed with its comment', async () => {
    const { run, read } = open({ [`${W}/review.yaml`]: REVIEW })
    expect((await run('lifecycle', 'review', 'development')).stdout).toBe(
      `· ${W}/review.yaml is development already\n`,
    )
    const added = REVIEW.replace('[ quality,git ]\n', '[ quality,git ]\nlifecycle: testing\n')
    expect((await run('lifecycle', 'review', 'testing')).stdout).toBe(`✓ ${W}/review.yaml is testing now\n`)
    expect(read(`${W}/review.yaml`)).toBe(added)
    repository.write(`${W}/review.yaml`, added.replace('testing', '"testing"  # soon'))
    await run('lifecycle', 'review', 'production')
    expect(read(`${W}/review.yaml`)).toBe(added.replace('testing', 'production  # soon'))
  })

  test('retired is not run without --force, is planned with a word about it, and nobody may call it', async () => {
    const { run } = open({ [`${W}/review.yaml`]: REVIEW, [`${W}/caller.yaml`]: CALLER })
    expect((await run('lifecycle', 'review', 'retired')).stderr).toContain('error still-called: ')
    await run('delete', 'caller')
    expect((await run('lifecycle', 'review', 'retired')).status).toBe(0)
    const refused = await run('run', 'review')
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain(
      "The workflow is retired: it can be read and compared, but not run\n  = help: Change its 'lifecycle' to run it again, or run it once with --force.",
    )
    expect((await run('plan', 'review')).stdout).toContain('✗ Not ready to run: 1 problem')
    expect((await run('run', 'review', '--dry-run', '--force')).stdout).toContain('✓ Ready to run')
    expect(await run('run', 'review', '--force')).toMatchObject({ status: 0, stdout: '{\n  "a": 1\n}\n' })
    expect((await run('list', '--lifecycle', 'retired')).stdout).toContain('Review (CodeMie, retired')
    expect((await run('list', '--lifecycle', 'testing')).stdout).toBe('None of 1 workflow matches.\n')
    expect((await run('lifecycle', 'review', 'retird')).stderr).toContain("Did you mean 'retired'?")
  })

  test('retired by force goes on after a pause', async () => {
    const { run } = open({
      [`${W}/review.yaml`]: `lifecycle: retired\n${WORK.replace('custom_node_id: n, next', 'custom_node_id: n, interrupt_before: true, next')}`,
    })
    expect((await run('run', 'review', '--force')).status).toBe(3)
    expect(await run('resume', 'latest')).toMatchObject({ status: 0, stdout: '{\n  "a": 1\n}\n' })
  })
})

test('says when the GitHub workflow no longer fits', async () => {
  const { run } = open({
    [`${W}/review.yaml`]: REVIEW,
    [`${W}/nightly.yaml`]: `on: { schedule: [{ cron: '0 6 * * 1' }] }\n${WORK}`,
  })
  await run('init', '--update')
  const { stdout } = await run('lifecycle', 'nightly', 'retired')
  expect(stdout).toBe(
    `✓ ${W}/nightly.yaml is retired now\n  · .github/workflows/codemie.yml no longer fits the definitions: \`codemie-ci init --update\` mends it\n`,
  )
})

test('is data for programs', async () => {
  const { run } = open({ [`${W}/review.yaml`]: REVIEW })
  expect(JSON.parse((await run('rename', 'review', 'b', '--json')).stdout)).toEqual({
    to: `${W}/b.yaml`,
    files: [
      { path: `${W}/review.yaml`, what: 'removed' },
      { path: `${W}/b.yaml`, what: 'written' },
    ],
    message: 'Rename review to b',
    isChanged: true,
    notes: [],
    commit: [`git add -- ${W}/b.yaml`, `git commit -m 'Rename review to b' -- ${W}/review.yaml ${W}/b.yaml`],
  })
})
