import { expect, test } from 'vitest'
import { INTEGRATION_TYPES, readConfig } from '../../../schema/index.ts'

function report(entry: string): readonly string[] {
  const text = `integrations:\n  x: ${entry}\n`
  return readConfig({ file: '.codemie/config.yaml', text }).diagnostics.map(
    ({ severity, code, line, column, message, didYouMean }) =>
      `${severity} ${code} ${line}:${column} ${message}${didYouMean === undefined ? '' : ` (${didYouMean}?)`}`,
  )
}

test.each<[situation: string, entry: string, expected: readonly string[]]>([
  ['all that is needed', '{type: jira, url: "https://jira.example.com", token_env: T}', []],
  ['an address by default', '{type: github, token_env: T}', []],
  ['a secret among the further ones', '{type: gitlab, env: {token: T}}', []],
  ['no type', '{options: {anything: 1}}', []],
  ['options that are nobody’s', '{type: custom, options: {anything: 1}}', []],
  [
    'no address',
    '{type: jira, token_env: T}',
    ["warning integration-url-missing 2:3 Integration 'x' has no address"],
  ],
  [
    'an address without its beginning',
    '{type: http, url: api.example.com}',
    ["error integration-url-invalid 2:24 'api.example.com' is no address of this type of integration"],
  ],
  [
    'an address of another kind',
    '{type: postgres, url: "https://db.example.com"}',
    ["error integration-url-invalid 2:28 'https://db.example.com' is no address of this type of integration"],
  ],
  ['an address that is a secret', '{type: slack, url_env: HOOK}', []],
  ['one among the further secrets', '{type: webhook, env: {url: HOOK}}', []],
  [
    'no address, and none that is a secret',
    '{type: slack}',
    ["warning integration-url-missing 2:3 Integration 'x' has no address"],
  ],
  [
    'an address with a password',
    '{type: postgres, url: "postgres://me:hidden@db.example.com/x"}',
    ["error secret-in-file 2:28 'url' looks like a secret written into the file"],
  ],
  [
    'mail without a sender and somebody who may get it',
    '{type: email, url: "smtp://mail.example.com"}',
    [
      "error missing-key 2:3 Integration 'x' needs the option 'from'",
      "error missing-key 2:3 Integration 'x' needs the option 'to'",
    ],
  ],
  [
    'no secret',
    '{type: github}',
    [
      "warning integration-secret-unnamed 2:3 Integration 'x' names no secret, without which github lets few or none in",
    ],
  ],
  [
    'a mistyped option',
    '{type: github, token_env: T, options: {repositry: acme/app}}',
    ["warning unknown-key 2:45 'repositry' is no option of a github integration (repository?)"],
  ],
  [
    'an option of another type',
    '{type: http, url: "https://a.example.com", options: {retries: often, headers: [a], openapi: ../up.json}}',
    [
      'error wrong-type 2:68 \'retries\' must be a whole number, not the text "often"',
      "error wrong-type 2:84 'headers' must be a map of headers, not a list",
      "error path-outside 2:98 '../up.json' leads out of the repository",
    ],
  ],
  [
    'headers that HTTP does not have',
    '{type: http, url: "https://a.example.com", options: {header: "X Key", headers: {Host: evil.example}}}',
    [
      'error wrong-type 2:67 \'header\' must be a header, not the text "X Key"',
      "error wrong-type 2:85 'headers' must be a map of headers, not a map",
    ],
  ],
  [
    'an option that must be there',
    '{type: sqlite}',
    ["error missing-key 2:3 Integration 'x' needs the option 'path'"],
  ],
  [
    'an unknown type',
    '{type: gihub}',
    ["error unknown-value 2:13 'type' does not take this value (github?)"],
  ],
])('%s', (_situation, entry, expected) => {
  expect(report(entry)).toEqual(expected)
})

test('every default is a value of its option', () => {
  const types = { 'a whole number': 'number', 'true or false': 'boolean' } as Record<string, string>
  for (const { options } of Object.values(INTEGRATION_TYPES).filter((type) => 'options' in type)) {
    for (const option of Object.values(options)) {
      if ('default' in option) expect(typeof option.default).toBe(types[option.type] ?? 'string')
    }
  }
})
