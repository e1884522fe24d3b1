import type { Budget } from '../budget.ts'
import type { PyValue } from '../values.ts'
import type { Rendering } from './rendering.ts'

/** The names of one scope of a rendering; reading goes outwards, setting stays here. */
export class Frame {
  readonly rendering: Rendering
  readonly budget: Budget
  readonly #outer: Frame | undefined
  #names: Map<string, PyValue> | undefined

  constructor(rendering: Rendering, outer?: Frame) {
    this.rendering = rendering
    this.budget = rendering.budget
    this.#outer = outer
  }

  /** The outermost frame. */
  get top(): Frame {
    return this.#outer === undefined ? this : this.#outer.top
  }

  /** A scope inside this one. */
  inner(): Frame {
    return new Frame(this.rendering, this)
  }

  get(name: string): PyValue {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.#outer) {
      const value = frame.#names?.get(name)
      if (value !== undefined) return value
    }
    return this.rendering.lookup(name)
  }

  set(name: string, value: PyValue): void {
    this.#names ??= new Map()
    this.#names.set(name, value)
  }
}
