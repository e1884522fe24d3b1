import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { runStep } from '../helpers/action.ts'
import { makeRepository, type TestRepository } from '../helpers/git-repository.ts'
import { ASKS, LISTS } from '../helpers/github-workflow.ts'
import { type RunCliOptions, runInProcess } from '../helpers/run-cli.ts'

const FILE = '.github/workflows/codemie.yml'
const PUBLISH = '.github/workflows/codemie-publish.yml'

const repositories: TestRepository[] = []
afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove()
})

/** A repository with definitions by file stem and other files, and the way to run command lines in it. */
function open(
  workflows: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const repository = makeRepository()
  repositories.push(repository)
  const define = (id: string, text: string) => repository.write(`.codemie/workflows/${id}.yaml`, text)
  for (const [id, text] of Object.entries(workflows)) define(id, text)
  for (const [path, text] of Object.entries(files)) repository.write(path, text)
  const run = (line: string, options: Partial<RunCliOptions> = {}) =>
    runInProcess(line.split(' '), {
      cwd: repository.root,
      ...options,
      env: { ...repository.env, ...options.env },
    })
  const read = (file = FILE) => readFileSync(join(repository.root, file), 'utf8')
  return { repository, run, read, define }
}

/** A repository with releases, and the commits of them by their tags. */
function makeReleases() {
  const releases = makeRepository({ files: { a: '1' }, commits: [{ a: '2' }] })
  repositories.push(releases)
  return releases
}

describe('the GitHub workflow after init', () => {
  it('names the action by the commit of its release', async () => {
    const releases = makeReleases()
    releases.git('tag', '-a', 'v9.9.9', '-m', 'Release')
    const { run, read } = open()
    const { status, stderr, stdout } = await run('init', { env: { CODEMIE_CI_RELEASES: releases.root } })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`✓ ${FILE}  written\n✓ ${PUBLISH}  written\n\nNext\n`)
    const commit = releases.git('rev-parse', 'HEAD')
    expect(read().match(/uses: codemie.*/g)).toEqual(
      Array.from({ length: 2 }, () => `uses: codemie/codemie-ci/action@${commit} # v9.9.9`),
    )
  })

  it('is pinned by --update once the release can be looked up', async () => {
    const releases = makeReleases()
    const { run, read } = open()
    const env = { CODEMIE_CI_RELEASES: releases.root }
    expect((await run('init', { env })).stdout).toContain(
      `  · The commit of v9.9.9 could not be looked up, so the action is named by its tag. \`codemie-ci init --update\` pins it when ${releases.root} can be reached.\n`,
    )
    expect(read()).toContain('uses: codemie/codemie-ci/action@v9.9.9\n')
    expect((await run('init --update', { env })).stdout).toContain(
      `· ${FILE}  unchanged\n  · The commit of v9.9.9`,
    )
    releases.git('tag', 'v9.9.9')
    expect(await run('init --update', { env })).toEqual({
      status: 0,
      stdout: `✓ ${FILE}  updated\n✓ ${PUBLISH}  updated\n`,
      stderr: '',
    })
    expect(read(PUBLISH)).toContain(
      `uses: codemie/codemie-ci/action@${releases.git('rev-parse', 'HEAD')} # v9.9.9\n`,
    )
    expect(read()).toContain(
      `uses: codemie/codemie-ci/action@${releases.git('rev-parse', 'HEAD')} # v9.9.9\n`,
    )
    expect(read()).not.toContain('@v9.9.9')
  })

  it('has the key of a starter that asks a model', async () => {
    const { run, read } = open()
    await run('init --template review')
    expect(read()).toContain('          OPENAI_API_KEY: ${' + '{ secrets.OPENAI_API_KEY }}\n')
    expect(read().match(/OPENAI_API_KEY/g)).toHaveLength(2)
  })

  it('fits, so that validate has nothing to say', async () => {
    const { run } = open({ tidy: `on: [push, pull_request]\n${ASKS}` })
    await run('init')
    expect(await run('validate --strict')).toEqual({
      status: 0,
      stdout: '✓ 5 files checked, no problems\n',
      stderr: '',
    })
  })

  it('says what does not fit into it', async () => {
    const { run } = open({ a: `on: workflow_dispatch\ninputs: { "a b": null }\n${LISTS}` })
    expect((await run('init')).stdout).toContain(
      `✓ ${FILE}  written\n  · These inputs cannot be asked for, because of their names: a b.\n`,
    )
  })
})

