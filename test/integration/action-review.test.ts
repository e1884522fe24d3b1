import { describe, expect, test } from 'vitest'
import type { SeenStep } from '../helpers/action.ts'
import { openReviewScene, type ReviewScene } from '../helpers/review-scene.ts'

const ASK = '.codemie/workflows/ask.yaml'
const AGENT = `name: Ask
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: one, assistant_id: a, task: Begin, next: { state_id: end } }
`
/** A tool more, which is widening. */
const WIDER = AGENT.replace('system_prompt: P', 'system_prompt: P, tools: [{ name: files_write }]')
/** Another task, which is neutral. */
const OTHER = AGENT.replace('Begin', 'Start')
const BROKEN = AGENT.replace('state_id: end', 'state_id: ned')

/** A pull request that changes a workflow from one text to another; `null`: there is none. */
const open = (before: string | null, after: string | null, more: { fork?: boolean; author?: string } = {}) =>
  openReviewScene({
    base: { 'a.txt': 'a\n', ...(before === null ? {} : { [ASK]: before }) },
    head: { 'b.txt': 'b\n', ...(after === before ? {} : { [ASK]: after }) },
    ...more,
  })

/** What stands above the log: the result, and what is said about the step. */
function told({ clean }: ReviewScene, step: SeenStep): string {
  const said = step.said.map(({ severity, title, message }) => `${severity}: ${title}\n${message}`)
  return clean([`${step.status} (${step.exitStatus})`, ...said].join('\n'))
}

/** The first lines of a comment: the verdict, and who has to do what. */
const beginning = (comment = '') => comment.split('\n\n', 2).join('\n')

