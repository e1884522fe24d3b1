import { Refusal } from '../runner/failure.ts'
import type { GivenInput } from '../runner/inputs.ts'
import { planInput } from '../runner/plan-input.ts'
import type { Workflow } from '../schema/index.ts'

const PAIR = /^\s*([A-Za-z_][\w.-]*)=(.*)$/

/** The input text of a run from what was given. Refuses with `inputs-invalid` and all problems at once. */
export async function readRunInput(
  workflow: Workflow,
  given: GivenInput,
  help = 'Give them as lines of `key=value` or as a JSON object in `inputs`.',
): Promise<string> {
  const { text: input, inputs, problems } = await planInput(workflow, given)
  if (problems.length === 0) return input
  const missing = inputs
    .filter(({ required, from }) => required && from === 'nowhere')
    .map(({ name, description }) => `Input '${name}' is missing${description && ` (${description})`}`)
  const others = problems.filter(({ code }) => code !== 'input-missing').map(({ message }) => message)
  throw new Refusal('inputs-invalid', [...others, ...(others.length > 0 ? [] : missing)].join('\n'), { help })
}

/**
 * What stands in the workflow file: a JSON object, lines of `key=value`, or text for a workflow that declares no inputs.
 * Lines that all are `key=value` are pairs; anything else is for the workflow as it is.
 */
export function splitInput(text: string): GivenInput {
  if (text.trim() === '') return { pairs: [] }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const pairs = lines.map((line) => PAIR.exec(line))
  if (!pairs.every((pair) => pair !== null)) return { pairs: [], text }
  return { pairs: pairs.map((pair) => [pair[1] ?? '', pair[2] ?? '']) }
}
