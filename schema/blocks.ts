import type { AllDriver, Assistant, State, Work } from './workflow.ts'

/** The states inside of a block, those of blocks in it left out; none for any other work. */
export function innerStates(work: Work): readonly State[] {
  if (work.kind !== 'block') return []
  const { driver, body } = work
  const before = driver.kind === 'choose' && driver.first ? [driver.first] : []
  const after = driver.kind === 'all' && driver.aggregator ? [driver.aggregator] : []
  return [...before, ...body, ...after]
}

/** States with all that are inside of their blocks, at any depth, each block before its body. */
export function withInner(states: readonly State[]): readonly State[] {
  return states.flatMap((state) => [state, ...withInner(innerStates(state.work))])
}

/** How often a state of a block runs beside the others. Names of states are any text, such as `constructor`. */
export function copiesOf({ copies }: Pick<AllDriver, 'copies'>, id: string): number {
  return (Object.hasOwn(copies, id) ? copies[id] : undefined) ?? 1
}

/** Who answers a state, as written; `undefined`: no assistant does. */
export function assistantIn(work: Work): Assistant | undefined {
  return work.kind === 'agent' || work.kind === 'prompt' || work.kind === 'layer' ? work.assistant : undefined
}

/** A state with the name that its steps go by: `refine/tester` inside of the block `refine`. */
export interface PlacedState {
  readonly place: string
  readonly state: State
}

/** States with all that are inside of their blocks, at any depth, each block before its body. @param within place of the block. */
export function placedStates(states: readonly State[], within?: string): readonly PlacedState[] {
  return states.flatMap((state) => {
    const place = placeIn(within, state)
    return [{ place, state }, ...placedStates(innerStates(state.work), place)]
  })
}

/** The place of a state in a block; `undefined` for `within`: in no block. A slash in the id of a block is no border. */
export function placeIn(within: string | undefined, { id }: Pick<State, 'id'>): string {
  return within === undefined ? id : `${within}/${id}`
}
