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

type Warn = (warning: StepWarning) => void

/** A tool state: calls one tool with arguments from the context. Whatever goes wrong fails the step. */
export function prepareTool(
  step: Step,
  work: ToolWork,
  kit: StepKit,
  warn: Warn,
): PreparedStep | Promise<PreparedStep> {
  const mcp = kit.serverToolOf(work)
  if (mcp) {
    // With what tells servers apart, which few workflows have and all would wait for.
    const load = import('./server-tool.ts')
    return load.then(({ prepareServerTool }) => prepareServerTool(step, work, mcp, kit, warn))
  }
  const offered = kit.findTool(work.tool, work.integrationAlias)
  if (!offered) {
    throw new StepFailure('tool-unknown', `There is no tool '${work.tool}' here`, {
      blame: 'workflow',
      help: "Map it to a tool of this project under 'tools' in .codemie/config.yaml.",
    })
  }
  const { tool, integrationAlias } = offered
  const requestWith = (warned: Warn): ToolRequest => ({
    tool: tool.name,
    args: argumentsOf(step, work, tool.parameters, warned),
    ...(integrationAlias === undefined ? {} : { integrationAlias }),
  })
  const task = `Call ${work.tool}`
  return {
    task,
    intend() {
      const request = requestWith(() => {})
      return { task: `${task} with ${JSON.stringify(request.args)}`, request }
    },
    async execute(effects) {
      return outputOf(await effects.tool(requestWith(warn)), step, work, work.tokensLimit, warn)
    },
  }
}

/** The arguments of a tool state; see `resolveToolArguments`. `parameters`: JSON Schema of those that the tool takes. */
export function argumentsOf(
  step: Step,
  work: ToolWork,
  parameters: Readonly<Record<string, unknown>>,
  warn: Warn,
): Record<string, unknown> {
  const args = resolveToolArguments(
    {
      args: work.args ? definitionDict(work.args.value) : undefined,
      parameters: Object.keys((parameters['properties'] as object | undefined) ?? {}),
      context: step.context,
      inputKey: work.inputKey,
      firstItem: step.item?.first ? step.item.value : undefined,
    },
    ({ code, argument, message }) =>
      warn({
        code,
        message: `Argument '${argument}' stays as written: ${message}`,
        position: positionText(work.args?.at ?? step.state.at),
      }),
  )
  return toJson(args) as Record<string, unknown>
}

/** What a tool state makes of its tool's result. `tokensLimit`: tokens of it that are kept; absent: all. */
export function outputOf(
  result: unknown,
  step: Step,
  work: ToolWork,
  tokensLimit: number | undefined,
  warn: Warn,
): string {
  let text = toolOutputText(fromJson(result), work.resultPointer?.value)
  if (tokensLimit !== undefined) text = truncateToTokens(text, tokensLimit)
  return work.renderResult ? renderText({ value: text, at: step.state.at }, step.context, warn) : text
}
