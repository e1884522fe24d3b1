import type { McpServer } from '../../schema/workflow.ts'

/**
 * Where a tool's effect ends up. `read` looks at the repository, `network` reads from elsewhere, `write` changes files
 * of the working tree, `outside` changes something beyond it (a command, a POST).
 */
export type ToolReach = 'read' | 'network' | 'write' | 'outside'

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
  /** Secrets that HTTP tools may add; those of the integration that the call names, and no others. Default: none. */
  readonly credentials?: readonly HttpCredential[]
}

/**
 * A secret that HTTP tools add to requests for one origin. It never passes through arguments, so no model sees it and no
 * record holds it.
 */
export interface HttpCredential {
  /** Scheme, host and port as `URL.origin` writes them, e.g. `https://api.example.com`. */
  readonly origin: string
  /** Header to set, e.g. `Authorization`. */
  readonly header: string
  /** Its whole value, e.g. `Bearer …`. */
  readonly value: string
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