describe('the comment', () => {
  test('is written when definitions change, and the summary says the same', async () => {
    const scene = await open(AGENT, WIDER)
    const step = await scene.review()
    expect(told(scene, step)).toMatchInlineSnapshot(`
      "needs-approval (1)
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew."
    `)
    expect(step.outputs).toEqual({
      status: 'needs-approval',
      widening: 'true',
      changes: '{"breaking":0,"widening":2,"narrowing":0,"neutral":0}',
    })
    const [comment = '', ...more] = scene.comments()
    expect(comment).toMatchInlineSnapshot(`
      "<!-- codemie-ci:review -->
      ## ✋ AI workflows: this needs approval

      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.

      Commit \`<head>\`, compared with \`<base>\`.

      **2 widening** in 1 workflow

      ### .codemie/workflows/ask.yaml

      | Class | State | What is different |
      |---|---|---|
      | 🟠 **widening** | one | tools +files\\_write |
      | 🟠 **widening** |  | at most: 10 model calls → 1,500 model calls, $3.56 → $534.00 |

      <details><summary>Graph</summary>

      \`\`\`mermaid
      flowchart TD
        start([start])
        n0["one"]
        stop([end])
        start --> n0
        n0 --> stop
        classDef changed fill:#fff8c5,stroke:#9a6700,color:#4d3800
        class n0 changed
      \`\`\`

      </details>

      Versions:

      - [\`.codemie/workflows/ask.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/ask.yaml)"
    `)
    expect(more).toEqual([])
    const [, page = ''] = comment.split('-->\n')
    expect(scene.clean(step.summary)).toBe(
      `${page}\n\n## ✅ 1 file checked, no problems\n\n| File | What | Result |\n| --- | --- | --- |\n| \`${ASK}\` | workflow Ask | ✅ no problems |\n`,
    )
  })

  test('is edited after the next push, left alone after none, and folded when all is taken back', async () => {
    const scene = await open(AGENT, WIDER)
    await scene.review()
    scene.push({ [ASK]: OTHER })
    const step = await scene.review({ action: 'synchronize' })
    expect(told(scene, step)).toBe('valid (0)')
    expect(scene.comments().map(beginning)).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:review -->
      ## ✅ AI workflows: changed, with nothing to approve
      Commit \`<head 2>\`, compared with \`<base>\`.",
      ]
    `)
    expect((await scene.review({ action: 'reopened' })).log).toContain('says the same already')
    scene.push({ [ASK]: AGENT })
    const settled = await scene.review({ action: 'synchronize' })
    expect(told(scene, settled)).toBe('valid (0)')
    expect(scene.comments()).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:review -->
      <details><summary>✅ AI workflows: nothing that runs is different any more</summary>

      As of commit \`<head 3>\`.

      </details>",
      ]
    `)
  })

  test('is not written when no definition changes', async () => {
    const scene = await open(AGENT, AGENT)
    const step = await scene.review()
    expect(told(scene, step)).toBe('valid (0)')
    expect(step.outputs).toMatchObject({ status: 'valid', widening: 'false' })
    expect(scene.comments()).toEqual([])
    expect(step.summary).toMatch(/^## ✅ 1 file checked/)
  })

  test('holds what is most important of a change that is too big for it', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 150 }, (_, index) => [
        `.codemie/workflows/w${index}.yaml`,
        AGENT.replace('task: Begin', `task: ${'Do it. '.repeat(200)}${index}`),
      ]),
    )
    const scene = await openReviewScene({ base: { 'a.txt': 'a' }, head: { ...files, [ASK]: WIDER } })
    const step = await scene.review()
    expect(step.status).toBe('needs-approval')
    const [comment = ''] = scene.comments()
    expect([...scene.forge.repo('acme/app').comments.values()][0]?.body.length).toBeLessThanOrEqual(65_536)
    expect(comment.split('\n').filter((line) => line.startsWith('| 🟠'))).toHaveLength(151)
    expect(comment.split('\n').slice(-6).join('\n')).toMatchInlineSnapshot(`
      "- [\`.codemie/workflows/w110.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/w110.yaml)
      - [\`.codemie/workflows/w111.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/w111.yaml)
      - [\`.codemie/workflows/w112.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/w112.yaml)
      - [\`.codemie/workflows/w113.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/w113.yaml)
      - [\`.codemie/workflows/w114.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/w114.yaml)
      - and 131 more"
    `)
  })

  test('of somebody else with our mark is not touched', async () => {
    const scene = await open(AGENT, WIDER)
    const eve = scene.forge.token({ login: 'eve' })
    await fetch(`${scene.forge.apiUrl}/repos/acme/app/issues/${scene.number}/comments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${eve}` },
      body: JSON.stringify({ body: '<!-- codemie-ci:review -->\n## ✅ AI workflows: approved' }),
    })
    await scene.review()
    await scene.review()
    expect(scene.comments().map(beginning)).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:review -->
      ## ✅ AI workflows: approved",
        "<!-- codemie-ci:review -->
      ## ✋ AI workflows: this needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.",
      ]
    `)
  })

  test('is one when two jobs run at once', async () => {
    const scene = await open(AGENT, WIDER)
    scene.forge.fail({ method: 'POST', path: /comments$/, delayMs: 200 })
    scene.forge.fail({ method: 'POST', path: /comments$/, delayMs: 200 })
    await Promise.all([scene.review(), scene.review()])
    expect(scene.comments()).toHaveLength(1)
  })

  test('is written after a rate limit, and after a connection that broke', async () => {
    const scene = await open(AGENT, OTHER)
    scene.forge.fail({ path: /comments/, status: 403, headers: { 'retry-after': '2' } })
    scene.forge.fail({ method: 'POST', path: /comments/, drop: true })
    expect(told(scene, await scene.review())).toBe('valid (0)')
    expect(scene.comments()).toHaveLength(1)
  })

  test('cannot be written: the permission is named, and the review stands', async () => {
    const scene = await open(AGENT, OTHER)
    const step = await scene.review({ permissions: { contents: 'read', pull_requests: 'read' } })
    expect(told(scene, step)).toMatchInlineSnapshot(`
      "valid (0)
      warning: No comment
      GitHub did not let us comment on #1: the token lacks the permission \`pull-requests: write\` (Resource not accessible by integration - https://docs.github.com/rest)
      Put \`pull-requests: write\` under \`permissions\` of the job. For pull requests of forks and of Dependabot GitHub gives a token that only reads."
    `)
    expect(step.summary).toContain('⚪ neutral')
  })

  test('is not expected of a job about a pull request of Dependabot, whose token only reads', async () => {
    const scene = await open(AGENT, OTHER, { author: 'dependabot[bot]' })
    const step = await scene.review({ permissions: { contents: 'read', pull_requests: 'read' } })
    expect(step.said.map(({ severity, title }) => `${severity}: ${title}`)).toEqual(['info: No comment'])
  })

  test('holds no secret of the job, and says nothing at length about a long name', async () => {
    const name = `${'long-'.repeat(40)}.yaml`
    const scene = await openReviewScene({
      base: { [ASK]: AGENT },
      head: {
        [ASK]: AGENT.replace('Begin', 'Begin with sk-test-0123456789'),
        [`.codemie/workflows/${`${'ü'.repeat(90)}/`.repeat(3)}${name}`]: AGENT,
      },
    })
    await scene.review({ env: { OPENAI_API_KEY: 'sk-test-0123456789' } })
    const [comment = ''] = scene.comments()
    expect(comment).not.toContain('sk-test')
    const lines = comment.split('Versions:\n\n')[1]?.split('\n')
    expect(lines?.map((line) => line.slice(0, 40))).toMatchInlineSnapshot(`
      [
        "- [\`.codemie/workflows/ask.yaml\`](<forge",
        "- \`.codemie/workflows/üüüüüüüüüüüüüüüüüü",
      ]
    `)
  })

  test('of a job that is late is left to the job of the later commit', async () => {
    const scene = await open(AGENT, WIDER)
    const late = scene.event()
    scene.push({ [ASK]: OTHER })
    await scene.review({ action: 'synchronize' })
    const [before] = scene.comments()
    await scene.answer('ann', 'APPROVE')
    expect(told(scene, await scene.review({ again: late }))).toMatchInlineSnapshot(`
      "needs-approval (1)
      warning: Other files were checked
      The workspace is at <merge> and the commit under review is <head>. Problems are those of the workspace; what changed is that of the commit.
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.
      There is a later commit by now, whose own job looks for approval."
    `)
    expect(scene.comments()).toEqual([before])
  })

  test('shows text of a definition as text', async () => {
    const evil = AGENT.replace('name: Ask', "name: '@acme/all <img src=x>'").replace(
      'Begin',
      "'![x](https://evil.test/a) @ann <!-- codemie-ci:review -->'",
    )
    const scene = await open(AGENT, evil)
    await scene.review()
    const rows = (scene.comments()[0] ?? '').split('\n').filter((line) => line.startsWith('| '))
    expect(rows.join('\n')).toMatchInlineSnapshot(`
      "| Class | State | What is different |
      | ⚪ neutral |  | name: Ask → @​acme/all &lt;img src=x> |
      | ⚪ neutral | one | task: Begin → !\\[x]\\(https\\://evil.test/a) @​ann &lt;!-- codemie-ci:review --> |"
    `)
  })
})

