import { PyDict } from '../../schema/language/index.ts'
import type { TransformWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import { definitionDict } from './definition-values.ts'
import { positionText } from './render-text.ts'
import { runTransform } from './transform.ts'

/** What a transform without a task is called in the record. */
const UNNAMED_TASK = 'Transform data by the mappings'

/** A transform state: reshapes data by rules, asking nobody. */
export function prepareTransform(
  step: Step,
  work: TransformWork,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  return {
    task: work.task.value === '' ? UNNAMED_TASK : work.task.value,
    execute() {
      const last = step.history.toArray().at(-1)
      const source = {
        context: step.context,
        lastOutsideMessage: last?.isFromOutside ? last.text : undefined,
        userInput: inputSeenBy(step),
        taskState: taskStateOf(step),
      }
      const name = `${positionText(work.at)}: the transform of '${step.state.id}'`
      const { output, warnings } = runTransform(definitionDict(work.config), source, name)
      for (const { mapping, code, message } of warnings) {
        const place = mapping === undefined ? '' : `mappings[${mapping}]: `
        warn({ code, message: `${place}${message}`, position: positionText(work.at) })
      }
      return Promise.resolve(output)
    },
  }
}

/** The run's input, which the items of an iteration come without. */
function inputSeenBy({ item, input }: Step): string {
  return item ? '' : input.text
}

/** What `input_source: state_schema` offers: the item and its place in the iteration, or else the run's input. */
function taskStateOf({ item, input }: Step): PyDict {
  if (!item) return new PyDict([['user_input', input.text]])
  return new PyDict([
    ['task', item.value],
    ['iteration_node_number', BigInt(item.number)],
    ['total_iterations', BigInt(item.total)],
    ['first_state_in_iteration', item.first],
  ])
}
