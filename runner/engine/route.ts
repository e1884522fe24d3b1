import { mostItems } from '../../schema/ceiling/items.ts'
import type { Located } from '../../schema/diagnostic.ts'
import {
  evaluateConditionOn,
  type LanguageProblem,
  PyDict,
  type PyValue,
  typeName,
} from '../../schema/language/index.ts'
import { type Case, END, type State, type Work } from '../../schema/workflow.ts'
import { StepFailure } from '../failure.ts'
import { resolvePointer } from '../steps/json-pointer.ts'
import { positionText } from '../steps/render-text.ts'
import type { StepOutput } from './output.ts'
import type { Step } from './step.ts'
import { holdsTest } from './text-test.ts'

/** Where a finished step leads. */
export interface Route {
  /** States that follow by an ordinary edge: however many steps lead there in one superstep, they run once. */
  readonly edges: readonly string[]
  /** Steps started for this one alone, each with a private view. */
  readonly sends: readonly Send[]
  /** A path reached `end`. */
  readonly ends: boolean
}

export interface Send {
  readonly to: string
  /** Absent for a fan-out. */
  readonly item?: IterationItem
}

/** An item on its way through the states of an iteration. */
export interface IterationItem {
  readonly value: PyValue
  /** From 1; a nested split keeps the outer number. */
  readonly number: number
  readonly total: number
  /** The split produced it just now; later states of the chain get `false`. */
  readonly first: boolean
  /** Its place among the items of each split it went through, from 1: unique in the run where `number` is not. */
  readonly lineage: readonly number[]
  /** What people see in names: how many items the latest split had. */
  readonly ofTotal: number
}

const NOWHERE: Route = { edges: [], sends: [], ends: false }

/**
 * Follows a state's transition. Decides on the step's own output; only a test can name other outputs, which are in the
 * `context` after the step. `onProblem` hears of conditions that could not be evaluated: they count as false.
 * Fails with a `StepFailure` when the items of a map are no list, or when a test names an output that is not there.
 */
export function route(
  { state, item, isMapTarget }: Pick<Step, 'state' | 'item' | 'isMapTarget'>,
  output: StepOutput,
  context: PyDict,
  onProblem: (problem: LanguageProblem, at: Located<string>) => void,
): Route {
  const { next } = state
  switch (next.kind) {
    case 'stop':
      return NOWHERE
    case 'goto':
      return goTo(next.to.value)
    case 'choose': {
      const applies = ({ when, test }: Case): boolean => {
        if (test) return holdsTest(test, output.text, { context, own: state.id })
        const { value, problem } = evaluateConditionOn(output.value, when.value)
        if (problem) onProblem(problem, when)
        return value
      }
      for (const one of next.cases) if (applies(one)) return goTo(one.to.value)
      return goTo(next.otherwise.value)
    }
    case 'fan-out': {
      const targets = next.to.map((to) => to.value)
      return {
        edges: [],
        sends: targets.filter((to) => to !== END).map((to) => ({ to })),
        ends: targets.includes(END),
      }
    }
    case 'map': {
      const to = next.to.value
      if (to === END) return NOWHERE
      const chain = chainedValue(state.work, item, isMapTarget)
      if (chain && !next.resplit) {
        const value = next.passOutput ? output.text : chain.value
        const place = item ?? { number: 1, ofTotal: 1, lineage: [] }
        return { edges: [], sends: [{ to, item: { ...place, value, total: 1, first: false } }], ends: false }
      }
      const values = itemsOf(state.id, next.items, output.value)
      refuseMoreThan(mostItems(state, next.items.value), values, state)
      return {
        edges: [],
        sends: values.map((value, index) => ({
          to,
          item: {
            value,
            number: item?.number ?? index + 1,
            total: values.length,
            ofTotal: values.length,
            first: chain === undefined,
            lineage: [...(item?.lineage ?? []), index + 1],
          },
        })),
        ends: false,
      }
    }
  }
}

/** An ordinary edge to one state, or to the end of the path. */
export function goTo(target: string): Route {
  return target === END ? { edges: [], sends: [], ends: true } : { edges: [target], sends: [], ends: false }
}

/**
 * The item that a state of an iteration passes on; `undefined` for a state that is no link of a chain. Agents and tools
 * are links because some state iterates into them, even when an ordinary edge led there and there is no item: the value
 * is empty then. A transform is one while it holds an item; other custom nodes never see theirs.
 */
function chainedValue(
  work: Work,
  item: IterationItem | undefined,
  isMapTarget: boolean,
): { readonly value: PyValue } | undefined {
  if (work.kind === 'agent' || work.kind === 'tool') return isMapTarget ? (item ?? { value: '' }) : undefined
  return work.kind === 'transform' && item && item.value !== null ? item : undefined
}

/**
 * Holds the items to what the ceiling of the run was reckoned with. An answer that fits its schema has no more of them; one
 * whose schema a value of the context has replaced may, and so may a transform, which looks at types alone.
 */
function refuseMoreThan(most: number | undefined, { length }: readonly PyValue[], { id, work }: State): void {
  if (most === undefined || length <= most) return
  throw new StepFailure(
    'too-many-items',
    `The output of '${id}' holds ${length} items, and its output_schema allows ${most}`,
    work.kind === 'transform'
      ? { blame: 'user', help: "Raise 'maxItems' in the output_schema, or give it fewer." }
      : { blame: 'model', help: "Raise 'maxItems' in the output_schema, or ask for fewer." },
  )
}

/** The items under `key` in a step's parsed output; spec/codemie 2.8. */
function itemsOf(stateId: string, { value: key, at }: Located<string>, value: PyValue): readonly PyValue[] {
  if (key.startsWith('/')) {
    const found = resolvePointer(value, key)
    return Array.isArray(found) ? found : [found]
  }
  if (Array.isArray(value)) return value
  if (!(value instanceof PyDict)) return [value]
  const found = value.get(key)
  if (found === undefined) return []
  if (Array.isArray(found)) return found
  throw new StepFailure(
    'items-not-a-list',
    `${positionText(at)}: the output of '${stateId}' holds no list under '${key}' but a value of type ${typeName(found)}, so there is nothing to iterate over`,
    {
      blame: 'model',
      help: `Make the step answer with {"${key}": [...]}, or point at the list with a JSON pointer such as /data/items.`,
    },
  )
}