describe('a GitHub workflow that no longer fits the definitions', () => {
  const before = { tidy: `on: { schedule: [{ cron: '0 6 * * 1' }] }\n${LISTS}` }

  async function change() {
    const scene = open(before)
    await scene.run('init')
    scene.define('tidy', `on: { push: { branches: [main] } }\npermissions: { issues: write }\n${LISTS}`)
    return scene
  }

  it('is told by validate, place by place', async () => {
    const { run } = await change()
    expect(await run('validate')).toMatchInlineSnapshot(`
      {
        "status": 0,
        "stderr": "",
        "stdout": "warning github-workflow-outdated: The event 'push' is missing, by which 'tidy' starts
       --> .github/workflows/codemie.yml:6:1
        |
      6 | on:
        | ^^
        = help: \`codemie-ci init --update\` mends it and keeps everything else of this file

      warning github-workflow-outdated: No definition has the schedule '0 6 * * 1' any more
        --> .github/workflows/codemie.yml:28:7
         |
      28 |     - cron: 0 6 * * 1
         |       ^^^^^^^^^^^^^^^
         = help: \`codemie-ci init --update\` mends it and keeps everything else of this file

      warning github-workflow-outdated: The job 'run' lacks the permission 'issues: write'
        --> .github/workflows/codemie.yml:62:3
         |
      62 |   run:
         |   ^^^
         = help: \`codemie-ci init --update\` mends it and keeps everything else of this file

      ! 5 files checked, 3 warnings in 1 file
      ",
      }
    `)
    expect(await run('validate --strict')).toMatchObject({ status: 2 })
    expect(JSON.parse((await run('validate --json')).stdout)).toMatchObject({
      valid: true,
      warnings: 3,
      files: expect.arrayContaining([expect.objectContaining({ file: FILE, valid: true })]),
    })
  })

  it('is told when it is named alone, too', async () => {
    const { run } = await change()
    const { stdout } = await run(`validate ${FILE}`)
    expect(stdout.match(/github-workflow-outdated/g)).toHaveLength(3)
    expect(stdout).toContain('! 1 file checked, 3 warnings in 1 file\n')
    expect((await run('validate .codemie')).stdout).not.toContain('github-workflow')
  })

  it('is mended by --update, which keeps what people added', async () => {
    const { run, read, repository } = await change()
    const people = read()
      .replaceAll('ubuntu-24.04', 'our-runner # the fast one')
      .replace('          mode: events\n', '          mode: events\n          strict: true # we mean it\n')
      .replace(
        /$/,
        '        env:\n          OUR_URL: https://example.org\n\n  # ours\n  other:  { runs-on: x,   steps: [ { run: "a" } ] }\n',
      )
    repository.write(FILE, people.replace("'0 6 * * 1'", '0 6 * * 1'))
    const text = read()
    expect(await run('init --update')).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^✓ \.github\/workflows\/codemie\.yml {2}updated\n {2}· The commit of/),
      stderr: '',
    })
    // The job of ours may live by the old schedule.
    expect(read()).toBe(
      text
        .replace('    - cron: 0 6 * * 1\n', '    - cron: 0 6 * * 1\n  push:\n    branches:\n      - main\n')
        .replace('# the branch codemie/runs\n', '# the branch codemie/runs\n      issues: write\n'),
    )
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
    expect((await run('init --update')).stdout).toContain(`· ${FILE}  unchanged\n`)
  })

  it('is kept by init, which says what it lacks', async () => {
    const { run, read } = await change()
    const text = read()
    expect((await run('init')).stdout).toContain(
      `! ${FILE}  kept: it does not fit the definitions; \`codemie-ci init --update\` mends it
  · The event 'push' is missing, by which 'tidy' starts.
  · No definition has the schedule '0 6 * * 1' any more.
  · The job 'run' lacks the permission 'issues: write'.
`,
    )
    expect(read()).toBe(text)
    expect((await run('init --force')).stdout).toContain(`✓ ${FILE}  replaced\n`)
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
  })

  it('is not judged while a definition has errors', async () => {
    const { run, define, read } = await change()
    const text = read()
    define('broken', 'states: []\n')
    expect((await run('validate')).stdout).not.toContain('github-workflow')
    expect((await run('init')).stdout).toContain(
      `! ${FILE}  kept: it is compared when all definitions are valid\n`,
    )
    expect(await run('init --update')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(
        'error definitions-invalid: Not known what starts 1 file with errors: .codemie/workflows/broken.yaml\n',
      ),
    })
    expect(read()).toBe(text)
  })
})

