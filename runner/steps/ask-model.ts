import type { StepEffects } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import type { ModelReply, ModelRequest } from '../models/model.ts'

/**
 * Asks the model of a request, and the `fallback` models in order when a provider cannot answer at all. A failure
 * that another try may mend is passed over only in the last attempt: the retry policy comes first. When none of several
 * can answer, one failure names each of them and why.
 */
export async function askModel(
  effects: StepEffects,
  request: ModelRequest,
  fallback: readonly string[],
): Promise<ModelReply> {
  const models = [request.model, ...fallback]
  const down: Down[] = []
  for (const [index, model] of models.entries()) {
    try {
      const reply = await effects.model({ ...request, model })
      if (reply.instead !== undefined) tellOnce(effects, reply.model, reply.instead)
      return reply
    } catch (error) {
      if (!(error instanceof StepFailure) || !cannotAnswer(error)) throw error
      down.push({ model, failure: error })
      const next = models[index + 1]
      if (next === undefined) throw down.length === 1 ? error : noneAnswers(down, error)
      if (error.retryable && !effects.isLastAttempt) throw error
      effects.warn({
        code: 'model-fallback',
        message: `${wordsOf({ model, failure: error })}. Asking ${next} instead`,
      })
    }
  }
  throw new Error('unreachable: the last model either answers or throws')
}

/** A model that cannot answer. */
interface Down {
  readonly model: string
  readonly failure: StepFailure
}

function wordsOf({ model, failure }: Down): string {
  return `${model}: ${failure.message.replace(/\.$/, '')}`
}

/** Another provider may do better: nothing is wrong with the question, the key or the model's name. */
function cannotAnswer({ blame, code }: StepFailure): boolean {
  return blame === 'provider' || blame === 'infrastructure' || code === 'provider-quota-exhausted'
}

function noneAnswers(down: readonly Down[], last: StepFailure): StepFailure {
  return new StepFailure(
    'provider-none-answers',
    `None of ${down.length} models can answer:\n${down.map((one) => `- ${wordsOf(one)}`).join('\n')}`,
    {
      blame: 'provider',
      retryable: last.retryable,
      retryAfterMs: last.retryAfterMs,
      help: '`codemie-ci doctor` looks at each provider. `codemie-ci resume latest` goes on when one answers again.',
      status: last.status,
      cause: last,
    },
  )
}

/** Attempts that were told of another model. An agent may ask a hundred times. */
const told = new WeakSet<StepEffects>()

/** What an answer costs goes by the model that gave it, so that nobody should be surprised by another one. */
function tellOnce(effects: StepEffects, answered: string, asked: string): void {
  if (told.has(effects)) return
  told.add(effects)
  effects.warn({ code: 'other-model-answered', message: `${asked} was asked, and ${answered} answered` })
}
