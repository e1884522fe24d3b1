import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { writeGithubWorkflow } from '../../runner/github-workflow.ts'
import { publishSkeleton } from '../../schema/github-workflow/publish-skeleton.ts'
import { findProgram, runWorkflows } from '../helpers/act.ts'
import { copyAction } from '../helpers/action-bundle.ts'
import { buildIfStale } from '../helpers/built-cli.ts'
import { asking, openEventScene } from '../helpers/event-scene.ts'
import { type GitServer, startGitServer } from '../helpers/git-http.ts'
import { definitionsOf } from '../helpers/github-workflow.ts'
import { makeProject, type TestProject } from '../helpers/project.ts'
import { type JobSettings, openReviewScene } from '../helpers/review-scene.ts'
import { filesIn, makeZip } from '../helpers/zip.ts'
import type { Forge, ForgeEvent, Permissions } from '../rig/forge.mjs'

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const PAGE = readFileSync(root('docs/action.md'), 'utf8')
const SHA = '0123456789abcdef0123456789abcdef01234567'
/** The workflow files that docs/action.md shows, by name. */
const EXAMPLES: Readonly<Record<string, string>> = Object.fromEntries(
  [...PAGE.matchAll(/```yaml\n# \.github\/workflows\/([\w-]+)\.yml\n([\s\S]*?)```/g)].map(
    ([, name, text]) => [name, text ?? ''],
  ),
)

const ACT = findProgram('act')
const NODE = process.env['CODEMIE_TEST_NODE24'] ?? process.execPath

const REPORT = `
name: Report
enable_summarization_node: false
inputs:
  since: { type: string, required: true }
tools:
  - { id: list, tool: list_files, tool_args: { path: docs } }
states:
  - { id: look, tool_id: list, next: { state_id: end } }
`

