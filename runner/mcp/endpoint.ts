import type { McpServerSettings, RepositoryConfig } from '../../schema/config.ts'
import type { PyDict } from '../../schema/language/index.ts'
import { allowsTool, type McpServer } from '../../schema/workflow.ts'
import type { StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { renderText } from '../steps/render-text.ts'
import { decideVariable } from './policy.ts'

/**
 * An MCP server as a step asks for it, with the values of the context in it. In the place of secrets stands `${NAME}`:
 * what asks for it, and what is journaled of that, knows the names of variables only.
 */
export interface McpEndpoint {
  readonly name: string
  /** How it is reached: a program that is started, or an address. */
  readonly reach:
    | {
        readonly command: string
        readonly args: readonly string[]
        /** Where the program starts: in an empty folder of its own, or at the root of the repository. */
        readonly cwd: McpServerSettings['cwd']
      }
    | { readonly url: string; readonly headers: Readonly<Record<string, string>> }
  /** Environment of the program beside what every program gets. */
  readonly env: Readonly<Record<string, string>>
  /** Names that may stand in `${NAME}`, and the environment variable that each stands for. */
  readonly variables: Readonly<Record<string, string>>
  /** Adds its credentials to requests for its own address. */
  readonly integrationAlias?: string
  /** Start it anew for each call. */
  readonly singleUsage: boolean
  /** Tools that may be used. Absent: all. */
  readonly tools?: readonly string[]
  /** Digest of the list of tools that it must have. Absent: any will do. */
  readonly toolsSha256?: string
}

/** How a server is written, before anything of the context is in it. */
export interface WrittenServer {
  readonly command?: string
  readonly args: readonly string[]
  readonly cwd: McpServerSettings['cwd']
  readonly url?: string
  readonly headers: Readonly<Record<string, string>>
  /** As the workflow writes it; may not name what decides which code a program loads. */
  readonly ownEnv: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly variables: Readonly<Record<string, string>>
  readonly tools?: readonly string[]
  readonly toolsSha256?: string
}

/** In `args` and elsewhere: the root of the repository. */
export const REPOSITORY = 'REPOSITORY'

/**
 * Puts together what a workflow says of a server, what its entry under `mcp.servers` of the config says, and the
 * variables of its integration. `undefined`: `mcp_config_id` names no entry, and the workflow does not say how it is reached.
 */
export function writtenServer(
  server: McpServer,
  { mcp, integrations }: RepositoryConfig,
): WrittenServer | undefined {
  const own = server.config
  const id = textOf(own['mcp_config_id'])
  const isInline = textOf(own['command']) !== undefined || textOf(own['url']) !== undefined
  const known = id === undefined ? undefined : mcp.servers.get(id)
  if (!known && !isInline) return undefined
  const settings = isInline && own['use_custom_config'] === true ? undefined : known
  const integration =
    server.integrationAlias === undefined ? undefined : integrations.get(server.integrationAlias)
  const ownEnv = settings ? {} : textsOf(own['env'])
  const variables = { ...integration?.env, ...settings?.env, ...prefixed(settings?.headersEnv) }
  const passed = Object.keys({ ...integration?.env, ...settings?.env }).filter(
    (name) => !NOT_PASSED.has(name),
  )
  const tools = allowedTools(server.tools, settings?.tools)
  return {
    ...(settings
      ? {
          ...(settings.command === undefined ? {} : { command: settings.command }),
          ...(settings.url === undefined ? {} : { url: settings.url }),
        }
      : reachedInline(own)),
    args: settings ? settings.args : listOf(own['args']),
    cwd: settings?.cwd ?? 'empty',
    headers: settings ? placeholders(settings.headersEnv, HEADER) : inlineHeaders(own),
    ownEnv,
    env: { ...Object.fromEntries(passed.map((name) => [name, `\${${name}}`])), ...ownEnv },
    variables,
    ...(tools === undefined ? {} : { tools }),
    ...(settings?.toolsSha256 === undefined ? {} : { toolsSha256: settings.toolsSha256 }),
  }
}

/** Purposes of an integration's secrets, which are no names of variables; `${token}` puts them where they belong. */
const NOT_PASSED = new Set(['token', 'password'])

/** Before the names of headers, so that a header and a variable of one name are two things. */
const HEADER = 'header:'

function prefixed(headersEnv: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headersEnv).map(([name, variable]) => [`${HEADER}${name}`, variable]),
  )
}

function placeholders(names: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, `\${${prefix}${name}}`]))
}

function reachedInline(own: McpServer['config']): Pick<WrittenServer, 'command' | 'url'> {
  const command = textOf(own['command'])
  const url = textOf(own['url'])
  return command === undefined ? { ...(url === undefined ? {} : { url }) } : { command }
}

function inlineHeaders(own: McpServer['config']): Readonly<Record<string, string>> {
  const token = textOf(own['auth_token'])
  return { ...textsOf(own['headers']), ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) }
}

/** Both lists count where there are two; an empty one of a workflow is none. */
function allowedTools(
  own: readonly string[],
  settings: readonly string[] | undefined,
): readonly string[] | undefined {
  if (own.length === 0) return settings
  return settings ? settings.filter((name) => allowsTool(own, name)) : own
}

/**
 * A server with the values of the context in it: arguments with the context alone; address, program, headers and
 * variables also with the server's own variables, which come before it. Spec/codemie 1.6.
 *
 * Fails with a `StepFailure`: `mcp-server-unknown`, or `tool-refused` for a variable that a workflow may not set.
 */
export function renderEndpoint(
  server: McpServer,
  config: RepositoryConfig,
  context: PyDict,
  warn: (warning: StepWarning) => void,
): McpEndpoint {
  const written = writtenServer(server, config)
  if (!written) throw unknownServer(server)
  for (const name of Object.keys(written.ownEnv)) decideVariable(name, server.name)
  const { at } = server
  const withVariables = context.copy()
  const named = { ...placeholders(written.variables, ''), ...written.env }
  for (const [name, value] of Object.entries(named)) withVariables.set(name, value)
  const render = (value: string) => renderText({ value, at }, withVariables, warn)
  const renderAll = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, render(value)]))
  return {
    name: server.name,
    reach:
      written.command === undefined
        ? { url: render(written.url ?? ''), headers: renderAll(written.headers) }
        : {
            command: render(written.command),
            args: written.args.map((value) => renderText({ value, at }, context, warn)),
            cwd: written.cwd,
          },
    env: written.env,
    variables: written.variables,
    ...(server.integrationAlias === undefined ? {} : { integrationAlias: server.integrationAlias }),
    singleUsage: server.config['single_usage'] === true,
    ...(written.tools === undefined ? {} : { tools: written.tools }),
    ...(written.toolsSha256 === undefined ? {} : { toolsSha256: written.toolsSha256 }),
  }
}

/** A workflow names an entry of `mcp.servers` that is not there. */
export function unknownServer({ name, config }: McpServer): StepFailure {
  const id = textOf(config['mcp_config_id']) ?? name
  return new StepFailure(
    'mcp-server-unknown',
    `MCP server '${name}': there is no '${id}' among mcp.servers`,
    {
      blame: 'workflow',
      help: `Say how it is reached: mcp: { servers: { ${id}: { command: … } } } in .codemie/config.yaml.`,
    },
  )
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Values of a workflow may be numbers or truth values; programs and headers get text. */
function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {}
  const given = Object.entries(value).filter(([, one]) => one !== null && one !== undefined)
  return Object.fromEntries(given.map(([name, one]) => [name, String(one)]))
}

function listOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  return Array.isArray(value) ? value.map(String) : []
}
