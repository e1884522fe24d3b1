import type { Diagnostic } from '../diagnostic.ts'
import { readText, readTexts } from '../lax.ts'
import { EVENTS } from '../trigger/events.ts'
import { matchesPatterns } from '../trigger/filter-pattern.ts'
import { childOf, entryOf, type YamlNode } from '../yaml.ts'
import { type GithubWorkflowFile, type OurJob, stepsOf } from './file.ts'
import { PAIRS } from './filters.ts'
import { type GithubInput, listOf } from './inputs.ts'
import { type EventPlan, type GithubWorkflowPlan, isHigher, type Permissions, valueOfKey } from './plan.ts'

/** One thing in which the file does not do what the definitions need. */
export interface Gap {
  /** What is missing or stale, as a sentence without its full stop. */
  readonly message: string
  readonly at: YamlNode | undefined
  /** What closes the gap, and changes nothing else; in this order. */
  readonly edits: readonly Edit[]
}

/** A change at one place of the file. `set: undefined` takes the place away; `add` and `remove` are about items of a list. */
export type Edit = { readonly path: readonly (string | number)[] } & (
  | { readonly set: unknown; readonly comment?: string | undefined }
  | { readonly add: unknown }
  | { readonly remove: unknown }
)

/** What is missing in the file, or stale. A file that lets more through than is needed is all right. */
export function gapsOf(file: GithubWorkflowFile, plan: GithubWorkflowPlan): readonly Gap[] {
  const { review, run } = file.jobs
  return [
    ...plan.events.flatMap((event) => eventGaps(file, event)),
    ...staleInputGaps(file, plan),
    ...scheduleGaps(file, plan),
    ...(review ? permissionGaps(file, review, plan.permissions.review) : []),
    ...(run
      ? [
          ...conditionGaps(run, plan.runOn),
          ...permissionGaps(file, run, plan.permissions.run),
          ...keyGaps(file, run, plan.keys),
          ...callGaps(run, plan),
        ]
      : []),
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

/** The options of an event in any of the forms of `on`; `null`: it has none. `undefined`: the event is not there. */
function optionsOf(on: YamlNode | undefined, event: string): YamlNode | null | undefined {
  if (on?.kind === 'map') return childOf(on, event)
  const names = on?.kind === 'seq' ? (readTexts(on) ?? []) : [readText(on)]
  return names.includes(event) ? null : undefined
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
  return [
    ...typeGaps(plan, node, at),
    ...PAIRS.flatMap((pair) => filterGaps(plan, node, pair, at)),
    ...inputGaps(plan, node, at),
    ...secretGaps(plan, node, at),
  ]
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

/** The texts of a filter in the file, which may be one alone. */
function textsIn(options: YamlNode | undefined, name: string): readonly string[] | undefined {
  const node = childOf(options, name)
  const one = readText(node)
  return one === undefined ? readTexts(node) : [one]
}

function typeGaps(plan: EventPlan, options: YamlNode | undefined, at: YamlNode | undefined): readonly Gap[] {
  const there = textsIn(options, 'types') ?? EVENTS.get(plan.event)?.defaultTypes
  const { types } = plan.filters
  if (there === undefined) return []
  if (types === undefined) {
    return textsIn(options, 'types') ? [tooNarrow(plan, ['types'], {}, at)] : []
  }
  const missing = types.filter((type) => !there.includes(type))
  return missing.length === 0 ? [] : [lacking(plan, 'types', missing, [...there, ...missing], at)]
}

const REFS: readonly string[] = PAIRS.filter(([name]) => name !== 'paths').flat()

function filterGaps(
  { filters, ...plan }: EventPlan,
  options: YamlNode | undefined,
  [name, ignore]: (typeof PAIRS)[number],
  at: YamlNode | undefined,
): readonly Gap[] {
  const event = { filters, ...plan }
  const [there, ignored] = [textsIn(options, name), textsIn(options, ignore)]
  const [wanted, wantedIgnored] = [filters[name], filters[ignore]]
  // Names of the other kind alone keep all of this kind away.
  const isShut =
    name !== 'paths' && !there && !ignored && REFS.some((one) => textsIn(options, one) !== undefined)
  if (wanted) {
    if (isShut) return [lacking(event, name, wanted, wanted, at)]
    if (!there) {
      const isInTheWay = ignored && !wanted.every((pattern) => isNameBeside(pattern, ignored))
      return isInTheWay ? [tooNarrow(event, [name, ignore], { [name]: wanted }, at)] : []
    }
    const missing = isEverything(there)
      ? []
      : wanted.filter((pattern) => !takesAway(pattern) && !there.includes(pattern))
    // With patterns that take away, the order counts.
    const all = wanted.some(takesAway) ? wanted : [...there, ...missing]
    if (missing.length > 0) return [lacking(event, name, missing, all.filter(keeps(wanted)), at)]
    const isLess = there.some((pattern) => takesAway(pattern) && !wanted.includes(pattern))
    return isLess ? [tooNarrow(event, [name], { [name]: there.filter(keeps(wanted)) }, at)] : []
  }
  if (wantedIgnored) {
    const isLess = ignored
      ? ignored.some((pattern) => !wantedIgnored.includes(pattern))
      : isShut || (there !== undefined && !isEverything(there))
    return isLess ? [tooNarrow(event, [name, ignore], { [ignore]: wantedIgnored }, at)] : []
  }
  // Filters that no definition wants are in the way, unless they belong to a kind that nobody asked for.
  const isAsked = name === 'paths' || !REFS.some((one) => filters[one])
  const set = [name, ignore].filter((one) => textsIn(options, one) !== undefined)
  // All branches are still no tags.
  const isHalf = name !== 'paths' && EVENTS.get(plan.event)?.keys.includes('tags') === true
  const isOpen = there !== undefined && isEverything(there) && !isHalf
  return isAsked && set.length > 0 && !isOpen ? [tooNarrow(event, set, {}, at)] : []
}

const takesAway = (pattern: string) => pattern.startsWith('!')

/** Tells which patterns of a file may stay: those that let something through, or take away what is not wanted. */
const keeps = (wanted: readonly string[]) => (pattern: string) =>
  !takesAway(pattern) || wanted.includes(pattern)

/** Whether a pattern is a plain name that is not among those to ignore. Of two real patterns that cannot be told. */
function isNameBeside(pattern: string, ignored: readonly string[]): boolean {
  return /^[\w./-]+$/.test(pattern) && !matchesPatterns(ignored, pattern)
}

function isEverything(patterns: readonly string[]): boolean {
  return patterns.includes('**') && !patterns.some(takesAway)
}

function lacking(
  plan: EventPlan,
  name: string,
  missing: readonly string[],
  all: readonly string[],
  at: YamlNode | undefined,
): Gap {
  return {
    message: `'${name}' of the event '${plan.event}' lacks ${listOf(missing)}, and ${listOf(plan.by)} may not start`,
    at,
    edits: [{ path: ['on', plan.event, name], set: all }],
  }
}

function tooNarrow(
  { event, by }: EventPlan,
  names: readonly string[],
  instead: Readonly<Record<string, readonly string[]>>,
  at: YamlNode | undefined,
): Gap {
  return {
    message: `'${names.join("' and '")}' of the event '${event}' may keep away what ${listOf(by)} ${by.length === 1 ? 'wants' : 'want'}`,
    at,
    edits: names.map((name) => ({ path: ['on', event, name], set: instead[name] })),
  }
}

function inputGaps(plan: EventPlan, options: YamlNode | undefined, at: YamlNode | undefined): readonly Gap[] {
  const there = childOf(options, 'inputs')
  const path = (name: string) => ['on', plan.event, 'inputs', name]
  const missing = [...plan.inputs].filter(([name]) => !entryOf(there, name))
  const names = missing.map(([name]) => `'${name}'`)
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            message: `The event '${plan.event}' lacks the ${names.length === 1 ? 'input' : 'inputs'} ${listOf(names)}`,
            at,
            edits: missing.map(([name, set]) => ({ path: path(name), set })),
          },
        ]),
    ...[...plan.inputs].flatMap(([name, wanted]) => {
      const entry = entryOf(there, name)
      const changed = entry && changedInput(wanted, entry.value)
      if (!changed) return []
      const edits = changed.keys.map((key) => ({ path: [...path(name), key], set: wanted[key] }))
      return [
        {
          message: `The input '${name}' of the event '${plan.event}' ${changed.words}`,
          at: entry.key,
          edits,
        },
      ]
    }),
  ]
}

