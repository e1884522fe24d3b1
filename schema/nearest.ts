// Comparing costs the product of both lengths; nobody mistypes names beyond these bounds by hand.
const LONGEST_NAME = 80
const MOST_NAMES = 300

/**
 * The known name that a mistyped one most likely means.
 *
 * @returns `undefined` when nothing is near: more than a third of the letters would have to change.
 */
export function nearestName(typed: string, known: Iterable<string>): string | undefined {
  if (typed.length > LONGEST_NAME) return undefined
  const limit = Math.max(1, Math.floor(typed.length / 3))
  let best: string | undefined
  let bestDistance = limit + 1
  let looked = 0
  for (const name of known) {
    looked += 1
    if (looked > MOST_NAMES) break
    if (name === typed || Math.abs(name.length - typed.length) >= bestDistance) continue
    const distance = distanceOf(typed.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** Known names that are listed where none is near. */
const MOST_LISTED = 12

/** What to say of a name that is not among the known ones: which of them may be meant, or else the first of them. */
export function helpWithName(typed: string, known: readonly string[], whose = 'It has'): string {
  const near = nearestName(typed, known)
  return near === undefined
    ? `${whose} ${known.slice(0, MOST_LISTED).join(', ')}.`
    : `Did you mean '${near}'?`
}

/** The known name that may be meant, as a sentence that others follow. Empty when none is near. */
export function didYouMean(typed: string, known: Iterable<string>): string {
  const near = nearestName(typed, known)
  return near === undefined ? '' : `Did you mean '${near}'? `
}

/** Edits between two words; two swapped neighbours count as one edit. */
function distanceOf(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
