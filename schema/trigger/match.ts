import type { Trigger } from '../workflow.ts'
import { EVENTS } from './events.ts'
import { matchesPatterns } from './filter-pattern.ts'

/** Something that happened, as far as triggers look at it. */
export interface Occurrence {
  /** `pull_request`, `push`, … */
  readonly event: string
  /** Activity type: `opened`, `created`, … ; of `repository_dispatch` what its sender chose. */
  readonly type?: string | undefined
  /** The branch that was pushed, or that a pull request is to be merged into. */
  readonly branch?: string | undefined
  /** The tag that was pushed. */
  readonly tag?: string | undefined
  /** Files that changed, relative to the root. `undefined`: not known, and then filters of paths let it through, as GitHub's. */
  readonly paths?: readonly string[] | undefined
  /** Labels of the pull request. */
  readonly labels?: readonly string[] | undefined
  readonly draft?: boolean | undefined
  /** The line of the schedule that is due. */
  readonly cron?: string | undefined
  /** Name of the CI workflow that ended, for `workflow_run`. */
  readonly workflow?: string | undefined
}

/** Whether any of a workflow's triggers asks for what happened. */
export function isTriggered(triggers: readonly Trigger[], occurrence: Occurrence): boolean {
  return triggers.some((trigger) => matchesTrigger(trigger, occurrence))
}

/**
 * Whether a trigger asks for what happened, with GitHub's meaning of the filters. A trigger with a filter that is not known
 * asks for nothing: see the diagnostic `unknown-filter`.
 */
export function matchesTrigger({ event, options }: Trigger, occurrence: Occurrence): boolean {
  const known = EVENTS.get(event)
  if (event !== occurrence.event || known === undefined) return false
  if (Object.keys(options).some((key) => !known.keys.includes(key))) return false
  const types = textsOf(options['types']) ?? known.defaultTypes
  if (types !== undefined && !types.includes(occurrence.type ?? '')) return false
  return FILTERS.every((passes) => passes(options, occurrence))
}

type Options = Trigger['options']

const FILTERS: readonly ((options: Options, occurrence: Occurrence) => boolean)[] = [
  passesRef,
  passesPaths,
  ({ labels }, occurrence) => {
    const wanted = textsOf(labels)?.map(foldCase)
    return wanted === undefined || (occurrence.labels ?? []).some((label) => wanted.includes(foldCase(label)))
  },
  ({ draft }, occurrence) => draft === undefined || draft === occurrence.draft,
  ({ workflows }, { workflow = '' }) => textsOf(workflows)?.includes(workflow) ?? true,
  ({ entries }, { event, cron = '' }) =>
    event !== 'schedule' || cronsOf(entries).some((line) => foldBlanks(line) === foldBlanks(cron)),
]

/** Once branches or tags are filtered, what is pushed of the other kind starts nothing. */
function passesRef(options: Options, { branch, tag }: Occurrence): boolean {
  const has = (kind: string) => kind in options || `${kind}-ignore` in options
  if (!has('branches') && !has('tags')) return true
  const [kind, name] = tag === undefined ? ['branches', branch] : ['tags', tag]
  return name !== undefined && has(kind) && passesList(options, kind, [name])
}

/** Paths of tags are not looked at. */
function passesPaths(options: Options, { paths, tag }: Occurrence): boolean {
  return tag !== undefined || paths === undefined || passesList(options, 'paths', paths)
}

/** One name has to be among the wanted, and one not among the ignored. */
function passesList(options: Options, kind: string, names: readonly string[]): boolean {
  const [wanted, ignored] = [textsOf(options[kind]), textsOf(options[`${kind}-ignore`])]
  if (wanted && !names.some((name) => matchesPatterns(wanted, name))) return false
  return !ignored || names.some((name) => !matchesPatterns(ignored, name))
}

/** One text or a list of texts; `undefined` when there is none. */
export function textsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  return [value].flat().map(String)
}

/** The lines of `schedule`. */
export function cronsOf(entries: unknown): readonly string[] {
  if (!Array.isArray(entries)) return []
  return entries.flatMap((entry: unknown) => {
    const cron = (entry as { readonly cron?: unknown } | null)?.cron
    return typeof cron === 'string' ? [cron] : []
  })
}

const foldCase = (text: string) => text.toLowerCase()
const foldBlanks = (text: string) => text.trim().split(/\s+/).join(' ')
