import { describe, expect, test } from 'vitest'
import { gitChangeTools } from '../../../../runner/tools/git-change.ts'
import { createToolWorld, type ToolWorld } from './tool-world.ts'

function clone(allowedCommands: readonly string[] = ['git']): ToolWorld {
  const world = createToolWorld({}, { allowedCommands }, { tools: gitChangeTools })
  world.git(['init', '-q', '-b', 'main'])
  world.git(['commit', '-q', '--allow-empty', '-m', 'first'])
  return world
}

const branchOf = (world: ToolWorld) => world.git(['branch', '--show-current']).trim()

describe('branches of the clone', () => {
  test('are made and checked out', async () => {
    const world = clone()
    await world.call('create_branch', { branch_name: 'fix' })
    expect(branchOf(world)).toBe('fix')
    world.git(['commit', '-q', '--allow-empty', '-m', 'second'])
    await world.call('set_active_branch', { branch_name: 'main' })
    expect(branchOf(world)).toBe('main')
    await world.call('create_branch', { branch: 'more', from: 'fix' })
    expect(world.git(['log', '-1', '--format=%s']).trim()).toBe('second')
  })

  test('that are not there, or are there already, fail with what git says', async () => {
    const world = clone()
    expect((await world.fail('set_active_branch', { branch: 'none' })).message).toContain(
      'invalid reference: none',
    )
    expect((await world.fail('create_branch', { branch: 'main' })).message).toContain('already exists')
  })

  test.each(['--orphan', '-c', 'a b', ''])('cannot be called %j', async (branch) => {
    expect(await clone().fail('set_active_branch', { branch })).toMatchObject({
      code: 'tool-arguments-invalid',
    })
  })
})

describe('a git command', () => {
  test.each(['log -1 --format=%s', 'git log -1 --format=%s'])('is run: %s', async (line) => {
    expect(await clone().call('generic_git_tool', { git_command: line })).toEqual({
      exit_code: 0,
      stdout: 'first\n',
      stderr: '',
    })
  })

  test('with words in quotes keeps them together', async () => {
    const world = clone()
    world.git(['config', 'user.name', 'Ann'])
    world.git(['config', 'user.email', 'ann@example.com'])
    await world.call('generic_git_tool', {
      git_command: 'commit --allow-empty -m \'Two words\' --author="Bot <bot@example.com>"',
    })
    expect(world.git(['log', '-1', '--format=%an: %s']).trim()).toBe('Bot: Two words')
  })

  test('that needs a shell is refused', async () => {
    const failure = await clone().fail('generic_git_tool', { git_command: 'status && rm -rf x' })
    expect(failure.message).toContain('"&" needs a shell')
  })
})

test.each([
  ['generic_git_tool', { git_command: 'status' }],
  ['create_branch', { branch: 'x' }],
  ['set_active_branch', { branch: 'main' }],
])('%s needs git to be allowed', async (tool, args) => {
  expect(await clone([]).fail(tool, args)).toMatchObject({
    code: 'tool-refused',
    blame: 'policy',
    message: `${tool}: the program "git" is not allowed (allowed: none)`,
    help: 'Add "git" to policy.commands in .codemie/config.yaml.',
  })
})
