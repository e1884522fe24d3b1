import { describe, expect, test } from 'vitest'
import { pickChildEnv } from '../../../../runner/process/child-env.ts'
import { type ProcessRequest, runProcess } from '../../../../runner/process/run-process.ts'

function request(code: string, more: Partial<ProcessRequest> = {}): ProcessRequest {
  return {
    program: process.execPath,
    args: ['-e', code],
    cwd: process.cwd(),
    env: {},
    timeoutMs: 20_000,
    maxOutputBytes: 1000,
    signal: new AbortController().signal,
    ...more,
  }
}

/** Starts a grandchild that holds the pipes and would live for a minute, then tells its process id. */
const WITH_GRANDCHILD = `
  const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'inherit' })
  console.log(child.pid)
`

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function waitUntilGone(pid: number): Promise<void> {
  await expect.poll(() => isAlive(pid), { timeout: 5000, interval: 20 }).toBe(false)
}

describe('runProcess', () => {
  test('exit code, signal and both streams', async () => {
    expect(await runProcess(request("console.log('o'); console.error('e'); process.exit(4)"))).toMatchObject({
      kind: 'exited',
      code: 4,
      signal: null,
      stdout: { text: 'o\n', droppedBytes: 0 },
      stderr: { text: 'e\n' },
    })
    expect(await runProcess(request("process.kill(process.pid, 'SIGKILL')"))).toMatchObject({
      kind: 'exited',
      code: null,
      signal: 'SIGKILL',
    })
  })

  test('a program that is not there, and a folder that is not there', async () => {
    expect(await runProcess(request('', { program: 'no-such-program' }))).toMatchObject({
      kind: 'not-started',
      code: 'ENOENT',
    })
    expect(await runProcess(request('', { cwd: '/no/such/folder' }))).toMatchObject({ kind: 'not-started' })
  })

  test('time runs out while a grandchild holds the pipes', async () => {
    const outcome = await runProcess(
      request(`${WITH_GRANDCHILD}; setTimeout(() => {}, 60000)`, { timeoutMs: 700 }),
    )
    expect(outcome.kind).toBe('timed-out')
    await waitUntilGone(Number((outcome as { stdout: { text: string } }).stdout.text))
  })

  test('a child that ignores the polite signal', async () => {
    const outcome = await runProcess(
      request("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)", { timeoutMs: 300 }),
    )
    expect(outcome.kind).toBe('timed-out')
  })

  test('aborted while running', async () => {
    const controller = new AbortController()
    const running = runProcess(request('setInterval(() => {}, 1000)', { signal: controller.signal }))
    const why = new Error('stopped by a person')
    controller.abort(why)
    await expect(running).rejects.toBe(why)
  })

  test('aborted before the start', async () => {
    await expect(runProcess(request('', { signal: AbortSignal.abort(new Error('no')) }))).rejects.toThrow(
      'no',
    )
  })

  test('a grandchild left behind without pipes is ended', async () => {
    const outcome = await runProcess(
      request(`
        const child = require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' })
        child.unref(); console.log(child.pid)`),
    )
    expect(outcome.kind).toBe('exited')
    await waitUntilGone(Number((outcome as { stdout: { text: string } }).stdout.text))
  })

  test('a program that ends and leaves one behind with its pipes open', async () => {
    const outcome = await runProcess(request(`${WITH_GRANDCHILD}; child.unref(); process.exit(0)`))
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
    await waitUntilGone(Number((outcome as { stdout: { text: string } }).stdout.text))
  })

  test('a child that does not read its input', async () => {
    const outcome = await runProcess(request('process.exit(0)', { stdin: 'x'.repeat(1_000_000) }))
    expect(outcome).toMatchObject({ kind: 'exited', code: 0 })
  })

  test('output over the cap is counted, and cut before a broken character', async () => {
    const outcome = await runProcess(request("process.stdout.write('abé'.repeat(2))", { maxOutputBytes: 3 }))
    expect(outcome).toMatchObject({ stdout: { text: 'ab', droppedBytes: 5 } })
  })
})

test('only the named variables go on', () => {
  expect(pickChildEnv({ PATH: '/bin', TOKEN: 's', HOME: undefined }, undefined, { CI: 'true' })).toEqual({
    PATH: '/bin',
    CI: 'true',
  })
})
