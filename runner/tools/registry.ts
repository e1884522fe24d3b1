import { nearestName } from '../../schema/nearest.ts'
import type { ToolReply, ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { checkArguments } from './check-arguments.ts'
import { foreignTool } from './foreign-names.ts'
import type { Tool, ToolContext } from './tool.ts'

/** What a name stands for, or why it stands for nothing. */
export type ToolLookup =
  | { readonly found: true; readonly tool: Tool }
  | { readonly found: false; readonly problem: string; readonly help: string }

/** The tools of a run, and how names in workflows find them. */
export interface ToolRegistry {
  /** In the order in which they were given; no two have the same name. */
  readonly tools: readonly Tool[]
  /**
   * Finds a tool by a name as a workflow writes it. In this order: the project's own mapping, a tool's name, an alias,
   * and for a name that starts with `_` the first tool whose name contains it. There a tool counts as if it stood
   * behind a prefix (`local_read_file`), as tools of a plugin do in CodeMie.
   */
  find(name: string): ToolLookup
}

/**
 * Makes a registry.
 *
 * @param tools built-in tools and those of servers; of two with the same name the first counts.
 * @param mapping names of workflows to names of `tools`, or to tools that only this mapping finds. Source:
 * `tools.<name>.use` and `tools.<name>.mcp` in `.codemie/config.yaml`.
 * @param further names of tools that were not loaded, to tell what a mistyped name may mean.
 */
export function createToolRegistry(
  tools: readonly Tool[],
  mapping: Readonly<Record<string, string | Tool>> = {},
  further: readonly string[] = [],
): ToolRegistry {
  const byName = new Map<string, Tool>()
  for (const tool of tools) if (!byName.has(tool.name)) byName.set(tool.name, tool)
  const byAlias = new Map<string, Tool>()
  for (const tool of byName.values()) {
    for (const alias of tool.aliases) if (!byAlias.has(alias)) byAlias.set(alias, tool)
  }

  const findHere = (name: string): Tool | undefined => {
    const exact = byName.get(name) ?? byAlias.get(name)
    if (exact !== undefined || !name.startsWith('_')) return exact
    const plain = name.replace(/^_+/, '')
    return (
      byName.get(plain) ??
      byAlias.get(plain) ??
      [...byName.values()].find((tool) => `_${tool.name}`.includes(name)) ??
      [...byAlias].find(([alias]) => `_${alias}`.includes(name))?.[1]
    )
  }

  return {
    tools: [...byName.values()],
    find(name) {
      const mapped = Object.hasOwn(mapping, name) ? mapping[name] : undefined
      if (typeof mapped === 'object') return { found: true, tool: mapped }
      if (mapped !== undefined) {
        const tool = findHere(mapped)
        if (tool !== undefined) return { found: true, tool }
        return {
          found: false,
          problem: `tools.${name}.use in .codemie/config.yaml names "${mapped}", which is no tool`,
          help: suggest(mapped, byName, [...byAlias.keys(), ...further]),
        }
      }
      const tool = findHere(name)
      if (tool !== undefined) return { found: true, tool }
      return {
        found: false,
        problem: `there is no tool "${name}" here`,
        help: `${suggest(name, byName, [...byAlias.keys(), ...further])} To let another tool stand for it, write tools: { ${name}: { use: <tool> } } in .codemie/config.yaml.`,
      }
    },
  }
}

/**
 * Carries out one tool call: finds the tool, checks the arguments, runs it.
 *
 * Fails with a `StepFailure`: `tool-unknown`, `tool-arguments-invalid`, or whatever the tool fails with. Any other error
 * is a bug of the tool and is passed on as it is.
 */
export async function runTool(
  registry: ToolRegistry,
  request: ToolRequest,
  context: ToolContext,
): Promise<ToolReply> {
  context.signal.throwIfAborted()
  const lookup = registry.find(request.tool)
  if (!lookup.found) {
    throw new StepFailure('tool-unknown', lookup.problem, { blame: 'workflow', help: lookup.help })
  }
  const args = await checkArguments(lookup.tool, request.args)
  return { result: await lookup.tool.run(args, context) }
}

function suggest(name: string, byName: ReadonlyMap<string, Tool>, further: readonly string[]): string {
  const foreign = foreignTool(name)
  if (foreign !== undefined) return foreign.instead
  const near = nearestName(name.replace(/^_+/, ''), [...byName.keys(), ...further])
  if (near !== undefined) return `Did you mean "${near}"?`
  return `Tools: ${[...byName.keys()].join(', ')}.`
}
