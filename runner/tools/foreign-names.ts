/** A tool of CodeMie that is not provided here, and what takes its place. */
export interface ForeignTool {
  /** Names as workflows write them. */
  readonly names: readonly string[]
  /** What it does there. */
  readonly does: string
  /** What to do instead; a full sentence. */
  readonly instead: string
}

/** Known tool names that have no counterpart among the built-in tools. */
export const FOREIGN_TOOLS: readonly ForeignTool[] = [
  {
    names: ['read_files_content_summary'],
    does: 'summaries of files by a model',
    instead: 'Use read_multiple_files and let the assistant sum them up.',
  },
  {
    names: ['show_security_rules'],
    does: 'rules of a local plugin',
    instead: 'The rules here are the policy section of .codemie/config.yaml; drop the tool.',
  },
  {
    names: ['AWS', 'Azure', 'GCP', 'Kubernetes'],
    does: 'cloud API calls',
    instead: "Allow the cloud's command line program and use run_command, or map it to an MCP server.",
  },
  {
    names: [
      'google_search_tool_json',
      'google_places',
      'google_places_find_near',
      'wikipedia',
      'tavily_search_results_json',
    ],
    does: 'web search',
    instead: 'Map it to a search MCP server, or call a search API with http_get.',
  },
  {
    names: ['python_repl_code_interpreter', 'code_executor'],
    does: 'running Python code',
    instead: 'Put the code into a script of the repository, allow its interpreter and use run_command.',
  },
]

/** The entry for a name, with or without the `_` that CodeMie puts before names of plugin tools. */
export function foreignTool(name: string): ForeignTool | undefined {
  const plain = name.replace(/^_+/, '')
  return FOREIGN_TOOLS.find((tool) => tool.names.includes(plain))
}
