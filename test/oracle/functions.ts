import type { FunctionTable } from './compare.ts'
import { engineFunctions } from './engine-functions.ts'
import { languageFunctions } from './language-functions.ts'
import { retryFunctions } from './retry-functions.ts'
import { schemaFunctions } from './schema-functions.ts'
import { stepFunctions } from './step-functions.ts'

/** Every recorded function, with its counterpart here or the reason why there is none. */
export const functions: FunctionTable = {
  ...schemaFunctions,
  ...languageFunctions,
  ...engineFunctions,
  ...stepFunctions,
  ...retryFunctions,
  serialize_state: {
    lacks: () =>
      'upstream keeps a cut copy of what each state saw; our record keeps whole outputs, and what a step saw is computed from them',
  },
}
