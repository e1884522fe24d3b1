import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { describeEvent } from '../../../action/event-data.ts'
import { readEvent } from '../../../action/read-event.ts'
import { fenceOutside } from '../../../runner/policy/untrusted.ts'
import { isTriggered } from '../../../schema/index.ts'
import { makeEvent } from '../../helpers/action.ts'

type Payload = Readonly<Record<string, unknown>>

// Payloads that GitHub sent, as people gave them to the project. It is JSON, which only `require` loads by name.
const require = createRequire(import.meta.url)
const EXAMPLES: readonly { readonly name: string; readonly examples: readonly Payload[] }[] =
  require('@octokit/webhooks-examples')

const SHA = 'a'.repeat(40)
const read = (name: string, payload: Payload) =>
  readEvent(makeEvent({ name, payload, ref: 'refs/heads/main', sha: SHA }))
const of = (name: string) => EXAMPLES.find((one) => one.name === name)?.examples ?? []

describe('payloads that GitHub sent', () => {
  test.each(EXAMPLES)('of $name are read, and what they say is data for a prompt', ({ name, examples }) => {
    for (const payload of examples) {
      const found = read(name, payload)
      expect(found.occurrence).toMatchObject({ event: name, type: payload['action'] })
      const event = makeEvent({ name, payload, ref: 'refs/heads/main', sha: SHA })
      const told = fenceOutside(
        describeEvent(event, found, { change: undefined, comments: undefined }),
        name,
      ).value
      expect(() => JSON.stringify(told)).not.toThrow()
    }
  })

  test('of pull requests start by their kind, their base branch and their labels', () => {
    const examples = of('pull_request')
    expect(examples.length).toBeGreaterThan(20)
    for (const payload of examples) {
      const { occurrence, pull } = read('pull_request', payload)
      const about = payload['pull_request'] as {
        readonly number: number
        readonly base: { readonly ref: string }
      }
      expect(pull?.number).toBe(about.number)
      expect(occurrence.branch).toBe(about.base.ref)
      const starts = (options: Payload) =>
        isTriggered([{ event: 'pull_request', options }] as never, occurrence)
      expect(starts({ types: [payload['action']] })).toBe(true)
      expect(starts({ types: [payload['action']], branches: [about.base.ref] })).toBe(true)
      expect(starts({ types: [payload['action']], branches: ['another'] })).toBe(false)
      expect(starts({})).toBe(['opened', 'synchronize', 'reopened'].includes(String(payload['action'])))
    }
  })

  test('of comments by bots start nothing', () => {
    const [comment] = of('issue_comment')
    expect(comment && read('issue_comment', comment).ignored).toBeUndefined()
    const bot = { login: 'x[bot]', type: 'Bot' }
    const byBot = { ...comment, comment: { ...(comment?.['comment'] as Payload), user: bot } }
    expect(read('issue_comment', byBot).ignored).toBeDefined()
  })
})
