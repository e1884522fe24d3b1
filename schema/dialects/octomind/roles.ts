import type { Located } from '../../diagnostic.ts'
import {
  type Assistant,
  allowsTool,
  bareAssistant,
  type McpServer,
  type ToolReference,
} from '../../workflow.ts'
import type {
  ConfigDraft,
  DraftLayer,
  DraftModel,
  DraftRole,
  DraftServer,
  DraftTools,
} from './config-draft.ts'

/** The assistant that a role of a configuration is. */
export function lowerRole(draft: ConfigDraft, role: DraftRole): Assistant {
  const name = role.name ?? { value: '', at: draft.document.at(role.node.start) }
  return {
    ...bareAssistant(name.value, name.at),
    name: name.value,
    description: role.description ?? '',
    systemPrompt: withoutOldMarks(role.system ?? ''),
    greeting: withoutOldMarks(role.welcome ?? ''),
    ...modelOf(role, draft.defaults),
    ...toolsOf(role.tools, draft),
  }
}

/** The assistant that a layer is: an agent, the role that the agent would serve where it is not there, or a model with a prompt. */
export function lowerLayer(draft: ConfigDraft, layer: DraftLayer): Assistant {
  const name = layer.name ?? { value: '', at: draft.document.at(layer.node.start) }
  const { command } = layer
  const bare = { ...bareAssistant(name.value, name.at), description: layer.description ?? '' }
  if (!command) {
    return {
      ...bare,
      systemPrompt: withValues(withoutOldMarks(layer.systemPrompt?.value ?? ''), layer.values),
      ...modelOf(layer, { ...draft.defaults, model: draft.sessionModel ?? draft.defaults.model }),
      ...toolsOf(layer.tools, draft),
    }
  }
  const words = command.value.trim().split(/\s+/)
  const served = roleOfCommand(words)
  if (served === undefined) return { ...bare, command: words }
  const role = draft.roles.find((one) => one.name?.value === served)
  const standIn: Partial<Assistant> = role ? lowerRole(draft, role) : { ref: served, name: served }
  const { id, description, at } = bare
  return { ...bare, ...standIn, id, description, at, command: words, commandIsOptional: true }
}

/** The role that `octomind acp <role>` serves; `undefined` for any other command. */
function roleOfCommand(words: readonly string[]): string | undefined {
  const [program, mode, role, ...more] = words
  return program === 'octomind' && mode === 'acp' && more.length === 0 ? role : undefined
}

function modelOf(own: DraftModel, defaults: DraftModel): Pick<Assistant, 'parameters'> & Partial<Assistant> {
  const model = own.model ?? defaults.model
  const { temperature, ...parameters } = { ...defaults.parameters, ...own.parameters }
  return {
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([key, value]) => [key, wholeOrNot(value)]),
    ),
    ...(model === undefined ? {} : { model }),
    ...(typeof temperature === 'number' ? { temperature } : {}),
  }
}

/** Definitions keep whole numbers as `bigint`. */
function wholeOrNot(value: number | string): number | string | bigint {
  return Number.isInteger(value) ? BigInt(value) : value
}

/** Servers of the file are MCP servers here, too; those that come with octomind have tools of ours in their place. */
function toolsOf(
  { servers: refs, allowed }: DraftTools,
  { servers }: ConfigDraft,
): Pick<Assistant, 'tools' | 'mcpServers'> {
  const tools: ToolReference[] = []
  const mcpServers: McpServer[] = []
  for (const ref of refs) {
    const server = servers.find(({ name }) => name?.value === ref.value)
    const isOurs = server === undefined || server.type === 'builtin' || server.command === 'octofs'
    const patterns = patternsFor(ref.value, allowed)
    if (isOurs) tools.push(...builtInTools(ref, patterns))
    else {
      const listed = listOf(server, patterns)
      if (listed) mcpServers.push(lowerServer(server, ref, listed))
    }
  }
  const once = new Map(tools.map((tool) => [tool.name, tool]))
  return { tools: [...once.values()], mcpServers }
}

/** What octomind's own tools are called here. Those that have no like are left out. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  view: ['read_file', 'list_directory'],
  view_many: ['read_multiple_files'],
  list_files: ['list_files'],
  text_editor: ['read_file', 'write_file', 'edit_file'],
  batch_edit: ['edit_file'],
  extract_lines: ['read_file'],
  ast_grep: ['search_files_by_regex'],
  content_search: ['search_files_by_regex'],
  semantic_search: ['search_files'],
  view_signatures: ['read_file'],
  shell: ['run_command'],
  web_search: [],
}

function builtInTools(
  { at }: Located<string>,
  patterns: readonly string[] | undefined,
): readonly ToolReference[] {
  return Object.entries(TOOLS).flatMap(([theirs, ours]) =>
    !patterns || allowsTool(patterns, theirs) ? ours.map((name) => ({ name, at })) : [],
  )
}

/** Tools that are on the list of a server and fit patterns, as a list. Empty: all of them. `undefined`: none of them. */
function listOf(
  { tools }: DraftServer,
  patterns: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!patterns || patterns.includes('*')) return tools
  const both = tools.length === 0 ? patterns : tools.filter((tool) => allowsTool(patterns, tool))
  return both.length > 0 ? both : undefined
}

function lowerServer(
  { name, type, command, args, url }: DraftServer,
  ref: Located<string>,
  tools: readonly string[],
): McpServer {
  const isHttp = type === 'http' || (command === undefined && url !== undefined)
  return {
    name: name?.value ?? ref.value,
    enabled: true,
    tools,
    config: isHttp ? { url, type: 'streamable-http' } : { command, args: args.map((one) => one) },
    resolveDynamicArguments: false,
    at: ref.at,
  }
}

/**
 * What the patterns of a role, which are `tool`, `server:*`, `server:prefix*` and `server:tool`, say of the tools of a server.
 * `undefined`: there are none, which allows all. One without a server is a whole name.
 */
function patternsFor(server: string, allowed: readonly Located<string>[]): readonly string[] | undefined {
  if (allowed.length === 0) return undefined
  return allowed.flatMap(({ value }) => {
    if (!value.includes(':')) return value.endsWith('*') ? [] : [value]
    const [of, pattern = ''] = value.split(':', 2)
    return of === server ? [pattern] : []
  })
}

/** Older releases write `%{CWD}` for `{{CWD}}`. */
function withoutOldMarks(text: string): string {
  return text.replace(/%\{([A-Za-z_][A-Za-z0-9_-]*)\}/g, '{{$1}}')
}

function withValues(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{([A-Za-z_][A-Za-z0-9_-]*)\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  )
}
