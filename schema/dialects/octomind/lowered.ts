import { END, type RetryPolicy, type Workflow } from '../../workflow.ts'
import type { YamlDocument } from '../../yaml.ts'

/** What no file of Octomind can say. */
export function emptyWorkflow({
  file,
  text,
}: Pick<YamlDocument, 'file' | 'text'>): Omit<
  Workflow,
  'id' | 'name' | 'description' | 'dialect' | 'opening' | 'entry' | 'states'
> {
  return {
    file,
    text,
    tags: [],
    lifecycle: 'development',
    triggers: [],
    inputs: [],
    budget: {},
    models: { fallback: [] },
    permissions: {},
    guardrails: [],
    limits: {
      recursionLimit: 1,
      maxConcurrency: 1,
      memory: { messages: Number.MAX_SAFE_INTEGER, tokens: Number.MAX_SAFE_INTEGER },
    },
    finalizer: false,
    assistants: [],
  }
}

/** Attempts follow one another at once, whatever the failure was. */
export const TRY_AGAIN: Omit<RetryPolicy, 'maxAttempts'> = {
  initialIntervalMs: 0,
  backoffFactor: 1,
  maxIntervalMs: 0,
  always: true,
}

/** Id of the state that a step becomes: its name. As a target `end` means the end of the path, so no state can have that one. */
export function stateIdFor(name: string): string {
  return name === END ? `${END} (step)` : name
}
