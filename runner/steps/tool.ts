import { fromJson, toJson } from '../../schema/language/index.ts'
import type { ToolWork } from '../../schema/workflow.ts'
import type { ToolRequest } from '../effect.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { definitionDict } from './definition-values.ts'
import { toolOutputText } from './json-pointer.ts'
import type { StepKit } from './kit.ts'
import { positionText, renderText } from './render-text.ts'
import { resolveToolArguments } from './tool-arguments.ts'
import { truncateToTokens } from './tool-output.ts'

/** A tool state: calls one tool with arguments from the context. Whatever goes wrong fails the step. */
export function prepareTool(
  step: Step,
  work: ToolWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  const offered = kit.findTool(work.tool, work.integrationAlias)
  if (!offered) {
    throw new StepFailure('tool-unknown', `There is no tool '${work.tool}' here`, {
      blame: 'workflow',
      help: "Map it to a tool of this project under 'tools' in .codemie/config.yaml.",
    })
  }
  const { tool, ...integration } = offered
  const requestWith = (warned: typeof warn): ToolRequest => {
    const args = resolveToolArguments(
      {
        args: work.args ? definitionDict(work.args.value) : undefined,
        parameters: Object.keys((tool.parameters['properties'] as object | undefined) ?? {}),
        context: step.context,
        inputKey: work.inputKey,
        firstItem: step.item?.first ? step.item.value : undefined,
      },
      ({ code, argument, message }) =>
        warned({
          code,
          message: `Argument '${argument}' stays as written: ${message}`,
          position: positionText(work.args?.at ?? step.state.at),
        }),
    )
    return {
      tool: tool.name,
      args: toJson(args) as Record<string, unknown>,
      ...integration,
    }
  }
  const task = `Call ${work.tool}`
  return {
    task,
    intend() {
      const request = requestWith(() => {})
      return { task: `${task} with ${JSON.stringify(request.args)}`, request }
    },
    async execute(effects) {
      const result = await effects.tool(requestWith(warn))
      let text = toolOutputText(fromJson(result), work.resultPointer?.value)
      if (work.tokensLimit !== undefined) text = truncateToTokens(text, work.tokensLimit)
      return work.renderResult ? renderText({ value: text, at: step.state.at }, step.context, warn) : text
    },
  }
}
