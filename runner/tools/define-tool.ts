import { StepFailure } from '../failure.ts'
import type { Tool, ToolContext, ToolReach } from './tool.ts'

/** Keys of `.codemie/config.yaml` that widen what tools may do; refusals name them. */
export const POLICY_KEYS = {
  hosts: 'policy.http_allow_hosts in .codemie/config.yaml',
  commands: 'policy.commands in .codemie/config.yaml',
  write: 'policy.write_paths in .codemie/config.yaml',
  mcpHosts: 'mcp.allowed_hosts in .codemie/config.yaml',
  mcpCommands: 'mcp.allowed_commands in .codemie/config.yaml',
} as const

/** A tool of this project, with what only the registry and the documentation need. */
export interface BuiltInTool extends Tool {
  /** Other names under which an argument may be given: `{ file_path: 'path' }`. */
  readonly argumentNames: Readonly<Record<string, string>>
}

/** What {@link defineTool} is told; everything not here is filled in. */
export interface ToolDefinition<Args> {
  readonly name: string
  readonly description: string
  readonly reach: ToolReach
  readonly aliases?: readonly string[]
  readonly integration?: Tool['integration']
  readonly argumentNames?: Readonly<Record<string, string>>
  /** JSON Schemas of the arguments by name. */
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly required?: readonly string[]
  run(args: Args, context: ToolContext): Promise<unknown>
}

/**
 * Makes a tool. `Args` is the type that `properties` and `required` describe: the registry has checked the arguments
 * before `run` is called.
 */
export function defineTool<Args>(definition: ToolDefinition<Args>): BuiltInTool {
  return {
    name: definition.name,
    description: definition.description,
    reach: definition.reach,
    aliases: definition.aliases ?? [],
    ...(definition.integration === undefined ? {} : { integration: definition.integration }),
    argumentNames: definition.argumentNames ?? {},
    parameters: {
      type: 'object',
      properties: definition.properties,
      required: definition.required ?? [],
      additionalProperties: false,
    },
    run: (args, context) => definition.run(args as Args, context),
  }
}

/** Refused by what the project allows. `help` names the key of `.codemie/config.yaml` that would change it. */
export function refusedByPolicy(tool: string, message: string, help: string): StepFailure {
  return new StepFailure('tool-refused', `${tool}: ${message}`, { blame: 'policy', help })
}

/** The tool was used rightly and could not do its work; `help` says what would make it work. */
export function toolFailed(tool: string, message: string, help?: string): StepFailure {
  return new StepFailure('tool-failed', `${tool}: ${message}`, { blame: 'tool', help })
}

/** An argument passed its schema and still makes no sense, e.g. a line range that ends before it starts. */
export function badArgument(tool: string, argument: string, message: string, help?: string): StepFailure {
  return new StepFailure('tool-arguments-invalid', `${tool}: argument "${argument}" ${message}`, {
    blame: 'workflow',
    help,
  })
}
