// @ts-check
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ACTION, git, makeRepository } from '../context.mjs'
import { modelChain, WORKFLOWS } from '../definitions.mjs'
import { measure } from '../measure.mjs'
import { interleave } from '../rounds.mjs'

/** Prints the number of the process that the program then is. */
const TELL_PID = ['bash', '-c', 'echo $$; exec "$@"', 'bash']

/**
 * W10: what the action takes from its start until the first model is asked, on the Node that GitHub runs it with.
 * @param {import('../context.mjs').Bench} bench
 * @returns {Promise<import('../table.mjs').Row[]>}
 */
export async function measureActionStart(bench) {
  const node = process.env['CODEMIE_TEST_NODE24'] ?? process.execPath
  const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
  const definition = modelChain(1).replace(
    'name: Chain\n',
    'name: Chain\non: { schedule: [{ cron: "0 6 * * 1" }], push: {} }\n',
  )
  const cwd = makeRepository(bench, 'action', { [`${WORKFLOWS}/chain.yaml`]: definition })
  const file = (/** @type {string} */ name, text = '') => {
    writeFileSync(join(bench.folder, name), text)
    return join(bench.folder, name)
  }
  const repository = { full_name: 'acme/app', default_branch: 'main' }
  const payloads = {
    schedule: file('schedule.json', JSON.stringify({ schedule: '0 6 * * 1', repository })),
    push: file('push.json', JSON.stringify({ ref: 'refs/heads/main', repository })),
  }
  const call = {
    cwd,
    env: {
      ...bench.env,
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: cwd,
      GITHUB_OUTPUT: file('output'),
      GITHUB_STEP_SUMMARY: file('summary.md'),
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: git(bench, cwd, ['rev-parse', 'HEAD']).trim(),
      GITHUB_ACTOR: 'octo',
      GITHUB_REPOSITORY: 'acme/app',
      GITHUB_JOB: 'ai',
      GITHUB_ACTION: '__run',
      INPUT_MODE: 'events',
      INPUT_COMMIT: 'true',
    },
  }
  const silent = await bench.silentServer()
  let runs = 0
  /** @param {keyof typeof payloads} event */
  const untilAsked = async (event) => {
    const env = {
      ...call.env,
      OPENAI_BASE_URL: `${silent.origin}/v1`,
      GITHUB_EVENT_NAME: event,
      GITHUB_EVENT_PATH: payloads[event],
      // The same event would not start a second run.
      GITHUB_RUN_ID: String(1000 + runs++),
    }
    let pid = 0
    const asked = silent.nextRequest().then(() => process.kill(pid, 'SIGKILL'))
    const onLine = (/** @type {string} */ line) => {
      pid ||= Number(line)
    }
    const cost = await measure([...tellingPid(node), ACTION], { ...call, env, okStatuses: [137], onLine })
    await asked
    return cost
  }
  const rounds = await interleave(bench.rounds(15), {
    floor: () => measure([...tellingPid(node), '-e', '0'], call),
    schedule: () => untilAsked('schedule'),
    push: () => untilAsked('push'),
  })
  return /** @type {const} */ (['schedule', 'push']).map((event) => ({
    workload: 'W10',
    what: `action, event \`${event}\`: from its start to the first model request, CPU`,
    values: rounds.map((round) => round[event].cpuMs / round.floor.cpuMs),
    wall: rounds.map((round) => round[event].wallMs / round.floor.wallMs),
    unit: 'x',
    goal: { most: 2.5 },
    floor: `\`node -e 0\`, Node ${version}`,
  }))
}

/**
 * @param {string} node
 * @returns {[string, ...string[]]}
 */
function tellingPid(node) {
  const [bash = '', ...rest] = TELL_PID
  return [bash, ...rest, node]
}