describe('a GitHub workflow of definitions that wait for a person', () => {
  const WAITS = `on: push\n${ASKS.replace('task: t', 'task: t, approval: true')}`
  const ONLY_COMMANDS =
    "(github.event_name != 'issue_comment' || startsWith(github.event.comment.body, '/codemie'))"

  it('starts by comments that answer, and by no other comment', async () => {
    const { run, read, define } = open({ letter: WAITS })
    await run('init')
    expect(read()).toMatch(/\n {2}issue_comment:\n {4}# zizmor: ignore.*\n {4}types:\n {6}- created\n/)
    expect(read()).toContain(`&& ${ONLY_COMMANDS}\n`)
    expect(read()).toMatch(
      / {4}permissions:\n {6}contents: write .*\n {6}issues: write\n {6}pull-requests: write\n/,
    )
    expect((await run('validate --strict')).status).toBe(0)
    // One that wants all comments gets them.
    define('talk', `on: issue_comment\n${LISTS}`)
    expect((await run('validate')).stdout).toContain("The job 'run' turns 'issue_comment' away")
    await run('init --update')
    expect(read()).not.toContain(ONLY_COMMANDS)
    expect((await run('validate --strict')).status).toBe(0)
  })

  it('says what is missing once one waits, also where it is called', async () => {
    const { run, read, define } = open({ letter: `on: push\n${LISTS}` })
    await run('init')
    define('inner', WAITS.replace('on: push\n', ''))
    define(
      'letter',
      'on: push\nenable_summarization_node: false\nstates: [{ id: c, workflow_id: inner, next: { state_id: end } }]\n',
    )
    const { stdout } = await run('validate')
    expect(stdout.match(/github-workflow-outdated: .*/g)).toEqual([
      "github-workflow-outdated: The event 'issue_comment' is missing, by which the answer to 'letter' starts",
      "github-workflow-outdated: The job 'run' lacks the permissions 'issues: write', 'pull-requests: write'",
      "github-workflow-outdated: The job 'run' does not tell commands from other comments",
      "github-workflow-outdated: The job 'run' does not hand on OPENAI_API_KEY",
    ])
    await run('init --update')
    expect(read()).toContain(ONLY_COMMANDS)
    expect((await run('validate --strict')).status).toBe(0)
  })

  it('leaves a condition of a person, and comments that the file lets through, as they are', async () => {
    const { run, read, repository } = open({ letter: WAITS })
    await run('init')
    const before = read().replace(` && ${ONLY_COMMANDS}`, '')
    repository.write(FILE, before)
    expect((await run('validate --strict')).status).toBe(0)
    repository.write(FILE, before.replace(/ {4}if: github.event_name != .*/, '    if: github.actor != 1'))
    expect((await run('validate --strict')).status).toBe(0)
  })
})

describe('a GitHub workflow of a person', () => {
  const MINE = 'on: push\njobs: { a: { runs-on: x, steps: [{ run: a }] } }\n'

  it('is kept, and said what ours would have', async () => {
    const { run, read } = open({ tidy: `on: issues\n${LISTS}` }, { [FILE]: MINE })
    expect((await run('init')).stdout).toContain(
      `! ${FILE}  kept: it has no job of codemie-ci\n  · A job of codemie-ci has a step`,
    )
    expect(await run('validate')).toMatchObject({ status: 0, stdout: expect.stringContaining('no problems') })
    expect(await run('init --update')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        `error github-workflow-foreign: ${FILE} cannot be brought up to date: it has no job of codemie-ci\n`,
      ),
    })
    expect(read()).toBe(MINE)
  })

  it('that is no YAML is said so', async () => {
    const { run } = open({ tidy: LISTS }, { [FILE]: 'on: [\n' })
    const { status, stdout } = await run('validate')
    expect(status).toBe(0)
    expect(stdout).toContain('warning github-workflow-unreadable: This is no GitHub workflow')
  })
})

