import { describe, expect, test } from 'vitest'
import { asking, type EventJob, openEventScene } from '../helpers/event-scene.ts'

const PERMISSIONS = { contents: 'write', pull_requests: 'write', checks: 'write' } as const
const JOB: EventJob = { permissions: PERMISSIONS, inputs: { push: 'true' } }

/** Drafts, and sends what it drafted when somebody says yes. */
const LETTER = `
on: { pull_request: null, issues: null, push: null }
inputs: { number: { type: integer, default: 0 } }
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P }]
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send, output_key: text } }
  - { id: send, assistant_id: a, approval: true, task: 'Send {{ text }}', resolve_dynamic_values_in_prompt: true, next: { state_id: end } }
`

const REPORT = asking('workflow_dispatch', 'Since {{ since }}', 'inputs: { since: { type: string } }')

/** acme/app with a pull request of ben, and people of every kind. */
async function openScene(files: Readonly<Record<string, string>> = {}, headRepo = 'acme/app') {
  const scene = await openEventScene({ letter: LETTER, report: REPORT, ...files })
  const { forge, models, run } = scene
  if (headRepo !== 'acme/app') forge.addRepo(headRepo, { forkOf: 'acme/app' })
  forge.commit(headRepo, 'change', { 'a.txt': 'a\n' }, { from: 'main' })
  for (const [login, role] of Object.entries({ ann: 'write', ben: 'write', tom: 'triage' } as const)) {
    forge.setRole('acme/app', login, role)
  }
  const { number } = forge.openPull('acme/app', { head: 'change', headRepo, author: 'ben' })
  const repo = forge.repo('acme/app')
  const write = (login: string, body: string, more = {}, on = number) =>
    forge.write('acme/app', on, login, body, more)
  const job = (comment: number, on = number, action = 'created', more: EventJob = {}) => {
    return run(
      forge.event('issue_comment', 'acme/app', {
        number: on,
        comment,
        action,
        actor: (repo.comments.get(comment) as unknown as { author: string } | undefined)?.author ?? '',
      }),
      { ...JOB, ...more, inputs: { ...JOB.inputs, ...more.inputs } },
    )
  }
  return {
    ...scene,
    number,
    write,
    job,
    /** Writes a command, and runs the job that it starts. */
    say: async (login: string, body: string, more = {}) => await job(write(login, body, more)),
    /** Starts the run that waits. */
    wait: async () => {
      models.reply('the letter')
      const step = await run(forge.event('pull_request', 'acme/app', { number }), JOB)
      expect(step).toMatchObject({ status: 'paused', exitStatus: 0 })
      const digest = step.outputs.digest?.slice(0, 12) ?? ''
      const id = step.outputs['run-id'] ?? ''
      return { step, id, digest, approve: `/codemie approve ${id} send ${digest}` }
    },
    reactions: () =>
      [...repo.comments.values()].flatMap(({ body, reactions }) =>
        body.startsWith('/codemie') ? [reactions.map(({ content }) => content).join(' ')] : [],
      ),
    /** Our comments, without what a job chose. */
    answers: () =>
      [...repo.comments.values()].flatMap(({ body }) =>
        body.startsWith('<!-- codemie-ci:')
          ? [
              body
                .replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>')
                .replace(/[0-9a-f]{64}/g, '<digest>')
                .replace(/\b[0-9a-f]{12}\b/g, '<digits>')
                .replace(/\b[0-9a-f]{10}\b/g, '<commit>'),
            ]
          : [],
      ),
    refs: () =>
      scene
        .git('-C', repo.dir, 'for-each-ref', '--format=%(refname)', 'refs/codemie')
        .split('\n')
        .filter(Boolean),
  }
}

type Scene = Awaited<ReturnType<typeof openScene>>

