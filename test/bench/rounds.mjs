// @ts-check
// Comparisons that hold on a busy machine: both sides are measured in every round, and each round gives its own ratio.

/**
 * Runs every side once per round, in turns of direction so that a drift of the machine hits all alike, after one round
 * that only warms the disc's cache.
 * @template {Record<string, () => Promise<unknown>>} S
 * @param {number} rounds
 * @param {S} sides
 * @returns {Promise<{ [K in keyof S]: Awaited<ReturnType<S[K]>> }[]>}
 */
export async function interleave(rounds, sides) {
  const names = Object.keys(sides)
  const results = []
  for (let round = rounds > 1 ? -1 : 0; round < rounds; round++) {
    /** @type {Record<string, unknown>} */
    const result = {}
    for (const name of round % 2 === 0 ? names : [...names].reverse()) result[name] = await sides[name]?.()
    if (round >= 0) results.push(result)
  }
  return /** @type {any} */ (results)
}

/**
 * Median, and the middle half around it.
 * @param {readonly number[]} values
 */
export function middle(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => {
    const place = share * (sorted.length - 1)
    const low = sorted[Math.floor(place)] ?? Number.NaN
    const high = sorted[Math.ceil(place)] ?? Number.NaN
    return low + (high - low) * (place - Math.floor(place))
  }
  return { median: at(0.5), from: at(0.25), to: at(0.75) }
}
