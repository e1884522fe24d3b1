import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepEffects, StepWarning } from '../engine/step-effects.ts'
import { prepareAgent } from './agent.ts'
import { prepareCall } from './call.ts'
import type { StepKit } from './kit.ts'
import { prepareStateProcessor } from './state-processor.ts'
import { prepareSummary } from './summary.ts'
import { prepareTool } from './tool.ts'
import { prepareTransform } from './transform-step.ts'

/**
 * Prepares a step by its kind of work. Fails with a `StepFailure` when its definition cannot be carried out.
 *
 * @param effects those of the attempt, for prompts that name what has to be looked up. Absent: the names stay as they are.
 */
export function prepareStep(
  step: Step,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
  effects?: StepEffects,
): PreparedStep | Promise<PreparedStep> {
  const { work } = step.state
  if (step.checks) {
    const { checks } = step
    return import('./guard.ts').then(({ prepareChecks }) => prepareChecks(step, checks, kit))
  }
  switch (work.kind) {
    case 'agent':
      return prepareAgent(step, work, kit, warn)
    case 'tool':
      return prepareTool(step, work, kit, warn)
    case 'transform':
      return prepareTransform(step, work, warn)
    case 'state-processor':
      return prepareStateProcessor(step, work, kit)
    case 'documents-tree': {
      // With its patterns, which few workflows have and all would wait for.
      const load = import('./documents-tree-step.ts')
      return load.then(({ prepareDocumentsTree }) => prepareDocumentsTree(work, kit, warn))
    }
    case 'summary':
      return prepareSummary(step, work, kit)
    case 'call':
      return prepareCall(step, work, warn)
    case 'bedrock-flow':
      return import('./bedrock-flow.ts').then(({ prepareBedrockFlow }) => prepareBedrockFlow(step, work))
    case 'prompt':
      return import('./prompt.ts').then(({ preparePrompt }) => preparePrompt(step, work, kit, warn, effects))
    case 'layer':
      return import('./layer.ts').then(({ prepareLayer }) => prepareLayer(step, work, kit, warn, effects))
    case 'script':
      return import('./script.ts').then(({ prepareScript }) => prepareScript(step, work))
    case 'block':
      throw new Error(`'${step.state.id}' is a block, which the engine runs`)
  }
}