describe('a run that waits for a person', () => {
  test('says what it asks for, who answers and how, goes on by a comment, and redoes nothing', async () => {
    const { wait, say, models, asked, answers, reactions, refs, git, forge } = await openScene()
    const { step, approve, id } = await wait()
    const [comment = ''] = answers()
    expect(comment.slice(comment.indexOf('The run waits'))).toMatchInlineSnapshot(`
      "The run waits for an approval of \`send\`. In a clone, \`codemie-ci approve <run> --digest <digits> --push\` gives it.

      What \`send\` would do (\`<digits>\`):

      \`\`\`text
      Send the letter
      \`\`\`

      Who may write to the repository and did not open this pull request answers by a comment here that begins with one of these lines:

      \`\`\`text
      /codemie approve <run> send <digits>
      /codemie reject <run> send why
      \`\`\`

      So does a job behind an environment with reviewers, by \`mode: resume\`, \`run: <run>\`, \`digest: <digest>\` and the name of the \`environment\`."
    `)
    expect(step.summary).toContain(approve)
    expect(refs()).toEqual([`refs/codemie/live/${id}`])
    models.reply('sent')
    const done = await say('ann', `${approve}\n\nLooks good.`)
    expect(done, JSON.stringify(done.said)).toMatchObject({
      status: 'succeeded',
      exitStatus: 0,
      outputs: { 'run-id': id, output: 'sent', digest: '' },
    })
    expect(asked()).toEqual(['Draft', expect.stringContaining('Send the letter')])
    expect(reactions()).toEqual(['eyes rocket'])
    expect(answers()).toEqual([expect.stringContaining('## ✅ letter succeeded')])
    expect(refs()).toEqual([])
    const record = (name: string) =>
      JSON.parse(git('-C', forge.repo('acme/app').dir, 'show', `${done.outputs.record}/${name}`))
    expect(record('approvals.json')).toMatchObject([
      { path: 'send', decision: 'approved', by: { name: 'ann', id: expect.any(Number), source: 'ci' } },
    ])
    expect(record('run.json').trigger.about).toEqual({
      number: 1,
      head: expect.stringMatching(/^[0-9a-f]{40}$/),
    })
  })

  test('takes no for an answer, and what is said to it once more is told', async () => {
    const { wait, say, models, reactions, answers } = await openScene()
    const { id, approve } = await wait()
    const no = await say('ann', `/codemie reject ${id} send "not yet" please`)
    expect(no).toMatchObject({ status: 'failed', exitStatus: 1 })
    expect(answers()[0]).toContain('not yet please')
    models.reply('sent')
    expect(await say('ann', approve)).toMatchObject({ status: 'succeeded' })
    expect(await say('ann', approve)).toMatchObject({ status: 'refused', exitStatus: 2 })
    expect(answers()[1]).toContain('`run-not-waiting`')
    expect(reactions()).toEqual(['eyes rocket', 'eyes rocket', 'eyes confused'])
  })

  test('takes an answer of the second in which it asked, of which GitHub tells no more, and none before', async () => {
    const { wait, say, models, git, forge } = await openScene()
    const { id, approve } = await wait()
    const { dir } = forge.repo('acme/app')
    const paused = git('-C', dir, 'grep', '-h', '"run-paused"', `refs/codemie/live/${id}`)
    const second = Math.floor(Date.parse(JSON.parse(paused).at) / 1000) * 1000
    const at = (ms: number) => {
      const created = `${new Date(ms).toISOString().slice(0, 19)}Z`
      return { created, updated: created }
    }
    expect(await say('ann', approve, at(second - 1000))).toMatchObject({ status: 'refused', exitStatus: 5 })
    models.reply('sent')
    expect(await say('ann', approve, at(second))).toMatchObject({ status: 'succeeded' })
  })

  test('is not moved by an answer that does not count, and each is told why', async () => {
    const scene = await openScene({ '.codemie/config.yaml': 'policy: { approvers: ["@Ann", ben] }\n' })
    const { forge, wait, say, job, write, models, number, answers, reactions } = scene
    forge.setRole('acme/app', 'cid', 'maintain')
    const { id, digest, approve } = await wait()
    const other = forge.openPull('acme/app', { head: 'change', author: 'acme' }).number
    const issue = forge.openIssue('acme/app').number
    const refused = async (login: string, body: string, more = {}, on = number) => {
      const { status, exitStatus, said } = await job(write(login, body, more, on), on)
      return `${status} ${exitStatus} ${said.map(({ title, message }) => `${title}: ${message}`).join('\n')}`
        .replaceAll(id, '<run>')
        .replaceAll(digest, '<digits>')
    }
    const others = '0'.repeat(12)
    const seen = [
      await refused('ben', approve),
      await refused('cid', approve),
      await refused('cid', `/codemie reject ${id} send`),
      await refused('ann', `/codemie approve ${id} send`),
      await refused('ann', `/codemie approve ${id} send ${others}`),
      await refused('ann', `/codemie approve ${id} sent ${digest}`),
      await refused('ann', approve, { created: '2025-01-01T00:00:00Z', updated: '2025-01-01T00:00:00Z' }),
      await refused('ann', approve, {}, other),
      await refused('ann', approve, {}, issue),
      await refused('ann', `/codemie approve 20260102T030405Z-00000000 send ${digest}`),
      await refused('ann', '/codemie aprove it'),
      await refused('ann', `/codemie approve latest send ${digest}`),
    ]
    expect(seen).toMatchInlineSnapshot(`
      [
        "refused 5 not-an-approver: The answer of ben does not count: nobody approves a pull request of their own
      Somebody else has to say it. \`policy.approvers\` of the base counts; teams are not looked up.",
        "refused 5 not-an-approver: The answer of cid does not count: it is not among \`policy.approvers\`
      Somebody else has to say it. \`policy.approvers\` of the base counts; teams are not looked up.",
        "refused 5 not-an-approver: The answer of cid does not count: it is not among \`policy.approvers\`
      Somebody else has to say it. \`policy.approvers\` of the base counts; teams are not looked up.",
        "refused 2 digest-missing: A yes has to say what it is for, by the digest of what was shown
      What the run asks for now is answered by /codemie approve <run> send <digits>",
        "refused 2 approval-moved-on: Run <run> does not ask for 000000000000: it asks for <digits> before send
      It has gone on, or what would be done has changed. \`codemie-ci show <run>\` shows what it asks for.",
        "refused 2 step-not-waiting: Run <run> does not wait before 'sent'
      It waits before send.",
        "refused 5 answer-outdated: What run <run> asks for is younger than the answer
      Look at what it asks for now, and answer that.",
        "refused 2 run-elsewhere: Run <run> is about #1, and this is #2
      Say it in #1.",
        "refused 2 run-elsewhere: Run <run> is about #1, and this is #3
      Say it in #1.",
        "refused 2 no-such-run: No run "20260102T030405Z-00000000": neither a directory, a ref nor the branch has it
      \`codemie-ci runs\` lists the runs of this repository. Runs of others arrive with \`git fetch <remote> codemie/runs\`; one that is under way or waits is found on the remote by its whole id.",
        "refused 2 command-invalid: There is no command 'aprove'
      Did you mean 'approve'? There are run, approve, reject, rerun, abort, help.",
        "refused 2 command-invalid: \`/codemie approve\` takes the whole id of a run, such as \`20260102T030405Z-3f9a1c2e\` there, and found 'latest'
      It is written so: /codemie approve <run> <step> <digest>",
      ]
    `)
    expect(reactions()).toEqual([
      ...Array(3).fill('eyes -1'),
      ...Array(3).fill('eyes confused'),
      'eyes -1',
      ...Array(5).fill('eyes confused'),
    ])
    // One comment answers all that is written in one place.
    expect(answers()).toHaveLength(4)
    models.reply('sent')
    expect(await say('ann', approve)).toMatchObject({ status: 'succeeded' })
    expect(answers()[1]).toMatch(
      /^<!-- codemie-ci:command -->\n`\/codemie approve .*` of ann was carried out\.$/,
    )
  })

  test('before a state with interrupt_before asks for no digest', async () => {
    const { wait, say, models, answers } = await openScene({
      letter: LETTER.replace('approval: true', 'interrupt_before: true'),
    })
    const { id, digest } = await wait()
    expect(digest).toBe('')
    expect(answers()[0]).toContain('/codemie approve <run> send\n/codemie reject <run> send why\n')
    models.reply('sent')
    expect(await say('ann', `/codemie approve ${id} send`)).toMatchObject({ status: 'succeeded' })
  })

  test('takes approvers from the base, whatever the pull request says', async () => {
    const scene = await openScene({ '.codemie/config.yaml': 'policy: { approvers: [zoe] }\n' })
    const { forge, wait, say, models } = scene
    forge.commit('acme/app', 'change', { '.codemie/config.yaml': 'policy: { approvers: [ann] }\n' })
    const { approve } = await wait()
    expect(await say('ann', approve)).toMatchObject({ status: 'refused', exitStatus: 5 })
    // What the base says counts as it is when somebody answers.
    const id = forge.idOf('ann')
    forge.commit('acme/app', 'main', { '.codemie/config.yaml': `policy: { approvers: ["id:${id}"] }\n` })
    models.reply('sent')
    expect(await say('ann', approve)).toMatchObject({ status: 'succeeded' })
  })

  test('goes on for the author of the pull request where that is allowed', async () => {
    const { wait, write, job, models, number } = await openScene()
    const { approve } = await wait()
    models.reply('sent')
    const inputs = { 'author-may-approve': 'true' }
    expect(await job(write('ben', approve), number, 'created', { inputs })).toMatchObject({
      status: 'succeeded',
    })
  })
})

