import { parseJsonObject } from '../schema/json-object.ts'
import type { Workflow } from '../schema/workflow.ts'
import { type GivenInput, type InputProblem, readInputs } from './inputs.ts'

/** The input of a run that is planned: what it would start with, and what is wrong with it. */
export interface InputPlan {
  /** What the run starts with: JSON text of an object when there are named inputs, free text otherwise, `""` for none. */
  readonly text: string
  readonly inputs: readonly PlannedInput[]
  /** All of them at once. Not empty: the run must not start. */
  readonly problems: readonly InputProblem[]
}

/** One input as the plan shows it: declared ones first, in the order declared. */
export interface PlannedInput {
  readonly name: string
  /** `undefined`: there is none, which is fine for an optional input. */
  readonly value?: unknown
  readonly from: 'given' | 'default' | 'nowhere'
  readonly required: boolean
  readonly description: string
}

/** Reads the input of a run as the run itself does, and says of each value where it comes from. */
export async function planInput(workflow: Workflow, given: GivenInput): Promise<InputPlan> {
  const { values, problems } = await readInputs(workflow, given)
  const named = new Set([...keysOf(given.text), ...given.pairs.map(([key]) => key)])
  const undeclared = Object.keys(values ?? {}).filter(
    (key) => !workflow.inputs.some(({ name }) => name === key),
  )
  return {
    text: values === undefined ? (given.text ?? '') : JSON.stringify(values),
    inputs: [
      ...workflow.inputs.map(({ name, required, description }): PlannedInput => {
        const isThere = values !== undefined && Object.hasOwn(values, name)
        return {
          name,
          ...(isThere ? { value: values[name] } : {}),
          from: isThere ? (named.has(name) ? 'given' : 'default') : 'nowhere',
          required,
          description,
        }
      }),
      ...undeclared.map((name) => ({
        name,
        value: values?.[name],
        from: 'given' as const,
        required: false,
        description: '',
      })),
    ],
    problems,
  }
}

function keysOf(text: string | undefined): readonly string[] {
  return Object.keys(parseJsonObject(text ?? '') ?? {})
}
