import type { BuiltInTool } from './define-tool.ts'
import type { ForeignTool } from './foreign-names.ts'

/** What each reach means to someone who reads the table. */
const REACH_WORDS: Readonly<Record<BuiltInTool['reach'], string>> = {
  read: 'reads the repository',
  network: 'reads from the network',
  write: 'changes files',
  outside: 'acts outside',
  propose: 'proposes a write',
}

/** The table of built-in tools in `docs/tools.md`, as Markdown. */
export function describeBuiltInTools(tools: readonly BuiltInTool[]): string {
  return table(
    ['Tool', 'What it does', 'Arguments', 'Reach', 'Also found as'],
    tools.map((tool) => [...aboutTool(tool), codes(tool.aliases)]),
  )
}

/** The table of tools that are loaded when a workflow names them, as Markdown. */
export function describeFurtherTools(tools: readonly BuiltInTool[]): string {
  return table(
    ['Tool', 'What it does', 'Arguments', 'Reach', 'Integration', 'Also found as'],
    tools.map((tool) => {
      const types = Array.isArray(tool.integration) ? (tool.integration as readonly string[]) : []
      return [...aboutTool(tool), codes(types), codes(tool.aliases)]
    }),
  )
}

function aboutTool(tool: BuiltInTool): readonly string[] {
  const required = new Set(tool.parameters.required as string[])
  const names = Object.keys(tool.parameters.properties as object)
  const args = names.map((name) => (required.has(name) ? `**${name}**` : name)).join(', ')
  return [`\`${tool.name}\``, tool.description, args || 'none', REACH_WORDS[tool.reach]]
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

/** The table of tools that are not provided, as Markdown. */
export function describeForeignTools(tools: readonly ForeignTool[]): string {
  return table(
    ['Tool of CodeMie', 'What it does there', 'Instead'],
    tools.map((tool) => [codes(tool.names), tool.does, tool.instead]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
