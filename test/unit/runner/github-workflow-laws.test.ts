import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import {
  checkGithubWorkflow,
  mendGithubWorkflow,
  writeGithubWorkflow,
} from '../../../runner/github-workflow.ts'
import { matchesTrigger } from '../../../schema/trigger/match.ts'
import { ASKS, definitionsOf, LISTS } from '../../helpers/github-workflow.ts'

const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 })
const optional = <T extends object>(keys: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(keys, { requiredKeys: [] })

const TYPES = some('opened', 'closed', 'labeled')
const BRANCHES = some('main', 'v*', '!old', '**')
const PATHS = some('src/**', '!src/a', './odd', 'docs')

const ON = optional({
  push: fc.oneof(
    optional({ branches: BRANCHES, tags: some('v*', 'w'), paths: PATHS }),
    optional({ 'branches-ignore': some('old', 'b'), 'paths-ignore': some('docs', 'a') }),
  ),
  pull_request: optional({ types: TYPES, branches: BRANCHES, paths: PATHS, labels: some('ai') }),
  issues: optional({ types: TYPES }),
  issue_comment: fc.constant(null),
  schedule: fc.array(
    fc.constantFrom('0 6 * * 1', '5 5 * * *', '0 6  * * 1').map((cron) => ({ cron })),
    { minLength: 1 },
  ),
  workflow_dispatch: fc.constant(null),
  workflow_call: fc.constant(null),
  merge_group: optional({ branches: BRANCHES }),
})
const INPUTS = optional({
  x: fc.constantFrom(
    { type: 'string' },
    { type: 'boolean', default: true },
    { enum: ['a', 'b'] },
    { enum: ['b', 'c'] },
  ),
  y: fc.constantFrom({ type: 'integer', required: true }, { type: 'string', required: true }),
})
const DEFINITION = fc
  .record({
    on: ON,
    inputs: INPUTS,
    permissions: optional({ issues: fc.constantFrom('read', 'write') }),
    asks: fc.boolean(),
  })
  .map(({ asks, ...keys }) => {
    const lines = Object.entries(keys).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    return `${lines.join('\n')}\n${asks ? ASKS : LISTS}`
  })
  // Lists that only take away are refused when a definition is read.
  .filter((text) => !/\["![^"]*"\]/.test(text))
const DEFINITIONS = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), DEFINITION, { maxKeys: 3 })
  .map(definitionsOf)

const THEIRS = '\n  theirs:   { runs-on: x,   steps: [ {run: "a"} ] }   # kept\n'

it('a file written for some definitions and mended for others fits these, and loses nothing of a person', async () => {
  await fc.assert(
    fc.asyncProperty(DEFINITIONS, DEFINITIONS, fc.boolean(), async (before, now, isShared) => {
      const { text } = await writeGithubWorkflow(before, 'codemie/codemie-ci/action@v9.9.9')
      expect(checkGithubWorkflow(text, before)).toEqual([])
      const theirs = isShared ? text + THEIRS : text
      const mended = (await mendGithubWorkflow(theirs, now)).text
      expect(checkGithubWorkflow(mended, now)).toEqual([])
      expect((await mendGithubWorkflow(mended, now)).text).toBe(mended)
      if (isShared) expect(mended.endsWith(THEIRS)).toBe(true)
      for (const comment of text.match(/#.*/g) ?? []) expect(mended).toContain(comment)
      // What lets enough through for both lets enough through for one.
      const both = { workflows: [...before.workflows, ...now.workflows], config: now.config }
      const wide = (await writeGithubWorkflow(both, 'codemie/codemie-ci/action@v9.9.9')).text
      const told = checkGithubWorkflow(wide, now).map(({ message }) => message)
      expect(told.filter((message) => !/^No definition|'workflow_(dispatch|call)'/.test(message))).toEqual([])
    }),
    { numRuns: 60 },
  )
}, 60_000)

const OCCURRENCE = fc.record({
  event: fc.constantFrom(
    'push',
    'pull_request',
    'issues',
    'issue_comment',
    'merge_group',
    'schedule',
    'workflow_dispatch',
  ),
  type: fc.constantFrom(undefined, 'opened', 'closed', 'labeled', 'synchronize'),
  branch: fc.constantFrom('main', 'v1', 'old', 'b'),
  // Only a push can be of one.
  tag: fc.constantFrom(undefined, 'v1', 'w'),
  paths: fc.subarray(['src/a', 'src/b', 'docs', 'a', 'odd', '.codemie/x'], { minLength: 1 }),
  labels: fc.constant(['ai']),
  cron: fc.constantFrom('0 6 * * 1', '5 5 * * *'),
})

it('whatever starts a definition, GitHub starts the file for it, also when it was mended', async () => {
  await fc.assert(
    fc.asyncProperty(
      DEFINITIONS,
      DEFINITIONS,
      fc.array(OCCURRENCE, { minLength: 20, maxLength: 40 }),
      async (before, now, all) => {
        const { text } = await writeGithubWorkflow(before, 'codemie/codemie-ci/action@v9.9.9')
        for (const [file, { workflows }] of [
          [text, before],
          [(await mendGithubWorkflow(text, now)).text, now],
        ] as const) {
          const on: Record<string, unknown> = parse(file).on
          for (const { branch, tag, ...rest } of all) {
            const isTag = rest.event === 'push' && tag !== undefined
            const occurrence = { ...rest, ...(isTag ? { tag } : { branch }) }
            const { event } = occurrence
            const [asking] = workflows.flatMap(({ triggers }) =>
              triggers.filter((one) => matchesTrigger(one, occurrence)),
            )
            if (!asking) continue
            const value = on[event] ?? {}
            const options = (Array.isArray(value) ? { entries: value } : value) as typeof asking.options
            const starts = matchesTrigger({ ...asking, options }, occurrence)
            expect(starts, JSON.stringify({ occurrence, asks: asking.options, on: on[event] })).toBe(true)
          }
        }
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)