describe('the comparison', () => {
  test.each([
    ['a shallow checkout of the merge', { depth: 1 }],
    ['a whole clone', { depth: 0 }],
    ['a clone without the contents of files', { depth: 0, isPartial: true }],
    ['a checkout of the head', { depth: 1, ref: 'refs/heads/change' }],
  ])('of %s', async (_name, settings) => {
    const scene = await open(AGENT, OTHER)
    // Is no part of the pull request.
    scene.forge.commit('acme/app', 'main', { '.codemie/workflows/late.yaml': WIDER })
    const step = await scene.review(settings)
    expect(told(scene, step)).toBe('valid (0)')
    expect(step.outputs.changes).toBe('{"breaking":0,"widening":0,"narrowing":0,"neutral":1}')
  })

  test('of a shallow checkout without a token says what is needed', async () => {
    const scene = await open(AGENT, OTHER)
    const step = await scene.review({ inputs: { token: '' } })
    expect(step.summary).toMatch(
      /^## ✅ 1 file checked, no problems\n[\s\S]*\n## ❌ What was asked for could not start\n/,
    )
    expect(told(scene, step)).toMatchInlineSnapshot(`
      "refused (2)
      error: history-missing
      The clone lacks what the review compares, and there is no token to ask GitHub with
      Give the step \`token\`, such as \`github.token\`, or actions/checkout \`fetch-depth: 0\` and no \`filter\`."
    `)
  })

  test('of a whole clone without a token, where somebody would have to approve', async () => {
    const scene = await open(AGENT, WIDER)
    const step = await scene.review({ depth: 0, inputs: { token: '' } })
    expect(told(scene, step)).toMatchInlineSnapshot(`
      "needs-approval (1)
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.
      Without \`token\` nobody can be asked whether somebody has approved."
    `)
  })

  test('after a force-push to commits that have nothing in common with the base', async () => {
    const scene = await open(AGENT, OTHER)
    scene.forge.commit('acme/app', 'orphan', { [ASK]: WIDER })
    scene.forcePush({ 'c.txt': 'c' }, 'orphan')
    const step = await scene.review({ action: 'synchronize', ref: 'refs/heads/change' })
    expect(step.status).toBe('needs-approval')
    expect(scene.comments()[0]?.split('\n\n')[2]).toMatchInlineSnapshot(
      `"Commit \`<head 2>\`, compared with \`<base>\`. Base and head have no commit in common: they are compared as they are."`,
    )
  })

  test('after a force-push to commits from an earlier base', async () => {
    const scene = await open(AGENT, OTHER)
    scene.forge.commit('acme/app', 'main', { [ASK]: WIDER })
    scene.forcePush({ 'c.txt': 'c' }, 'main~1')
    expect(told(scene, await scene.review({ action: 'synchronize' }))).toBe('valid (0)')
    expect(scene.comments()).toEqual([])
  })

  test('with a head that has errors: they are at their lines, and it fails', async () => {
    const scene = await open(AGENT, BROKEN)
    const step = await scene.review()
    expect(step.annotations.map(({ severity, file, line }) => `${severity} ${file}:${line}`)).toEqual([
      `error ${ASK}:5`,
    ])
    expect(told(scene, step)).toBe('invalid (2)')
    expect(step.outputs).toMatchObject({ widening: 'true' })
    expect(scene.comments()).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:review -->
      ## ❌ AI workflows: a definition has errors

      The author has to mend the errors; they are marked in the files, and the summary of the job lists them.

      Commit \`<head>\`, compared with \`<base>\`.

      1 workflow (1 with errors)

      ### .codemie/workflows/ask.yaml

      **Has errors now**, so it cannot be compared: .codemie/workflows/ask.yaml:5: State 'ned' does not exist

      Versions:

      - [\`.codemie/workflows/ask.yaml\`](<forge>/acme/app/commits/<head>/.codemie/workflows/ask.yaml)",
      ]
    `)
  })

  test('with a base that had errors: what it widens cannot be told, so it needs approval', async () => {
    const scene = await open(BROKEN, AGENT)
    const step = await scene.review()
    expect(step).toMatchObject({ status: 'needs-approval', outputs: { widening: 'true' } })
    expect(scene.comments()[0]?.split('\n\n').slice(3, 6)).toMatchInlineSnapshot(`
      [
        "1 workflow",
        "### .codemie/workflows/ask.yaml",
        "**Had errors before**, so it cannot be compared: .codemie/workflows/ask.yaml:5: State 'ned' does not exist",
      ]
    `)
  })

  test('with a file that has a line break in its name needs approval', async () => {
    const scene = await openReviewScene({
      base: { [ASK]: AGENT },
      head: { '.codemie/workflows/a\nb.yaml': WIDER },
    })
    expect(await scene.review()).toMatchObject({ status: 'needs-approval' })
    expect(scene.comments()[0]?.split('\n\n').slice(3, 5)).toEqual([
      '**1 widening** in 1 workflow (1 new)',
      '### .codemie/workflows/a b.yaml',
    ])
  })

  test('of a workspace that is elsewhere says so', async () => {
    const scene = await open(AGENT, OTHER)
    expect(told(scene, await scene.review({ ref: 'refs/heads/main' }))).toMatchInlineSnapshot(`
      "valid (0)
      warning: Other files were checked
      The workspace is at <base> and the commit under review is <head>. Problems are those of the workspace; what changed is that of the commit."
    `)
  })

  test.each(['merge_group', 'push'] as const)('on %s asks nobody and comments nothing', async (event) => {
    const scene = await open(AGENT, WIDER)
    const step = await scene.review({ event, ref: 'refs/heads/change' })
    expect(told(scene, step)).toBe('valid (0)')
    expect(step.outputs).toMatchObject({ status: 'valid', widening: 'true' })
    expect(scene.clean(step.summary)).toContain('## AI workflows: what changed\n\nCommit `<head>`, compared')
    expect(scene.comments()).toEqual([])
  })

  test('on pull_request_target is refused', async () => {
    const scene = await open(AGENT, WIDER)
    expect(told(scene, await scene.review({ event: 'pull_request_target' }))).toMatchInlineSnapshot(`
      "refused (5)
      error: event-refused
      \`mode: review\` does not work on \`pull_request_target\`, which gives a token that may write, and secrets, to a job about code of strangers
      Use \`pull_request\`: the review needs no secret, also for forks."
    `)
  })
})

