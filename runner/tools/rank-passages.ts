import MiniSearch from 'minisearch'

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

/** From this length on a word of the query also finds longer words that begin with it: `deploy`, `deployment`. */
const PREFIX_LENGTH = 4

/**
 * The passages that best answer a query in plain words, best first: those that hold many of its words, rare words
 * counting more (BM25+). `camelCase` and `snake_case` count as their words, too. The same documents and query give the
 * same order everywhere.
 *
 * @returns at most `limit`, none that shares no word with the query.
 */
export function rankPassages(
  documents: readonly { readonly path: string; readonly text: string }[],
  query: string,
  limit: number,
): readonly Passage[] {
  const passages = documents.flatMap(({ path, text }) => [...passagesOf(path, text)])
  const index = new MiniSearch<Passage & { readonly id: number }>({
    fields: ['path', 'text'],
    tokenize: wordsOf,
    // Words are already in lower case.
    processTerm: (word) => word,
    searchOptions: { prefix: (word) => word.length >= PREFIX_LENGTH },
  })
  index.addAll(passages.map((passage, id) => ({ ...passage, id })))
  return index
    .search(query)
    .flatMap(({ id, score }) => {
      const passage = passages[id]
      return passage ? [{ passage, score }] : []
    })
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
