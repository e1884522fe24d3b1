import type { AgentSettings, RepositoryConfig } from '../../schema/config.ts'
import { StepFailure } from '../failure.ts'

/** An agent by its command line, as messages begin. */
export function agentTitle(command: readonly string[]): string {
  return `Agent '${command.join(' ')}'`
}

/**
 * What the config says of an agent: of the entries whose words its command begins with, the one with the most.
 * `undefined`: it may not be started.
 */
export function agentSettings(
  command: readonly string[],
  { policy: { agents } }: Pick<RepositoryConfig, 'policy'>,
): AgentSettings | undefined {
  return [...agents.values()]
    .filter(({ words }) => words.length > 0 && words.every((word, index) => command[index] === word))
    .sort((a, b) => b.words.length - a.words.length)[0]
}

/** The same for an agent that is to be started. Fails with a `StepFailure` blamed on policy. */
export function allowedAgent(
  command: readonly string[],
  config: Pick<RepositoryConfig, 'policy'>,
): AgentSettings {
  const settings = agentSettings(command, config)
  if (settings) return settings
  const known = [...config.policy.agents.keys()].join(', ') || 'none'
  throw new StepFailure(
    'agent-not-allowed',
    `${agentTitle(command)}: the program is not allowed (allowed: ${known})`,
    {
      blame: 'policy',
      help: `Add it under policy.agents in .codemie/config.yaml: agents: { "${command[0] ?? ''}": {} }.`,
    },
  )
}

/** Whether an agent hears a yes when it asks. What it does not tell the kind of is `other`. */
export function mayDo({ allowed }: Pick<AgentSettings, 'allowed'>, kind: string | null | undefined): boolean {
  return allowed.some((one) => one === (kind ?? 'other'))
}
