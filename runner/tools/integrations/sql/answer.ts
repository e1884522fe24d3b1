/** What a statement gave. */
export interface SqlAnswer {
  /** Names of the columns, none of them twice. Empty where the statement gives no rows. */
  readonly columns: readonly string[]
  /** Values in the order of `columns`, as {@link jsonValue} makes them. */
  readonly rows: readonly (readonly unknown[])[]
  /** Why there are fewer rows than the database has. */
  readonly cutBy?: 'rows' | 'bytes'
  /** Rows that it changed. `undefined`: it is no statement that changes rows. */
  readonly changed?: number
}

/** Collects rows up to a number and a length in bytes. */
export class RowCollector {
  readonly rows: (readonly unknown[])[] = []
  #cutBy: SqlAnswer['cutBy']
  #bytes = 0
  readonly #maxRows: number
  readonly #maxBytes: number

  constructor(limits: { readonly maxRows: number; readonly maxBytes: number }) {
    this.#maxRows = limits.maxRows
    this.#maxBytes = limits.maxBytes
  }

  /** There was more than there is room for; what is added is dropped. */
  get isFull(): boolean {
    return this.#cutBy !== undefined
  }

  /** Adds a row if there is room. */
  add(values: readonly unknown[]): void {
    if (this.isFull) return
    if (this.rows.length === this.#maxRows) {
      this.#cutBy = 'rows'
      return
    }
    const row = values.map(jsonValue)
    this.#bytes += Buffer.byteLength(JSON.stringify(row))
    if (this.#bytes > this.#maxBytes) this.#cutBy = 'bytes'
    else this.rows.push(row)
  }

  /** Says how it went, for rows with columns of these names. */
  answer(names: readonly string[], changed?: number): SqlAnswer {
    return {
      columns: withoutDoubles(names),
      rows: this.rows,
      ...(this.#cutBy === undefined ? {} : { cutBy: this.#cutBy }),
      ...(changed === undefined ? {} : { changed }),
    }
  }
}

/**
 * A value as JSON can hold it: whole numbers that a JSON number cannot hold exactly, and numbers that are none, as text;
 * bytes as base64; times as ISO 8601.
 */
export function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))
      ? Number(value)
      : value.toString()
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (value instanceof Date) return value.toISOString()
  return value ?? null
}

/** What to tell of an answer that is not whole. */
export function noteOf({ rows, cutBy }: Pick<SqlAnswer, 'rows' | 'cutBy'>): { readonly note?: string } {
  if (cutBy === undefined) return {}
  const why = cutBy === 'rows' ? '' : ', for they are long'
  return {
    note: `There are more rows; these are the first ${rows.length}${why}. Ask for fewer of them, or count them.`,
  }
}

/** Of several columns with one name the second is called `name_2`. */
function withoutDoubles(names: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let free = name
    for (let number = 2; taken.has(free); number++) free = `${name}_${number}`
    taken.add(free)
    return free
  })
}
