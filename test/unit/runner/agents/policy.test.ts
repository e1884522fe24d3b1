import { expect, it } from 'vitest'
import { agentSettings, mayDo } from '../../../../runner/agents/policy.ts'
import { splitCommandLine } from '../../../../schema/command-line.ts'
import { readConfig } from '../../../../schema/config.ts'

function configOf(agents: string) {
  const { config } = readConfig({ file: 'config.yaml', text: `policy: { agents: { ${agents} } }\n` })
  if (!config) throw new Error('the config is not valid')
  return config
}

it.each<[allowed: string, command: string, name: string | undefined]>([
  ['goose: {}', 'goose acp', 'goose'],
  ['goose acp: {}', 'goose acp', 'goose acp'],
  ['goose acp: {}', 'goose', undefined],
  ['goose acp: {}', 'goose run', undefined],
  ['goose: {}', 'goose2 acp', undefined],
  ['goose: {}', './goose acp', undefined],
  ['octomind: {}, octomind acp: {}, octomind acp developer: {}', 'octomind acp reviewer', 'octomind acp'],
  ['octomind: {}, octomind acp developer: {}', 'octomind acp developer', 'octomind acp developer'],
  ['"\'/opt/my agent/run\' --acp": {}', '"/opt/my agent/run" --acp', "'/opt/my agent/run' --acp"],
  ['', 'goose', undefined],
])('of { %s } the command `%s` goes by %s', (allowed, command, name) => {
  const split = splitCommandLine(command)
  expect(agentSettings(split.ok ? split.words : [], configOf(allowed))?.name).toBe(name)
})

it.each<[permissions: string, kind: string | undefined, isAllowed: boolean]>([
  ['', 'read', false],
  ['permissions: deny', 'read', false],
  ['permissions: allow', 'execute', true],
  ['permissions: allow', undefined, true],
  ['permissions: { read: allow }', 'read', true],
  ['permissions: { read: allow }', 'execute', false],
  ['permissions: { read: allow }', undefined, false],
  ['permissions: { read: allow, other: allow }', undefined, true],
  ['permissions: { read: deny }', 'read', false],
  ['permissions: { read: allow }', 'constructor', false],
])('with { %s } a call of kind %s is allowed: %s', (permissions, kind, isAllowed) => {
  const settings = configOf(`a: { ${permissions} }`).policy.agents.get('a')
  expect(settings && mayDo(settings, kind)).toBe(isAllowed)
})
