import type { PyDict } from '../../schema/language/index.ts'
import type { Assistant, McpServer, ToolWork } from '../../schema/workflow.ts'
import type { PinnedTool } from '../effect.ts'
import type { StepWarning } from '../engine/step-effects.ts'
import type { McpEndpoint } from '../mcp/endpoint.ts'
import type { ToolOffer } from '../models/model.ts'
import type { StructuredOutput } from '../models/structured.ts'
import type { Guardrail } from '../policy/guardrails.ts'
import type { ServerTool, Tool } from '../tools/tool.ts'

/** What steps are made with: everything they need to know that is not in the step itself. Fixed for a run. */
export interface StepKit {
  /** Model for a state whose assistant names none. */
  readonly defaultModel: string
  /** Replaces every model choice of the workflow, for a person who tries things out. */
  readonly modelOverride?: string
  /** Asked in order when a chosen model cannot answer. */
  readonly fallbackModels: readonly string[]
  /**
   * Looks a tool up by the name a workflow uses, with the integration that it will use: the named one, or the only one
   * that fits. `undefined`: nothing provides it.
   */
  readonly findTool: (name: string, integrationAlias?: string) => FoundTool | undefined
  /** What an assistant may call: the tools it names, and those that search its datasources. */
  readonly toolsOf: (assistant: Assistant) => readonly OfferedTool[]
  /** All that an assistant can read in its skills, those that it can ask included, as values that are equal for equal texts. */
  readonly skillTextsOf: (assistant: Assistant) => Promise<readonly unknown[]>
  /** The tool of an MCP server that a state calls. `undefined`: it calls a tool of the project's own, or none. */
  readonly serverToolOf: (work: ToolWork) => ServerTool | undefined
  /** The MCP servers whose tools an assistant may call. */
  readonly serversOf: (assistant: Assistant) => readonly UsedServer[]
  /** A server with the values of the context in it. Fails with a `StepFailure` when it is not known or not allowed. */
  readonly endpointOf: (
    server: McpServer,
    context: PyDict,
    warn: (warning: StepWarning) => void,
  ) => McpEndpoint
  /** Gets JSON of a given shape from models, and checks it. */
  readonly structured: StructuredOutput
  /** Guardrails that the workflow names. */
  readonly guardrails: ReadonlyMap<string, Guardrail>
  /** Folders whose roles get messages through pipes, from the root of the repository. Default: none. */
  readonly pipeFolders?: ReadonlySet<string>
  /** Documents of a datasource, by its id. Fails with a `StepFailure` when it is not configured. */
  readonly documentsOf: (datasourceId: string, signal: AbortSignal) => Promise<readonly PyDict[]>
}

/** What a name stands for. */
export interface FoundTool {
  readonly tool: Tool
  /** Whose credentials its calls use. */
  readonly integrationAlias?: string
}

/** A tool in the hands of an assistant. */
export interface OfferedTool {
  readonly tool: ToolOffer
  /** Whose credentials its calls use. */
  readonly integrationAlias?: string
  /** The server that has it. Absent: it is one of the project's own. */
  readonly mcp?: {
    readonly server: McpEndpoint
    readonly called: PinnedTool
    /** Tokens of its output that the model gets to see. Absent: as of every tool of the assistant. */
    readonly tokensLimit?: number
  }
}

/** A server in the hands of an assistant. */
export interface UsedServer {
  readonly server: McpServer
  /** Names under which the workflow knows its tools, by the names they have there. Absent: all, by their own names. */
  readonly names?: ReadonlyMap<string, string>
}
