import type { McpServer } from '../../schema/workflow.ts'

/**
 * Where a tool's effect ends up. `read` looks at the repository, `network` reads from elsewhere, `write` changes files
 * of the working tree, `outside` changes something beyond it (a command, a POST), `propose` only asks for that.
 */
export type ToolReach = 'read' | 'network' | 'write' | 'outside' | 'propose'

/** A tool of an MCP server, by the name that it has there. */
export interface ServerTool {
  readonly server: McpServer
  readonly tool: string
}

/** A built-in tool: what a model or a tool state can call. */
export interface Tool {
  readonly name: string
  /** For the model, in one or two sentences. */
  readonly description: string
  /** JSON Schema of the arguments, an object schema with `additionalProperties: false`. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly reach: ToolReach
  /** Names that CodeMie workflows use for the same thing. */
  readonly aliases: readonly string[]
  /** An MCP server has it, which tells its parameters when a run asks. Absent: it is one of the project's own. */
  readonly mcp?: ServerTool
  /**
   * Types of integration, one of which it needs, or the one integration that it belongs to; `optional`: it can take any that
   * a call names. `undefined`: it takes none. Source: `INTEGRATION_TYPES`.
   */
  readonly integration?: readonly string[] | { readonly alias: string } | 'optional'
  /**
   * `args` are already checked against `parameters`. Returns text, or a JSON value.
   * Fails with a `StepFailure` (blame `tool` or `policy`).
   */
  run(args: Readonly<Record<string, unknown>>, context: ToolContext): Promise<unknown>
}

/** The world as a tool sees it. */
export interface ToolContext {
  /** Absolute real path of the repository root; nothing outside it is readable or writable. */
  readonly root: string
  /** Only what the tool needs; never the whole environment. */
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly policy: ToolPolicy
  /** The integration that the call uses. There is one whenever the tool needs one; see {@link Tool.integration}. */
  readonly integration?: ToolIntegration
  /** Waits before a request is repeated. Rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * An outside system as a tool sees it. Source: `integrations.<alias>` in `.codemie/config.yaml`, chosen by the
 * `integration_alias` of the tool's entry. It never passes through arguments, so no model sees it and no record holds it.
 */
export interface ToolIntegration {
  readonly alias: string
  /** A name in `INTEGRATION_TYPES`. */
  readonly type: string
  /** Where it is; the default of its type where none is written. */
  readonly url?: string
  readonly username?: string
  /** With the defaults of its type filled in. */
  readonly options: Readonly<Record<string, unknown>>
  /**
   * A secret by its role, `token` for the variable under `token_env`. Hand it on to the one request or child that needs
   * it. `undefined`: the config names none.
   *
   * @throws StepFailure `integration-secret-missing` when the variable is not set, or empty.
   */
  secret(role: string): string | undefined
}

/** What tools may do; from `.codemie/config.yaml`, `policy`. */
export interface ToolPolicy {
  /** Host patterns that HTTP tools may reach, e.g. `api.example.com`, `*.example.com`, `*`. Default: none. */
  readonly allowedHosts: readonly string[]
  /** Programs that the command tool may start. Default: none. */
  readonly allowedCommands: readonly string[]
  /** Whether tools may write files of the working tree. Default: true. */
  readonly writeFiles: boolean
  /** Globs on the path from the root that tools may write to. `undefined`: everywhere. */
  readonly writePaths?: readonly string[]
  /** Limit of one call in milliseconds. Default 120000. */
  readonly timeoutMs: number
  /** Bytes of output kept of one call. Default 1 MiB. */
  readonly maxOutputBytes: number
}
