import { type ComparedDefinition, placeOfDiff } from '../../schema/diff/definitions.ts'
import { toMermaidDiff } from '../../schema/graph-mermaid-diff.ts'
import { NOTHING_CHANGED } from './diff-words.ts'
import { fenced, inlineText } from './neutralise.ts'

/** A definition before and after as one picture, as Mermaid text; `undefined` where a side has errors, and for what is no workflow. */
export function graphOfDiff({
  workflows,
  changes,
  invalid,
}: Pick<ComparedDefinition, 'workflows' | 'changes' | 'invalid'>): string | undefined {
  const isDrawn = workflows.before !== undefined || workflows.after !== undefined
  if (!isDrawn || Object.keys(invalid).length > 0) return undefined
  return toMermaidDiff(workflows.before, workflows.after, changes)
}

/** The pictures of workflows as Markdown, each under its path; other definitions have none. */
export function renderGraphs(diffs: readonly ComparedDefinition[]): string {
  const workflows = diffs.filter(({ kind }) => kind === 'workflow')
  if (workflows.length === 0) return `${diffs.length === 0 ? NOTHING_CHANGED : 'No workflow changed'}\n`
  const sections = workflows.map((diff) => {
    const graph = graphOfDiff(diff)
    return `## ${inlineText(placeOfDiff(diff))}\n\n${graph === undefined ? 'A side has errors, so there is no graph.' : fenced(graph, 'mermaid')}`
  })
  return `${sections.join('\n\n')}\n`
}
