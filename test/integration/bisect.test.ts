import { describe, expect, test } from 'vitest'
import type { TestProject } from '../helpers/project.ts'
import { type CliResult, runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()

const FILE = '.codemie/workflows/w.yaml'
/** A workflow whose answer is what its task says. */
const version = (answer: string, more = '') => `name: Grader
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P, model: m }]
states: [{ id: grade, assistant_id: a, task: '${answer}'${more}, next: { state_id: end } }]
`
const score = (n: number) => `{"score": ${n}}`

interface Bisected {
  readonly w: TestProject
  readonly cli: (...args: string[]) => Promise<CliResult>
  /** Bisects by the score. */
  readonly bisect: (...args: string[]) => Promise<CliResult>
  readonly commit: (subject: string, text: string, file?: string) => string
}

/** A repository with one version for each answer, called v0, v1, …; the numbers in `ran` have a run each. */
async function open(answers: readonly string[], ran: readonly number[]): Promise<Bisected> {
  bench.server.otherwise(({ lastUserMessage }) => lastUserMessage.replace('\nCurrent task:', '').trim())
  const w = bench.make({ files: { 'README.md': 'x\n' } })
  const env = { ...w.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url }
  let seconds = 1_767_323_045
  // Of two runs one is the newer.
  const cli = (...args: string[]) =>
    runInProcess(args, { cwd: w.root, env: { ...env, SOURCE_DATE_EPOCH: String(seconds++) } })
  const commit = (subject: string, text: string, file = FILE) => {
    w.write(file, text)
    w.git('add', '-A')
    w.git('commit', '-q', '-m', subject)
    return w.git('rev-parse', 'HEAD')
  }
  for (const [index, answer] of answers.entries()) {
    commit(`v${index}`, version(answer))
    if (ran.includes(index)) await cli('run', 'w', '-i', 'base=main')
  }
  const bisect = (...args: string[]) =>
    cli('bisect', 'w', '--step', 'grade', '--expect', 'score > 3', ...args)
  return { w, cli, bisect, commit }
}

/** Ids and hashes by what they stand for. */
function named(w: TestProject, text: string): string {
  return text
    .replace(/\b[0-9a-f]{12}\b/g, (id) => w.git('log', '-1', '--format=%s', id))
    .replace(/\d{8}T\d{6}Z-[0-9a-f]{8}/g, '<run>')
    .replaceAll('2023-11-14 22:13', '<time>')
}
/** Subjects of the versions that were looked at, with the verdict. */
const verdicts = (w: TestProject, { stderr }: CliResult) =>
  named(w, stderr)
    .split('\n')
    .flatMap((line) => {
      const [, sign, subject] = /^([✓✗·]) .*?<time> {2}(.*?): /.exec(line) ?? []
      return sign === undefined ? [] : [`${sign} ${subject}`]
    })

const DROPS = [9, 8, 7, 6, 2, 1, 0].map(score)
const ALL = [...DROPS.keys()]

describe('bisect', () => {
  test('finds the commit by halving, and says what it changed', async () => {
    const { w, bisect } = await open(DROPS, ALL)
    const result = await bisect()
    expect({
      ...result,
      stdout: named(w, result.stdout),
      stderr: named(w, result.stderr),
    }).toMatchInlineSnapshot(`
      {
        "status": 0,
        "stderr": "✗ v6 <time>  v6: not satisfied by {"score": 0} (run <run>)
      ✓ v0 <time>  v0: satisfied by {"score": 9} (run <run>)
      ✓ v3 <time>  v3: satisfied by {"score": 6} (run <run>)
      ✗ v4 <time>  v4: not satisfied by {"score": 2} (run <run>)
      ",
        "stdout": "v4 <time>  Ann Tester  v4
        1 neutral: grade: task: {"score": 6} → {"score": 2}
      ",
      }
    `)
  })

  test('looks only between the versions that are called good and bad', async () => {
    const { w, bisect } = await open([1, 9, 8, 7, 2, 9, 1].map(score), ALL)
    const result = await bisect('--good', 'HEAD~4', '--bad', 'HEAD~2')
    expect([result.status, verdicts(w, result)]).toMatchInlineSnapshot(`
      [
        0,
        [
          "✗ v4",
          "✓ v2",
          "✓ v3",
        ],
      ]
    `)
    expect(named(w, result.stdout)).toContain('v4')
  })

  test('leaves out versions without a run where others help', async () => {
    const { w, bisect } = await open(DROPS, [0, 2, 3, 4, 6])
    const result = await bisect()
    expect([result.status, verdicts(w, result)]).toMatchInlineSnapshot(`
      [
        0,
        [
          "✗ v6",
          "✓ v0",
          "✓ v3",
          "✗ v4",
        ],
      ]
    `)
  })

  test('prints the versions that are left and the commands that would help', async () => {
    const { w, bisect } = await open(DROPS, [0, 2, 6])
    const result = await bisect()
    expect([result.status, named(w, result.stdout), verdicts(w, result)]).toMatchInlineSnapshot(`
      [
        1,
        "Not decided: It is one of these versions, and no recorded run tells which
        v6 <time>  Ann Tester  v6
        v5 <time>  Ann Tester  v5
        v4 <time>  Ann Tester  v4
        v3 <time>  Ann Tester  v3
      These runs would help, the first one most (--run does what is needed):
        codemie-ci run w@v4 --input '{"base":"main"}'
        codemie-ci run w@v3 --input '{"base":"main"}'
        codemie-ci run w@v5 --input '{"base":"main"}'
      ",
        [
          "✗ v6",
          "✓ v0",
          "· v3",
          "✓ v2",
          "· v4",
          "· v5",
        ],
      ]
    `)
    const { missing, range, found, why } = JSON.parse((await bisect('--json')).stdout)
    expect([missing.length, range.length, found, why]).toEqual([3, 4, null, 'versions-unknown'])
  })

  test('with --run it runs them with the inputs of the bad run, and keeps their records', async () => {
    const { w, cli, bisect } = await open(DROPS, [6])
    const result = await bisect('--run')
    expect([result.status, named(w, result.stdout), verdicts(w, result)]).toMatchInlineSnapshot(`
      [
        0,
        "v4 <time>  Ann Tester  v4
        1 neutral: grade: task: {"score": 6} → {"score": 2}
      ",
        [
          "✗ v6",
          "✓ v0",
          "✓ v3",
          "✗ v4",
        ],
      ]
    `)
    const { runs } = JSON.parse((await cli('runs', '--json')).stdout)
    expect(runs).toHaveLength(4)
    expect((await cli('verify')).stdout).toContain('4 records verified, 4 compared')
    expect(verdicts(w, await bisect())).toEqual(verdicts(w, result))
  })

  test('a version with errors, one whose run stopped before the step, and a rename in between', async () => {
    const { w, cli, commit, bisect } = await open([9, 8].map(score), [0, 1])
    commit('broken', version(score(7)).replace('state_id: end', 'state_id: nowhere'))
    commit('waits', version(score(6), ', interrupt_before: true'))
    await cli('run', 'w', '-i', 'base=main')
    w.git('mv', FILE, '.codemie/workflows/x.yaml')
    commit('renamed', version(score(2)), '.codemie/workflows/x.yaml')
    await cli('run', 'x', '-i', 'base=main')
    const result = await cli('bisect', 'x', '--step', 'grade', '--expect', 'score > 3')
    expect([result.status, named(w, result.stdout), verdicts(w, result)]).toMatchInlineSnapshot(`
      [
        1,
        "Not decided: It is one of these versions, and no recorded run tells which
        renamed <time>  Ann Tester  renamed
        waits <time>  Ann Tester  waits
        broken <time>  Ann Tester  broken
      These runs would help, the first one most (--run does what is needed):
        codemie-ci run x@waits --input '{"base":"main"}'
      ",
        [
          "✗ renamed",
          "✓ v0",
          "· broken",
          "✓ v1",
          "· waits",
        ],
      ]
    `)
    const ran = await cli('bisect', 'x', '--step', 'grade', '--expect', 'score > 3', '--run')
    expect([ran.status, verdicts(w, ran)]).toMatchInlineSnapshot(`
      [
        1,
        [
          "✗ renamed",
          "✓ v0",
          "· broken",
          "✓ v1",
          "· waits",
        ],
      ]
    `)
    expect(await bisect()).toMatchObject({ status: 2 })
  })

  test('prefers a run with the same inputs, and says when there is none', async () => {
    const { w, cli, bisect, commit } = await open([score(9)], [])
    await cli('run', 'w', '-i', 'base=main')
    await cli('run', 'w', '-i', 'base=other')
    commit('middle', version(score(8)))
    await cli('run', 'w', '-i', 'base=other')
    commit('last', version(score(1)))
    await cli('run', 'w', '-i', 'base=main')
    const { stderr } = await bisect()
    expect(named(w, stderr)).toMatchInlineSnapshot(`
      "✗ last <time>  last: not satisfied by {"score": 1} (run <run>)
      ✓ v0 <time>  v0: satisfied by {"score": 9} (run <run>)
      ✓ middle <time>  middle: satisfied by {"score": 8} (run <run>, other inputs)
      "
    `)
  })

  test('an output that is text, or large and hostile, is shown on one short line', async () => {
    const hostile = `Risks \u001b[31mred\nnext ${'x'.repeat(300)}`
    const { w, cli } = await open(['Risks: none', 'Nothing'], [0, 1])
    bench.server.otherwise(hostile)
    await cli('run', 'w@HEAD~1', '-i', 'base=main')
    const result = await cli('bisect', 'w', '--step', 'grade', '--expect', '"Risks" in output and not keys')
    expect([result.status, named(w, result.stderr)]).toMatchInlineSnapshot(`
      [
        0,
        "✗ v1 <time>  v1: not satisfied by Nothing (run <run>)
      ✓ v0 <time>  v0: satisfied by Risks red next xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… (run <run>)
      ",
      ]
    `)
  })

  test('decides nothing where there is nothing to decide', async () => {
    const { w, cli, bisect, commit } = await open([9, 8].map(score), [0, 1])
    const told = async (...args: string[]) => {
      const { status, stdout } = await bisect(...args)
      return [status, named(w, stdout)]
    }
    expect(await told()).toMatchInlineSnapshot(`
      [
        1,
        "Not decided: The bad version satisfies the expression, so there is nothing to look for
      ",
      ]
    `)
    commit('last', version(score(1)))
    expect(await told()).toMatchInlineSnapshot(`
      [
        1,
        "Not decided: No recorded run tells of the newest version
      These runs would help, the first one most (--run does what is needed):
        codemie-ci run w@last --input '{"base":"main"}'
      ",
      ]
    `)
    await cli('run', 'w', '-i', 'base=main')
    expect(await told('--good', 'HEAD~1', '--bad', 'HEAD~1')).toMatchInlineSnapshot(`
      [
        2,
        "",
      ]
    `)
    commit('worse', version(score(0)))
    await cli('run', 'w', '-i', 'base=main')
    expect(await told('--good', 'HEAD~1')).toMatchInlineSnapshot(`
      [
        1,
        "Not decided: The version that was called good does not satisfy the expression
      ",
      ]
    `)
  })

  test('refusals', async () => {
    const { cli, bisect } = await open([9, 1].map(score), [0, 1])
    const refused = async (result: Promise<CliResult>) => {
      const { status, stderr } = await result
      return [status, ...stderr.split('\n').filter((line) => /^error|help/.test(line))]
    }
    expect(await refused(cli('bisect', 'w', '--step', 'grade'))).toMatchInlineSnapshot(`
      [
        2,
        "error usage: --expect is missing.",
        "  = help: For example codemie-ci bisect review --step grade --expect 'score > 3'",
      ]
    `)
    expect(await refused(bisect('--expect', 'score >'))).toMatchInlineSnapshot(`
      [
        2,
        "error usage: --expect 'score >' is no expression that can be evaluated: it ends too early.",
        "  = help: It is written like the conditions of a workflow: docs/versions.md tells which names it has.",
      ]
    `)
    expect(
      await refused(cli('bisect', 'w', '--step', 'grad', '--expect', 'score > 3')),
    ).toMatchInlineSnapshot(`
      [
        2,
        "error no-such-step: None of the runs that were looked at has a step 'grad'",
        "  = help: Did you mean 'grade'?",
      ]
    `)
    expect(await refused(bisect('--good', 'nowhere'))).toMatchInlineSnapshot(`
      [
        2,
        "error unknown-revision: There is no revision 'nowhere' here",
        "  = help: A branch, a tag or a commit; \`git fetch\` brings those of the remote.",
      ]
    `)
    expect(await refused(bisect('--good', 'HEAD~2'))).toMatchInlineSnapshot(`
      [
        2,
        "error not-in-revision: No version of the workflow's history is in HEAD~2",
        "  = help: \`codemie-ci versions <workflow>\` lists them.",
      ]
    `)
  })

  test('with --run the oldest version that can run is tried as the good one', async () => {
    const { w, cli, bisect, commit } = await open([], [])
    commit('broken', version(score(9)).replace('state_id: end', 'state_id: nowhere'))
    commit('mended', version(score(8)))
    commit('last', version(score(1)))
    await cli('run', 'w', '-i', 'base=main')
    expect(named(w, (await bisect()).stdout).split('\n')).toEqual([
      'Not decided: No version before is known to satisfy the expression',
      'These runs would help, the first one most (--run does what is needed):',
      `  codemie-ci run w@mended --input '{"base":"main"}'`,
      '',
    ])
    const result = await bisect('--run')
    expect([result.status, verdicts(w, result)]).toEqual([0, ['✗ last', '✓ mended']])
    commit('worse', version(score(0)))
    await cli('run', 'w', '-i', 'base=main')
    expect((await bisect('--expect', 'score > 8', '--run')).status).toBe(1)
  })

  test('with --run versions of the same content are run once', async () => {
    const { w, cli, commit } = await open([9, 8].map(score), [0])
    w.git('mv', FILE, '.codemie/workflows/x.yaml')
    w.git('commit', '-q', '-m', 'renamed')
    commit('last', version(score(1)), '.codemie/workflows/x.yaml')
    await cli('run', 'x', '-i', 'base=main')
    const asked = bench.server.requests.length
    const result = await cli('bisect', 'x', '--step', 'grade', '--expect', 'score > 3', '--run')
    expect([result.status, verdicts(w, result)]).toEqual([0, ['✗ last', '✓ v0', '✓ v1', '✓ renamed']])
    expect(bench.server.requests.length - asked).toBe(1)
  })

  test('an interrupt of a run that it started ends it, and the run can be resumed', async () => {
    const { w } = await open(DROPS, [6])
    let interrupt = () => {}
    bench.server.otherwise(() => {
      interrupt()
      return score(1)
    })
    const { status, stdout } = await runInProcess(
      ['bisect', 'w', '--step', 'grade', '--expect', 'score > 3', '--run', '--json'],
      {
        cwd: w.root,
        env: { ...w.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url },
        onInterruptible: (send) => {
          interrupt = send
        },
      },
    )
    expect([status, JSON.parse(stdout).found]).toEqual([130, null])
  })

  test('a shallow clone, and a workflow that is not committed', async () => {
    const { w, cli } = await open([9, 8, 1].map(score), [2])
    const clone = w.beside('shallow')
    w.git('clone', '-q', '--depth=2', `file://${w.root}`, clone)
    w.git('-C', clone, 'fetch', '-q', 'origin', 'codemie/runs:codemie/runs')
    const args = ['bisect', 'w', '--step', 'grade', '--expect', 'score > 3']
    const { status, stderr } = await runInProcess(args, { cwd: clone, env: w.env })
    expect([status, stderr.split('\n').at(-2)]).toEqual([
      1,
      'This clone is shallow, and the history goes on before it: `git fetch --unshallow` brings the rest.',
    ])
    w.write('.codemie/workflows/new.yaml', version('x'))
    expect(await cli('bisect', 'new', '--step', 'grade', '--expect', 'keys')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^error not-committed: /),
    })
  })

  test('a merge of two sides', async () => {
    const { w, cli, bisect, commit } = await open([9, 8].map(score), [0, 1])
    w.git('checkout', '-q', '-b', 'side')
    commit('Side', version(score(2)))
    await cli('run', 'w', '-i', 'base=main')
    w.git('checkout', '-q', 'main')
    w.git('commit', '-q', '--allow-empty', '-m', 'Elsewhere')
    w.git('merge', '-q', '--no-edit', 'side')
    const result = await bisect()
    expect([result.status, named(w, result.stdout)]).toMatchInlineSnapshot(`
      [
        0,
        "Side <time>  Ann Tester  Side
        1 neutral: grade: task: {"score": 8} → {"score": 2}
      ",
      ]
    `)
  })
})
