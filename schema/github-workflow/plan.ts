import type { Position } from '../diagnostic.ts'
import { EFFECTS, effectGrants, isEffectKind } from '../effects.ts'
import { callsOthers } from '../needs.ts'
import { problemOfCron } from '../trigger/cron.ts'
import { EVENTS } from '../trigger/events.ts'
import { cronsOf } from '../trigger/match.ts'
import type { Trigger, Workflow } from '../workflow.ts'
import { UNSAFE_EVENTS } from './events.ts'
import { type Filters, joinFilters } from './filters.ts'
import { callInputs, dispatchInputs, type GithubInput } from './inputs.ts'

/** The jobs of ours; the value is the input `mode` of their step. */
export const JOBS = { review: 'review', run: 'events', effects: 'effects' } as const
export type JobName = keyof typeof JOBS

/** Levels of a permission, the higher one later. */
export const LEVELS = ['none', 'read', 'write'] as const
export type Permissions = Readonly<Record<string, string>>

/** One event of `on:`. */
export interface EventPlan {
  readonly event: string
  readonly filters: Filters
  readonly inputs: ReadonlyMap<string, GithubInput>
  /** Names of secrets that a caller may pass. */
  readonly secrets: readonly string[]
  /** Who asks for it, as words of a sentence: workflows by their ids, and the job `review`. */
  readonly by: readonly string[]
}

/** What `.github/workflows/codemie.yml` has to have, so that GitHub starts the workflows as their `on:` says. */
export interface GithubWorkflowPlan {
  /** All but `schedule`. */
  readonly events: readonly EventPlan[]
  /** Times of `schedule`, each once, with the workflows that have it as words of a sentence. */
  readonly crons: ReadonlyMap<string, readonly string[]>
  /** Events of workflows, which the job `run` must not turn away. */
  readonly runOn: readonly string[]
  /** Comments start nothing by themselves, and are only there to say yes and no to workflows that wait. */
  readonly onlyCommands: boolean
  readonly permissions: Readonly<Record<JobName, Permissions>>
  /** Workflows whose proposals the job `effects` carries out, as words of a sentence. */
  readonly proposing: readonly string[]
  /** Environment variables of the job `run`: those with keys of models and tools. */
  readonly keys: readonly string[]
  /** Events that are not written because they hand secrets to what strangers sent. */
  readonly unsafe: readonly { readonly event: string; readonly of: string; readonly at: Position }[]
  /** What did not fit, in sentences for people. */
  readonly notes: readonly string[]
}

/** When what a review or a filter by label or draft looks at may have changed. */
const PULL_REQUEST_TYPES = ['opened', 'synchronize', 'reopened', 'ready_for_review', 'labeled', 'unlabeled']

/** Approvals of a review are labels and reviews, so the job hears of those too. */
const REVIEW_TRIGGERS: readonly Pick<Trigger, 'event' | 'options'>[] = [
  { event: 'pull_request', options: { types: PULL_REQUEST_TYPES, paths: ['.codemie/**'] } },
  { event: 'pull_request_review', options: { types: ['submitted', 'dismissed'] } },
]

/** Yes and no are said by comments. */
const COMMAND_TRIGGERS: readonly Pick<Trigger, 'event' | 'options'>[] = [
  { event: 'issue_comment', options: { types: ['created'] } },
]

/** What answering an event takes: comments and check runs. */
const ANSWERS: Readonly<Record<string, Permissions>> = {
  pull_request: { 'pull-requests': 'write', checks: 'write' },
  pull_request_review: { 'pull-requests': 'write', checks: 'write' },
  issues: { issues: 'write' },
  // Of a pull request, too.
  issue_comment: { issues: 'write', 'pull-requests': 'write' },
}

/** Permissions that a job can have, with the levels that there are. Source: docs.github.com, "Workflow syntax", `permissions`. */
const KNOWN_PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      ...['actions', 'attestations', 'checks', 'contents', 'deployments', 'discussions', 'issues'],
      ...['packages', 'pages', 'pull-requests', 'security-events', 'statuses'],
    ].map((name) => [name, LEVELS]),
  ),
  'id-token': ['none', 'write'],
  models: ['none', 'read'],
}

/**
 * What the definitions need of the GitHub workflow. Pure; workflows that are retired count for nothing.
 *
 * @param workflows all that are valid, in the order in which they are to be named.
 * @param needs what running them takes beside their own words: variables with keys, and permissions.
 * @param jobs the jobs of ours that the file has. Default: both.
 */