describe('init --update', () => {
  it('writes the file where there is none, and nothing else', async () => {
    const { run, repository } = open({ tidy: `on: push\n${LISTS}` })
    expect((await run('init --update')).stdout).toContain(`✓ ${FILE}  written\n`)
    expect(existsSync(join(repository.root, '.codemie/config.yaml'))).toBe(false)
  })

  it('takes none of the options that are about other files', async () => {
    const { run } = open()
    for (const option of ['--force', '--no-github', '--template review']) {
      expect(await run(`init --update ${option}`)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(
          '--update brings the GitHub workflow up to date and does nothing else.',
        ),
      })
    }
  })

  it('answers in JSON', async () => {
    const { run, repository } = open({ tidy: `on: push\n${LISTS}` })
    expect(JSON.parse((await run('init --update --json')).stdout)).toEqual({
      root: repository.root,
      files: [
        { path: FILE, outcome: 'written', notes: [expect.stringContaining('could not be looked up')] },
        { path: PUBLISH, outcome: 'written' },
      ],
    })
  })
})

describe('the GitHub workflow that publishes what jobs of strangers left', () => {
  it('is written with the other one, and kept when a person changed it', async () => {
    const { run, read, repository } = open()
    await run('init')
    const text = read(PUBLISH)
    expect(text).toContain('    workflows: [codemie]\n')
    expect(text).not.toMatch(/\bref:|secrets\./)
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
    repository.write(PUBLISH, text.replace('ubuntu-24.04', 'our-runner'))
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
    await run('init --update')
    expect(read(PUBLISH)).toContain('our-runner')
    expect((await run('init --force')).stdout).toContain(`✓ ${PUBLISH}  replaced\n`)
    expect(read(PUBLISH)).toBe(text)
  })

  it('is not missed where a person took it away', async () => {
    const { run, repository } = open()
    await run('init')
    rmSync(join(repository.root, PUBLISH))
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
    await run('init --update')
    expect(existsSync(join(repository.root, PUBLISH))).toBe(false)
  })

  it.each([
    [
      'follows another workflow',
      (text: string) => text.replace('[codemie]', '[CI]'),
      "It does not follow the workflow 'codemie' by 'workflow_run'",
    ],
    [
      'may not read artifacts',
      (text: string) => text.replace(/ {6}actions: read.*\n/, ''),
      "The job 'publish' lacks the permission 'actions: read'",
    ],
    [
      'checks out the head of the stranger',
      (text: string) =>
        text.replace(
          '          persist',
          '          ref: ${' + '{ github.event.workflow_run.head_sha }}\n          persist',
        ),
      "The job 'publish' checks out something else than the default branch, and it has a token that may write",
    ],
    [
      'checks out the repository of the stranger',
      (text: string) => text.replace('          persist', '          repository: eve/app\n          persist'),
      "The job 'publish' checks out something else than the default branch, and it has a token that may write",
    ],
  ])('is told by validate and the action when it %s', async (_, change, message) => {
    const { run, read, repository } = open()
    await run('init')
    repository.write(PUBLISH, change(read(PUBLISH)))
    const { status, stdout } = await run('validate --strict')
    expect(status).toBe(2)
    expect(stdout).toContain(`error github-workflow-outdated: ${message}\n`)
    const step = await runStep({ cwd: repository.root, env: repository.env })
    expect(step.annotations.map((one) => `${one.file}: ${one.message}`)).toContain(`${PUBLISH}: ${message}`)
  })

  it('follows the name that a person gave the other one', async () => {
    const { run, read, repository } = open()
    await run('init')
    repository.write(FILE, read().replace('name: codemie\n', 'name: AI\n'))
    expect((await run('validate --strict')).stdout).toContain("It does not follow the workflow 'AI'")
    repository.write(PUBLISH, read(PUBLISH).replace('[codemie]', 'AI'))
    expect(await run('validate --strict')).toMatchObject({ status: 0 })
  })
})
