import type { PyDict } from '../../schema/language/index.ts'
import { type CHECK, FINALIZER, type MEMORY } from '../../schema/limits.ts'
import { STORES_NOTHING, type State, type Work } from '../../schema/workflow.ts'
import type { AttachedFile } from '../attachments/attached-file.ts'
import type { Ask } from '../events.ts'
import type { FailureInfo } from '../failure.ts'
import type { ModelCheck } from './guard.ts'
import type { History } from './history.ts'
import type { IterationItem } from './route.ts'

/** One execution of a state: everything it may look at, fixed before any step of its superstep starts. */
export interface Step {
  /** Its place in the run, unique: `plan`, `review[3]`, `fix#2`. */
  readonly path: string
  readonly state: State
  /** Started by an ordinary edge or for itself alone (fan-out, iteration). */
  readonly via: 'edge' | 'send'
  readonly history: History
  readonly context: PyDict
  readonly item: IterationItem | undefined
  /** What the state before gave; the input of the run for its first state. `undefined`: no state came before. */
  readonly incoming: string | undefined
  /** Some state iterates into this one, so its prompt names the current item even when there is none. */
  readonly isMapTarget: boolean
  readonly input: RunInput
  /** Paths of the steps that led here. */
  readonly after: readonly string[]
  /** What finished before this superstep, in order; a state processor reads it. */
  readonly finished: readonly FinishedStep[]
  /** A person said no: the step fails with this reason and is not run. */
  readonly rejection?: string
  /** Guardrails let the last message of the history not pass: the step fails with this reason and is not run. */
  readonly blocked?: string
  /** No state of the author's: asks models whether the last message of the history may pass. */
  readonly checks?: readonly ModelCheck[]
}

/** What a run was started with. */
export interface RunInput {
  readonly text: string
  /** Names of attached files. */
  readonly fileNames: readonly string[]
  /** What is in them. Absent: only their names are known. */
  readonly files?: readonly AttachedFile[]
}

export interface FinishedStep {
  readonly path: string
  readonly state: string
  /** As people see it: `review 2 of 5`. */
  readonly name: string
  readonly task: string
  readonly output: string
  /** Which try gave the output. */
  readonly attempt: number
}

/** What running a step gave. */
export interface StepResult {
  readonly task: string
  readonly output: string
  /** Which try gave it. Default: the first. */
  readonly attempt?: number
  /** All attempts failed, and the state's `on_error` lets the run go on; the output describes this. */
  readonly failure?: FailureInfo
  /** What its body left behind, which takes the place of all that was before. Absent: the state's output policy says. */
  readonly scope?: Scope
}

/** What the steps of one sequence share. */
export interface Scope {
  readonly context: PyDict
  readonly history: History
  /** What the latest step gave. `undefined`: there was none. */
  readonly text: string | undefined
  /** Steps that finished, in order; scopes that lead to each other share the list. */
  readonly finished: FinishedStep[]
}

/** A step that waits for a person before it runs. */
export interface HeldStep {
  readonly path: string
  /** Only a yes or a no lets it go on. */
  readonly needsApproval: boolean
  /** What the yes is asked for. Absent: none is needed, or nothing of the run is kept. */
  readonly ask?: Ask
}

/** Ids of states that no author wrote. */
export type InternalId = typeof FINALIZER | typeof MEMORY | typeof CHECK

/** A state that no author wrote. Its output stays out of context and history. */
export function internalState(id: InternalId, like: State): State {
  const work: Work = { kind: 'summary', of: id === FINALIZER ? 'run' : 'memory' }
  return {
    id,
    at: like.at,
    work,
    output: STORES_NOTHING,
    next: { kind: 'stop' },
    retry: like.retry,
    pauseBefore: false,
    onError: [],
  }
}

/** A state's id as it stands in a path, where a slash leads into a called workflow. */
export function placeName(stateId: string): string {
  return stateId.replaceAll('/', '%2F')
}

/**
 * `review[3]#2` belongs to the state `review`, and `check[3]/review#2` to `check/review`: paths without items and counts. The rounds of
 * a block that is visited again stand behind the count: `refine#2[1]/tester`.
 */
export function stateOfPath(path: string): string {
  return path.replace(/(?:\[\d+\]|#\d+)+(?=\/|$)/g, '')
}

/** A state inside of a block or of a called workflow goes by the name of the state around it as well. */
export function stateIdOf({ path, state }: Pick<Step, 'path' | 'state'>): string {
  const inside = path.lastIndexOf('/')
  return inside < 0 ? state.id : `${stateOfPath(path.slice(0, inside))}/${state.id}`
}
