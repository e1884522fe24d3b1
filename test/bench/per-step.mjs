// @ts-check
// Reading of the lists of processor times that the programs print: one number after each step.

/** Steps that only warm the compiler and load packages. */
const WARM_UP = 0.1

/**
 * Mean cost of a step in ms, warm.
 * @param {string} printed JSON of the times.
 */
export function meanStep(printed) {
  return between(JSON.parse(printed), WARM_UP, 1)
}

/**
 * Mean cost of a step in ms near the beginning and near the end of a run.
 * @param {string} printed JSON of the times.
 */
export function ends(printed) {
  const times = JSON.parse(printed)
  return { early: between(times, WARM_UP, 0.3), late: between(times, 0.8, 1) }
}

/**
 * @param {readonly number[]} times
 * @param {number} from Share of the run.
 * @param {number} to
 */
function between(times, from, to) {
  const first = Math.round((times.length - 1) * from)
  const last = Math.round((times.length - 1) * to)
  return ((times[last] ?? 0) - (times[first] ?? 0)) / (last - first)
}
