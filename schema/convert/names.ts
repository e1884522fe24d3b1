/**
 * Names that outputs cannot have: words of expressions and templates, data of the engine, and arguments of the tools that are used
 * here, which a key of the context would replace.
 */
const RESERVED = new Set([
  ...'and as assert async await break class continue def del elif else except finally for from global if import in is lambda'.split(
    ' ',
  ),
  ...'nonlocal not or pass raise return try while with yield true false none null loop self super varargs kwargs caller'.split(
    ' ',
  ),
  ...'recursive set block macro call filter extends include do'.split(' '),
  ...'range dict lipsum cycler joiner namespace len max min sum abs str int float bool list tuple any all isinstance'.split(
    ' ',
  ),
  ...'round sorted reversed enumerate zip map keys'.split(' '),
  ...'messages context_store next final_summary user_input previous_execution_state_id previous_execution_state_names'.split(
    ' ',
  ),
  ...'task total_iterations iteration_node_number first_state_in_iteration iteration_source string_value file_names'.split(
    ' ',
  ),
  ...'command args cwd stdin allow_failure query data path default'.split(' '),
])

const RESERVED_IDS = ['end', '__start__', '__end__']

/** Gives out keys of the context and ids of states, each once. */
export class Names {
  readonly #keys = new Map<string, string>()
  readonly #takenKeys = new Set<string>()
  readonly #ids = new Set(RESERVED_IDS)

  /** The key of what is called so; the same for the same name. A name that is none in an expression is changed. */
  key(name: string): string {
    const known = this.#keys.get(name) ?? this.fresh(name)
    this.#keys.set(name, known)
    return known
  }

  /** A key that nothing else has. */
  fresh(name: string): string {
    const bare = name.replace(/[^A-Za-z0-9_]/g, '_')
    const wanted = /^[A-Za-z]/.test(bare) ? bare : `key_${bare.replace(/^_+/, '')}`
    const key = numbered(wanted, (one) => this.#takenKeys.has(one) || RESERVED.has(one.toLowerCase()))
    this.#takenKeys.add(key)
    return key
  }

  /** An id for a state that is to be called so. */
  id(name: string): string {
    const wanted = name.replace(/[|:/\p{C}]+/gu, '-').trim() || 'state'
    const id = numbered(wanted, (one) => this.#ids.has(one) || /_node$/.test(one))
    this.#ids.add(id)
    return id
  }
}

function numbered(wanted: string, isTaken: (one: string) => boolean): string {
  let name = wanted
  for (let n = 2; isTaken(name); n++) name = `${wanted}_${n}`
  return name
}
