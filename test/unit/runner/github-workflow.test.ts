import { describe, expect, it } from 'vitest'
import {
  checkGithubWorkflow,
  mendGithubWorkflow,
  writeGithubWorkflow,
} from '../../../runner/github-workflow.ts'
import { ASKS, definitionsOf, LISTS } from '../../helpers/github-workflow.ts'

const ACTION = 'codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9'

/** The file that `init` writes for definitions. */
async function written(workflows: Readonly<Record<string, string>>, config?: string): Promise<string> {
  return (await writeGithubWorkflow(definitionsOf(workflows, config), ACTION)).text
}

const messages = (text: string, workflows: Readonly<Record<string, string>>, config?: string) =>
  checkGithubWorkflow(text, definitionsOf(workflows, config)).map(({ message }) => message)

describe('the GitHub workflow of definitions', () => {
  it('none of which names an event', async () => {
    expect(await written({ list: LISTS })).toMatchInlineSnapshot(`
      "# Starts the workflows of .codemie/workflows and reviews changes of them. \`codemie-ci init\` takes the events from what the
      # definitions say under \`on\`: change them there, then type \`codemie-ci init --update\`. It keeps what you add here:
      # comments, jobs, variables, runners.
      name: codemie

      on:
        pull_request:
          types:
            - opened
            - synchronize
            - reopened
            - ready_for_review
            - labeled
            - unlabeled
          paths:
            - .codemie/**
        pull_request_review:
          types:
            - submitted
            - dismissed

      # Nothing by default; each job asks for what it needs.
      permissions: {}

      jobs:
        review:
          name: Review
          if: contains(fromJSON('["pull_request", "pull_request_review", "merge_group"]'), github.event_name)
          runs-on: ubuntu-24.04
          timeout-minutes: 10
          permissions:
            contents: read
            pull-requests: write # the comment that says what a change means
          concurrency:
            group: codemie-review-\${{ github.event.pull_request.number || github.ref }}
            cancel-in-progress: true
          steps:
            - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
              with:
                fetch-depth: 0 # the definitions before the change, too
                persist-credentials: false
            - id: codemie
              uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
              with:
                mode: review
                token: \${{ github.token }}
            - if: always() && steps.codemie.outputs.artifact != ''
              uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
              with:
                name: codemie-ci-review-\${{ github.run_attempt }} # codemie-publish.yml takes it
                path: \${{ steps.codemie.outputs.artifact }}
                retention-days: 7

        run:
          name: Run
          if: github.event_name != 'pull_request' && github.event_name != 'pull_request_review'
          runs-on: ubuntu-24.04
          timeout-minutes: 30
          permissions:
            contents: write # the branch codemie/runs
          concurrency:
            # What comes for the same pull request or by the same schedule waits for the run before it. Of several that wait GitHub
            # keeps the newest, so that everything else has a group of its own.
            group: codemie-run-\${{ github.event_name }}-\${{ github.event.action }}-\${{ github.event.pull_request.number || github.event.schedule || github.run_id }}
            # A run that spends money is not thrown away halfway.
            cancel-in-progress: false
          steps:
            - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
              with:
                fetch-depth: 0 # for workflows that read the history
                persist-credentials: false
            - id: codemie
              uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
              with:
                mode: events
                push: true
                token: \${{ github.token }} # for the record and the answer; steps of workflows never see it
            - if: always() && steps.codemie.outputs.artifact != ''
              uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
              with:
                name: codemie-ci-run-\${{ github.run_attempt }} # codemie-publish.yml takes it
                path: \${{ steps.codemie.outputs.artifact }}
                retention-days: 7
      "
    `)
  })

  it('that start by many events, with inputs, keys and permissions', async () => {
    const workflows = {
      report: `on:
  schedule: [{ cron: '0 6 * * 1' }, { cron: '0  6 * * 1' }]
  workflow_dispatch: null
inputs: { since: { type: string, required: true, description: First day }, deep: { type: boolean, default: false } }
permissions: { issues: write, unknown: write }
${ASKS}`,
      review: `on: { pull_request: { paths: ['src/**'], labels: [ai] } }\n${ASKS}`,
      tidy: `on: { push: { branches: [main] }, workflow_dispatch: null }\nmodels: { default: anthropic:some }\n${ASKS}`,
      old: `on: [issues]\nlifecycle: retired\n${ASKS}`,
    }
    const config =
      'integrations: { wiki: { type: confluence, url: https://wiki.example.org, env: { token: WIKI_TOKEN } } }'
    expect(await written(workflows, config)).toMatchInlineSnapshot(`
      "# Starts the workflows of .codemie/workflows and reviews changes of them. \`codemie-ci init\` takes the events from what the
      # definitions say under \`on\`: change them there, then type \`codemie-ci init --update\`. It keeps what you add here:
      # comments, jobs, variables, runners.
      name: codemie

      on:
        pull_request:
          types:
            - opened
            - synchronize
            - reopened
            - ready_for_review
            - labeled
            - unlabeled
          paths:
            - src/**
            - .codemie/**
        push:
          branches:
            - main
        workflow_dispatch:
          inputs:
            workflow:
              description: Workflow to run
              required: true
              type: choice
              options:
                - report
                - tidy
            since:
              description: First day (report)
              type: string
            deep:
              description: For report
              type: boolean
              default: false
        pull_request_review:
          types:
            - submitted
            - dismissed
        schedule:
          - cron: 0 6 * * 1

      # Nothing by default; each job asks for what it needs.
      permissions: {}

      jobs:
        review:
          name: Review
          if: contains(fromJSON('["pull_request", "pull_request_review", "merge_group"]'), github.event_name)
          runs-on: ubuntu-24.04
          timeout-minutes: 10
          permissions:
            contents: read
            pull-requests: write # the comment that says what a change means
          concurrency:
            group: codemie-review-\${{ github.event.pull_request.number || github.ref }}
            cancel-in-progress: true
          steps:
            - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
              with:
                fetch-depth: 0 # the definitions before the change, too
                persist-credentials: false
            - id: codemie
              uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
              with:
                mode: review
                token: \${{ github.token }}
            - if: always() && steps.codemie.outputs.artifact != ''
              uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
              with:
                name: codemie-ci-review-\${{ github.run_attempt }} # codemie-publish.yml takes it
                path: \${{ steps.codemie.outputs.artifact }}
                retention-days: 7

        run:
          name: Run
          if: github.event_name != 'pull_request_review'
          runs-on: ubuntu-24.04
          timeout-minutes: 30
          permissions:
            contents: write # the branch codemie/runs
            pull-requests: write
            checks: write
            issues: write
          concurrency:
            # What comes for the same pull request or by the same schedule waits for the run before it. Of several that wait GitHub
            # keeps the newest, so that everything else has a group of its own.
            group: codemie-run-\${{ github.event_name }}-\${{ github.event.action }}-\${{ github.event.pull_request.number || github.event.schedule || github.run_id }}
            # A run that spends money is not thrown away halfway.
            cancel-in-progress: false
          steps:
            - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
              with:
                fetch-depth: 0 # for workflows that read the history
                persist-credentials: false
            - id: codemie
              uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
              with:
                mode: events
                push: true
                token: \${{ github.token }} # for the record and the answer; steps of workflows never see it
              env:
                OPENAI_API_KEY: \${{ secrets.OPENAI_API_KEY }}
                ANTHROPIC_API_KEY: \${{ secrets.ANTHROPIC_API_KEY }}
                WIKI_TOKEN: \${{ secrets.WIKI_TOKEN }}
            - if: always() && steps.codemie.outputs.artifact != ''
              uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
              with:
                name: codemie-ci-run-\${{ github.run_attempt }} # codemie-publish.yml takes it
                path: \${{ steps.codemie.outputs.artifact }}
                retention-days: 7
      "
    `)
  })

  it('that another GitHub workflow calls', async () => {
    const text = await written({
      fix: `on: workflow_call\ninputs: { level: { enum: [low, high] } }\n${ASKS}`,
    })
    expect(text).toContain(`  workflow_call:
    inputs:
      call:
        description: Workflow to run
        required: true
        type: string
      level:
        type: string
    secrets:
      OPENAI_API_KEY:
        required: false
`)
    expect(text).toContain(`          workflow: \${{ inputs.call }}
          inputs: \${{ inputs.call && toJSON(inputs) || '' }}
        env:
          OPENAI_API_KEY: \${{ secrets.OPENAI_API_KEY }}
`)
  })

  it('whose models are those of GitHub, with the token of the job', async () => {
    const text = await written({ a: `on: push\nmodels: { default: github:some/model }\n${ASKS}` })
    expect(text).toContain('      models: read\n')
    expect(text).toContain(`          GITHUB_MODELS_TOKEN: \${{ github.token }}\n`)
    expect(text).not.toContain('secrets.')
  })

  it('300 of which start by hand', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [
        `w${i}`,
        `on: { workflow_dispatch: null, schedule: [{ cron: '${i % 60} 6 * * *' }] }\n${LISTS}`,
      ]),
    )
    const text = await written(many)
    expect(text.match(/^ {10}- w\d+$/gm)).toHaveLength(300)
    expect(text.match(/^ {4}- cron: /gm)).toHaveLength(60)
    expect(messages(text, many)).toEqual([])
  })
})

