import { stat } from 'node:fs/promises'
import { RUN_SCRIPT } from '../steps/script.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

/** What is started for a script of a definition. */
export interface ScriptProgram {
  /** As the policy names it. */
  readonly program: string
  readonly args: readonly string[]
}

/** A path that there is in the repository is started as it is, anything else by `sh -c`. */
export async function programOfScript(
  command: string,
  context: Pick<ToolContext, 'root'>,
): Promise<ScriptProgram> {
  return (await isFile(command, context))
    ? { program: command, args: [] }
    : { program: 'sh', args: ['-c', command] }
}

/** Whether a command is a file of the repository. What may not be looked at is none. */
async function isFile(command: string, context: Pick<ToolContext, 'root'>): Promise<boolean> {
  if (/\s/.test(command)) return false
  const place = await resolveInRoot(context, command, { tool: RUN_SCRIPT, argument: 'command' }).catch(
    () => undefined,
  )
  const found = place && (await stat(place.absolute).catch(() => undefined))
  return found?.isFile() ?? false
}
