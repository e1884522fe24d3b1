import { expect, it } from 'vitest'
import { decideVariable } from '../../../../runner/mcp/policy.ts'

it.each(['LOG_LEVEL', 'NODE_ENV', 'API_URL', 'MEMORY_FILE_PATH', 'HOMEPAGE', 'GITHUB_REPOSITORY', 'EDITION'])(
  'a workflow may set %s',
  (name) => {
    expect(() => decideVariable(name, 's')).not.toThrow()
  },
)

it.each([
  'PATH',
  'Path',
  'HOME',
  'NODE_OPTIONS',
  'NODE_PATH',
  'LD_PRELOAD',
  'DYLD_INSERT_LIBRARIES',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'BASH_ENV',
  'RUBYOPT',
  'PERL5LIB',
  'JAVA_TOOL_OPTIONS',
  'GIT_SSH_COMMAND',
  'npm_config_registry',
  'UV_INDEX_URL',
  'PIP_INDEX_URL',
])('a workflow may not set %s', (name) => {
  expect(() => decideVariable(name, 's')).toThrow(
    expect.objectContaining({ code: 'tool-refused', blame: 'policy' }),
  )
})
