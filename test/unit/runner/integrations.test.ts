import { describe, expect, test } from 'vitest'
import { findIntegration, missingVariables, openIntegration } from '../../../runner/integrations.ts'
import type { Integration } from '../../../schema/config.ts'

const at = { file: 'config.yaml', line: 1, column: 1 }

function integrations(types: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, Integration> {
  return new Map(
    Object.entries(types).map(([alias, type]) => [
      alias,
      {
        alias,
        ...(type === undefined ? {} : { type }),
        ...(alias.startsWith('no-url') ? {} : { url: 'https://example.com' }),
        env: {},
        options: {},
        at,
      },
    ]),
  )
}

describe('the integration of a tool', () => {
  const host = { name: 'create_issue', integration: ['github', 'gitlab'] }
  const rows: [
    situation: string,
    tool: { name: string; integration?: readonly string[] | 'optional' },
    alias: string | undefined,
    known: Record<string, string | undefined>,
    expected: string,
  ][] = [
    ['named', host, 'lab', { hub: 'github', lab: 'gitlab' }, 'lab'],
    ['the only one that fits', host, undefined, { jira: 'jira', lab: 'gitlab' }, 'lab'],
    ['none is needed', { name: 'read_file' }, 'my-plugin', {}, '-'],
    [
      'none is named where one can be',
      { name: 'http_get', integration: 'optional' },
      undefined,
      { a: 'http' },
      '-',
    ],
    ['any type where one can be', { name: 'http_get', integration: 'optional' }, 'a', { a: 'jira' }, 'a'],
    ['no type is http', { name: 'call', integration: ['http'] }, undefined, { a: undefined }, 'a'],
    [
      'none fits',
      host,
      undefined,
      { jira: 'jira' },
      'There is no integration of type github or gitlab, which create_issue needs. Add it to .codemie/config.yaml: integrations: { github: { type: github, token_env: GITHUB_TOKEN } }.',
    ],
    [
      'several fit',
      host,
      undefined,
      { hub: 'github', lab: 'gitlab' },
      'There are 2 integrations of type github or gitlab, and create_issue does not know which is meant. Name one in integration_alias: hub, lab.',
    ],
    [
      'without an address',
      { name: 'generic_jira_tool', integration: ['jira'] },
      undefined,
      { 'no-url': 'jira' },
      "Integration 'no-url' has no address. Write it as integrations.no-url.url in .codemie/config.yaml.",
    ],
    [
      'mistyped',
      { name: 'generic_jira_tool', integration: ['jira'] },
      'jria',
      { jira: 'jira' },
      "There is no integration 'jria'. Did you mean 'jira'? Add it to .codemie/config.yaml: integrations: { jria: { type: jira, url: https://…, token_env: JIRA_TOKEN } }.",
    ],
    [
      'of another type',
      host,
      'jira',
      { jira: 'jira' },
      "Integration 'jira' is of type jira, and create_issue works with github or gitlab. Name an integration of type github or gitlab.",
    ],
  ]
  test('an address that is a secret', () => {
    const notify = { name: 'notify', integration: ['slack'] }
    const chat: Integration = { alias: 'chat', type: 'slack', env: { url: 'HOOK' }, options: {}, at }
    expect(findIntegration(notify, undefined, new Map([['chat', chat]]))).toEqual({
      found: true,
      integration: chat,
    })
    const none = findIntegration(notify, undefined, new Map([['chat', { ...chat, env: {} }]]))
    expect(none).toMatchObject({ found: false, message: "Integration 'chat' has no address" })
    expect(findIntegration(notify, undefined, new Map())).toMatchObject({
      help: 'Add it to .codemie/config.yaml: integrations: { slack: { type: slack, url_env: SLACK_URL } }.',
    })
  })
  test.each(rows)('%s', (_situation, tool, alias, known, expected) => {
    const found = findIntegration(tool, alias, integrations(known))
    expect(found.found ? (found.integration?.alias ?? '-') : `${found.message}. ${found.help}`).toBe(expected)
  })
})

test('a tool sees defaults, and secrets only when it asks', () => {
  const integration: Integration = {
    alias: 'hub',
    type: 'github',
    env: { token: 'T', other: 'NOT_SET', constructor: 'EMPTY' },
    options: { repository: 'acme/app', retries: 5n },
    at,
  }
  const env = { T: 'tok', EMPTY: '' }
  const { secret, ...seen } = openIntegration(integration, env)
  expect(seen).toEqual({
    alias: 'hub',
    type: 'github',
    url: 'https://api.github.com',
    options: { repository: 'acme/app', retries: 5 },
  })
  expect([secret('token'), secret('password'), secret('toString')]).toEqual(['tok', undefined, undefined])
  expect(() => secret('other')).toThrow("Integration 'hub': NOT_SET is not set")
  expect(missingVariables(integration, env)).toEqual(['NOT_SET', 'EMPTY'])
})