/** As GitHub tells which app did something. */
const APP = {
  id: 1,
  node_id: 'A_1',
  owner: null,
  name: 'Helper',
  description: null,
  external_url: 'https://example.test',
  html_url: 'https://example.test',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  permissions: {},
  events: [],
}

describe('approval', () => {
  const APPROVED = 'valid (0)'

  test('by a review of this commit counts, and is gone with the next one', async () => {
    const scene = await open(AGENT, WIDER)
    await scene.review()
    await scene.answer('ann', 'APPROVE')
    const step = await scene.review({ event: 'pull_request_review', action: 'submitted', actor: 'ann' })
    expect(told(scene, step)).toBe(APPROVED)
    expect(step.log).toContain('The approval of ann counts.')
    expect(step.outputs).toMatchObject({ status: 'valid', widening: 'true' })
    expect(scene.comments().map(beginning)).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:review -->
      ## ✅ AI workflows: approved
      Somebody who may write to this repository has approved commit \`<head>\`.",
      ]
    `)
    // A comment takes nothing back.
    await scene.answer('ann', 'COMMENT')
    expect(told(scene, await scene.review())).toBe(APPROVED)
    scene.push({ 'c.txt': 'c' })
    expect(told(scene, await scene.review({ action: 'synchronize' }))).toMatchInlineSnapshot(`
      "needs-approval (1)
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head 2>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.
      The approval of ann does not count: it is for an earlier commit."
    `)
  })

  test('that the same person took back does not count', async () => {
    const scene = await open(AGENT, WIDER)
    await scene.answer('ann', 'APPROVE')
    await scene.answer('ann', 'REQUEST_CHANGES')
    expect(await scene.review()).toMatchObject({ status: 'needs-approval' })
  })

  const fail = (path: RegExp, how: { readonly status?: number; readonly drop?: boolean }) => {
    return ({ forge }: ReviewScene) => {
      // Each of the four tries is made anew when a connection was kept that the server closes.
      for (let time = 0; time < 8; time++) forge.fail({ path, ...how })
    }
  }

  test.each([
    [
      'somebody who may not write any more',
      'ann',
      ({ forge }: ReviewScene) => forge.setRole('acme/app', 'ann', 'triage'),
      'The approval of ann does not count: it may not write to the repository.',
    ],
    [
      'a bot',
      'github-actions[bot]',
      () => {},
      'The approval of github-actions[bot] does not count: it is no account of a person.',
    ],
    [
      'somebody whom nobody knows any more',
      'ann',
      fail(/collaborators/, { status: 404 }),
      'GitHub did not let us ask what ann may do in the repository: it is not there, or the token may not see it (Made to fail).',
    ],
    [
      'somebody of whom GitHub does not tell what they may',
      'ann',
      fail(/collaborators/, { status: 500 }),
      'GitHub did not let us ask what ann may do in the repository: it answered 500 (Made to fail).',
    ],
    [
      'somebody while GitHub does not tell of reviews',
      'ann',
      fail(/reviews/, { drop: true }),
      'GitHub did not let us list the reviews of #1: there was no answer (socket hang up).',
    ],
  ] as const)('by a review of %s does not count', async (_name, login, change, why) => {
    const scene = await open(AGENT, WIDER)
    await scene.answer(login, 'APPROVE')
    change(scene)
    const step = await scene.review()
    expect(step).toMatchObject({ status: 'needs-approval', exitStatus: 1 })
    expect(step.said.map(({ title }) => title)).toEqual(['Needs approval'])
    expect(step.said[0]?.message.split('\n')[1]).toContain(why)
  })

  const LABEL = 'codemie:approved'

  test('by a label of somebody who may write counts in every job about the commit, and not after a push', async () => {
    const scene = await open(AGENT, WIDER)
    const step = await scene.review({ action: 'labeled', label: LABEL, actor: 'ann' })
    expect(told(scene, step)).toBe(APPROVED)
    expect(step.log).toContain("The label 'codemie:approved' of ann counts.")
    const later = await scene.review({ action: 'reopened' })
    expect(told(scene, later)).toBe(APPROVED)
    expect(later.log).toContain("The label 'codemie:approved' of ann counts.")
    scene.push({ 'c.txt': 'c' })
    const after = await scene.review({ action: 'synchronize' })
    expect(told(scene, after)).toMatchInlineSnapshot(`
      "needs-approval (1)
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head 2>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.
      The label 'codemie:approved' was for an earlier commit or another base.
      It was taken off."
    `)
    expect(await scene.labels()).toEqual([])
    // Put on again, it is for the new commit.
    scene.forge.label('acme/app', scene.number, LABEL, 'ann')
    expect(told(scene, await scene.review({ action: 'reopened' }))).toBe(APPROVED)
  })

  test.each([
    [
      'that a person put on before the last push, in a job of another event',
      ({ forge, number, push }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        push({ 'c.txt': 'c' })
      },
      'was for an earlier commit or another base.',
    ],
    [
      'that was there before the base was changed',
      ({ forge, number }: ReviewScene) => {
        forge.commit('acme/app', 'other', {}, { from: 'main' })
        forge.label('acme/app', number, LABEL, 'ann')
        forge.retarget('acme/app', number, 'other')
      },
      'was for an earlier commit or another base.',
    ],
    [
      'of a head that was put back by force to what it was',
      ({ forge, number }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        forge.tell('acme/app', number, 'head_ref_force_pushed', 'acme')
      },
      'was for an earlier commit or another base.',
    ],
    [
      'that somebody took off and the author put on again',
      ({ forge, number }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        forge.unlabel('acme/app', number, LABEL, 'ann')
        forge.label('acme/app', number, LABEL, 'acme')
      },
      'of acme does not count: nobody approves a pull request of their own.',
    ],
    [
      'of an app in the name of a person',
      ({ forge, number }: ReviewScene) =>
        forge.label('acme/app', number, LABEL, 'ann', { performed_via_github_app: APP }),
      'of ann does not count: an app put it on.',
    ],
    [
      'of somebody who may not write any more',
      ({ forge, number }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        forge.setRole('acme/app', 'ann', 'triage')
      },
      'of ann does not count: it may not write to the repository.',
    ],
    [
      'of which GitHub does not tell who put it on',
      (scene: ReviewScene) => {
        scene.forge.label('acme/app', scene.number, LABEL, 'ann')
        fail(/timeline/, { status: 500 })(scene)
      },
      'GitHub did not let us read what happened to #1: it answered 500 (Made to fail).',
    ],
    [
      'of a commit of which GitHub does not tell when it was pushed',
      ({ forge, number }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        forge.fail({ path: /activity/, status: 404 })
      },
      'counts only in the job that putting it on started, for GitHub does not tell when the commit was pushed.',
    ],
    [
      'of a commit that GitHub knows no push of',
      ({ forge, number }: ReviewScene) => {
        forge.label('acme/app', number, LABEL, 'ann')
        forge.repo('acme/app').activities.pop()
      },
      'counts only in the job that putting it on started, for GitHub does not tell when the commit was pushed.',
    ],
  ] as const)('by a label %s does not count', async (_name, prepare, why) => {
    const scene = await open(AGENT, WIDER)
    prepare(scene)
    const step = await scene.review({ action: 'reopened' })
    expect(step).toMatchObject({ status: 'needs-approval', exitStatus: 1 })
    expect(step.said[0]?.message).toContain(why)
  })

  test('by a label, where GitHub does not tell when the commit was pushed, counts in the job of the label', async () => {
    const scene = await open(AGENT, WIDER)
    scene.forge.fail({ path: /activity/, status: 404 })
    const step = await scene.review({ action: 'labeled', label: LABEL, actor: 'ann' })
    expect(told(scene, step)).toBe(APPROVED)
  })

  test('by a label in the very second of a push may be for what was there before, so it does not count', async () => {
    const scene = await open(AGENT, WIDER)
    const at = scene.forge.repo('acme/app').activities.at(-1)?.timestamp
    scene.forge.label('acme/app', scene.number, LABEL, 'ann', { created_at: at })
    expect(await scene.review({ action: 'reopened' })).toMatchObject({ status: 'needs-approval' })
  })

  test('by a review from before the base was changed does not count', async () => {
    const scene = await open(AGENT, WIDER)
    scene.forge.commit('acme/app', 'other', {}, { from: 'main' })
    await scene.answer('ann', 'APPROVE')
    scene.forge.retarget('acme/app', scene.number, 'other')
    const step = await scene.review({ action: 'edited' })
    expect(step).toMatchObject({ status: 'needs-approval', exitStatus: 1 })
    expect(step.said[0]?.message).toContain(
      'The approval of ann does not count: the base is another one since.',
    )
    await scene.answer('ann', 'APPROVE')
    expect(told(scene, await scene.review({ action: 'edited' }))).toBe(APPROVED)
  })

  test('by a label that was put on a commit which is the head no more does not count', async () => {
    const scene = await open(AGENT, WIDER)
    const labelled = scene.event({ action: 'labeled', label: 'codemie:approved', actor: 'ann' })
    const step = await scene.review({
      again: labelled,
      label: 'codemie:approved',
      before: () => scene.push({ [ASK]: `${WIDER}# more\n` }),
    })
    expect(step).toMatchObject({ status: 'needs-approval' })
    expect(step.said[0]?.message).toContain('There is a later commit by now')
  })

  test.each([
    ['the author', { actor: 'acme' }, 'of acme does not count: nobody approves a pull request of their own.'],
    ['a reader', { actor: 'eve' }, 'of eve does not count: it may not write to the repository.'],
    [
      'a bot',
      { actor: 'dependabot[bot]' },
      'of dependabot[bot] does not count: it is no account of a person.',
    ],
    [
      'somebody, where labels do not count',
      { actor: 'ann', inputs: { 'approval-label': '' } },
      'in a review.',
    ],
    ['somebody, and that is another label', { actor: 'ann', label: 'nice' }, 'anew.'],
  ])('by a label of %s does not count', async (_name, settings, why) => {
    const scene = await open(AGENT, WIDER)
    const step = await scene.review({ action: 'labeled', label: 'codemie:approved', ...settings })
    expect(step).toMatchObject({ status: 'needs-approval', exitStatus: 1 })
    expect(step.said[0]?.message).toContain(why)
  })

  test('by the author, where that is allowed, and the label has another name', async () => {
    const scene = await open(AGENT, WIDER)
    const inputs = { 'approval-label': 'OK for AI', 'author-may-approve': 'true' }
    const step = await scene.review({ action: 'labeled', label: 'ok for ai', actor: 'acme', inputs })
    expect(told(scene, step)).toBe(APPROVED)
  })
})

