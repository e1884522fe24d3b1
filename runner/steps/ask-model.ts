import type { StepEffects } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import type { ModelReply, ModelRequest } from '../models/model.ts'

/**
 * Asks the model of a request, and the `fallback` models in order when a provider cannot answer at all. A failure
 * that another try may mend is passed over only in the last attempt: the retry policy comes first.
 */
export async function askModel(
  effects: StepEffects,
  request: ModelRequest,
  fallback: readonly string[],
): Promise<ModelReply> {
  const models = [request.model, ...fallback]
  for (const [index, model] of models.entries()) {
    try {
      return await effects.model({ ...request, model })
    } catch (error) {
      const next = models[index + 1]
      if (!(error instanceof StepFailure) || next === undefined || !cannotAnswer(error)) throw error
      if (error.retryable && !effects.isLastAttempt) throw error
      const why = error.message.replace(/\.$/, '')
      effects.warn({ code: 'model-fallback', message: `${model}: ${why}. Asking ${next} instead` })
    }
  }
  throw new Error('unreachable: the last model either answers or throws')
}

/** Another provider may do better: nothing is wrong with the question, the key or the model's name. */
function cannotAnswer({ blame, code }: StepFailure): boolean {
  return blame === 'provider' || blame === 'infrastructure' || code === 'provider-quota-exhausted'
}
