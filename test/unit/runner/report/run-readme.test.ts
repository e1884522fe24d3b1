import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../../runner/events.ts'
import { fenced, neutraliseMarkdown } from '../../../../runner/report/neutralise.ts'
import { renderOutput, renderRunReadme } from '../../../../runner/report/run-readme.ts'
import { digestRun } from '../../../../runner/store/digest-run.ts'
import type { RunManifest } from '../../../../runner/store/manifest.ts'
import { at, eventsOf } from '../../../helpers/run-of-events.ts'

const ID = '20261120T104455Z-3f9a1c2e'

const MANIFEST: RunManifest = {
  schema: 1,
  id: ID,
  status: 'failed',
  workflow: {
    id: 'review',
    name: 'Review | pull request',
    file: '.codemie/workflows/review.yaml',
    blob: '58683193f1f2a1da6ec5bfbd2ccd8cbd3ac28fb8',
  },
  trigger: { event: 'pull_request', eventId: '7' },
  actor: { name: 'ann', source: 'ci' },
  repository: {
    url: 'https://example.test/acme/app.git',
    commit: 'd670460b4b4aece5915caf5c68d12f560a9fe3e4',
    branch: 'feature',
    changedFiles: 2,
  },
  inputs: { sha256: 'ab' },
  engine: '0.1.0',
  models: ['openai:gpt-4.1', 'openai:o3'],
  startedAt: at(0),
  finishedAt: at(75),
  durationMs: 75_250,
  steps: 2,
  usage: { inputTokens: 1_234_567, outputTokens: 89, cachedInputTokens: 0 },
  costUsd: 1.2345,
  costUnknown: true,
  failure: {
    code: 'provider-overloaded',
    blame: 'provider',
    message: 'The model is overloaded.',
    help: 'Try again later.',
  },
  ciUrl: 'https://ci.example.test/jobs/7',
  fence: 1,
  files: {},
}

const EVENTS: RunEvent[] = [
  ...eventsOf(ID, { plan: '{"text":"## Plan\\n\\n![x](http://evil.test/?q=1)"}' }).slice(0, -1),
  {
    type: 'step-started',
    at: at(1),
    path: 'review[1]',
    state: 'review',
    kind: 'agent',
    attempt: 1,
    task: '',
    after: [],
  },
  { type: 'warning', at: at(2), code: 'unknown-key', message: 'Did you mean `task`?' },
  {
    type: 'warning',
    at: at(2),
    code: 'unknown-name',
    message: "unknown name 'score'",
    path: 'plan',
    position: 'w.yaml:9:21',
  },
  {
    type: 'attempt-failed',
    at: at(75),
    path: 'review[1]',
    state: 'review',
    attempt: 1,
    failure: { code: 'provider-overloaded', blame: 'provider', message: 'The model is overloaded.' },
    durationMs: 73_000,
  },
]

test('the page of a run, word for word', () => {
  expect(
    renderRunReadme(MANIFEST, digestRun(EVENTS), 'graph TD\n  plan --> review\n'),
  ).toBe(`# Review \\| pull request: failed

| | |
|---|---|
| Run | \`20261120T104455Z-3f9a1c2e\` |
| Workflow | \`.codemie/workflows/review.yaml\` (\`58683193f1f2\`) |
| Commit | \`d670460b4b4a\` on \`feature\`, 2 changed files |
| Started | 2026-11-20 10:44:55 UTC |
| Took | 1 min 15 s |
| Started by | ann, on \`pull_request\` |
| Models | \`openai:gpt-4.1\`, \`openai:o3\` |
| Tokens | 1,234,567 in, 89 out |
| Cost | at least $1.23 |
| CI job | <https://ci.example.test/jobs/7> |

## Result

## Plan

!\\[x]\\(http\\://evil.test/?q=1)

## What failed

**\`provider-overloaded\`**: The model is overloaded.

What to do: Try again later.

- step \`review[1]\`, attempt 1: The model is overloaded.

## Steps

| Step | Status | Took | Tokens | Cost |
|---|---|---:|---:|---:|
| \`plan\` | finished | 1.0 s | 1,200 in, 30 out | $0.0025 |
| \`review[1]\` | failed | 1 min 13 s |  |  |

## Warnings

- Did you mean \\\`task\\\`? (\`unknown-key\`)
- \`plan\` at \`w.yaml:9:21\`: unknown name 'score' (\`unknown-name\`)

## Graph

\`\`\`mermaid
graph TD
  plan --> review
\`\`\`

## How to go on

Finished steps are kept: \`codemie-ci resume 20261120T104455Z-3f9a1c2e\` goes on after them.
`)
})

