import { describe, expect, test } from 'vitest'
import type { EffectDigest } from '../../runner/effects/digest.ts'
import { digestRun } from '../../runner/store/digest-run.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const { projectOf } = bench

const CONFIG = 'policy: { write_paths: ["docs/**"] }\n'

/** States that each propose something, one after the other. */
function proposing(
  permissions: string,
  calls: readonly (readonly [tool: string, args: object])[],
  more = '',
) {
  const tools = calls.map(
    ([tool, args], index) => `  - { id: t${index}, tool: ${tool}, tool_args: ${JSON.stringify(args)} }`,
  )
  const states = calls.map(
    (_, index) =>
      `  - { id: s${index}, tool_id: t${index}, ${more}next: { state_id: ${index + 1 < calls.length ? `s${index + 1}` : 'end'} } }`,
  )
  return `
permissions: ${permissions}
enable_summarization_node: false
retry_policy: { max_attempts: 1 }
tools:
${tools.join('\n')}
states:
${states.join('\n')}
`
}

const fates = (effects: readonly EffectDigest[]) =>
  effects.map(({ about, refused }) => `${about}${refused === undefined ? '' : ` REFUSED ${refused}`}`)

const ALL =
  '{ comment: 2, label: [triage/*, "!triage/secret"], issue: 1, review: comment, status: codemie/*, branch: codemie/*, pull-request: 1 }'

