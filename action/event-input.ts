import type { GivenInput } from '../runner/inputs.ts'
import type { InputSpec, Workflow } from '../schema/index.ts'

/** What a run on an event can be given. */
export interface EventInputs {
  /** What happened by documented names, fit for prompts. */
  readonly event: Readonly<Record<string, unknown>>
  /** What a person chose: inputs of `workflow_dispatch`, and under them those of the action. Texts are read as the workflow declares. */
  readonly chosen: Readonly<Record<string, unknown>>
}

/**
 * What a workflow gets of an event: the inputs it declares, those that have a name of the event or were chosen; a
 * workflow that declares none gets all that was chosen and, as `event`, all that happened.
 */
export function inputOf(workflow: Workflow, { event, chosen }: EventInputs): GivenInput {
  if (workflow.inputs.length === 0) return { pairs: [], text: JSON.stringify({ ...chosen, event }) }
  const payload = event['client_payload']
  const known = new Map([
    ...Object.entries(event),
    ...(typeof payload === 'object' && payload !== null && !Array.isArray(payload)
      ? Object.entries(payload)
      : []),
    ['event', event] as const,
  ])
  const values: [string, unknown][] = []
  const pairs: [string, string][] = []
  for (const input of workflow.inputs) {
    const { name } = input
    const given = Object.hasOwn(chosen, name) ? chosen[name] : undefined
    // The form of a dispatch sends what was left empty, too.
    if (typeof given === 'string' && given !== '') pairs.push([name, given])
    else if (given !== undefined && given !== '') values.push([name, given])
    else if (known.has(name)) values.push([name, asAllowed(known.get(name), input)])
  }
  return { pairs, text: JSON.stringify(Object.fromEntries(values)) }
}

/** A text where only a text may stand: of a list its lines. */
function asAllowed(value: unknown, { schema: { type } }: InputSpec): unknown {
  if (type !== 'string' || typeof value === 'string') return value
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join('\n')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
