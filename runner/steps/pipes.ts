import type { StepEffects } from '../engine/step-effects.ts'
import type { StepKit } from './kit.ts'

/** Name of the tool that gives what the pipes of a folder make of a message. No assistant is ever offered it. */
export const PASS_PIPES = 'pass_pipes'

/** What is told to whom. */
export interface ToldMessage {
  readonly text: string
  readonly role: string
  /** Folder that the role works in, from the root of the repository. Default: the root. */
  readonly folder?: string | undefined
  /** Messages that it has had before in the conversation. */
  readonly earlier: number
  /** Set for the programs of the pipes. */
  readonly env: Readonly<Record<string, string>>
}

/** Gives what a role is told: the message as it is, unless its folder had pipes when the run began. */
export async function throughPipes(
  { folder = '.', ...message }: ToldMessage,
  { pipeFolders }: Pick<StepKit, 'pipeFolders'>,
  effects: Pick<StepEffects, 'tool'>,
): Promise<string> {
  if (!pipeFolders?.has(folder)) return message.text
  return String(await effects.tool({ tool: PASS_PIPES, args: { ...message, folder } }))
}
