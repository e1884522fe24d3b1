import type { Assistant, McpServer } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { StepEffects, StepWarning } from '../engine/step-effects.ts'
import type { StepKit } from './kit.ts'
import { fillProjectValues, type PromptPlace } from './project-values.ts'
import { type Speaker, speakerOf } from './speaker.ts'

/** A role made ready to be asked. */
export interface ReadyRole {
  readonly speaker: Speaker
  /** What its conversations begin with; empty where it greets nobody. */
  readonly greeting: readonly Message[]
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