describe('a pull request of a fork', () => {
  test('has no comment, and is approved by a review all the same', async () => {
    const scene = await open(AGENT, WIDER, { fork: true })
    expect(told(scene, await scene.review())).toMatchInlineSnapshot(`
      "needs-approval (1)
      error: Needs approval
      Somebody who may write to this repository, other than the author, has to approve commit \`<head>\`: in a review, or by putting the label \`codemie:approved\` on. A further push has to be approved anew.
      info: No comment
      The token of a job about a pull request of a fork or of Dependabot may only read. The summary has it all."
    `)
    await scene.answer('ann', 'APPROVE')
    const step = await scene.review({ event: 'pull_request_review', action: 'submitted', actor: 'ann' })
    expect(told(scene, step)).toMatchInlineSnapshot(`
      "valid (0)
      info: No comment
      The token of a job about a pull request of a fork or of Dependabot may only read. The summary has it all."
    `)
    expect(step.summary).toContain('## ✅ AI workflows: approved')
    expect(scene.comments()).toEqual([])
  })

  test('keeps a label that no longer counts, and says so', async () => {
    const scene = await open(AGENT, WIDER, { fork: true })
    await scene.review({ action: 'labeled', label: 'codemie:approved', actor: 'ann' })
    scene.push({ 'c.txt': 'c' })
    const step = await scene.review({ action: 'synchronize' })
    expect(step.status).toBe('needs-approval')
    expect(step.log).toContain('Take it off, and put it on again when the new commit is right.')
    expect(await scene.labels()).toEqual(['codemie:approved'])
  })
})