const PUSH = { a: `on: { push: { branches: [main] } }\n${LISTS}` }

describe('a GitHub workflow that does not fit', () => {
  it.each<
    [
      situation: string,
      before: Readonly<Record<string, string>>,
      now: Readonly<Record<string, string>>,
      says: string[],
    ]
  >([
    [
      'a new event',
      PUSH,
      { ...PUSH, b: `on: issues\n${LISTS}` },
      [
        "The event 'issues' is missing, by which 'b' starts",
        "The job 'run' lacks the permission 'issues: write'",
      ],
    ],
    [
      'a new schedule',
      PUSH,
      { ...PUSH, b: `on: { schedule: [{ cron: '1 2 * * *' }] }\n${LISTS}` },
      ["The schedule '1 2 * * *' is missing, by which 'b' starts"],
    ],
    [
      'a schedule that went',
      { a: `on: { schedule: [{ cron: '1 2 * * *' }] }\n${LISTS}` },
      { a: LISTS },
      ["No definition has the schedule '1 2 * * *' any more"],
    ],
    [
      'a branch more',
      PUSH,
      { a: `on: { push: { branches: [main, next] } }\n${LISTS}` },
      ["'branches' of the event 'push' lacks next, and 'a' may not start"],
    ],
    [
      'no filter any more',
      PUSH,
      { a: `on: push\n${LISTS}` },
      ["'branches' of the event 'push' may keep away what 'a' wants"],
    ],
    [
      'tags beside branches',
      PUSH,
      { a: `on: { push: { branches: [main], tags: ['v*'] } }\n${LISTS}` },
      ["'tags' of the event 'push' lacks v*, and 'a' may not start"],
    ],
    [
      'a type more',
      { a: `on: { issues: { types: [opened] } }\n${LISTS}` },
      { a: `on: { issues: { types: [opened, closed] } }\n${LISTS}` },
      ["'types' of the event 'issues' lacks closed, and 'a' may not start"],
    ],
    [
      'pull requests',
      PUSH,
      { ...PUSH, b: `on: pull_request\n${LISTS}` },
      [
        "'paths' of the event 'pull_request' may keep away what 'b' and the job 'review' want",
        "The job 'run' lacks the permissions 'pull-requests: write', 'checks: write'",
        "The job 'run' turns 'pull_request' away, by which workflows start",
      ],
    ],
    [
      'a permission more',
      PUSH,
      { a: `on: { push: { branches: [main] } }\npermissions: { statuses: write }\n${LISTS}` },
      ["The job 'run' lacks the permission 'statuses: write'"],
    ],
    [
      'a model',
      PUSH,
      { a: `on: { push: { branches: [main] } }\n${ASKS}` },
      ["The job 'run' does not hand on OPENAI_API_KEY"],
    ],
    [
      'an input of another type',
      { a: `on: workflow_dispatch\ninputs: { x: { type: string, default: d } }\n${LISTS}` },
      { a: `on: workflow_dispatch\ninputs: { x: { type: boolean } }\n${LISTS}` },
      ["The input 'x' of the event 'workflow_dispatch' has the type string, and the definitions say boolean"],
    ],
    [
      'other choices',
      { a: `on: workflow_dispatch\ninputs: { x: { enum: [b, c] } }\n${LISTS}` },
      { a: `on: workflow_dispatch\ninputs: { x: { enum: [c, d] } }\n${LISTS}` },
      ["The input 'x' of the event 'workflow_dispatch' does not offer d and still offers b"],
    ],
    [
      'another input',
      { a: `on: workflow_dispatch\ninputs: { x: null }\n${LISTS}` },
      { a: `on: workflow_dispatch\ninputs: { y: null }\n${LISTS}` },
      [
        "The event 'workflow_dispatch' lacks the input 'y'",
        "No definition has the input 'x' of the event 'workflow_dispatch' any more",
      ],
    ],
    [
      'a second workflow to start by hand',
      { a: `on: workflow_dispatch\n${LISTS}` },
      { a: `on: workflow_dispatch\n${LISTS}`, b: `on: workflow_dispatch\n${LISTS}` },
      ["The event 'workflow_dispatch' lacks the input 'workflow'"],
    ],
    [
      'a caller',
      PUSH,
      { ...PUSH, b: `on: workflow_call\n${LISTS}` },
      [
        "The event 'workflow_call' is missing, by which 'b' starts",
        "The job 'run' does not hand on which workflow a caller wants",
      ],
    ],
    [
      'an event that is not added',
      PUSH,
      { ...PUSH, b: `on: pull_request_target\n${LISTS}` },
      ["The event 'pull_request_target' is not added by itself, so nothing starts 'b' by it"],
    ],
    ['less than before', { a: `on: [push, issues]\n${ASKS}` }, { a: LISTS }, []],
  ])('%s', async (_, before, now, says) => {
    const text = await written(before)
    expect(messages(text, before)).toEqual([])
    expect(messages(text, now).sort()).toEqual([...says].sort())
    const mended = await mendGithubWorkflow(text, definitionsOf(now))
    // What is never added stays to be said.
    expect(messages(mended.text, now)).toEqual(says.filter((one) => one.includes('not added')))
    expect(await mendGithubWorkflow(mended.text, definitionsOf(now))).toEqual(mended)
  })

  it.each<[form: string, on: string]>([
    ['one event', 'on: push\n'],
    ['a list of events', 'on: [push]\n'],
    ['a list, one a line', 'on:\n- push\n'],
    ['a map on one line', "'on': { push: }\n"],
    ['a map of maps', 'on: {push: {branches: ["**"]}} # all\n'],
    ['nothing', 'on:\n'],
    ['not at all', ''],
  ])('and says %s', async (_, on) => {
    const text = `name: mine\n${on}jobs:\n  ours:\n    runs-on: x\n    steps:\n      - { uses: ${ACTION.split(' ')[0]}, with: { mode: events } }\n  other: {runs-on: x,   steps: [{run: 'a'}]}\n`
    const now = definitionsOf({ a: `on: { push: { branches: [main] }, issues: null }\n${ASKS}` })
    const mended = await mendGithubWorkflow(text, now)
    expect(checkGithubWorkflow(mended.text, now)).toEqual([])
    if (on !== '') expect(mended.text).toContain("\n  other: {runs-on: x,   steps: [{run: 'a'}]}\n")
    expect(mended.text).toMatch(/^name: mine\n/)
  })

  it('is mended with the line breaks of Windows', async () => {
    const text = (await written(PUSH)).replaceAll('\n', '\r\n')
    const { text: mended } = await mendGithubWorkflow(text, definitionsOf({ a: `on: push\n${ASKS}` }))
    expect(mended.replaceAll('\r\n', '')).not.toContain('\n')
  })
})

