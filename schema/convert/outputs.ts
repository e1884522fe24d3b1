import type { State, TextTest, Workflow } from '../workflow.ts'
import type { Computed, Draft } from './draft.ts'
import { EMPTY } from './layers.ts'

/** Where outputs of the workflow stand there: a text that layers hand on under one key, outputs with names under theirs. */
export class Outputs {
  /** Key of the text that layers hand on. */
  readonly text: string
  readonly input: string
  readonly #draft: Draft
  readonly #expressions = new Map<string, string>()
  /** Names of outputs that can be empty: of states that are chosen or not, and of blocks that choose. */
  readonly #emptyable = new Set<string>()
  /** Names of outputs that tests look at. */
  readonly #tested: ReadonlySet<string>

  constructor(draft: Draft, { opening, states }: Pick<Workflow, 'opening' | 'states'>) {
    this.#draft = draft
    this.#tested = new Set(testsOf(states).flatMap(({ of }) => of?.value ?? []))
    this.input = draft.names.key('input')
    this.#expressions.set('input', this.input)
    this.text = opening.kind === 'name' ? '' : draft.names.key('text')
    if (opening.kind === 'name') for (const state of states) this.#declare(state)
  }

  /** `undefined`: no output has that name. */
  expressionOf(name: string): string | undefined {
    return this.#expressions.get(name)
  }

  canBeEmpty(name: string): boolean {
    return this.#emptyable.has(name)
  }

  /** Key of what a state answers. */
  keyOf({ id }: State): string {
    return this.text === '' ? this.#draft.names.key(id) : this.text
  }

  /** Expression for what a block hands on. */
  textOf(state: State): string {
    return this.#expressions.get(state.id) ?? this.keyOf(state)
  }

  holdsKey({ id }: State): string {
    return this.#draft.names.key(`${id} holds`)
  }

  /** Keys of a state that runs beside others, one for each copy. */
  copyKeys({ id }: State, copies = 1): readonly string[] {
    const { names } = this.#draft
    return copies > 1
      ? Array.from({ length: copies }, (_, i) => names.key(`${id} ${i + 1}`))
      : [names.key(id)]
  }

  /** A state that is not chosen has an empty output. A template takes one that is not there for that; an expression does not. */
  beginEmpty({ id }: State): void {
    const key = this.#expressions.get(id)
    if (key !== undefined && this.#tested.has(id)) this.#draft.beginnings.set(key, '')
  }

  /** Empty outputs in place of those of a block that is left out. */
  placeholders(state: State): readonly Computed[] {
    const body = state.work.kind === 'block' ? state.work.body : []
    const keys = this.text === '' ? [state, ...body].map(({ id }) => this.#draft.names.key(id)) : [this.text]
    return [...new Set(keys)].map((key) => [key, EMPTY] as const)
  }

  #declare(state: State): void {
    const { work, id } = state
    this.#expressions.set(id, this.#draft.names.key(id))
    if (work.kind !== 'block') return
    const { driver, body } = work
    for (const one of body) this.#declare(one)
    const keyOf = (last: string | undefined) => (last === undefined ? EMPTY : this.#draft.names.key(last))
    if (driver.kind === 'until') this.#expressions.set(id, keyOf(body.at(-1)?.id))
    if (driver.kind === 'choose') {
      for (const one of [state, ...body]) this.#emptyable.add(one.id)
      const [yes, no] = [keyOf(driver.onMatch.at(-1)), keyOf(driver.onNoMatch.at(-1))]
      this.#expressions.set(id, `(${yes} if ${this.holdsKey(state)} else ${no})`)
    }
  }
}

function testsOf(states: readonly State[]): readonly TextTest[] {
  return states.flatMap(({ work, next }) => {
    const edges = next.kind === 'choose' ? next.cases.flatMap(({ test }) => test ?? []) : []
    if (work.kind !== 'block') return edges
    const { driver, body } = work
    const own = driver.kind === 'until' ? [driver.exit] : driver.kind === 'choose' ? [driver.when] : []
    return [...edges, ...own, ...testsOf(body)]
  })
}
