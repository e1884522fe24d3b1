import { type Bound, bind, type Signature } from './arguments.ts'
import type { Budget } from './budget.ts'
import type { CallArguments, PyValue } from './values.ts'

/** A method: its object, the arguments of the call, the budget. */
export type Method<Self> = (self: Self, args: CallArguments, budget: Budget) => PyValue
/** The methods of one type by name: an allowlist, nothing else can be called. */
export type Table<Self> = ReadonlyMap<string, Method<Self>>

/** A method as a row: name, parameters, what it does, and how its parameters may be passed. */
export type Row<Self> = readonly [
  name: string,
  parameters: readonly string[],
  run: (self: Self, bound: Bound, budget: Budget) => PyValue,
  options?: Partial<Signature>,
]

/** Make a table from rows; a parameter is required and goes by position unless the row says otherwise. */
export function table<Self>(rows: readonly Row<Self>[]): Table<Self> {
  return new Map(
    rows.map(([name, parameters, run, options]) => {
      const signature: Signature = { name, parameters, required: parameters.length, ...options }
      return [
        name,
        (self: Self, args: CallArguments, budget: Budget) => run(self, bind(signature, args), budget),
      ]
    }),
  )
}

/** What methods give that give nothing. */
export const NONE: PyValue = null
