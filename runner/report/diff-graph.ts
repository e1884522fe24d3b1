import type { ComparedDefinition } from '../../schema/diff/definitions.ts'
import { toMermaidDiff } from '../../schema/graph-mermaid-diff.ts'
import { NOTHING_CHANGED } from './diff-words.ts'
import { fenced, inlineText } from './neutralise.ts'

/** A definition before and after as one picture, as Mermaid text; `undefined` where a side has errors. */
export function graphOfDiff({
  workflows,
  changes,
  invalid,
}: Pick<ComparedDefinition, 'workflows' | 'changes' | 'invalid'>): string | undefined {
  if (Object.keys(invalid).length > 0) return undefined
  return toMermaidDiff(workflows.before, workflows.after, changes)
}

/** The pictures of definitions as Markdown, each under its path. */
export function renderGraphs(diffs: readonly ComparedDefinition[]): string {
  if (diffs.length === 0) return `${NOTHING_CHANGED}\n`
  const sections = diffs.map((diff) => {
    const graph = graphOfDiff(diff)
    return `## ${inlineText(diff.file)}\n\n${graph === undefined ? 'A side has errors, so there is no graph.' : fenced(graph, 'mermaid')}`
  })
  return `${sections.join('\n\n')}\n`
}
