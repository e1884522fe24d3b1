import type { StepEffects } from '../engine/step-effects.ts'
import type { ChatMessage, ModelReply } from '../models/model.ts'
import { count } from '../report/plain-text.ts'

/**
 * Asks a program that answers as an agent (ACP) what a model would be asked, and gives its answer as a model's. It is
 * started for this alone: what was said before is part of what it is told.
 */
export async function askProgram(
  effects: StepEffects,
  command: readonly string[],
  messages: readonly ChatMessage[],
): Promise<ModelReply> {
  const images = messages.reduce((sum, message) => sum + imagesOf(message), 0)
  if (images > 0) {
    effects.warn({
      code: 'agent-images-left-out',
      message: `Agents get text only, so ${count(images, 'attached image')} ${images === 1 ? 'is' : 'are'} left out`,
    })
  }
  const { text, usage, costUsd } = await effects.agent({ command, text: promptOf(messages) })
  return { text, usage, costUsd, toolCalls: [], finishReason: 'stop', model: command.join(' ') }
}

function imagesOf(message: ChatMessage): number {
  return message.role === 'user' ? (message.images?.length ?? 0) : 0
}

/**
 * A conversation as one text: the last message alone where there is nothing else, or else under headings what the system
 * prompt says, what was said before, and what is asked.
 */
export function promptOf(messages: readonly ChatMessage[]): string {
  const last = messages.at(-1)
  const instructions = messages.filter(({ role }) => role === 'system')
  const earlier = messages.slice(0, -1).filter(({ role }) => role !== 'system')
  const task = last?.content ?? ''
  if (instructions.length + earlier.length === 0) return task
  const said = earlier.map(({ role, content }) => `## ${SPEAKERS[role]}\n\n${content}`)
  return [
    ...section(
      'Instructions',
      instructions.map(({ content }) => content),
    ),
    ...section('Said before', said),
    ...section('Your task', [task]),
  ].join('\n\n')
}

const SPEAKERS: Readonly<Record<ChatMessage['role'], string>> = {
  system: 'Instructions',
  user: 'User',
  assistant: 'Assistant',
  tool: 'Tool',
}

function section(title: string, parts: readonly string[]): readonly string[] {
  return parts.length === 0 ? [] : [`# ${title}`, ...parts]
}
