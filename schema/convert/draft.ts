import type { Position } from '../diagnostic.ts'
import { Names } from './names.ts'
import type { YamlValue } from './yaml-text.ts'

/** What the other form cannot say, or says with a difference. */
export interface Loss {
  /** The workflow that is written can answer something else, or fail otherwise. `false`: only something to know. */
  readonly changesResult: boolean
  /** One sentence: what of the workflow, and what becomes of it. */
  readonly message: string
  readonly at: Position
}

/** A map of the file that is being made. */
export type Entry = Record<string, YamlValue | undefined>

/** One value that a transform computes, by a script over the context. */
export type Computed = readonly [key: string, script: string]

/** A way out of a part of the graph, which leads nowhere yet. */
export interface Exit {
  /** Leads to these states, to several at once only where it `canFanOut`. */
  readonly lead: (to: readonly string[]) => void
  readonly canFanOut: boolean
  /** The state answers with the text itself, so that it can be the last one. */
  readonly answers: boolean
}

/** Some states that belong together. */
export interface Piece {
  /** Those that begin, at once. */
  readonly entry: readonly string[]
  readonly exits: readonly Exit[]
  /** Expression for the text that it hands on. */
  readonly text: string
  /** States that run one after the other, at most. */
  readonly length: number
}

/** A definition in the making. */
export class Draft {
  readonly names = new Names()
  readonly assistants: Entry[] = []
  readonly nodes: Entry[] = []
  readonly tools: Entry[] = []
  readonly states: Entry[] = []
  readonly losses: Loss[] = []
  /** What the context begins with, beside the input. */
  readonly beginnings = new Map<string, string | number>()

  /** The result of the workflow changes. */
  lose(at: Position, message: string): void {
    this.#add({ changesResult: true, message, at })
  }

  note(at: Position, message: string): void {
    this.#add({ changesResult: false, message, at })
  }

  /** What holds for the whole file is said once, at its first place. */
  #add(loss: Loss): void {
    const isSame = ({ message, at }: Loss) =>
      message === loss.message && (!loss.changesResult || at.line === loss.at.line)
    if (!this.losses.some(isSame)) this.losses.push(loss)
  }

  /** Adds a state and gives its `next`. */
  state(keys: Entry, next: Entry): Entry {
    this.states.push({ ...keys, next })
    return next
  }

  /** A state that computes values and keeps them. Without any it only leads on. */
  transform(name: string, values: readonly Computed[]): { readonly id: string; readonly next: Entry } {
    const id = this.names.id(name)
    this.nodes.push({
      id,
      custom_node_id: 'transform_node',
      config: {
        mappings: values.map(([output_field, script]) => ({ type: 'script', output_field, script })),
      },
    })
    return { id, next: this.state({ id, custom_node_id: id }, { include_in_llm_history: false }) }
  }

  /** The one state to go to so that all of a piece begin. */
  single({ entry }: Pick<Piece, 'entry'>, name: string): string {
    const [only, ...more] = entry
    if (only !== undefined && more.length === 0) return only
    const { id, next } = this.transform(`${name} at once`, [])
    next['state_ids'] = entry
    return id
  }

  join(exits: readonly Exit[], { entry }: Pick<Piece, 'entry'>, name: string): void {
    const needsOne = entry.length > 1 && exits.some(({ canFanOut }) => !canFanOut)
    const to = needsOne ? [this.single({ entry }, name)] : entry
    for (const { lead } of exits) lead(to)
  }
}

/** The way out of a state by its `next`. */
export function exitOf(next: Entry, answers: boolean): Exit {
  return {
    canFanOut: true,
    answers,
    lead: (to) => {
      if (to.length === 1) next['state_id'] = to[0]
      else next['state_ids'] = [...to]
    },
  }
}

/** The two ways out of a state by a condition. */
export function branchesOf(next: Entry, expression: string): { readonly holds: Exit; readonly fails: Exit } {
  const condition: Record<string, YamlValue> = { expression }
  next['condition'] = condition
  const side = (key: 'then' | 'otherwise'): Exit => ({
    canFanOut: false,
    answers: false,
    lead: ([to = 'end']) => {
      condition[key] = to
    },
  })
  return { holds: side('then'), fails: side('otherwise') }
}
