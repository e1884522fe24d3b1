import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isLeaseAlive, refuseLive } from '../../../../runner/store/lease.ts'

const HERE = { pid: process.pid, hostname: 'here' }
const AT = Date.UTC(2026, 10, 20)
const lease = { pid: 1, hostname: 'far', renewedAt: new Date(AT).toISOString() }
const running = { status: 'running', fence: 1, lease } as const

test.each([
  ['just now', 0, false, true],
  ['by a clock that is ahead', -60_000, false, true],
  ['a moment below ten minutes ago', 599_999, false, true],
  ['ten minutes ago', 600_000, false, false],
  ['just now, and to be taken over', 0, true, false],
])('a run of another machine whose last sign of life was %s', (_name, age, takeOver, isRefused) => {
  const check = () => refuseLive(running, HERE, AT + age, takeOver)
  if (isRefused) expect(check).toThrow(expect.objectContaining({ code: 'run-is-live' }))
  else expect(check).not.toThrow()
})

test('a time that is none counts as long ago', () => {
  const made = { ...running, lease: { ...lease, renewedAt: 'x' } }
  expect(() => refuseLive(made, HERE, AT, false)).not.toThrow()
})

test('a run that waits is nobody’s', () => {
  expect(() => refuseLive({ ...running, status: 'paused' }, HERE, AT, false)).not.toThrow()
})

test.skipIf(!existsSync('/proc/self/stat'))(
  'a process that ended and that nobody has asked how it did does not live',
  async () => {
    // The shell becomes a program that never asks for its children.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const pid = Number(
        await new Promise((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))),
      )
      const fields = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      const held = { pid, hostname: 'here', startedAt: '', fence: 1, incarnation: `${boot}:${fields()[19]}` }
      expect(isLeaseAlive(held, HERE)).toBe(true)
      await expect.poll(() => fields()[0], { timeout: 5000 }).toBe('Z')
      expect(isLeaseAlive(held, HERE)).toBe(false)
    } finally {
      parent.kill('SIGKILL')
    }
  },
)
