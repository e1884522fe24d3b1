import { str } from '../../schema/language/index.ts'
import type { AgentWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { StepWarning } from '../engine/step-effects.ts'
import { contextWithItem, renderText } from './render-text.ts'

/** What an agent without a task is sent. */
export const EMPTY_TASK = '-'

/**
 * The user turn of an agent step: its task, then the current item where some state iterates into it (or else the
 * attached files), and only then rendered, so templates in an item are rendered too. Spec/codemie 2.3.
 */
export function agentTask(
  step: Pick<Step, 'item' | 'isMapTarget' | 'input' | 'context'>,
  work: Pick<AgentWork, 'task' | 'renderTask'>,
  warn: (warning: StepWarning) => void,
): string {
  let text = work.task.value === '' ? EMPTY_TASK : work.task.value
  if (step.isMapTarget) text += `\nCurrent task: ${step.item ? str(step.item.value) : ''}`
  else text += step.input.fileNames.map((name) => `\nFile attached: ${name}`).join('')
  if (!work.renderTask || text === EMPTY_TASK) return text
  const context = step.isMapTarget ? contextWithItem(step.context, step.item?.value) : step.context
  return renderText({ value: text, at: work.task.at }, context, warn)
}
