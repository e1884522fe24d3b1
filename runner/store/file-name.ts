import { createHash } from '../hash.ts'

/** Names that can stand as they are: no dot, `@` or `+` (they join parts), no capitals (folders that ignore case). */
const PLAIN = /^[a-z0-9][a-z0-9_-]{0,59}$/
/** Device names that Windows reserves in every folder. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/
/** Looks like a name that was shortened here, so it must not stand as it is. */
const HASHED = /-[0-9a-f]{8}$/

/**
 * A folder name for any text: the text itself when it is plain, else what is plain of it and 8 hex digits of its
 * sha256. Different texts get different names, also where case does not count.
 */
export function slugOf(text: string): string {
  if (PLAIN.test(text) && !RESERVED.test(text) && !HASHED.test(text)) return text
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 40)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return plain === '' ? `x-${hash}` : `${plain}-${hash}`
}

/** Whether a folder name ends as those do that {@link slugOf} made of another text. */
export function isShortened(slug: string): boolean {
  return HASHED.test(slug)
}

/** A step's place in the run, taken apart. */
export interface StepPlace {
  /** Folder name of the step without its item numbers: `fix@2` for `fix#2`, `refine+tester` for `refine[2]/tester`. */
  readonly folder: string
  /** Item numbers, outermost first: `[3, 1]` for `review[3][1]`. Empty: not an item. */
  readonly item: readonly number[]
}

/** Splits a step path such as `review`, `review[3][1]`, `fix#2` or `refine[2]/tester` into folder name and items. */
export function placeOfStep(path: string): StepPlace {
  const item: number[] = []
  const parts = path.split('/').map((part) => {
    const match = /^(.*?)((?:\[\d+\]|#\d+)*)$/s.exec(part)
    let rounds = ''
    for (const mark of match?.[2]?.matchAll(/\[(\d+)\]|#(\d+)/g) ?? []) {
      if (mark[1] !== undefined) item.push(Number(mark[1]))
      else rounds += `@${mark[2]}`
    }
    return `${slugOf(match?.[1] ?? part)}${rounds}`
  })
  const folder = parts.join('+')
  return { folder: folder.length <= 120 ? folder : slugOf(folder), item }
}

/** Orders the numbers of items, outermost first, as they come in a list. */
export function compareItems(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? -1) - (b[index] ?? -1)
    if (difference !== 0) return difference
  }
  return 0
}
