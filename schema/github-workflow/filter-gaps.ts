import { readText, readTexts } from '../lax.ts'
import { EVENTS } from '../trigger/events.ts'
import { matchesPatterns } from '../trigger/filter-pattern.ts'
import { childOf, type YamlNode } from '../yaml.ts'
import { PAIRS } from './filters.ts'
import type { Gap } from './gap.ts'
import { listOf } from './inputs.ts'
import type { EventPlan } from './plan.ts'

/** Types and filters of an event that keep away what a definition starts by. @param at where the event stands. */
export function filterGaps(
  plan: EventPlan,
  options: YamlNode | undefined,
  at: YamlNode | undefined,
): readonly Gap[] {
  return [...typeGaps(plan, options, at), ...PAIRS.flatMap((pair) => pairGaps(plan, options, pair, at))]
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

function pairGaps(
  plan: EventPlan,
  options: YamlNode | undefined,
  [name, ignore]: (typeof PAIRS)[number],
  at: YamlNode | undefined,
): readonly Gap[] {
  const { filters } = plan
  const [there, ignored] = [textsIn(options, name), textsIn(options, ignore)]
  const [wanted, wantedIgnored] = [filters[name], filters[ignore]]
  // Names of the other kind alone keep all of this kind away.
  const isShut =
    name !== 'paths' && !there && !ignored && REFS.some((one) => textsIn(options, one) !== undefined)
  if (wanted) {
    if (isShut) return [lacking(plan, name, wanted, wanted, at)]
    if (!there) {
      const isInTheWay = ignored && !wanted.every((pattern) => isNameBeside(pattern, ignored))
      return isInTheWay ? [tooNarrow(plan, [name, ignore], { [name]: wanted }, at)] : []
    }
    const missing = isEverything(there)
      ? []
      : wanted.filter((pattern) => !takesAway(pattern) && !there.includes(pattern))
    // With patterns that take away, the order counts.
    const all = wanted.some(takesAway) ? wanted : [...there, ...missing]
    if (missing.length > 0) return [lacking(plan, name, missing, all.filter(keeps(wanted)), at)]
    const isLess = there.some((pattern) => takesAway(pattern) && !wanted.includes(pattern))
    return isLess ? [tooNarrow(plan, [name], { [name]: there.filter(keeps(wanted)) }, at)] : []
  }
  if (wantedIgnored) {
    const isLess = ignored
      ? ignored.some((pattern) => !wantedIgnored.includes(pattern))
      : isShut || (there !== undefined && !isEverything(there))
    return isLess ? [tooNarrow(plan, [name, ignore], { [ignore]: wantedIgnored }, at)] : []
  }
  // Filters that no definition wants are in the way, unless they belong to a kind that nobody asked for.
  const isAsked = name === 'paths' || !REFS.some((one) => filters[one])
  const set = [name, ignore].filter((one) => textsIn(options, one) !== undefined)
  // All branches are still no tags.
  const isHalf = name !== 'paths' && EVENTS.get(plan.event)?.keys.includes('tags') === true
  const isOpen = there !== undefined && isEverything(there) && !isHalf
  return isAsked && set.length > 0 && !isOpen ? [tooNarrow(plan, set, {}, at)] : []
}

/** The texts of a filter in the file, which may be one alone. */
function textsIn(options: YamlNode | undefined, name: string): readonly string[] | undefined {
  const node = childOf(options, name)
  const one = readText(node)
  return one === undefined ? readTexts(node) : [one]
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