/** In what an input asks for something else than it should, and the keys that tell. `undefined`: in nothing. */
function changedInput(
  wanted: GithubInput,
  node: YamlNode,
): { readonly words: string; readonly keys: readonly (keyof GithubInput)[] } | undefined {
  const type = readText(childOf(node, 'type')) ?? 'string'
  if (type !== wanted.type) {
    // What stood there fits the type that it had.
    return {
      words: `has the type ${type}, and the definitions say ${wanted.type}`,
      keys: ['type', 'options', 'default'],
    }
  }
  const { options } = wanted
  if (!options) return undefined
  const list = childOf(node, 'options')
  const offered =
    list?.kind === 'seq' ? list.items.map((item) => (item.kind === 'scalar' ? item.source : '')) : []
  const missing = options.filter((option) => !offered.includes(option))
  const stale = offered.filter((option) => !options.includes(option))
  const words = [
    ...(missing.length === 0 ? [] : [`does not offer ${listOf(missing)}`]),
    ...(stale.length === 0 ? [] : [`still offers ${listOf(stale)}`]),
  ]
  return words.length === 0 ? undefined : { words: words.join(' and '), keys: ['options'] }
}

/** An input that nobody reads keeps whoever starts the workflow from doing so when it is required. */
function staleInputGaps(file: GithubWorkflowFile, { events }: GithubWorkflowPlan): readonly Gap[] {
  if (!isOnlyOurs(file)) return []
  return events.flatMap(({ event, inputs }) => {
    const there = childOf(childOf(file.on, event), 'inputs')
    const names = there?.kind === 'map' ? [...there.entries.keys()] : []
    const stale = names.filter((name) => !inputs.has(name) && !mentions(file, `inputs.${name}`))
    if (stale.length === 0) return []
    const which = `${stale.length === 1 ? 'input' : 'inputs'} ${listOf(stale.map((name) => `'${name}'`))}`
    return [
      {
        message: `No definition has the ${which} of the event '${event}' any more`,
        at: entryOf(there, stale[0] ?? '')?.key,
        edits: stale.map((name) => ({ path: ['on', event, 'inputs', name], set: undefined })),
      },
    ]
  })
}