describe('attack 19: an answer counts for nothing', () => {
  const CASES: Readonly<
    Record<
      string,
      {
        readonly prepare: (scene: Scene, comment: number) => void
        readonly is: object
        readonly says: string
      }
    >
  > = {
    'when the head was pushed since': {
      prepare: ({ forge }) => void forge.commit('acme/app', 'change', { 'b.txt': 'b\n' }),
      is: { status: 'refused', exitStatus: 5 },
      says: 'What is said to it counts for nothing any more',
    },
    'when the head is pushed between the start of the job and the effect': {
      prepare: (scene, comment) =>
        atSecondRead(
          scene,
          comment,
          ({ forge }) => void forge.commit('acme/app', 'change', { 'b.txt': 'b\n' }),
        ),
      is: { status: 'refused', exitStatus: 5 },
      says: 'What is said to it counts for nothing any more',
    },
    'when the comment was edited': {
      prepare: ({ forge }, comment) => forge.rewrite('acme/app', comment, '/codemie help'),
      is: { status: 'skipped', exitStatus: 0 },
      says: 'The comment was edited',
    },
    'when the comment was edited and edited back': {
      prepare: ({ forge }, comment) =>
        forge.rewrite('acme/app', comment, forge.repo('acme/app').comments.get(comment)?.body ?? ''),
      is: { status: 'skipped', exitStatus: 0 },
      says: 'The comment was edited',
    },
    'when the comment is edited between the start of the job and the effect': {
      prepare: (scene, comment) =>
        atSecondRead(scene, comment, ({ forge }) => forge.rewrite('acme/app', comment, 'never mind')),
      is: { status: 'refused', exitStatus: 5 },
      says: 'comment-withdrawn',
    },
    'when the permission is taken away between the start of the job and the effect': {
      prepare: (scene, comment) =>
        atSecondRead(scene, comment, ({ forge }) => forge.setRole('acme/app', 'ann', 'read')),
      is: { status: 'refused', exitStatus: 5 },
      says: 'it may not write to the repository',
    },
    'when the comment is gone': {
      prepare: ({ forge }, comment) =>
        void (forge.repo('acme/app').comments as Map<number, unknown>).delete(comment),
      is: { status: 'skipped', exitStatus: 0 },
      says: 'not there any more',
    },
    'when an app wrote it in the name of a person': {
      prepare: ({ forge }, comment) =>
        void Object.assign(forge.repo('acme/app').comments.get(comment) ?? {}, { app: { id: 1 } }),
      is: { status: 'skipped', exitStatus: 0 },
      says: 'by a bot',
    },
    'when the name belongs to somebody else by now': {
      prepare: ({ forge }) =>
        forge.fail({
          path: /collaborators/,
          status: 200,
          body: { permission: 'admin', role_name: 'admin', user: { login: 'ann', id: 99, type: 'User' } },
        }),
      is: { status: 'skipped', exitStatus: 0 },
      says: 'the name belongs to another account by now',
    },
    'when GitHub does not say what its author may do': {
      prepare: ({ forge }) => {
        for (let times = 0; times < 4; times++) forge.fail({ path: /collaborators/, status: 503 })
      },
      is: { status: 'refused', exitStatus: 6 },
      says: 'forge-unreachable',
    },
    'when GitHub does not say how the pull request stands': {
      prepare: ({ forge }) => {
        for (let times = 0; times < 4; times++) forge.fail({ path: /\/pulls\/\d+$/, status: 502 })
      },
      is: { status: 'refused', exitStatus: 6 },
      says: 'forge-unreachable',
    },
  }

  /** Lets something happen right before the comment is read for the second time. */
  function atSecondRead(scene: Scene, comment: number, happen: (scene: Scene) => void): void {
    let reads = 0
    scene.forge.beforeAnswer = ({ method, path }) => {
      if (method !== 'GET' || !path.endsWith(`/issues/comments/${comment}`)) return
      reads += 1
      if (reads === 2) happen(scene)
    }
  }

  test.each(Object.entries(CASES))('%s', async (_, { prepare, is, says }) => {
    const scene = await openScene()
    const { forge, wait, write, models, number, run, refs } = scene
    const { id, approve } = await wait()
    const asked = models.requests.length
    const comment = write('ann', approve)
    const event = forge.event('issue_comment', 'acme/app', { number, comment, actor: 'ann' })
    prepare(scene, comment)
    const step = await run(event, JOB)
    expect(step).toMatchObject(is)
    expect(`${step.summary}\n${JSON.stringify(step.said)}`).toContain(says)
    expect(models.requests).toHaveLength(asked)
    expect(refs()).toEqual([`refs/codemie/live/${id}`])
  })
})

