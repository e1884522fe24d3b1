import { assistantIn } from '../blocks.ts'
import { PROJECT_VALUES } from '../dialects/octomind/placeholders.ts'
import { withSubAssistants } from '../needs.ts'
import type { McpServer, State, Work } from '../workflow.ts'
import { ownOf } from './own.ts'

// `${NAME}`, `$NAME` and `{{NAME}}` in capitals, as variables are written; `secrets.name` and `env.NAME` as in expressions.
const NAMED =
  /\$\{?([A-Z_][A-Z0-9_]+)\b|\{\{\s*([A-Z_][A-Z0-9_]+)\s*\}\}|\bsecrets\.([A-Za-z_]\w*)|\benv(?:iron)?\.([A-Z_]\w*)/g

// Most texts name none, and this is told sooner.
const MAY_NAME = /\$|\{\{|secrets|env/

/**
 * Names of the secrets and environment variables that a state names, in its texts or for its MCP servers; sorted. States inside
 * of a block name their own.
 */
export function secretsOf(state: State): readonly string[] {
  const found = new Set<string>()
  const look = (value: unknown): void => {
    if (typeof value === 'string') {
      if (!MAY_NAME.test(value)) return
      for (const [, ...names] of value.matchAll(NAMED)) for (const name of names) if (name) found.add(name)
    } else if (typeof value === 'object' && value !== null) {
      for (const key in value) look((value as Record<string, unknown>)[key])
    }
  }
  const servers = serversOf(state)
  const { work, onError, next } = state
  const assistant = assistantIn(work)
  if (assistant) look({ ...work, assistant: { ...assistant, mcpServers: servers } })
  else if (work.kind !== 'block') look(work)
  look([onError, next])
  for (const name of valuesIn(work)) found.delete(name)
  for (const { config } of servers) {
    const { env } = config
    if (typeof env === 'object' && env !== null) for (const name of Object.keys(env)) found.add(name)
  }
  return [...found].sort()
}

/** What looks like a variable and is none: `{{CWD}}` in a prompt of Octomind. */
function valuesIn({ kind }: Work): readonly string[] {
  return kind === 'prompt' || kind === 'layer' ? PROJECT_VALUES : []
}

function serversOf({ work, onError }: State): readonly McpServer[] {
  const assistant = assistantIn(work)
  const tools = [work, ...onError.map(({ notify }) => notify)]
  return [
    ...(assistant ? withSubAssistants(assistant) : []).flatMap((one) => ownOf(one).mcpServers ?? []),
    ...tools.flatMap((tool) => (tool?.kind === 'tool' ? (tool.mcpServer ?? []) : [])),
  ]
}
