import type { PyDict } from '../../schema/language/index.ts'
import type { Assistant } from '../../schema/workflow.ts'
import type { StructuredOutput } from '../models/structured.ts'
import type { Tool } from '../tools/tool.ts'

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
  readonly findTool: (name: string, integrationAlias?: string) => OfferedTool | undefined
  /** What an assistant may call: the tools it names, and those that search its datasources. */
  readonly toolsOf: (assistant: Assistant) => readonly OfferedTool[]
  /** Gets JSON of a given shape from models, and checks it. */
  readonly structured: StructuredOutput
  /** Documents of a datasource, by its id. Fails with a `StepFailure` when it is not configured. */
  readonly documentsOf: (datasourceId: string, signal: AbortSignal) => Promise<readonly PyDict[]>
}

/** A tool in the hands of an assistant or a state. */
export interface OfferedTool {
  readonly tool: Tool
  /** Whose credentials its calls use. */
  readonly integrationAlias?: string
}