describe('a command of', () => {
  test.each([
    ['the owner', 'acme', 'succeeded', 'eyes rocket'],
    ['somebody who may write', 'ann', 'succeeded', 'eyes rocket'],
    ['somebody who may sort issues', 'tom', 'skipped', '-1'],
    ['somebody from outside', 'eve', 'skipped', '-1'],
    ['a bot', 'helper[bot]', 'skipped', ''],
  ])('%s', async (_, login, status, reaction) => {
    const { say, models, asked, reactions, answers, forge } = await openScene()
    forge.setRole('acme/app', 'helper[bot]', 'admin')
    models.otherwise('done')
    expect(await say(login, '/codemie run report since="last week"')).toMatchObject({ status, exitStatus: 0 })
    expect(asked()).toEqual(status === 'succeeded' ? ['Since last week'] : [])
    expect(reactions()).toEqual([reaction])
    expect(answers()).toHaveLength(status === 'succeeded' ? 1 : 0)
  })

  test('somebody whose comment only quotes one, or shows it as code, starts nothing', async () => {
    const { say, models, reactions } = await openScene()
    const line = '/codemie run report since=x'
    for (const body of [
      `> ${line}`,
      `\`${line}\``,
      `\`\`\`\n${line}\n\`\`\``,
      `    ${line}`,
      `Hello\n${line}`,
      `/codemie-ci run report`,
    ]) {
      expect(await say('ann', body)).toMatchObject({ status: 'skipped' })
    }
    expect(models.requests).toEqual([])
    expect(reactions().join('')).toBe('')
  })
})

