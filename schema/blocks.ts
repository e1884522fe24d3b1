import type { Assistant, State, Work } from './workflow.ts'

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

/** Who answers a state, as written; `undefined`: no assistant does. */
export function assistantIn(work: Work): Assistant | undefined {
  return work.kind === 'agent' || work.kind === 'prompt' || work.kind === 'layer' ? work.assistant : undefined
}
