import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { splitCommandLine } from '../../../../schema/command-line.ts'
import { createToolWorld } from './tool-world.ts'

describe('splitting a command line', () => {
  const fine: [line: string, words: string[]][] = [
    ['npm test', ['npm', 'test']],
    ['  npm   run  x ', ['npm', 'run', 'x']],
    ['git log --format="%H %s"', ['git', 'log', '--format=%H %s']],
    [`echo 'a "b" $c'`, ['echo', 'a "b" $c']],
    ['echo a\\ b \\$x', ['echo', 'a b', '$x']],
    ['echo "" \'\'', ['echo', '', '']],
    ['echo "a\\"b\\n"', ['echo', 'a"b\\n']],
    ['make CC=gcc v1.0~rc1', ['make', 'CC=gcc', 'v1.0~rc1']],
  ]
  for (const [line, words] of fine) {
    test(line, () => expect(splitCommandLine(line)).toEqual({ ok: true, words }))
  }

  const needShell = [
    'a && b',
    'a | b',
    'a; b',
    'a > f',
    'a < f',
    'echo $HOME',
    'echo "$HOME"',
    'echo `id`',
    'ls *',
    'ls ~',
    '(a)',
    'a\nb',
    '"open',
    '',
    '# c',
  ]
  for (const line of needShell) {
    test(`${JSON.stringify(line)} is not taken`, () => expect(splitCommandLine(line).ok).toBe(false))
  }
})

const node = (code: string) => ({ command: 'node', args: ['-e', code] })

describe('run_command', () => {
  const policy = { allowedCommands: ['node'] }

  test('a program that is not allowed', async () => {
    const failure = await createToolWorld({}, policy).fail('run_command', {
      command: 'rm',
      args: ['-rf', '.'],
    })
    expect(failure).toMatchObject({ code: 'tool-refused', blame: 'policy' })
    expect(failure.help).toContain('policy.commands')
  })

  test('a path to an allowed name is not the allowed program', async () => {
    const failure = await createToolWorld({}, policy).fail('run_command', { command: './node' })
    expect(failure.code).toBe('tool-refused')
  })

  test('output, in the folder asked for', async () => {
    const world = createToolWorld({}, policy)
    mkdirSync(join(world.root, 'sub'))
    expect(
      await world.call('run_command', {
        ...node("console.log(process.cwd()); console.error('e')"),
        cwd: 'sub',
      }),
    ).toEqual({ exit_code: 0, stdout: `${join(world.root, 'sub')}\n`, stderr: 'e\n' })
  })

  test('a folder outside the repository', async () => {
    const failure = await createToolWorld({}, policy).fail('run_command', { ...node('1'), cwd: '/tmp' })
    expect(failure.code).toBe('tool-refused')
  })

  test('no secret reaches the program', async () => {
    const world = createToolWorld({}, policy)
    const result = (await world.call('run_command', node('console.log(JSON.stringify(process.env))'))) as {
      stdout: string
    }
    expect(Object.keys(JSON.parse(result.stdout)).sort()).toEqual(['CI', 'PATH'])
  })

  test('arguments are not looked at by a shell', async () => {
    const world = createToolWorld({}, policy)
    const result = await world.call('run_command', {
      command: 'node',
      args: ['-p', 'process.argv[1]', '$(id) && echo "x" > y'],
    })
    expect(result).toMatchObject({ stdout: '$(id) && echo "x" > y\n' })
  })

  test('standard input', async () => {
    const world = createToolWorld({}, policy)
    expect(
      await world.call('run_command', { ...node('process.stdin.pipe(process.stdout)'), stdin: 'żółw' }),
    ).toMatchObject({
      stdout: 'żółw',
    })
  })

  test('a failing program fails the call unless it may', async () => {
    const world = createToolWorld({}, policy)
    const bad = node("console.error('broken'); process.exit(3)")
    const failure = await world.fail('run_command', bad)
    expect(failure.message).toBe('run_command: "node" ended with exit code 3: broken')
    expect(await world.call('run_command', { ...bad, allow_failure: true })).toEqual({
      exit_code: 3,
      stdout: '',
      stderr: 'broken\n',
    })
  })

  test('a program that is not installed', async () => {
    const world = createToolWorld({}, { allowedCommands: ['no-such-program'] })
    expect((await world.fail('run_command', { command: 'no-such-program' })).message).toBe(
      'run_command: there is no program "no-such-program"',
    )
  })

  test('a line as other systems give it', async () => {
    const world = createToolWorld({}, policy)
    expect(await world.call('_run_command_line_tool', { command: 'node -p "1 + 1"' })).toMatchObject({
      stdout: '2\n',
    })
    expect((await world.fail('_run_command', { command: 'cd . && node x' })).message).toContain(
      '"&" needs a shell',
    )
  })

  test('too much output is cut and says so', async () => {
    const world = createToolWorld({}, { ...policy, maxOutputBytes: 10 })
    expect(await world.call('run_command', node("process.stdout.write('x'.repeat(25))"))).toMatchObject({
      stdout: 'xxxxxxxxxx\n[cut here: 15 more bytes]',
    })
  })

  test('a program that takes too long', async () => {
    const world = createToolWorld({}, { ...policy, timeoutMs: 300 })
    const failure = await world.fail('run_command', node('setInterval(() => {}, 1000)'))
    expect(failure).toMatchObject({ code: 'tool-timeout', retryable: true })
  })
})
