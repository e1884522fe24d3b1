import { firstError } from '../schema/diagnostic.ts'
import type { Assistant, Position, State, Workflow } from '../schema/index.ts'
import { assistantFile, type StoredAssistant } from './project.ts'

/** A workflow whose assistants are complete, and what kept others from it. */
export interface ResolvedWorkflow {
  readonly workflow: Workflow
  readonly problems: readonly AssistantProblem[]
}

/** A reference to a stored assistant that leads to none. */
export interface AssistantProblem {
  /** The entry that refers. */
  readonly at: Position
  readonly message: string
  readonly help: string
}

/**
 * Puts stored assistants in the place of references to them. Of the entry that refers, only what it may override
 * counts: prompt, model, parameters and limits, and guardrails on top; tools and servers are those of the stored assistant.
 */
export async function resolveAssistants(
  workflow: Workflow,
  find: (id: string) => Promise<StoredAssistant | undefined>,
): Promise<ResolvedWorkflow> {
  const problems = new Map<string, AssistantProblem>()
  const add = (problem: AssistantProblem) => problems.set(problem.message, problem)
  const resolve = async (assistant: Assistant): Promise<Assistant> => {
    if (assistant.ref === undefined) return assistant
    const stored = await find(assistant.ref)
    if (!stored) {
      add({
        at: assistant.at,
        message: `Assistant '${assistant.id}' refers to '${assistant.ref}', and there is no ${assistantFile(assistant.ref)}`,
        help: 'Write that file, or make the assistant inline.',
      })
      return assistant
    }
    if (!stored.assistant) {
      add({
        at: assistant.at,
        message: `Assistant '${assistant.id}' refers to '${assistant.ref}', and its file has errors: ${stored.file}:${firstError(stored.diagnostics)}`,
        help: `\`codemie-ci validate ${stored.file}\` shows them.`,
      })
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
  return { workflow: { ...workflow, states }, problems: [...problems.values()] }
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
    // Nobody who refers to an assistant gets around its guardrails.
    guardrails: [...stored.guardrails, ...by.guardrails],
    fallbackModels: by.fallbackModels.length > 0 ? by.fallbackModels : stored.fallbackModels,
    toolOutputTokens: by.toolOutputTokens,
    excludeExtraContextTools: by.excludeExtraContextTools || stored.excludeExtraContextTools,
  }
}
