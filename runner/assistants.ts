import type { Assistant, State, Workflow } from '../schema/index.ts'
import { assistantFile, type StoredAssistant } from './project.ts'

/** A workflow whose assistants are complete, and what kept others from it. */
export interface ResolvedWorkflow {
  readonly workflow: Workflow
  readonly problems: readonly string[]
}

/**
 * Puts stored assistants in the place of references to them. Of the entry that refers, only what it may override
 * counts: prompt, model, parameters and limits; tools and servers are those of the stored assistant.
 */
export async function resolveAssistants(
  workflow: Workflow,
  find: (id: string) => Promise<StoredAssistant | undefined>,
): Promise<ResolvedWorkflow> {
  const problems = new Set<string>()
  const resolve = async (assistant: Assistant): Promise<Assistant> => {
    if (assistant.ref === undefined) return assistant
    const stored = await find(assistant.ref)
    if (!stored) {
      problems.add(
        `Assistant '${assistant.id}' refers to '${assistant.ref}', and there is no ${assistantFile(assistant.ref)}`,
      )
      return assistant
    }
    const [first] = stored.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
    if (!stored.assistant) {
      problems.add(`${stored.file}:${first?.line ?? 1}: ${first?.message ?? 'it cannot be read'}`)
      return assistant
    }
    return overridden(stored.assistant, assistant)
  }
  const states = await Promise.all(
    workflow.states.map(async (state): Promise<State> => {
      if (state.work.kind !== 'agent') return state
      return { ...state, work: { ...state.work, assistant: await resolve(state.work.assistant) } }
    }),
  )
  return { workflow: { ...workflow, states }, problems: [...problems] }
}

function overridden(stored: Assistant, by: Assistant): Assistant {
  return {
    ...stored,
    id: by.id,
    at: by.at,
    ...(by.systemPrompt === undefined ? {} : { systemPrompt: by.systemPrompt }),
    ...(by.model === undefined ? {} : { model: by.model }),
    ...(by.temperature === undefined ? {} : { temperature: by.temperature }),
    parameters: { ...stored.parameters, ...by.parameters },
    fallbackModels: by.fallbackModels.length > 0 ? by.fallbackModels : stored.fallbackModels,
    toolOutputTokens: by.toolOutputTokens,
    excludeExtraContextTools: by.excludeExtraContextTools || stored.excludeExtraContextTools,
  }
}