export function planGithubWorkflow(
  workflows: readonly Workflow[],
  needs: { readonly keys: readonly string[]; readonly permissions: Permissions },
  jobs: Readonly<Record<'review' | 'run', boolean>> = { review: true, run: true },
): GithubWorkflowPlan {
  const active = jobs.run ? workflows.filter(({ lifecycle }) => lifecycle !== 'retired') : []
  const triggers = active.flatMap((workflow) =>
    workflow.triggers.filter(({ event }) => EVENTS.has(event)).map((trigger) => ({ ...trigger, workflow })),
  )
  const safe = triggers.filter(({ event }) => !UNSAFE_EVENTS.includes(event))
  const runOn = [...EVENTS.keys()].filter((event) => safe.some((one) => one.event === event))
  const started = active.filter((workflow) => safe.some((one) => one.workflow === workflow))
  // Which workflow a call means is only known where it runs.
  const waiting = started.filter((one) => waits(one) || (callsOthers(one) && workflows.some(waits)))
  const keys = started.length === 0 ? [] : needs.keys
  const notes = new Set<string>()
  const granted = started
    .map(({ id, permissions }) => ({ id, kinds: [...effectGrants(permissions).keys()] }))
    .filter(({ kinds }) => kinds.length > 0)
  const events = [...EVENTS.keys()].flatMap((event): EventPlan[] => {
    const those = safe.filter((one) => one.event === event)
    const ofReview = jobs.review ? REVIEW_TRIGGERS.filter((one) => one.event === event) : []
    const ofCommands = waiting.length > 0 ? COMMAND_TRIGGERS.filter((one) => one.event === event) : []
    if (event === 'schedule' || those.length + ofReview.length + ofCommands.length === 0) return []
    const starts = [...new Set(those.map(({ workflow }) => workflow))]
    const asked =
      event === 'workflow_dispatch'
        ? dispatchInputs(starts)
        : event === 'workflow_call'
          ? callInputs(starts)
          : undefined
    for (const note of asked?.notes ?? []) notes.add(note)
    return [
      {
        event,
        filters: joinFilters(event, [...those.map(withMoreTypes), ...ofReview, ...ofCommands]),
        inputs: asked?.inputs ?? new Map(),
        secrets: event === 'workflow_call' ? keys.filter((key) => !isTokenOfJob(key)) : [],
        by: [
          ...starts.map(({ id }) => `'${id}'`),
          ...(ofReview.length === 0 ? [] : ["the job 'review'"]),
          ...(ofCommands.length === 0 ? [] : waiting.map(({ id }) => `the answer to '${id}'`)),
        ],
      },
    ]
  })
  const crons = new Map<string, readonly string[]>()
  for (const trigger of safe) {
    for (const written of cronsOf(trigger.options['entries'])) {
      const cron = written.trim().replace(/\s+/g, ' ')
      if (problemOfCron(cron) === undefined) {
        crons.set(cron, [...new Set([...(crons.get(cron) ?? []), `'${trigger.workflow.id}'`])])
      }
    }
  }
  return {
    events,
    crons,
    runOn,
    onlyCommands: waiting.length > 0 && !runOn.includes('issue_comment'),
    permissions: {
      review: { contents: 'read', 'pull-requests': 'write' },
      run: joinPermissions([
        { contents: 'write' },
        ...[...runOn, ...(waiting.length > 0 ? ['issue_comment'] : [])].map((event) => ANSWERS[event] ?? {}),
        ...started.map(({ permissions }) => levelsOf(permissions)),
        ...(started.length === 0 ? [] : [needs.permissions]),
      ]),
      effects: joinPermissions([
        // What became of proposals goes into the record.
        ...(granted.length === 0 ? [] : [{ contents: 'write' }]),
        ...granted.flatMap(({ kinds }) => kinds.map((kind) => EFFECTS[kind].needs)),
      ]),
    },
    proposing: granted.map(({ id }) => `'${id}'`),
    keys,
    unsafe: triggers
      .filter(({ event }) => UNSAFE_EVENTS.includes(event))
      .map(({ event, at, workflow }) => ({ event, at, of: `'${workflow.id}'` })),
    notes: [...notes],
  }
}

/** Whether a run of a workflow can come to a state before which a person has to say something. */
function waits({ states }: Workflow): boolean {
  return states.some(({ approval, pauseBefore }) => approval === true || pauseBefore)
}

/** The expression that gives a variable its value. The token of the job is no secret that anybody stores. */
export function valueOfKey(key: string): string {
  return isTokenOfJob(key) ? `\${{ github.token }}` : `\${{ secrets.${key} }}`
}

function isTokenOfJob(key: string): boolean {
  return key === 'GITHUB_TOKEN' || key === 'GITHUB_MODELS_TOKEN'
}

/** GitHub has no filters by label and draft, so what changes these has to come too. */
function withMoreTypes(trigger: Pick<Trigger, 'event' | 'options'>): Pick<Trigger, 'options'> {
  const { event, options } = trigger
  const isFiltered = ['labels', 'labels-ignore', 'draft'].some((name) => options[name] !== undefined)
  if (event !== 'pull_request' || options.types !== undefined || !isFiltered) return trigger
  return { options: { ...options, types: PULL_REQUEST_TYPES } }
}

/** Permissions of the job that runs a workflow; what it may have carried out afterwards takes none. */
function levelsOf(permissions: Workflow['permissions']): Permissions {
  const levels = Object.entries(permissions).filter(
    (one): one is [string, string] => typeof one[1] === 'string' && !isEffectKind(one[0]),
  )
  return Object.fromEntries(levels)
}

function joinPermissions(all: readonly Permissions[]): Permissions {
  const joined: Record<string, string> = {}
  for (const [name, level] of all.flatMap((one) => Object.entries(one))) {
    if (!Object.hasOwn(KNOWN_PERMISSIONS, name) || !KNOWN_PERMISSIONS[name]?.includes(level)) continue
    if (level !== 'none' && isHigher(level, joined[name])) joined[name] = level
  }
  return joined
}

/** Whether a level allows more than another one; `undefined` allows nothing. */
export function isHigher(level: string, than: string | undefined): boolean {
  const rank = (one: string | undefined) => (LEVELS as readonly (string | undefined)[]).indexOf(one)
  return rank(level) > Math.max(0, rank(than))
}