describe('/codemie', () => {
  test('run takes inputs that the workflow has, and says what it expected', async () => {
    const { say, answers, models } = await openScene()
    const seen = []
    for (const words of [
      'report sins=x',
      'repor',
      'letter',
      'report since',
      'report since="x',
      'report since=1 since=2',
      '',
    ]) {
      const { status, said } = await say('ann', `/codemie run ${words}`)
      seen.push(`${status} ${said.map(({ title, message }) => `${title}: ${message}`).join('\n')}`)
    }
    expect(seen).toMatchInlineSnapshot(`
      [
        "refused inputs-invalid: 'report' has no input 'sins'
      It has since.",
        "refused unknown-workflow: There is no workflow 'repor'
      Did you mean 'report'? \`codemie-ci list\` shows all workflows.",
        "refused not-dispatchable: The workflow 'letter' is not started by hand
      Add \`workflow_dispatch\` to \`on\` in .codemie/workflows/letter.yaml.",
        "refused command-invalid: \`/codemie run\` takes \`key=value\` there, and found 'since'
      It is written so: /codemie run <workflow> [key=value …]",
        "refused command-invalid: A quote is not closed
      Write \`"\` at both ends of a value with spaces, and \`\\"\` for one within.",
        "refused command-invalid: 'since' is given twice
      It is written so: /codemie run <workflow> [key=value …]",
        "refused command-invalid: \`/codemie run\` takes the name of a workflow there, and found nothing
      It is written so: /codemie run <workflow> [key=value …]",
      ]
    `)
    expect(models.requests).toEqual([])
    expect(answers()).toHaveLength(1)
  })

  test('run gives a workflow the pull request as it is, with definitions of the base', async () => {
    const scene = await openScene({
      look: asking(
        'workflow_dispatch',
        'See {{ files }} of {{ number }}',
        'inputs: { files: {}, number: {} }',
      ),
    })
    const { forge, say, models, asked } = scene
    const evil = asking('workflow_dispatch', 'EVIL')
    forge.commit('acme/app', 'change', { '.codemie/workflows/look.yaml': evil })
    models.reply('seen')
    expect(await say('ann', '/codemie run look')).toMatchObject({ status: 'succeeded' })
    expect(asked()[0]).toMatch(/^See [\s\S]*\.codemie\/workflows\/look\.yaml[\s\S]*a\.txt[\s\S]* of 1$/)
  })

  test('run starts nothing for what was pushed after the comment', async () => {
    const { forge, write, job, models, reactions } = await openScene()
    const comment = write('ann', '/codemie run report since=x')
    forge.commit('acme/app', 'change', { 'b.txt': 'b\n' })
    expect(await job(comment)).toMatchObject({ status: 'refused', exitStatus: 5 })
    expect(models.requests).toEqual([])
    expect(reactions()).toEqual(['eyes -1'])
  })

  test('run of a maintainer on a pull request of a fork has no key, and keeps nothing', async () => {
    const { job, write, number, models, refs } = await openScene({}, 'eve/app')
    const comment = write('ann', '/codemie run report since=x')
    // A model that is asked at its own address needs a key.
    const step = await job(comment, number, 'created', { env: { OPENAI_BASE_URL: '' } })
    expect(step).toMatchObject({ status: 'skipped', exitStatus: 0 })
    expect(step.summary).toContain('There are no keys: the pull request comes from a fork.')
    expect(models.requests).toEqual([])
    expect(refs()).toEqual([])
  })

  test('rerun starts a new run of the same, with the definition of the base', async () => {
    const { wait, say, models, asked, forge } = await openScene()
    const { id } = await wait()
    forge.commit('acme/app', 'main', {
      '.codemie/workflows/letter.yaml': LETTER.replace('task: Draft', 'task: Anew'),
    })
    models.reply('another')
    const step = await say('ann', `/codemie rerun ${id}`)
    expect(step).toMatchObject({ status: 'paused', exitStatus: 0 })
    expect(step.outputs['run-id']).not.toBe(id)
    expect(asked()).toEqual(['Draft', 'Anew'])
    models.reply('sent')
    const yes = `/codemie approve ${step.outputs['run-id']} send ${step.outputs.digest?.slice(0, 12)}`
    expect(await say('ann', yes)).toMatchObject({ status: 'succeeded' })
  })

  test('abort ends a run for good', async () => {
    const { wait, say, answers, reactions, refs } = await openScene()
    const { id, approve } = await wait()
    expect(await say('ann', `/codemie abort ${id} no longer needed`)).toMatchObject({
      status: 'aborted',
      exitStatus: 0,
    })
    expect(answers()[1]).toMatchInlineSnapshot(`
      "<!-- codemie-ci:command -->
      ### ✅ \`/codemie abort <run> no longer needed\` of ann

      Run <run> of letter was aborted."
    `)
    expect(refs()).toEqual([])
    expect(await say('ann', approve)).toMatchObject({ status: 'refused' })
    expect(await say('ann', `/codemie abort ${id}`)).toMatchObject({ status: 'refused' })
    expect(reactions()).toEqual(['eyes rocket', 'eyes confused', 'eyes confused'])
  })

  test('help says what can be written, and is edited when somebody asks again', async () => {
    const { say, answers } = await openScene()
    await say('ann', '/codemie')
    expect(await say('acme', '/codemie help')).toMatchObject({ status: 'skipped', exitStatus: 0 })
    expect(answers()).toMatchInlineSnapshot(`
      [
        "<!-- codemie-ci:command -->
      ### What can be written here

      | The first line of a comment | What it does |
      | --- | --- |
      | \`/codemie run <workflow> [key=value …]\` | starts a workflow that has \`workflow_dispatch\` under \`on\` |
      | \`/codemie approve <run> <step> <digest>\` | says yes to what a step of a run waits for |
      | \`/codemie reject <run> <step> [reason]\` | says no to it; the step fails and is not run |
      | \`/codemie rerun <run>\` | starts a new run of what another one was given |
      | \`/codemie abort <run> [reason]\` | ends a run for good |
      | \`/codemie help\` | shows this |

      To be run: \`report\`

      It counts when somebody writes it who may write to the repository, and only as it was first written. \`"…"\` holds a value with spaces together.",
      ]
    `)
  })
})

