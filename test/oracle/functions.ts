import type { FunctionTable } from './compare.ts'
import { engineFunctions } from './engine-functions.ts'
import { languageFunctions } from './language-functions.ts'
import { schemaFunctions } from './schema-functions.ts'
import { stepFunctions } from './step-functions.ts'

/** Every recorded function that has a counterpart here. */
export const functions: FunctionTable = {
  ...schemaFunctions,
  ...languageFunctions,
  ...engineFunctions,
  ...stepFunctions,
}
