import { Refusal } from '../runner/failure.ts'
import { EXIT } from './exit-status.ts'

/** The command line is wrong: nothing was started. `help` says what to type instead. Exit status 2. */
export function usageError(message: string, help: string): Refusal {
  return new Refusal('usage', message, { exitStatus: EXIT.usage, help })
}
