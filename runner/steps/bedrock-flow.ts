import { toJson } from '../../schema/language/index.ts'
import type { BedrockFlowWork } from '../../schema/workflow.ts'
import type { ToolRequest } from '../effect.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep } from '../engine/step-effects.ts'
import { normalizeBedrockInput } from './bedrock-input.ts'
import { textOfResult } from './tool-output.ts'

/** What the call of a flow is called among the effects; no tool has such a name. */
export const INVOKE_FLOW = 'bedrock:InvokeFlow'

/** Keys of the node that name a text. Source: spec/codemie 5.6. */
export interface FlowSettings {
  readonly flow: string | undefined
  readonly alias: string | undefined
  /** Integration that has the credentials; `setting_id` is an older name of it. */
  readonly integration: string | undefined
  /** Input node of the flow, and its output field. */
  readonly node: string | undefined
  readonly field: string | undefined
  /** `null`: the text as it is. */
  readonly type: string | null
  /** Another workflow whose node is meant. */
  readonly workflow: string | undefined
}

/** Reads the config of a `bedrock_flow_node`. */
export function readFlow({ config }: Pick<BedrockFlowWork, 'config'>): FlowSettings {
  const text = (key: string) => {
    const value = config[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return {
    flow: text('flow_id'),
    alias: text('flow_alias_id'),
    integration: text('integration_alias') ?? text('setting_id'),
    node: text('input_node_name'),
    field: text('input_node_output_field'),
    type: text('input_node_output_type') ?? null,
    workflow: text('workflow_id'),
  }
}

/** A Bedrock flow: gets the first message of the conversation, and its output is that of the flow. */
export function prepareBedrockFlow(step: Step, work: BedrockFlowWork): PreparedStep {
  const { flow = '', alias = '', integration, node = '', field = '', type } = readFlow(work)
  const requestOf = (): ToolRequest => ({
    tool: INVOKE_FLOW,
    args: {
      flow,
      alias,
      node,
      field,
      input: toJson(normalizeBedrockInput(step.history.toArray()[0]?.text ?? '', type)),
    },
    ...(integration === undefined ? {} : { integrationAlias: integration }),
  })
  const task = `Call the Bedrock flow ${flow}`
  return {
    task,
    intend() {
      const request = requestOf()
      return { task: `${task} with ${JSON.stringify(request.args['input'])}`, request }
    },
    execute: async (effects) => textOfResult(await effects.tool(requestOf())),
  }
}
