import { type Bound, bind, type Signature } from '../arguments.ts'
import type { CallArguments, PyValue } from '../values.ts'
import { COLLECTION_FILTERS } from './collection-filters.ts'
import type { TemplateWorld } from './environment.ts'
import { NUMBER_FILTERS } from './number-filters.ts'
import { TEXT_FILTERS } from './text-filters.ts'

/** A filter, as in `value | name(args)`. */
export type Filter = (world: TemplateWorld, value: PyValue, args: CallArguments) => PyValue

/** A filter as its table row: name, parameters after the value, how many are required, what it does. */
export type FilterRow = readonly [
  name: string,
  parameters: readonly string[],
  run: (world: TemplateWorld, value: PyValue, bound: Bound) => PyValue,
  required?: number,
]

function filter([name, parameters, run, required = 0]: FilterRow): Filter {
  const signature: Signature = { name, parameters, required, positionalOnly: 0 }
  return (world, value, args) => run(world, value, bind(signature, args))
}

/** Other names of the same filter. */
const ALIASES: readonly (readonly [alias: string, name: string])[] = [
  ['d', 'default'],
  ['count', 'length'],
  ['e', 'escape'],
]

const TABLE = new Map<string, Filter>([
  ...[...TEXT_FILTERS.rows, ...NUMBER_FILTERS, ...COLLECTION_FILTERS.rows].map((row): [string, Filter] => [
    row[0],
    filter(row),
  ]),
  ...TEXT_FILTERS.free,
  ...COLLECTION_FILTERS.free,
])
for (const [alias, name] of ALIASES) {
  const target = TABLE.get(name)
  if (target !== undefined) TABLE.set(alias, target)
}

/** Jinja's built-in filters. `random` is left out: a run must come out the same when it is repeated. */
export const FILTERS: ReadonlyMap<string, Filter> = TABLE