/** Jobs that people added may live by schedules and inputs of their own. */
function isOnlyOurs({ root, jobs }: GithubWorkflowFile): boolean {
  const all = childOf(root, 'jobs')
  const ours = new Set(Object.values(jobs).map(({ id }) => id))
  return all?.kind === 'map' && [...all.entries.keys()].every((id) => ours.has(id))
}

function mentions({ document }: GithubWorkflowFile, words: string): boolean {
  const pattern = words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<!\\w)${pattern}(?!\\w)`).test(document.text)
}

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

/** The condition that `init` writes; one that people wrote is theirs. */
const TURNED_AWAY = /^github\.event_name != '(\w+)'$/

function conditionGaps({ id, node }: OurJob, runOn: readonly string[]): readonly Gap[] {
  const condition = childOf(node, 'if')
  const parts = (readText(condition) ?? '').split(' && ').map((part) => TURNED_AWAY.exec(part.trim())?.[1])
  if (parts.some((event) => event === undefined)) return []
  const wanted = parts.filter((event) => event !== undefined && runOn.includes(event))
  if (wanted.length === 0) return []
  const kept = parts
    .filter((event) => !wanted.includes(event))
    .map((event) => `github.event_name != '${event}'`)
  return [
    {
      message: `The job '${id}' turns '${wanted.join("' and '")}' away, by which workflows start`,
      at: condition,
      edits: [{ path: ['jobs', id, 'if'], set: kept.length === 0 ? undefined : kept.join(' && ') }],
    },
  ]
}

function permissionGaps(file: GithubWorkflowFile, { id, node }: OurJob, wanted: Permissions): readonly Gap[] {
  const own = childOf(node, 'permissions')
  const there = own ?? childOf(file.root, 'permissions')
  // Without any, what the repository allows counts, which is not written here.
  if (!there) return []
  const all = readText(there)
  const level = (name: string) =>
    all === 'write-all' ? 'write' : all === 'read-all' ? 'read' : readText(childOf(there, name))
  const missing = Object.entries(wanted).filter(([name, needed]) => isHigher(needed, level(name)))
  if (missing.length === 0) return []
  return [
    {
      message: `The job '${id}' lacks the ${missing.length === 1 ? 'permission' : 'permissions'} ${missing.map(([name, needed]) => `'${name}: ${needed}'`).join(', ')}`,
      at: entryOf(childOf(file.root, 'jobs'), id)?.key,
      // A job with permissions of its own has none of the file's, so these are taken along.
      edits: [
        ...(own || there.kind !== 'map' ? [] : [...there.entries.keys()])
          .filter((name) => wanted[name] === undefined)
          .map((name) => ({ path: ['jobs', id, 'permissions', name], set: level(name) })),
        ...(own?.kind === 'map' ? missing : Object.entries(wanted)).map(([name, needed]) => ({
          path: ['jobs', id, 'permissions', name],
          set: needed,
        })),
      ],
    },
  ]
}

/** A variable that the file mentions anywhere, even in a comment, is seen to in another way. */
function keyGaps(
  file: GithubWorkflowFile,
  { id, node, step }: OurJob,
  keys: readonly string[],
): readonly Gap[] {
  const missing = keys.filter((key) => !mentions(file, key))
  if (missing.length === 0) return []
  return [
    {
      message: `The job '${id}' does not hand on ${listOf(missing)}`,
      at: childOf(stepsOf(node)[step], 'uses'),
      edits: missing.map((key) => ({ path: ['jobs', id, 'steps', step, 'env', key], set: valueOfKey(key) })),
    },
  ]
}

/** What a caller passed; empty for every other event. */
const CALL = {
  workflow: `\${{ inputs.call }}`,
  inputs: `\${{ inputs.call && toJSON(inputs) || '' }}`,
}

function callGaps({ id, node, step }: OurJob, { runOn }: GithubWorkflowPlan): readonly Gap[] {
  const settings = childOf(stepsOf(node)[step], 'with')
  if (!runOn.includes('workflow_call') || entryOf(settings, 'workflow')) return []
  return [
    {
      message: `The job '${id}' does not hand on which workflow a caller wants`,
      at: childOf(stepsOf(node)[step], 'uses'),
      edits: Object.entries(CALL).map(([name, set]) => ({
        path: ['jobs', id, 'steps', step, 'with', name],
        set,
      })),
    },
  ]
}