describe('what people changed on purpose', () => {
  const EVENTS = { a: `on: { push: { branches: [main] }, schedule: [{ cron: '1 2 * * *' }] }\n${ASKS}` }
  it.each<[situation: string, change: (text: string) => string]>([
    [
      'another runner and time limit',
      (t) => t.replaceAll('ubuntu-24.04', '[self-hosted, big]').replaceAll('30', '300'),
    ],
    [
      'no job that reviews',
      (t) =>
        t
          .replace(/ {2}review:\n[\s\S]*?(?= {2}run:)/, '')
          .replace(/ {2}pull_request(_review)?:\n( {4}.*\n)+/g, ''),
    ],
    [
      'no job that runs',
      (t) => t.replace(/ {2}run:\n[\s\S]*$/, '').replace(/ {2}(push|schedule):\n( {4}.*\n)+/g, ''),
    ],
    ['a job with another name', (t) => t.replace('  run:\n', '  workflows:\n')],
    ['a fork of the action', (t) => t.replaceAll('codemie/codemie-ci/action', 'acme/codemie-ci/action')],
    [
      'more events, branches and permissions',
      (t) =>
        t
          .replace('      - main\n', "      - main\n      - 'v*'\n  label:\n")
          .replace('contents: write', 'contents: write\n      packages: write'),
    ],
    [
      'all permissions',
      (t) => t.replace(/permissions:\n {6}contents: write.*\n/, 'permissions: write-all\n'),
    ],
    [
      'a key that comes from elsewhere',
      (t) => t.replace(/ {8}env:\n.*\n/, '        # OPENAI_API_KEY is set by the step before\n'),
    ],
    [
      'a condition of their own',
      (t) =>
        t.replace(/if: github.event_name !=.*/, "if: github.actor != 'bot' && github.event_name != 'push'"),
    ],
    [
      'a schedule for a job of theirs',
      (t) =>
        t
          .replace('schedule:\n', "schedule:\n    - cron: '5 5 * * *'\n")
          .replace(/$/, '  mine:\n    runs-on: x\n    steps: [{ run: a }]\n'),
    ],
  ])('%s is nothing to report', async (_, change) => {
    const text = await written(EVENTS)
    const changed = change(text)
    expect(changed).not.toBe(text)
    expect(messages(changed, EVENTS)).toEqual([])
  })

  it.each([
    [
      'a file without a job of codemie-ci',
      'on: push\njobs: { a: { runs-on: x, steps: [{ run: b }] } }\n',
      [],
      'it has no job of codemie-ci',
    ],
    [
      'a file that is no map',
      '- a\n',
      ["This is no GitHub workflow, so it is not compared with the definitions: it has no 'jobs'"],
      "line 1: This is no GitHub workflow, so it is not compared with the definitions: it has no 'jobs'",
    ],
    [
      'a file that is no YAML',
      'a: [\n',
      [expect.stringContaining('This is no GitHub workflow')],
      'This is no GitHub workflow',
    ],
    ['an empty file', '', [expect.stringContaining("it has no 'jobs'")], "it has no 'jobs'"],
  ])('%s is left alone', async (_, text, says, why) => {
    expect(messages(text, EVENTS)).toEqual(says)
    await expect(mendGithubWorkflow(text, definitionsOf(EVENTS))).rejects.toMatchObject({
      code: 'github-workflow-foreign',
      message: expect.stringContaining(why),
    })
  })

  it.each([
    [
      'permissions',
      'a: &job\n    permissions: &none {}\n    steps: [STEP]\n  b: { steps: [{ run: x }], permissions: *none }',
    ],
    ['a whole job', 'a: &job\n    permissions: {}\n    steps: [STEP]\n  b: { <<: *job, runs-on: x }'],
    [
      'permissions of another job',
      'b: { steps: [{ run: x }], permissions: &none {} }\n  a:\n    permissions: *none\n    steps: [STEP]',
    ],
  ])('%s that jobs share are given to none of them', async (_, jobs) => {
    const step = '{ uses: x/codemie-ci/action@v1, with: { mode: events } }'
    const text = `on: { push: { branches: [main] } }\njobs:\n  ${jobs.replace('STEP', step)}\n`
    await expect(mendGithubWorkflow(text, definitionsOf(PUSH))).rejects.toMatchObject({
      code: 'github-workflow-stuck',
      help: expect.stringContaining("The job 'a' lacks the permission 'contents: write'."),
    })
  })
})