test('a record that somebody pushed with a definition of their own is not gone on with', async () => {
  const scene = await openScene()
  const { forge, say, models, refs, run, number } = scene
  // Run as the pull request has it, with its record pushed.
  forge.commit('acme/app', 'change', {
    '.codemie/workflows/letter.yaml': LETTER.replace('task: Draft', 'task: Own'),
  })
  models.reply('the letter')
  const step = await run(forge.event('pull_request', 'acme/app', { number }), {
    permissions: PERMISSIONS,
    inputs: { mode: '', workflow: 'letter', push: 'true' },
  })
  expect(step).toMatchObject({ status: 'paused' })
  const { outputs } = step
  const yes = await say('ann', `/codemie approve ${outputs['run-id']} send ${outputs.digest?.slice(0, 12)}`)
  expect(yes).toMatchObject({ status: 'refused' })
  expect(refs()).toEqual([`refs/codemie/live/${outputs['run-id']}`])
})

describe('attack 22: a record that was changed while its run waited', () => {
  const FOREIGN = { status: 'refused', exitStatus: 5, said: [{ title: 'definition-foreign' }] }

  test('holds another definition than the commit that it names', async () => {
    const { forge, git, wait, say, models } = await openScene()
    const { id, approve } = await wait()
    const { dir } = forge.repo('acme/app')
    const live = `refs/codemie/live/${id}`
    git('-C', dir, 'update-ref', 'refs/heads/forged', live)
    const forged = forge.commit('acme/app', 'forged', {
      'workflow.yaml': LETTER.replace('Send {{ text }}', 'Send all secrets'),
    })
    git('-C', dir, 'update-ref', live, forged)
    expect(await say('ann', approve)).toMatchObject(FOREIGN)
    expect(models.requests).toHaveLength(1)
  })

  test('names a commit that the base does not have', async () => {
    const { forge, git, wait, say, models } = await openScene()
    const { approve } = await wait()
    const { dir } = forge.repo('acme/app')
    const who = ['-c', 'user.name=x', '-c', 'user.email=x@example.invalid']
    const anew = git('-C', dir, ...who, 'commit-tree', 'main^{tree}', '-m', 'anew')
    git('-C', dir, 'update-ref', 'refs/heads/main', anew)
    expect(await say('ann', approve)).toMatchObject(FOREIGN)
    expect(models.requests).toHaveLength(1)
  })
})

