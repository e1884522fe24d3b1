import type { Diagnostic } from '../diagnostic.ts'
import { readText } from '../lax.ts'
import { childOf, entryOf, type YamlNode } from '../yaml.ts'
import { effectsGaps } from './effects-gaps.ts'
import { type GithubWorkflowFile, isOnlyOurs, optionsOf } from './file.ts'
import { filterGaps } from './filter-gaps.ts'
import type { Gap } from './gap.ts'
import { inputGaps, staleInputGaps } from './input-gaps.ts'
import { listOf } from './inputs.ts'
import { jobGaps } from './job-gaps.ts'
import type { EventPlan, GithubWorkflowPlan } from './plan.ts'

/** What is missing in the file, or stale. A file that lets more through than is needed is all right. */
export function gapsOf(file: GithubWorkflowFile, plan: GithubWorkflowPlan): readonly Gap[] {
  return [
    ...plan.events.flatMap((event) => eventGaps(file, event)),
    ...staleInputGaps(file, plan),
    ...scheduleGaps(file, plan),
    ...jobGaps(file, plan),
    ...effectsGaps(file, plan),
  ]
}

/** The gaps of a file, and events that are never added, for people who can do something about it. */
export function diagnosticsOf(file: GithubWorkflowFile, plan: GithubWorkflowPlan): readonly Diagnostic[] {
  const { document, root } = file
  const at = (node: YamlNode | undefined) => {
    const { start } = node ?? root
    const line = document.text.indexOf('\n', start)
    return document.at(start, Math.min(node?.end ?? start + 1, line < 0 ? document.text.length : line))
  }
  return [
    ...gapsOf(file, plan).map(
      (gap): Diagnostic => ({
        ...at(gap.at),
        code: 'github-workflow-outdated',
        severity: 'warning',
        message: gap.message,
        help: '`codemie-ci init --update` mends it and keeps everything else of this file',
      }),
    ),
    ...plan.unsafe
      .filter(({ event }) => optionsOf(file.on, event) === undefined)
      .map(
        ({ event, of }): Diagnostic => ({
          ...at(keyOf(file, 'on')),
          code: 'event-not-added',
          severity: 'warning',
          message: `The event '${event}' is not added by itself, so nothing starts ${of} by it`,
          help: `It hands secrets to what strangers sent: let ${of} start by another event, or add it here by hand`,
        }),
      ),
  ]
}

function keyOf({ root }: GithubWorkflowFile, key: string): YamlNode | undefined {
  return entryOf(root, key)?.key
}

function eventGaps(file: GithubWorkflowFile, plan: EventPlan): readonly Gap[] {
  const options = optionsOf(file.on, plan.event)
  if (options === undefined) {
    return [
      {
        message: `The event '${plan.event}' is missing, by which ${listOf(plan.by)} ${plan.by.length === 1 ? 'starts' : 'start'}`,
        at: keyOf(file, 'on'),
        edits: [{ path: ['on', plan.event], set: writtenOf(plan), comment: COMMENTS[plan.event] }],
      },
    ]
  }
  const node = options ?? undefined
  const at = entryOf(file.on, plan.event)?.key ?? keyOf(file, 'on')
  return [...filterGaps(plan, node, at), ...inputGaps(plan, node, at), ...secretGaps(plan, node, at)]
}

/** For a linter and its readers: what makes an event safe that is often used in an unsafe way. */
const COMMENTS: Readonly<Record<string, string>> = {
  issue_comment:
    'zizmor: ignore[dangerous-triggers] the checkout is the default branch, and the comment is only data',
}

/** The value of an event under `on`, `null` where its name says all. */
function writtenOf({ filters, inputs, secrets }: EventPlan): unknown {
  const value = {
    ...filters,
    ...(inputs.size === 0 ? {} : { inputs: Object.fromEntries(inputs) }),
    ...(secrets.length === 0 ? {} : { secrets: Object.fromEntries(secrets.map((key) => [key, optional()])) }),
  }
  return Object.keys(value).length === 0 ? null : value
}

/** A new object each time: one in several places would be written as an anchor. */
const optional = () => ({ required: false })

function secretGaps(
  plan: EventPlan,
  options: YamlNode | undefined,
  at: YamlNode | undefined,
): readonly Gap[] {
  const there = childOf(options, 'secrets')
  const missing = plan.secrets.filter((key) => !entryOf(there, key))
  if (missing.length === 0) return []
  return [
    {
      message: `A caller cannot pass ${listOf(missing)}`,
      at,
      edits: missing.map((key) => ({ path: ['on', plan.event, 'secrets', key], set: optional() })),
    },
  ]
}

function scheduleGaps(file: GithubWorkflowFile, { crons }: GithubWorkflowPlan): readonly Gap[] {
  const node = optionsOf(file.on, 'schedule') ?? undefined
  const items = node?.kind === 'seq' ? node.items : []
  const there = items.map((item) => {
    const written = readText(childOf(item, 'cron')) ?? ''
    return { item, written, cron: written.trim().replace(/\s+/g, ' ') }
  })
  const missing = [...crons].filter(([cron]) => !there.some((one) => one.cron === cron))
  const stale = isOnlyOurs(file) && file.jobs.run ? there.filter(({ cron }) => !crons.has(cron)) : []
  return [
    ...missing.map(([cron, by]) => ({
      message: `The schedule '${cron}' is missing, by which ${listOf(by)} ${by.length === 1 ? 'starts' : 'start'}`,
      at: entryOf(file.on, 'schedule')?.key ?? keyOf(file, 'on'),
      edits: [{ path: ['on', 'schedule'], add: { cron } }],
    })),
    ...stale.map(({ item, cron, written }) => ({
      message: `No definition has the schedule '${cron}' any more`,
      at: item,
      edits: [{ path: ['on', 'schedule'], remove: { cron: written } }],
    })),
  ]
}