describe('a proposal is kept and nothing is written', () => {
  test('one of each kind', async () => {
    const w = projectOf(
      proposing(ALL, [
        ['propose_comment', { body: 'Hello\n@ann' }],
        ['propose_labels', { add: ['triage/bug'], remove: ['triage/new'] }],
        ['propose_issue', { title: 'Broken link', body: 'In the docs' }],
        ['propose_review', { verdict: 'comment', body: 'Fine' }],
        ['propose_status', { context: 'codemie/docs', state: 'failure', description: 'two left' }],
        [
          'propose_commit',
          { branch: 'codemie/fix', message: 'Fix', files: [{ path: 'docs/a.md', content: 'a\n' }] },
        ],
        ['propose_pull_request', { branch: 'codemie/fix', title: 'Fix it', body: 'Please' }],
      ]),
      { config: CONFIG },
    )
    const run = await w.run('w')
    expect(run).toMatchObject({ status: 'succeeded' })
    const { files, events } = await w.read()
    expect(fates(digestRun(events).effects)).toMatchInlineSnapshot(`
      [
        "comment: Hello @ann",
        "label +triage/bug −triage/new",
        "issue: Broken link",
        "review (comment): Fine",
        "status codemie/docs: failure",
        "commit to codemie/fix: docs/a.md",
        "pull request from codemie/fix: Fix it",
      ]
    `)
    expect(JSON.parse(Buffer.from(files.get('effects.json') ?? []).toString())).toEqual(
      digestRun(events).effects,
    )
    expect(Buffer.from(files.get('README.md') ?? []).toString()).toContain('## What it asked to write')
    const verified = await runInProcess(['verify'], { cwd: w.root, env: w.env })
    expect(verified).toMatchObject({ status: 0 })
  })

  test.each<readonly [situation: string, why: string, permissions: string, call: readonly [string, object]]>([
    [
      'of a kind that is not declared',
      '`permissions` of the workflow does not declare `issue`',
      '{ comment: 1 }',
      ['propose_issue', { title: 't', body: 'b' }],
    ],
    [
      'with a level of GitHub only',
      '`permissions` of the workflow does not declare `issue`',
      '{ issues: write }',
      ['propose_issue', { title: 't', body: 'b' }],
    ],
    [
      'with a label that no pattern covers',
      "`permissions` of the workflow allows `label: triage/*`, and not 'bug'",
      '{ label: triage/* }',
      ['propose_labels', { add: ['bug'] }],
    ],
    [
      'with a label that a pattern takes away',
      "`permissions` of the workflow allows `label: triage/*, !triage/secret`, and not 'triage/secret'",
      ALL,
      ['propose_labels', { add: ['triage/secret'] }],
    ],
    ['without any label', 'it names no label', ALL, ['propose_labels', {}]],
    [
      'of a verdict beyond the declared one',
      "`permissions` of the workflow allows `review: comment`, and not 'request-changes'",
      ALL,
      ['propose_review', { verdict: 'request-changes', body: 'b' }],
    ],
    [
      'that approves',
      'propose_review: the arguments do not fit: "verdict" must be one of "comment", "request-changes"',
      ALL,
      ['propose_review', { verdict: 'approve', body: 'b' }],
    ],
    [
      'with an argument that nobody knows',
      'propose_comment: the arguments do not fit: "issue" is not an argument',
      ALL,
      ['propose_comment', { body: 'b', issue: 7 }],
    ],
    [
      'with a text that is too long',
      'propose_comment: the arguments do not fit: "body" must NOT have more than 60000 characters',
      ALL,
      ['propose_comment', { body: 'b'.repeat(60_001) }],
    ],
    [
      'for the branch of the records',
      "the branch 'codemie/runs' belongs to the records of runs",
      ALL,
      ['propose_commit', { branch: 'codemie/runs', message: 'm', files: [{ path: 'docs/a', content: '' }] }],
    ],
    [
      'for a branch like an option',
      "'--force' is no plain name of a branch",
      '{ branch: "**" }',
      ['propose_commit', { branch: '--force', message: 'm', files: [{ path: 'docs/a', content: '' }] }],
    ],
    [
      'for a branch with two meanings',
      "'a..b' is no plain name of a branch",
      '{ branch: "**" }',
      ['propose_commit', { branch: 'a..b', message: 'm', files: [{ path: 'docs/a', content: '' }] }],
    ],
    [
      'of a file that policy does not list',
      "'src/a' is not among policy.write_paths in .codemie/config.yaml",
      ALL,
      ['propose_commit', { branch: 'codemie/a', message: 'm', files: [{ path: 'src/a', content: '' }] }],
    ],
    [
      'of a file without content',
      "'docs/a' needs either `content` or `remove: true`",
      ALL,
      ['propose_commit', { branch: 'codemie/a', message: 'm', files: [{ path: 'docs/a' }] }],
    ],
    [
      'of a pull request from another branch',
      "`permissions` of the workflow allows `branch: codemie/*`, and not 'main'",
      ALL,
      ['propose_pull_request', { branch: 'main', title: 't', body: 'b' }],
    ],
  ])('%s is refused, and the record says so', async (_, why, permissions, call) => {
    const w = projectOf(proposing(permissions, [call]), { config: CONFIG })
    const run = await w.run('w')
    expect(run).toMatchObject({
      status: 'failed',
      failure: { code: 'effect-refused', blame: 'policy' },
      exitStatus: 5,
    })
    const [effect] = digestRun((await w.read()).events).effects
    expect(effect).not.toHaveProperty('proposal')
    expect(effect?.refused).toBe(why)
  })
})

describe('attack 12: a path that steers git, CI or the project', () => {
  test.each([
    '.github/workflows/ci.yml',
    'docs/../.github/workflows/ci.yml',
    '.GitHub/CODEOWNERS',
    'docs/.gitattributes',
    '.git/config',
    'git~1/config',
    '.codemie/config.yaml',
    '/etc/passwd',
    'C:/x',
    'docs\\a',
    'docs//a',
    'docs/a:b',
    'docs/.npmrc',
    'Jenkinsfile',
    'docs/a\u0007',
  ])('%s', async (path) => {
    const call = [
      'propose_commit',
      { branch: 'codemie/a', message: 'm', files: [{ path, content: 'x' }] },
    ] as const
    const w = projectOf(proposing('{ branch: codemie/* }', [call]), {
      config: 'policy: { write_paths: ["**"] }\n',
    })
    expect(await w.run('w')).toMatchObject({ failure: { code: 'effect-refused' } })
  })
})

