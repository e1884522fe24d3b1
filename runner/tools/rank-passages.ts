/** A piece of a document, ranked against a query. */
export interface Passage {
  readonly path: string
  /** First and last line, from 1. */
  readonly startLine: number
  readonly endLine: number
  readonly text: string
}

/** Lines of a passage; it ends earlier where it gets too long. */
const PASSAGE_LINES = 40
const PASSAGE_CHARS = 3000

/** How fast more of the same word stops counting, and how much long passages are held back. Usual values of BM25. */
const SATURATION = 1.2
const LENGTH_WEIGHT = 0.75

/**
 * The passages that best answer a query in plain words, best first: those that hold many of its words, rare words
 * counting more (BM25). `camelCase` and `snake_case` count as their words, too. The same documents and query give the
 * same order everywhere.
 *
 * @returns at most `limit`, none that shares no word with the query.
 */
export function rankPassages(
  documents: readonly { readonly path: string; readonly text: string }[],
  query: string,
  limit: number,
): readonly Passage[] {
  const wanted = new Set(wordsOf(query))
  const found: { passage: Passage; counts: Map<string, number>; length: number }[] = []
  const passagesWith = new Map<string, number>()
  let totalLength = 0
  let totalPassages = 0
  for (const document of documents) {
    for (const passage of passagesOf(document.path, document.text)) {
      const counts = new Map<string, number>()
      const words = wordsOf(`${document.path}\n${passage.text}`)
      for (const word of words) if (wanted.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
      totalPassages++
      totalLength += words.length
      if (counts.size === 0) continue
      for (const word of counts.keys()) passagesWith.set(word, (passagesWith.get(word) ?? 0) + 1)
      found.push({ passage, counts, length: words.length })
    }
  }
  const meanLength = totalLength / Math.max(1, totalPassages)
  const score = (counts: ReadonlyMap<string, number>, length: number) => {
    let sum = 0
    for (const [word, count] of counts) {
      const holders = passagesWith.get(word) ?? 0
      const rarity = Math.log(1 + (totalPassages - holders + 0.5) / (holders + 0.5))
      const brake = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / meanLength)
      sum += (rarity * count * (SATURATION + 1)) / (count + brake)
    }
    return sum
  }
  return found
    .map(({ passage, counts, length }) => ({ passage, score: score(counts, length) }))
    .sort((a, b) => b.score - a.score || comparePlaces(a.passage, b.passage))
    .slice(0, limit)
    .map(({ passage }) => passage)
}

function comparePlaces(a: Passage, b: Passage): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : a.startLine - b.startLine
}

function* passagesOf(path: string, text: string): Generator<Passage> {
  const lines = text.split('\n')
  let start = 0
  while (start < lines.length) {
    let end = start
    let chars = 0
    while (end < lines.length && end - start < PASSAGE_LINES) {
      chars += (lines[end] ?? '').length + 1
      if (chars > PASSAGE_CHARS && end > start) break
      end++
    }
    const piece = lines.slice(start, end).join('\n').slice(0, PASSAGE_CHARS)
    if (piece.trim() !== '') yield { path, startLine: start + 1, endLine: end, text: piece }
    start = end
  }
}

/** Words in lower case; a compound identifier as a whole and as its parts. */
function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [whole] of text.matchAll(/[\p{L}\p{N}_]+/gu)) {
    const lower = whole.toLowerCase()
    words.push(lower)
    const parts = whole.split(/_+|(?<=[\p{Ll}\p{N}])(?=\p{Lu})/u).filter((part) => part !== '')
    if (parts.length > 1) for (const part of parts) words.push(part.toLowerCase())
  }
  return words
}