describe('mode: resume', () => {
  const resume = (run: string, digest: string | undefined, environment = 'letters'): EventJob => ({
    permissions: PERMISSIONS,
    inputs: { mode: 'resume', push: 'true', run, digest: digest ?? '', environment },
  })

  test('goes on by the yes of a reviewer of the environment, as GitHub names them', async () => {
    const { wait, run, forge, number, models, git, asked } = await openScene()
    const { id, step } = await wait()
    forge.reviewJobs('acme/app', '1002', 'ann', 'letters')
    models.reply('sent')
    const event = forge.event('pull_request', 'acme/app', { number })
    const done = await run(event, resume(id, step.outputs.digest))
    expect(done, JSON.stringify(done.said)).toMatchObject({ status: 'succeeded', exitStatus: 0 })
    expect(asked()).toHaveLength(2)
    expect(
      JSON.parse(git('-C', forge.repo('acme/app').dir, 'show', `${done.outputs.record}/approvals.json`)),
    ).toMatchObject([{ decision: 'approved', by: { name: 'ann', id: expect.any(Number) } }])
  })

  test('goes on for nobody else', async () => {
    const { wait, run, forge, number, models, refs } = await openScene()
    const { id, step } = await wait()
    const event = forge.event('pull_request', 'acme/app', { number })
    const seen: string[] = []
    let job = 1001
    const { digest } = step.outputs
    const attempt = async (
      more: EventJob,
      ...reviews: readonly (readonly [login: string, environment: string, state?: 'rejected'])[]
    ) => {
      job += 1
      for (const review of reviews) forge.reviewJobs('acme/app', String(job), ...review)
      const { status, exitStatus, said } = await run(event, more)
      seen.push(
        `${status} ${exitStatus} ${said.map(({ title, message }) => `${title}: ${message}`).join('\n')}`
          .replaceAll(id, '<run>')
          .replaceAll(digest?.slice(0, 12) ?? '', '<digits>')
          .replace(/\b[0-9a-f]{10}\b/g, '<commit>'),
      )
    }
    await attempt(resume(id, digest))
    await attempt(resume(id, digest), ['ann', 'other'], ['ann', 'letters', 'rejected'])
    await attempt(resume(id, digest), ['ben', 'letters'], ['tom', 'letters'], ['helper[bot]', 'letters'])
    await attempt(resume(id, '0'.repeat(64)), ['ann', 'letters'])
    await attempt(resume(id, ''), ['ann', 'letters'])
    await attempt(resume(id, digest, ''), ['ann', 'letters'])
    await attempt(resume('latest', 'x'))
    forge.commit('acme/app', 'change', { 'b.txt': 'b\n' })
    await attempt(resume(id, digest), ['ann', 'letters'])
    forge.fail({
      path: /approvals/,
      status: 403,
      body: { message: 'Resource not accessible by integration' },
    })
    await attempt(resume(id, digest), ['ann', 'letters'])
    expect(seen).toMatchInlineSnapshot(`
      [
        "refused 5 not-approved: Nobody approved this job for the environment 'letters'.
      Give the job \`environment:\` of that name, and the environment required reviewers who may write to the repository.",
        "refused 5 not-approved: Nobody approved this job for the environment 'letters'.
      Give the job \`environment:\` of that name, and the environment required reviewers who may write to the repository.",
        "refused 5 not-approved: The approval of ben does not count: nobody approves a pull request of their own.
      The approval of tom does not count: it may not write to the repository.
      The approval of helper[bot] does not count: it is no account of a person.
      Give the job \`environment:\` of that name, and the environment required reviewers who may write to the repository.",
        "refused 2 approval-moved-on: Run <run> does not ask for 0000000000000000000000000000000000000000000000000000000000000000: it asks for <digits> before send
      It has gone on, or what would be done has changed. \`codemie-ci show <run>\` shows what it asks for.",
        "refused 2 digest-missing: A yes has to say what it is for, by the digest of what was shown
      What the run asks for now is answered by /codemie approve <run> send <digits>",
        "refused 3 approval-needed: Run <run> waits for an approval before send
      \`codemie-ci approve <run>\` lets it go on, \`codemie-ci reject <run>\` does not.",
        "refused 2 action-inputs-invalid: \`run\` takes the whole id of a run, and not 'latest'.
      \`digest\` takes the first 8 or more digits of a digest, and not 'x'.
      All inputs are explained in docs/action.md of codemie-ci.",
        "refused 5 head-moved: Run <run> worked on commit <commit>, and the head of #1 is <commit> now
      What is said to it counts for nothing any more. Start a new run.",
        "refused 5 forge-permission-missing: GitHub did not let us ask who approved this job: the token lacks the permission \`actions: read\` (Resource not accessible by integration)
      Put \`actions: read\` under \`permissions\` of the job. For pull requests of forks and of Dependabot GitHub gives a token that only reads.",
      ]
    `)
    expect(models.requests).toHaveLength(1)
    expect(refs()).toEqual([`refs/codemie/live/${id}`])
  })
})
