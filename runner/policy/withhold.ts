import { StepFailure } from '../failure.ts'
import { AnswerFailure } from '../models/model-failure.ts'
import { type Redact, redactValue } from '../store/redact.ts'
import { createRedactor } from './secrets.ts'

/** Shorter values stand inside ordinary words. */
const SHORTEST_SECRET = 8

/**
 * Carries out a call that sends secrets, and takes them out of what comes back: a server may tell what it was sent, and
 * neither a model nor a message should get it from there.
 */
export async function withholding<T>(secrets: readonly string[], call: () => Promise<T>): Promise<T> {
  const long = secrets.filter(({ length }) => length >= SHORTEST_SECRET)
  if (long.length === 0) return await call()
  const redact = createRedactor(long)
  try {
    return redactValue(await call(), redact)
  } catch (error) {
    throw error instanceof StepFailure ? redacted(error, redact) : error
  }
}

function redacted(error: StepFailure, redact: Redact): StepFailure {
  const { code, blame, retryable, retryAfterMs, help, status } = error
  const message = redact(error.message)
  if (message === error.message) return error
  if (error instanceof AnswerFailure) {
    const { usage, costUsd } = error
    return new AnswerFailure(code, message, { retryable, help: help ?? '', usage, costUsd })
  }
  return new StepFailure(code, message, { blame, retryable, retryAfterMs, help, status })
}
