import { createHash } from '../hash.ts'
import { stripHidden } from '../report/neutralise.ts'
import { canonicalLine } from '../store/canonical-json.ts'

/** A tool of a server as it was listed. */
export interface ListedTool {
  /** As the server calls it. */
  readonly name: string
  /** For the model; without characters that nobody sees. */
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** sha256 of name, description and schemas as the server gave them, in 64 hex digits. */
  readonly digest: string
}

/** The tools of a server, in its own order. */
export interface ToolList {
  readonly tools: readonly ListedTool[]
  /** sha256 over the digests of all tools, whatever their order. */
  readonly digest: string
}

/** A tool as the protocol describes it. Source: `Tool` of the MCP specification. */
export interface DescribedTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: object
  readonly outputSchema?: object | undefined
}

/** Longest description of a tool that a model gets, in characters. */
const MAX_DESCRIPTION = 8000

/** Pins the tools that a server lists. Of two with one name the first counts. */
export function pinTools(described: readonly DescribedTool[]): ToolList {
  const tools = new Map<string, ListedTool>()
  for (const { name, description = '', inputSchema, outputSchema } of described) {
    if (tools.has(name)) continue
    tools.set(name, {
      name,
      description: seen(description),
      parameters: inputSchema as Readonly<Record<string, unknown>>,
      digest: sha256(canonicalLine({ name, description, inputSchema, outputSchema })),
    })
  }
  const digests = [...tools.values()].map(({ digest }) => digest).sort()
  return { tools: [...tools.values()], digest: sha256(digests.join('\n')) }
}

/** What is different in a later list, e.g. `search changed, purge is new`; `undefined`: nothing. */
export function changesOf(before: ToolList, now: ToolList): string | undefined {
  if (before.digest === now.digest) return undefined
  const old = new Set(before.tools.map(({ name }) => name))
  const current = new Map(now.tools.map(({ name, digest }) => [name, digest]))
  const said = [
    ...before.tools.flatMap(({ name, digest }) => {
      const later = current.get(name)
      if (later === digest) return []
      return [`'${name}' ${later === undefined ? 'is gone' : 'changed'}`]
    }),
    ...now.tools.filter(({ name }) => !old.has(name)).map(({ name }) => `'${name}' is new`),
  ]
  const more = said.length - MOST_SAID
  return [...said.slice(0, MOST_SAID), ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}

const MOST_SAID = 10

function seen(description: string): string {
  const { text } = stripHidden(description)
  return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)} […]` : text
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
