import { dumpsJson, fromJson } from '../../schema/language/index.ts'
import { enforcedSchemaOf } from '../../schema/output-schema.ts'
import type { AgentWork, McpServer } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepWarning } from '../engine/step-effects.ts'
import type { ChatMessage, ModelReply } from '../models/model.ts'
import { agentTask } from './agent-task.ts'
import { showFiles } from './attachments.ts'
import { Conversation, openingMessages } from './conversation.ts'
import type { StepKit } from './kit.ts'
import { renderText } from './render-text.ts'
import { intentOf, speakerOf } from './speaker.ts'

/** An agent state: the assistant's model answers the task, calling tools on the way until it has an answer. */
export function prepareAgent(
  step: Step,
  work: AgentWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
): PreparedStep {
  const { assistant } = work
  const task = agentTask(step, work, warn)
  const described = work.outputSchema ? renderText(work.outputSchema, step.context, warn) : undefined
  const schema = described === undefined ? undefined : enforcedSchemaOf(described)
  const render = (server: McpServer) => kit.endpointOf(server, step.context, warn)
  const speaker = speakerOf(
    assistant,
    { ...kit, render },
    {
      ...(described === undefined ? {} : { instruction: answerForm(described, schema !== undefined) }),
      ...(schema ? { responseSchema: { name: 'answer', schema } } : {}),
    },
  )
  // A task that renders to nothing leaves the run's own input as what is asked.
  const turn = task === '' ? step.input.text : task
  return {
    task,
    async intend() {
      const skills = await kit.skillTextsOf(assistant)
      const request = intentOf(speaker)
      return { task: turn, request: skills.length === 0 ? request : [request, skills] }
    },
    async execute(effects) {
      const messages = openingMessages(speaker, step.history.toArray(), turn, showFiles(step))
      const conversation = new Conversation(effects)
      const ask = (sent: readonly ChatMessage[]) => conversation.converse(speaker, sent)
      if (!schema) {
        const reply = await ask(messages)
        if (reply.finishReason === 'length') effects.warn(truncated(reply))
        return reply.text
      }
      return dumpsJson(fromJson(await kit.structured.request({ schema, messages, ask })))
    },
  }
}

function truncated({ model }: ModelReply): StepWarning {
  return {
    code: 'model-output-truncated',
    message: `The answer of ${model} hit its length limit and is not complete. Raise \`max_tokens\` in the parameters of the assistant, or ask for less`,
  }
}

function answerForm(schema: string, isEnforced: boolean): string {
  return isEnforced
    ? `Your answer is read by a program as JSON of this schema:\n${schema}`
    : `Answer with one JSON document and nothing around it. It must have this form:\n${schema}`
}