describe.skipIf(ACT === undefined)(
  'a workflow file of docs/action.md, run by act (skipped without act)',
  () => {
    let project: TestProject
    let forge: GitServer | undefined
    let bare: string
    let action: string

    beforeAll(buildIfStale, 60_000)
    beforeEach(() => {
      action = copyAction()
    })
    afterEach(async () => {
      await forge?.close()
      project?.remove()
      rmSync(action, { recursive: true, force: true })
    })

    const actions = () => ({
      [`codemie/codemie-ci@${SHA}`]: action,
      'actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0': 'checkout',
    })

    async function run(files: Readonly<Record<string, string>>, event: string, payload: object) {
      project = makeProject({ files: { ...files, 'docs/a.md': 'a' } })
      const tokens = { 'job-token-0123456789': { login: 'github-actions[bot]', write: true } }
      forge = await startGitServer(project.beside('forge'), tokens, project.env['PATH'] ?? '')
      bare = forge.createBare('acme/app')
      project.git('push', '-q', bare, 'main')
      return await runWorkflows({
        act: ACT ?? '',
        clone: project.root,
        event,
        payload,
        repository: 'acme/app',
        serverUrl: forge.origin,
        sha: project.git('rev-parse', 'HEAD'),
        ref: 'refs/heads/main',
        token: 'job-token-0123456789',
        actions: actions(),
        node: NODE,
      })
    }

    /** What an event of a forge starts in a checkout, with the real action. */
    const runJob = (
      of: Forge,
      job: ForgeEvent,
      clone: string,
      permissions: Permissions,
      more: { readonly runId?: number; readonly uploads?: string } = {},
    ) =>
      runWorkflows({
        ...more,
        act: ACT ?? '',
        clone,
        event: job.name,
        payload: job.payload,
        repository: 'acme/app',
        serverUrl: of.url,
        sha: job.sha,
        ref: job.ref,
        token: of.jobToken('acme/app', job, permissions),
        actions: actions(),
        node: NODE,
      })

    const example = (name: string, report = REPORT) => ({
      [`.github/workflows/${name}.yml`]: EXAMPLES[name] ?? '',
      '.codemie/workflows/report.yaml': report,
    })

    test('of docs/action.md: a check of a pull request', async () => {
      const seen = await run(example('codemie-check', `${REPORT}nmae: Other\n`), 'pull_request', {
        number: 1,
      })
      expect(seen.jobs, seen.log).toEqual({ 'codemie check/Check': 'failure' })
      expect(seen.annotations).toContainEqual(
        expect.objectContaining({ level: 'error', file: '.codemie/workflows/report.yaml' }),
      )
      expect(seen.outputs).toMatchObject({ status: 'invalid' })
      expect(seen.summaries.join()).toContain('## ❌ 1 file checked, 1 error')
    })

    test('of docs/action.md: a review of a pull request, which waits until somebody approves the commit', async () => {
      const scene = await openReviewScene({
        base: example('codemie-review'),
        head: { '.codemie/workflows/other.yaml': REPORT },
      })
      const review = async (settings: JobSettings) => {
        const job = scene.event(settings)
        const permissions = { contents: 'read', pull_requests: 'write' } as const
        return await runJob(scene.forge, job, scene.checkOut(job.ref, 1), permissions)
      }
      const first = await review({})
      expect(first.jobs, first.log).toEqual({ 'codemie review/Review': 'failure' })
      expect(first.outputs).toMatchObject({ status: 'needs-approval', widening: 'true' })
      expect(scene.comments()).toEqual([expect.stringContaining('## ✋ AI workflows: this needs approval')])
      await scene.answer('ann', 'APPROVE')
      const second = await review({ event: 'pull_request_review', action: 'submitted', actor: 'ann' })
      expect(second.status, second.log).toBe(0)
      expect(second.summaries.join()).toContain('## ✅ AI workflows: approved')
      expect(scene.comments()).toEqual([expect.stringContaining('## ✅ AI workflows: approved')])
    })

    test('of docs/action.md: what a pull request asks for, answered in a comment and a check run', async () => {
      const scene = await openEventScene({
        '.github/workflows/codemie-events.yml': EXAMPLES['codemie-events'] ?? '',
        review: asking("{pull_request: {paths: ['src/**']}}").replace('gpt-5-mini', 'own:model'),
        other: asking('push'),
      })
      const { forge, models } = scene
      const config = `models: { providers: { own: { kind: openai, base_url: '${models.url}' } } }\n`
      forge.commit('acme/app', 'main', { '.codemie/config.yaml': config })
      forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
      const { number } = forge.openPull('acme/app', { head: 'change' })
      models.reply('Looks good.')
      const job = forge.event('pull_request', 'acme/app', { number })
      const seen = await runJob(forge, job, scene.checkOut(job), {
        contents: 'write',
        pull_requests: 'write',
        checks: 'write',
      })
      expect(seen.status, seen.log).toBe(0)
      expect(seen.outputs).toMatchObject({ status: 'succeeded', output: 'Looks good.' })
      const { comments, checks } = forge.repo('acme/app')
      expect([...comments.values()]).toMatchObject([{ body: expect.stringContaining('Looks good.') }])
      expect([...checks.values()]).toMatchObject([{ name: 'codemie-ci / review', conclusion: 'success' }])
    })

    test.each([
      ['pull_request', 'About the pull request'],
      ['push', 'About the push'],
      ['schedule', 'About the week'],
      ['workflow_dispatch', 'About monday'],
    ])('that init writes, with the real action: %s', async (event, asks) => {
      const own = (text: string) => text.replace('gpt-5-mini', 'own:model')
      const definitions = {
        review: own(asking("{pull_request: {paths: ['src/**']}}", 'About the pull request')),
        pushed: own(asking('push', 'About the push')),
        weekly: own(asking("{schedule: [{cron: '0 6 * * 1'}]}", 'About the week')),
        hand: own(asking('workflow_dispatch', 'About {{day}}', 'inputs: { day: { type: string } }')),
      }
      const { text } = await writeGithubWorkflow(
        definitionsOf(definitions),
        `codemie/codemie-ci/action@${SHA} # v9.9.9`,
      )
      const scene = await openEventScene({ ...definitions, '.github/workflows/codemie.yml': text })
      const { forge, models } = scene
      forge.commit('acme/app', 'main', {
        '.codemie/config.yaml': `models: { providers: { own: { kind: openai, base_url: '${models.url}' } } }\n`,
      })
      forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
      const { number } = forge.openPull('acme/app', { head: 'change' })
      models.reply('Done.')
      const job = forge.event(event, 'acme/app', {
        ...(event === 'pull_request' ? { number } : {}),
        schedule: '0 6 * * 1',
        inputs: { day: 'monday' },
      })
      const seen = await runJob(forge, job, scene.checkOut(job), {
        contents: 'write',
        pull_requests: 'write',
        checks: 'write',
      })
      expect(seen.status, seen.log).toBe(0)
      expect(seen.jobs).toMatchObject({ 'codemie/Run': 'success' })
      expect(scene.asked()).toEqual([expect.stringContaining(asks)])
      const { dir } = forge.repo('acme/app')
      expect(scene.git('-C', dir, 'log', '--format=%s', 'codemie/runs')).toContain(' succeeded')
    })

    const LETTER = `
on: [pull_request, workflow_dispatch]
inputs: { number: { type: integer, default: 0 } }
enable_summarization_node: false
assistants: [{ id: a, model: 'own:model', system_prompt: P }]
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send } }
  - { id: send, assistant_id: a, approval: true, task: Send, next: { state_id: end } }
`

    /** acme/app with the workflow \`letter\` and a GitHub workflow, and people who may write. */
    async function openLetters(githubWorkflow: string) {
      const scene = await openEventScene({
        letter: LETTER,
        '.github/workflows/codemie.yml': githubWorkflow,
      })
      const { forge, models } = scene
      forge.commit('acme/app', 'main', {
        '.codemie/config.yaml': `models: { providers: { own: { kind: openai, base_url: '${models.url}' } } }\n`,
      })
      forge.setRole('acme/app', 'ann', 'write')
      models.reply('drafted', 'sent')
      const start = async (job: ForgeEvent) =>
        await runJob(forge, job, scene.checkOut(job), {
          contents: 'write',
          pull_requests: 'write',
          issues: 'write',
          checks: 'write',
        })
      return { ...scene, start }
    }

    test('that init writes, with the real action: a comment lets a run go on, any other comment starts nothing', async () => {
      const { text } = await writeGithubWorkflow(
        definitionsOf({ letter: LETTER }),
        `codemie/codemie-ci/action@${SHA} # v9.9.9`,
      )
      const { forge, asked, start } = await openLetters(text)
      forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
      const { number } = forge.openPull('acme/app', { head: 'change' })
      const first = await start(forge.event('pull_request', 'acme/app', { number }))
      expect(first.status, first.log).toBe(0)
      expect(first.outputs).toMatchObject({ status: 'paused' })
      const say = async (body: string) => {
        const comment = forge.write('acme/app', number, 'ann', body)
        return await start(forge.event('issue_comment', 'acme/app', { number, comment, actor: 'ann' }))
      }
      const { digest = '', 'run-id': run = '' } = first.outputs
      expect((await say(`Shall I /codemie approve ${run} send ${digest}?`)).jobs).not.toHaveProperty([
        'codemie/Run',
      ])
      const second = await say(`/codemie approve ${run} send ${digest.slice(0, 12)}`)
      expect(second.status, second.log).toBe(0)
      expect(second.outputs).toMatchObject({ status: 'succeeded', 'run-id': run, output: 'sent' })
      expect(asked()).toHaveLength(2)
    })

    test('of docs/action.md: reviewers of an environment let a run go on in a second job', async () => {
      const { forge, asked, start } = await openLetters(EXAMPLES['codemie-letter'] ?? '')
      // act knows no environments: the second job begins at once.
      forge.reviewJobs('acme/app', '1001', 'ann', 'letters')
      const seen = await start(forge.event('workflow_dispatch', 'acme/app', {}))
      expect(seen.status, seen.log).toBe(0)
      expect(seen.jobs).toEqual({ 'codemie letter/Write': 'success', 'codemie letter/Send': 'success' })
      expect(seen.outputs).toMatchObject({ status: 'succeeded', output: 'sent' })
      expect(asked()).toHaveLength(2)
    })
    test.each([
      ['a fork', 'eve/app', 'eve'],
      ['Dependabot', 'acme/app', 'dependabot[bot]'],
    ])(
      'that init writes, and what %s may not say is published by the other one',
      async (_, headRepo, author) => {
        const definitions = {
          asks: asking('pull_request').replace('gpt-5-mini', 'own:model'),
          reads: REPORT.replace('name: Report', 'on: pull_request').replace(
            'since: { type: string, required: true }',
            'number: {}',
          ),
        }
        const action = `codemie/codemie-ci/action@${SHA} # v9.9.9`
        const { text } = await writeGithubWorkflow(definitionsOf(definitions), action)
        const scene = await openEventScene({
          ...definitions,
          '.github/workflows/codemie.yml': text,
          '.github/workflows/codemie-publish.yml': publishSkeleton(action),
          '.codemie/config.yaml':
            "models: { providers: { own: { kind: openai, base_url: 'https://models.test', api_key_env: OWN_KEY } } }\n",
          'docs/a.md': 'a',
        })
        const { forge } = scene
        if (headRepo !== 'acme/app') forge.addRepo(headRepo, { forkOf: 'acme/app' })
        const branch = 'dependabot/x'
        forge.commit(headRepo, branch, { 'docs/b.md': 'b' }, { from: 'main' })
        const { number } = forge.openPull('acme/app', { head: branch, headRepo, author })
        const { id: runId } = forge.addRun('acme/app', number)
        const uploads = mkdtempSync(join(tmpdir(), 'codemie-uploads-'))
        onTestFinished(() => rmSync(uploads, { recursive: true, force: true }))
        const most = { contents: 'write', pull_requests: 'write', checks: 'write' } as const
        const job = forge.event('pull_request', 'acme/app', { number })
        const seen = await runJob(forge, job, scene.checkOut(job), most, { runId, uploads })
        expect(seen.jobs, seen.log).toEqual({ 'codemie/Review': 'success', 'codemie/Run': 'success' })
        expect(readdirSync(uploads).sort()).toEqual(['codemie-ci-review-1', 'codemie-ci-run-1'])
        expect([...forge.repo('acme/app').comments.values()]).toEqual([])
        for (const name of readdirSync(uploads)) {
          forge.addArtifact('acme/app', runId, name, makeZip(filesIn(join(uploads, name))))
        }
        const follow = forge.event('workflow_run', 'acme/app', { run: runId })
        const published = await runJob(forge, follow, scene.checkOut(follow), { ...most, actions: 'read' })
        expect(published.jobs, published.log).toEqual({ 'codemie publish/Publish': 'success' })
        expect(published.outputs).toMatchObject({ status: 'published' })
        const comments = [...forge.repo('acme/app').comments.values()].map(({ body }) => body)
        expect(comments).toEqual([
          expect.stringContaining('## AI workflows: what this pull request changes'),
          expect.stringContaining('needs OWN_KEY'),
        ])
        const { dir } = forge.repo('acme/app')
        expect(scene.git('-C', dir, 'log', '--format=%s', 'codemie/runs')).toContain(' succeeded')
      },
    )

    test('of docs/action.md: a run whose record is pushed, and whose outputs the next step reads', async () => {
      const seen = await run(example('codemie-run'), 'workflow_dispatch', { inputs: { since: 'monday' } })
      expect(seen.status, seen.log).toBe(0)
      expect(seen.outputs).toMatchObject({ status: 'succeeded', output: expect.stringContaining('a.md') })
      const manifest = project.git('-C', bare, 'show', `${seen.outputs['record']}/run.json`)
      expect(JSON.parse(manifest)).toMatchObject({
        trigger: { event: 'workflow_dispatch', eventId: '1001', attempt: 1 },
        actor: { name: 'octo', source: 'ci' },
      })
      expect(project.git('-C', bare, 'show', `${seen.outputs['record']}/inputs.json`)).toContain('monday')
      expect(seen.summaries.join()).toContain('pushed to `origin`')
      expect(seen.text).not.toContain('job-token-0123456789')
    })
  },
)

describe('workflow files of docs/action.md', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codemie-examples-'))
    const workflows = join(folder, '.github/workflows')
    mkdirSync(workflows, { recursive: true })
    for (const [name, text] of Object.entries(EXAMPLES)) writeFileSync(join(workflows, `${name}.yml`), text)
    execFileSync('git', ['init', '-q', folder], { env: { PATH: process.env['PATH'] ?? '', HOME: folder } })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const check = (program: string, args: string[]) =>
    execFileSync(program, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder },
      encoding: 'utf8',
      stdio: 'pipe',
    })

  test('there are eight', () => {
    expect(Object.keys(EXAMPLES)).toEqual([
      'codemie-check',
      'codemie-review',
      'codemie-run',
      'codemie-events',
      'codemie-publish',
      'codemie-letter',
      'codemie-triage',
      'codemie-many',
    ])
  })

  test.skipIf(!findProgram('actionlint'))('are right for actionlint (skipped without actionlint)', () => {
    expect(check('actionlint', ['-no-color'])).toBe('')
  })

  test.skipIf(!findProgram('zizmor'))('are safe for zizmor (skipped without zizmor)', () => {
    check('zizmor', ['--offline', '--quiet', '--strict-collection', '--color=never', '.github'])
  })
})
