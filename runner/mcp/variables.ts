import { StepFailure } from '../failure.ts'
import { refusedByPolicy } from '../tools/define-tool.ts'
import { type McpEndpoint, REPOSITORY } from './endpoint.ts'
import { serverTitle } from './policy.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Puts values in the place of the names that stand in the texts of a server. */
export interface ServerVariables {
  /** Text with the values of `${NAME}` and, where the name is known, `$NAME`. Fails with a `StepFailure`. */
  readonly fill: (text: string) => string
  /** An argument: `${REPOSITORY}` is the only name in it, since arguments are no secret. */
  readonly fillArgument: (text: string) => string
  /** Values that must not leave this process but to the server. */
  readonly secrets: readonly string[]
}

const NAMED = /\$\{([^{}]+)\}|\$([A-Za-z_]\w*)/g

/** `root`: absolute path of the repository. */
export function variablesOf(
  { name: server, variables }: Pick<McpEndpoint, 'name' | 'variables'>,
  env: Env,
  root: string,
): ServerVariables {
  const valueNamed = (name: string): string => {
    if (name === REPOSITORY) return root
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined
    if (variable === undefined) throw notGiven(server, name)
    const value = env[variable]
    if (value === undefined || value === '') throw notSet(server, variable)
    return value
  }
  return {
    fill: (text) =>
      text.replace(NAMED, (all, braced: string | undefined, bare: string | undefined) => {
        if (braced !== undefined) return valueNamed(braced)
        return bare !== undefined && Object.hasOwn(variables, bare) ? valueNamed(bare) : all
      }),
    fillArgument: (text) => text.replaceAll(`\${${REPOSITORY}}`, () => root),
    secrets: Object.values(variables).flatMap((variable) => env[variable] || []),
  }
}

/** Names in `${NAME}` of a text, as written. */
export function namesIn(text: string): readonly string[] {
  return [...text.matchAll(NAMED)].flatMap(([, braced]) => braced ?? [])
}

/** The config names a variable for a server, and it is not set. */
export function notSet(server: string, variable: string): StepFailure {
  return new StepFailure(
    'mcp-variable-missing',
    `${serverTitle(server)} needs ${variable}, which is not set`,
    {
      blame: 'user',
      help: `Set ${variable} in the environment.`,
    },
  )
}

/** A workflow wants a variable for a server that the config does not give it. */
export function notGiven(server: string, name: string): StepFailure {
  return refusedByPolicy(
    serverTitle(server),
    `"\${${name}}" stands for nothing: a server gets the variables that the config names for it`,
    `Name it under env of the server (mcp.servers) or of its integration (integrations) in .codemie/config.yaml.`,
  )
}
