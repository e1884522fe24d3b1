import { isAbsolute } from 'node:path'
import type { RepositoryConfig } from '../../schema/config.ts'
import type { Position } from '../../schema/diagnostic.ts'
import { assistantsOf } from '../../schema/needs.ts'
import type { Workflow } from '../../schema/workflow.ts'
import { StepFailure } from '../failure.ts'
import { isOnPath } from '../process/on-path.ts'
import { agentSettings, agentTitle, allowedAgent } from './policy.ts'

/** Why an assistant cannot be asked that is a program. */
export interface AgentProblem {
  readonly at: Position
  readonly message: string
  readonly help: string
}

/** Command lines of the agents that a workflow can ask, each once. */
export function programsOf(workflow: Pick<Workflow, 'states'>): readonly (readonly string[])[] {
  const commands = assistantsOf(workflow).flatMap(({ command }) => (command ? [command] : []))
  return [...new Map(commands.map((command) => [JSON.stringify(command), command])).values()]
}

/** Agents of a workflow that the config does not allow. */
export function refusedAgents(
  workflow: Pick<Workflow, 'states'>,
  config: Pick<RepositoryConfig, 'policy'>,
): readonly AgentProblem[] {
  return assistantsOf(workflow).flatMap(({ command, at }): AgentProblem[] => {
    if (command === undefined) return []
    try {
      allowedAgent(command, config)
      return []
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error
      return [{ at, message: error.message, help: error.help ?? '' }]
    }
  })
}

/** Agents whose program is not there. A path from the folder that it will work in is not looked at. */
export function missingPrograms(
  workflows: readonly Pick<Workflow, 'states'>[],
  env: Readonly<Record<string, string | undefined>>,
): readonly { readonly message: string; readonly help: string }[] {
  return workflows
    .flatMap(programsOf)
    .filter(([program = '']) => !(isRelative(program) || isOnPath(program, env)))
    .map((command) => ({
      message: `${agentTitle(command)}: there is no program '${command[0]}' here`,
      help: 'Install it in the job, or correct its command.',
    }))
}

/** Whether an agent is allowed and its program there, for those that need not be. */
export function startableAgents(
  { config }: { readonly config: Pick<RepositoryConfig, 'policy'> },
  { env }: { readonly env: Readonly<Record<string, string | undefined>> },
): (command: readonly string[]) => boolean {
  return (command) => agentSettings(command, config) !== undefined && isOnPath(command[0] ?? '', env)
}

function isRelative(program: string): boolean {
  return /[/\\]/.test(program) && !isAbsolute(program)
}