test('a link in the folder of definitions needs approval', async () => {
  const scene = await openReviewScene({
    base: { [ASK]: AGENT, 'shared/wide.yaml': WIDER },
    head: { 'b.txt': 'b' },
  })
  scene.link('.codemie/workflows/wide.yaml', '../../shared/wide.yaml')
  expect(await scene.review({ action: 'synchronize' })).toMatchObject({ status: 'needs-approval' })
  expect(scene.comments()[0]?.split('\n\n').slice(2)).toMatchInlineSnapshot(`
    [
      "Commit \`<head 2>\`, compared with \`<base>\`.",
      "1 workflow (1 new, 1 with errors)",
      "### .codemie/workflows/wide.yaml",
      "**Has errors now**, so it cannot be compared: .codemie/workflows/wide.yaml:1: The workflow is not a map of keys",
      "### Cannot be compared",
      "- .codemie/workflows/wide.yaml is a link, and what it leads to is not looked at",
      "Versions:",
      "- [\`.codemie/workflows/wide.yaml\`](<forge>/acme/app/commits/<head 2>/.codemie/workflows/wide.yaml)",
    ]
  `)
})

test('what cannot be done together is said before anything happens', async () => {
  const scene = await open(AGENT, AGENT)
  const step = await scene.review({ inputs: { workflow: 'ask', mode: 'revue', 'author-may-approve': 'yes' } })
  expect(told(scene, step)).toMatchInlineSnapshot(`
    "refused (2)
    error: action-inputs-invalid
    \`mode\` takes \`events\`, \`review\`, \`resume\`, \`effects\`, \`publish\`, \`plan\`, \`shard\`, \`join\`, or is left out, and not 'revue'.
    \`author-may-approve\` takes \`true\` or \`false\`, and not 'yes'.
    All inputs are explained in docs/action.md of codemie-ci."
  `)
})
