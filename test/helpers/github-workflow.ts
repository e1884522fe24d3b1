import type { Definitions } from '../../runner/github-workflow.ts'
import { defaultConfig, readConfig, readWorkflow } from '../../schema/index.ts'

/** The rest of a definition that asks a model for an answer. */
export const ASKS = `
enable_summarization_node: false
assistants: [{ id: a, system_prompt: P }]
states: [{ id: s, assistant_id: a, task: t, next: { state_id: end } }]
`
/** The same without a model. */
export const LISTS = `
enable_summarization_node: false
tools: [{ id: l, tool: list_files }]
states: [{ id: s, tool_id: l, next: { state_id: end } }]
`

/** Definitions by file stem, in the order given, and the text of a config. Throws for one that is not valid. */
export function definitionsOf(workflows: Readonly<Record<string, string>>, config?: string): Definitions {
  const read = Object.entries(workflows).map(([id, text]) => {
    const { workflow, diagnostics } = readWorkflow({ file: `.codemie/workflows/${id}.yaml`, text })
    if (!workflow) throw new Error(`${id}: ${diagnostics.map(({ message }) => message).join('; ')}`)
    return workflow
  })
  if (config === undefined) return { workflows: read, config: defaultConfig() }
  const { config: found, diagnostics } = readConfig({ file: '.codemie/config.yaml', text: config })
  if (!found) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  return { workflows: read, config: found }
}
