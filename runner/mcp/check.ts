import type { RepositoryConfig } from '../../schema/config.ts'
import type { McpServer } from '../../schema/workflow.ts'
import { StepFailure } from '../failure.ts'
import type { PreflightProblem } from '../preflight.ts'
import { REPOSITORY, unknownServer, type WrittenServer, writtenServer } from './endpoint.ts'
import { decideAddress, decideCommand, decideVariable, mcpPolicyOf, serverTitle } from './policy.ts'
import { namesIn, notGiven } from './variables.ts'

/** A server as a plan shows it: nothing is started, and no value of the context or of a variable is in it. */
export interface DescribedServer {
  readonly name: string
  /** The program to start. Absent: it is reached at an address. */
  readonly program?: string
  /** The program with its arguments. */
  readonly command?: string
  readonly url?: string
  /** Environment variables whose values it gets. */
  readonly variables: readonly string[]
}

/** What is known of a server from the workflow and the config. */
export function describeServer(server: McpServer, config: RepositoryConfig): DescribedServer {
  const written = writtenServer(server, config)
  if (!written) return { name: server.name, variables: [] }
  const { command, args, url, variables } = written
  const needed = namesOf(written).flatMap((name) => variables[name] ?? [])
  return {
    name: server.name,
    ...(command === undefined ? {} : { program: command, command: [command, ...args].join(' ') }),
    ...(url === undefined ? {} : { url }),
    variables: [...new Set(needed)],
  }
}

/** Everything that would keep a server from being used and can be known without starting it. */
export function problemsOf(server: McpServer, config: RepositoryConfig): readonly PreflightProblem[] {
  const title = serverTitle(server.name)
  if (!server.enabled)
    return [{ message: `${title} is switched off`, help: "Remove its 'enabled: false', or the tool." }]
  const written = writtenServer(server, config)
  if (!written) return [problemOf(unknownServer(server))]
  const policy = mcpPolicyOf(config)
  const { command, url, ownEnv, variables } = written
  const checks: (() => unknown)[] = [
    () => isFixed(command) && decideCommand(command, policy, server.name),
    () => isFixed(url) && decideAddress(url, policy, server.name),
    ...Object.keys(ownEnv).map((name) => () => decideVariable(name, server.name)),
    ...namesOf(written).map((name) => () => {
      if (name !== REPOSITORY && !Object.hasOwn(variables, name)) throw notGiven(server.name, name)
    }),
  ]
  return [...unsupportedIn(server), ...checks.flatMap(failureOf)]
}

/** How CodeMie can reach a server, and we cannot. */
function unsupportedIn({ name, config }: McpServer): readonly PreflightProblem[] {
  const found: [boolean, string, string][] = [
    [
      config['type'] === 'sse',
      'speaks the older form of MCP over HTTP (sse)',
      'Give the address at which it speaks streamable HTTP.',
    ],
    [
      config['auth_config'] !== undefined && config['auth_config'] !== null,
      'wants a token to be fetched for it (auth_config)',
      `Fetch the token before the run, and give it as auth_token: \${token} of an integration.`,
    ],
  ]
  return found
    .filter(([uses]) => uses)
    .map(([, what, help]) => ({
      message: `${serverTitle(name)} ${what}, which this version does not do`,
      help,
    }))
}

/** Names of variables in the texts that a server gets. */
function namesOf({ command = '', url = '', env, headers }: WrittenServer): readonly string[] {
  const texts = [command, url, ...Object.values(env), ...Object.values(headers)]
  return [...new Set(texts.flatMap(namesIn))]
}

/** Whether a text is the same in every step. */
function isFixed(text: string | undefined): text is string {
  return text !== undefined && !/\{\{|\{%|\$/.test(text)
}

function failureOf(check: () => unknown): readonly PreflightProblem[] {
  try {
    check()
    return []
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    return [problemOf(error)]
  }
}

function problemOf({ message, help = '', blame }: StepFailure): PreflightProblem {
  return { message, help, ...(blame === 'policy' ? { isPolicy: true } : {}) }
}