describe('limits of a run', () => {
  test('what is more than declared is refused, and the run can go on after it', async () => {
    const calls = Array.from({ length: 3 }, (_, n) => ['propose_comment', { body: `${n}` }] as const)
    const w = projectOf(
      proposing('{ comment: 2 }', calls, 'on_error: [{ catch: policy, state_id: continue }], '),
      { config: CONFIG },
    )
    expect(await w.run('w')).toMatchObject({ status: 'succeeded' })
    expect(fates(digestRun((await w.read()).events).effects)).toEqual([
      'comment: 0',
      'comment: 1',
      'comment: 2 REFUSED `permissions` of the workflow allows 2 of `comment`, and that many were proposed',
    ])
  })

  test('policy of the config forbids a kind that the definition declares', async () => {
    const w = projectOf(proposing('{ comment: 2 }', [['propose_comment', { body: 'b' }]]), {
      config: 'policy: { effects: [label] }\n',
    })
    expect(await w.run('w')).toMatchObject({
      failure: {
        message:
          'propose_comment: the proposal is refused: policy.effects in .codemie/config.yaml does not list `comment`',
      },
    })
  })

  test('a model is told of the refusal and of the proposal, and a resumed run proposes nothing twice', async () => {
    const w = projectOf(`
permissions: { comment: 1 }
enable_summarization_node: false
retry_policy: { max_attempts: 1 }
assistants: [{ id: a, system_prompt: P, tools: [{ name: propose_comment }, { name: propose_issue }] }]
states:
  - { id: one, assistant_id: a, task: Begin, next: { state_id: end } }
`)
    const call = (name: string, args: object) => ({ toolCalls: [{ name, args }] })
    bench.server.reply(
      call('propose_comment', { body: 'Hi' }),
      call('propose_issue', { title: 't', body: 'b' }),
      {
        status: 401,
      },
    )
    const run = await w.run('w')
    expect(run.status).toBe('failed')
    const told = bench.server.requests
      .at(-1)
      ?.body.messages.filter(({ role }: { role: string }) => role === 'tool')
    expect(told.map(({ content }: { content: string }) => content)).toMatchInlineSnapshot(`
      [
        "Proposed: comment: Hi. It is carried out after the run, if nothing is against it then.",
        "Error calling tool: propose_issue with: 
      Arguments: {'title': 't', 'body': 'b'}. 
      The root cause is: 'propose_issue: the proposal is refused: \`permissions\` of the workflow does not declare \`issue\`'",
      ]
    `)
  })
})

test('a step that is tried again proposes once', async () => {
  const w = projectOf(`
permissions: { comment: 1 }
enable_summarization_node: false
retry_policy: { max_attempts: 2, initial_interval: 0 }
assistants: [{ id: a, system_prompt: P, tools: [{ name: propose_comment }] }]
states:
  - { id: one, assistant_id: a, task: Begin, next: { state_id: end } }
`)
  const call = (body: string) => ({ toolCalls: [{ name: 'propose_comment', args: { body } }] })
  bench.server.reply(call('first'), { status: 500 }, call('second'), 'done')
  bench.server.otherwise('done')
  const run = await w.run('w')
  expect(run.status).toBe('succeeded')
  const { effects } = digestRun((await w.read()).events)
  expect(effects.filter(({ proposal }) => proposal).length).toBe(1)
})

test('a run on a laptop lists what it asked for, and says who carries it out', async () => {
  const w = projectOf(proposing('{ comment: 1 }', [['propose_comment', { body: 'Hello' }]]))
  const ran = await runInProcess(['run', 'w'], { cwd: w.root, env: w.env })
  expect(ran.stderr).toContain('Nothing was written to GitHub.')
  expect(ran.stderr).toContain('comment: Hello')
  const shown = await runInProcess(['show', 'latest'], { cwd: w.root, env: w.env })
  expect(shown.stdout).toContain('What it asked to write')
  const planned = await runInProcess(['plan', 'w'], { cwd: w.root, env: w.env })
  expect(planned.stdout).toContain('comment on the issue or pull request that it is about (1)')
})