describe('an output', () => {
  test.each([
    ['text', 'Two **bugs**.\n', 'Two **bugs**.'],
    ['JSON with one text', '{"report":"Two **bugs**."}', 'Two **bugs**.'],
    ['JSON with more', '{"a":"x","b":1}', '```json\n{\n  "a": "x",\n  "b": 1\n}\n```'],
    ['a list', '["x"]', '```json\n[\n  "x"\n]\n```'],
    ['JSON that holds a fence', '{"a":"```","b":1}', '````json\n{\n  "a": "```",\n  "b": 1\n}\n````'],
    ['something that only begins like JSON', '[x] done', '[x] done'],
  ])('%s', (_name, output, expected) => {
    expect(renderOutput(output)).toBe(expected)
  })
})

describe('text of a model', () => {
  test.each([
    ['image', '![a](http://e.test/i.png)', '!\\[a]\\(http\\://e.test/i.png)'],
    ['image by reference', '![a][r]\n\n[r]: http://e.test', '!\\[a]\\[r]\n\n[r]\\: http\\://e.test'],
    ['link that hides its address', '[bank](https://e.test)', '[bank]\\(https\\://e.test)'],
    ['bare address', 'see https://e.test and www.e.test', 'see https\\://e.test and www\\.e.test'],
    ['autolink', '<https://e.test>', '&lt;https\\://e.test>'],
    ['HTML', '<img src=x> <!-- hidden --> a < b', '&lt;img src=x> &lt;!-- hidden --> a < b'],
    ['mention', 'ask @ann or a@b', 'ask @\u200bann or a@\u200bb'],
    ['direction and invisible characters', 'a\u202eb\u200bc\u0007', 'abc'],
    ['inline code', 'use `List<String>` and `@Test`', 'use `List<String>` and `@Test`'],
    ['code over two lines', '`a\n`![x](u)`', '`a\n`!\\[x]\\(u)`'],
    ['code in a table', '| `a | ![x](u) ` |', '| `a | !\\[x]\\(u) ` |'],
    ['an escaped backtick', '\\`![x](u)`', '\\`!\\[x]\\(u)`'],
    ['a fence', '```ts\n<T>![x](u)\n```\n<b>', '```ts\n<T>![x](u)\n```\n&lt;b>'],
    ['a fence in a list, which ends with the list', '- a\n  ```\n![x](u)', '- a\n  ```\n!\\[x]\\(u)'],
    ['a fence that nobody closes', '~~~\n<b>', '~~~\n<b>\n~~~'],
    [
      'a fence that a shorter one does not close',
      '````\n```\n<b>\n````\n<i>',
      '````\n```\n<b>\n````\n&lt;i>',
    ],
    ['a mention by an entity', 'a &#64;ann &commat;bob R&D; x', 'a &amp;#64;ann &amp;commat;bob R&amp;D; x'],
    ['a number elsewhere', 'acme/app#7 and #8', 'acme/app#\u200b7 and #8'],
    ['a diagram, which can fetch and link', '```mermaid\nclick a "u"\n```', '```\nclick a "u"\n```'],
    ['a fence that is drawn, in other letters', '~~~ GeoJSON x\n{}\n~~~', '~~~\n{}\n~~~'],
    ['a diagram in a list', '- a\n  ```mermaid\n  x\n  ```', '- a\n  ```\n  x\n  ```'],
    ['a diagram in a quote', '> ~~~mermaid\n> x', '> ~~~\n> x'],
    ['a fence of code', '```ts\na\n```', '```ts\na\n```'],
    ['a formula with an address', '$$\\href{u}{x}$$', '$$\\\\href{u}{x}$$'],
    ['a formula that looks like code', '$`\\href{u}{x}`$', '$`\\\\href{u}{x}`$'],
    ['a command to a bot', '/approve\n  /lgtm a/b', '\\/approve\n  \\/lgtm a/b'],
    ['letters that nobody sees', 'a\u{e0041}b\u00adc', 'abc'],
    ['headings and lists', '# A\n\n- b\n  1. c', '# A\n\n- b\n  1. c'],
  ])('%s', (_name, text, expected) => {
    expect(neutraliseMarkdown(text)).toBe(expected)
  })

  test('a fence is longer than any in its text', () => {
    expect(fenced('a\n````\nb\n', '')).toBe('`````\na\n````\nb\n`````')
  })
})
