import { isJsonObject, jsonValue } from '../json-object.ts'
import { enforcedSchemaOf } from '../output-schema.ts'
import type { State, Transition } from '../workflow.ts'
import { type Amount, amount, gap, ONE } from './amount.ts'

/** A transition that starts its target once for each item. */
type MapTransition = Extract<Transition, { kind: 'map' }>

/**
 * How many steps a map starts for one output of its state.
 *
 * @param isMapTarget whether some state iterates into this one: an agent or a tool hands its own item on then.
 */
export function itemsOf(state: State, next: MapTransition, isMapTarget: boolean): Amount {
  if (isChainLink(state, isMapTarget) && !next.resplit) return ONE
  const key = next.items.value
  const most = mostItems(state, key)
  if (most !== undefined) return amount(most)
  return gap({
    kind: 'unbounded',
    state: state.id,
    sentence: `its output says how many items of '${key}' there are (an \`output_schema\` with \`maxItems\` sets a limit)`,
  })
}

/** Whether a state hands its item on whatever its output is; see `route.ts` of the engine. */
export function isChainLink({ work }: State, isMapTarget: boolean): boolean {
  return isMapTarget && (work.kind === 'agent' || work.kind === 'tool')
}

/** The schema that an output is held to. `undefined`: none, or it is only known when a run gets there. */
function enforcedOn({ work }: State): unknown {
  if (work.kind === 'transform') return jsonValue(work.config['output_schema'])
  if (work.kind !== 'agent') return undefined
  const text = work.outputSchema?.value
  return text === undefined || mayBeTemplate(text) ? undefined : enforcedSchemaOf(text)
}

/** Whether a text may be another one once its templates are rendered. */
export function mayBeTemplate(text: string): boolean {
  return /\{[{%#]/.test(text)
}

/**
 * The longest list that the schema of a state's output allows where a map looks for its items. `undefined`: it sets no
 * limit, or is only known when a run gets there. The engine holds a run to it.
 */
export function mostItems(state: State, key: string): number | undefined {
  let at: unknown = enforcedOn(state)
  if (!isJsonObject(at)) return undefined
  // An output that is a list itself is taken whole.
  if (at['type'] !== 'array') {
    for (const name of key.startsWith('/') ? key.replace(/^\/+|\/+$/g, '').split('/') : [key]) {
      const properties = isJsonObject(at) ? at['properties'] : undefined
      at = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
    }
  }
  if (!isJsonObject(at) || at['type'] !== 'array') return undefined
  return typeof at['maxItems'] === 'number' ? at['maxItems'] : undefined
}
