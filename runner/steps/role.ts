import type { Assistant, McpServer } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { StepEffects, StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import type { ShownFiles } from './attachments.ts'
import { Conversation, openingMessages } from './conversation.ts'
import type { StepKit } from './kit.ts'
import { fillProjectValues, type PromptPlace } from './project-values.ts'
import { type Speaker, speakerOf } from './speaker.ts'

/** A role made ready to be asked. */
export interface ReadyRole {
  readonly speaker: Speaker
  /** What its conversations begin with; empty where it greets nobody. */
  readonly greeting: readonly Message[]
}

/** Where and in which conversation a role is asked. */
export interface RoleTalk {
  readonly place: PromptPlace
  /** Executions with the same name go on with one conversation of a program. Absent: each begins a new one. */
  readonly session?: string
}

/**
 * Asks a role: its model with all that was said, or its program with the task alone, since that keeps what was said itself.
 * Gives the answer as it came.
 */
export async function askRole(
  effects: StepEffects,
  { speaker, greeting }: ReadyRole,
  {
    task,
    earlier,
    files,
  }: { readonly task: string; readonly earlier: readonly Message[]; readonly files: ShownFiles },
  { place: { folder }, session }: RoleTalk,
): Promise<string> {
  const { command } = speaker.assistant
  if (command !== undefined) {
    const { text } = await effects.agent({
      command,
      text: task + files.text,
      ...(folder === undefined ? {} : { cwd: folder }),
      ...(session === undefined ? {} : { session }),
    })
    return text
  }
  const messages = openingMessages(speaker, [...greeting, ...earlier], task, files)
  const { text } = await new Conversation(effects).converse(speaker, messages)
  return text
}

/** The answer, if it is one. Fails with `empty-answer`. */
export function notEmpty(answer: string, help: string): string {
  if (answer !== '') return answer
  throw new StepFailure('empty-answer', 'The answer is empty', { blame: 'model', retryable: true, help })
}

/** Makes a role ready: its prompt and greeting can name values of the project, as the prompt of a step can. */
export async function readyRole(
  assistant: Assistant,
  { context }: Pick<Step, 'context'>,
  place: PromptPlace,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
  effects: StepEffects | undefined,
): Promise<ReadyRole> {
  const render = (server: McpServer) => kit.endpointOf(server, context, warn)
  const speaker = speakerOf(assistant, { ...kit, render })
  const text = await fillProjectValues(assistant.greeting ?? '', place, effects)
  return {
    speaker: { ...speaker, system: await fillProjectValues(speaker.system, place, effects) },
    greeting: text.trim() === '' ? [] : [{ role: 'assistant', text }],
  }
}
