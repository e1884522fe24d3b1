import { compareText, dumpsJson, PyDict, type PyValue, truthy } from '../../schema/language/index.ts'
import { StepFailure } from '../failure.ts'
import { compilePattern } from '../tools/regex.ts'
import { compileIgnoreLines } from './documents-tree-filter.ts'

/** What is listed, and what is to be told about it. */
export interface DocumentsTree {
  /** JSON text: `{<output_key>: [{metadata}, …]}`, in the order of the paths. */
  readonly output: string
  readonly warnings: readonly { readonly code: string; readonly message: string }[]
}

/**
 * The output of a node that lists the documents of a datasource.
 *
 * @param config the node's `config`: `documents_filtering_pattern` (an expression that must occur in the path),
 * `documents_filter` (lines as of a gitignore file that say what to keep, `!` what to leave out), `include_content`,
 * `output_key` (default `documents_tree`).
 * @param documents metadata of each document, with its path under `file_path` or `source`, and `content`.
 * @throws StepFailure `documents-filter-invalid` for a pattern that CodeMie would understand and this engine does not.
 */
export function buildDocumentsTree(config: PyDict, documents: readonly PyDict[]): DocumentsTree {
  const warnings: { code: string; message: string }[] = []
  const kept = filterDocuments(
    documents,
    textOrNull(config.get('documents_filtering_pattern')),
    textOrNull(config.get('documents_filter')),
    (code, message) => void warnings.push({ code, message }),
  )
  const sorted = [...kept].sort((a, b) => compareText(documentPath(a), documentPath(b)))
  const withContent = truthy(config.get('include_content') ?? null)
  const listed = sorted.map((document) => {
    if (withContent || !document.has('content')) return document
    const copy = document.copy()
    copy.delete('content')
    return copy
  })
  const key = config.get('output_key') ?? 'documents_tree'
  return { output: dumpsJson(new PyDict([[key, listed]])), warnings }
}

/**
 * The documents that a pattern and a filter let through, in the order given.
 *
 * An expression that is none is ignored with a warning, as CodeMie does. With only `!` lines everything else is kept.
 */
export function filterDocuments(
  documents: readonly PyDict[],
  pattern: string | null,
  filter: string | null,
  warn: (code: string, message: string) => void,
): readonly PyDict[] {
  const matchesPattern = pattern === null || pattern === '' ? undefined : patternTest(pattern, warn)
  const matchesFilter = filter === null || filter.trim() === '' ? undefined : compileIgnoreLines(filter, warn)
  return documents.filter((document) => {
    const path = documentPath(document)
    return (matchesPattern?.(path) ?? true) && (matchesFilter?.(path) ?? true)
  })
}

/** Path of a document: `file_path`, else `source`, else nothing. */
export function documentPath(document: PyDict): string {
  for (const key of ['file_path', 'source']) {
    const value = document.get(key)
    if (typeof value === 'string' && value !== '') return value
  }
  return ''
}

function patternTest(
  source: string,
  warn: (code: string, message: string) => void,
): ((path: string) => boolean) | undefined {
  const compiled = compilePattern(source)
  if (compiled.ok) return (path) => compiled.pattern.occursIn(path)
  if (isBacktrackingPattern(source)) {
    throw new StepFailure(
      'documents-filter-invalid',
      `documents_filtering_pattern "${source}" ${compiled.problem}`,
      {
        blame: 'workflow',
        help: 'Write it without look-around and back-references, or use documents_filter.',
      },
    )
  }
  warn(
    'documents-pattern-ignored',
    `documents_filtering_pattern "${source}" ${compiled.problem}; nothing is filtered by it`,
  )
  return undefined
}

/** Whether another engine would understand it: then ignoring it would list what the author wanted left out. */
function isBacktrackingPattern(source: string): boolean {
  try {
    new RegExp(source)
    return true
  } catch {
    return false
  }
}

function textOrNull(value: PyValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
