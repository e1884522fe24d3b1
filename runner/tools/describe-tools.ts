import type { BuiltInTool } from './define-tool.ts'
import type { ForeignTool } from './foreign-names.ts'

/** What each reach means to someone who reads the table. */
const REACH_WORDS: Readonly<Record<BuiltInTool['reach'], string>> = {
  read: 'reads the repository',
  network: 'reads from the network',
  write: 'changes files',
  outside: 'acts outside',
}

/** The table of built-in tools in `docs/tools.md`, as Markdown. */
export function describeBuiltInTools(tools: readonly BuiltInTool[]): string {
  return table(
    ['Tool', 'What it does', 'Arguments', 'Reach', 'Also found as'],
    tools.map((tool) => {
      const required = new Set(tool.parameters.required as string[])
      const names = Object.keys(tool.parameters.properties as object)
      return [
        `\`${tool.name}\``,
        tool.description,
        names.map((name) => (required.has(name) ? `**${name}**` : name)).join(', ') || 'none',
        REACH_WORDS[tool.reach],
        tool.aliases.map((alias) => `\`${alias}\``).join(', '),
      ]
    }),
  )
}

/** The table of tools that are not provided, as Markdown. */
export function describeForeignTools(tools: readonly ForeignTool[]): string {
  return table(
    ['Tool of CodeMie', 'What it does there', 'Instead'],
    tools.map((tool) => [tool.names.map((name) => `\`${name}\``).join(', '), tool.does, tool.instead]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
