import { dumpsJson, PyDict, type PyValue, renderDynamic, str } from '../../schema/language/index.ts'
import type { CallWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import { definitionDict } from './definition-values.ts'
import { contextWithItem, positionText, renderText } from './render-text.ts'

/** Another workflow as a step. It sees its input and nothing else of this run; its last output is the step's. */
export function prepareCall(step: Step, work: CallWork, warn: (warning: StepWarning) => void): PreparedStep {
  const name = work.workflow.value
  const text = callInput(step, work, warn)
  return {
    task: text === '' ? `Run ${name}` : `Run ${name} on ${text}`,
    execute: (effects) => effects.call(name, { ...step.input, text }),
  }
}

/** The input of the called workflow: the declared inputs as JSON, or else the task, or else the item. */
function callInput(
  { context, item }: Pick<Step, 'context' | 'item'>,
  { inputs, task, renderTask }: Pick<CallWork, 'inputs' | 'task' | 'renderTask'>,
  warn: (warning: StepWarning) => void,
): string {
  const view = contextWithItem(context, item?.value)
  if (inputs) {
    const values = new PyDict()
    for (const [key, value] of definitionDict(inputs.value).entries()) {
      if (typeof value !== 'string') {
        values.set(key, value)
        continue
      }
      const { value: rendered, problems } = renderDynamic(value, view)
      for (const { code, message } of problems) {
        warn({
          code,
          message: `Input '${String(key)}' stays as written: ${message}`,
          position: positionText(inputs.at),
        })
      }
      values.set(key, rendered)
    }
    return dumpsJson(values)
  }
  if (task.value !== '') return renderTask ? renderText(task, view, warn) : task.value
  return item ? textOfItem(item.value) : ''
}

/** Text as it is; data as JSON, so that the called workflow finds its keys in its context. */
function textOfItem(value: PyValue): string {
  if (value instanceof PyDict || Array.isArray(value)) return dumpsJson(value)
  return str(value)
}
