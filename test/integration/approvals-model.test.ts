import { expect, test } from 'vitest'
import { makeRepository } from '../helpers/git-repository.ts'
import { seededRandom } from '../helpers/interleaving.ts'
import type { TestProject } from '../helpers/project.ts'
import { runInProcess } from '../helpers/run-cli.ts'
import { setUpWorkbench } from '../helpers/workbench.ts'

const bench = setUpWorkbench()
const SEEDS = Number(process.env['APPROVAL_SEEDS'] ?? 6)
const FIRST_SEED = Number(process.env['APPROVAL_FIRST_SEED'] ?? 1)
const ACTIONS = 14

const definition = (text: string, more = '') => `enable_summarization_node: false
assistants: [{ id: a, system_prompt: P, model: writer-1 }]
states:
  - { id: draft, assistant_id: a, task: Draft, next: { state_id: send } }
  - { id: send, assistant_id: a, approval: true, ${more} task: "Send ${text}", next: { state_id: end } }
`

/** What somebody in a clone saw last of the run. */
interface Seen {
  readonly runId: string
  readonly task: string
  readonly digest: string
}

/**
 * Two people in two clones do all that can be done to runs in an order that the seed decides, often with what they saw a
 * while ago. Whatever they do: nothing is sent that nobody approved as it was shown, and nothing twice.
 */
async function play(seed: number): Promise<readonly string[]> {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const remote = makeRepository({ bare: true })
  const one = bench.make({ workflows: { w: definition('0') } })
  const other = bench.make({ unborn: true })
  for (const clone of [one, other]) clone.git('remote', 'add', 'origin', remote.root)
  one.git('push', '-q', 'origin', 'main')
  other.git('pull', '-q', 'origin', 'main')
  const clones = [one, other]
  const cli = (clone: TestProject, ...argv: string[]) =>
    runInProcess(argv, {
      cwd: clone.root,
      env: { ...clone.env, OPENAI_API_KEY: 'sk-test-0123456789', OPENAI_BASE_URL: bench.server.url },
    })

  let runId = ''
  const seen = new Map<TestProject, Seen>()
  const log: string[] = []
  /** Of the run: what people said yes to, as they saw it. */
  let approved = new Set<string>()
  let sent = new Set<string>()
  const start = async (clone: TestProject) => {
    runId = JSON.parse((await cli(clone, 'run', 'w', '--push', '--json')).stdout).runId
    approved = new Set()
    sent = new Set()
  }
  const ways = ['--accept-changes', '--as-recorded', undefined]
  const goOn = (clone: TestProject, ...argv: string[]) => {
    const way = pick(ways)
    return cli(clone, ...argv, '--push', ...(way === undefined ? [] : [way]))
  }
  const actions: Readonly<Record<string, (clone: TestProject) => Promise<unknown>>> = {
    look: async (clone) => {
      const { stdout } = await cli(clone, 'show', runId, '--json')
      const [ask] = JSON.parse(stdout).asks
      if (ask) seen.set(clone, { runId, ...ask })
    },
    approve: async (clone) => {
      const view = seen.get(clone)
      if (view === undefined) return
      if (view.runId === runId) approved.add(view.task)
      await goOn(clone, 'approve', runId, 'send', '--digest', view.digest)
    },
    'approve what was shown elsewhere': async (clone) => {
      const view = seen.get(pick(clones))
      if (view === undefined) return
      if (view.runId === runId) approved.add(view.task)
      await goOn(clone, 'approve', runId, '--digest', view.digest)
    },
    reject: (clone) => goOn(clone, 'reject', runId),
    resume: (clone) => goOn(clone, 'resume', runId),
    edit: async (clone) => {
      const more = pick(['', 'timeout: 60,', 'interrupt_before: true,'])
      clone.write('.codemie/workflows/w.yaml', definition(String(below(3)), more))
    },
    'both approve': async () => {
      await Promise.all(clones.map((clone) => actions['approve']?.(clone)))
    },
    abort: async (clone) => {
      if (below(4) === 0) await cli(clone, 'abort', runId, '--push')
    },
    'start anew': async (clone) => {
      const { status } = JSON.parse((await cli(clone, 'show', runId, '--json')).stdout)
      if (status === 'succeeded' || status === 'aborted') await start(clone)
    },
  }
  await start(one)
  let heard = bench.server.requests.length
  try {
    for (let done = 0; done < ACTIONS; done++) {
      const name = pick([...Object.keys(actions), 'look', 'approve'])
      const clone = pick(clones)
      log.push(`${clone === one ? 'one' : 'other'}: ${name}`)
      await actions[name]?.(clone)
      for (const { lastUserMessage } of bench.server.requests.slice(heard)) {
        if (lastUserMessage === 'Draft') continue
        log.push(`  sent: ${lastUserMessage}`)
        expect([...approved]).toContain(lastUserMessage)
        expect([...sent]).not.toContain(lastUserMessage)
        sent.add(lastUserMessage)
      }
      heard = bench.server.requests.length
    }
    const { status, stdout } = await cli(one, 'verify')
    expect([status, stdout]).toEqual([0, expect.any(String)])
  } catch (error) {
    throw new Error(`seed ${seed}:\n${log.join('\n')}`, { cause: error })
  } finally {
    remote.remove()
  }
  return log
}

test(`nothing is approved by accident, whatever two people do (${SEEDS} seeds)`, async () => {
  bench.server.otherwise('ok')
  let sent = 0
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++)
    sent += (await play(seed)).filter((line) => line.startsWith('  sent')).length
  // The game would prove nothing if nobody ever got to send.
  expect(sent).toBeGreaterThanOrEqual(SEEDS / 6)
}, 120_000)
