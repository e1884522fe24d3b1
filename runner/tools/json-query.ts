import { type BuiltInTool, badArgument, defineTool, toolFailed } from './define-tool.ts'
import { readTextFile } from './files-read.ts'

const jsonQueryTool = defineTool<{ query: string; path?: string; data?: unknown; default?: unknown }>({
  name: 'json_query',
  description:
    'Picks one value out of a JSON file of the repository, or out of given JSON. The query is a JSON pointer ("/scripts/test") or a dotted path ("items[0].name").',
  reach: 'read',
  argumentNames: { file: 'path', json: 'data', pointer: 'query' },
  properties: {
    query: { type: 'string', description: 'What to pick; "" picks everything.' },
    path: { type: 'string', minLength: 1, description: 'A JSON file of the repository.' },
    data: { description: 'JSON to pick from instead of a file; text is parsed.' },
    default: { description: 'Given back when there is nothing at the query. Without it that is a failure.' },
  },
  required: ['query'],
  async run(args, context) {
    const tool = 'json_query'
    if ((args.path === undefined) === (args.data === undefined)) {
      throw badArgument(tool, 'path', 'or "data" must be given, one of them')
    }
    const source =
      args.path === undefined ? args.data : await readTextFile(context, args.path, { tool, argument: 'path' })
    let value = typeof source === 'string' ? parse(tool, source) : source
    for (const part of splitQuery(tool, args.query)) {
      const found = step(value, part)
      if (found === undefined) {
        if ('default' in args) return args.default
        throw toolFailed(tool, `there is nothing at "${args.query}": no "${part}" in ${describe(value)}`)
      }
      value = found
    }
    return value
  },
})

/** Tools on data that needs no file. */
export const dataTools: readonly BuiltInTool[] = [jsonQueryTool]

function parse(tool: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw toolFailed(tool, `the source is not JSON: ${(error as Error).message}`)
  }
}

/** JSON pointer: RFC 6901, also with a negative index. */
function splitQuery(tool: string, query: string): string[] {
  if (query === '') return []
  if (query.startsWith('/')) {
    return query
      .slice(1)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  const dotted = query.replace(/^\$\.?/, '')
  const parts = dotted.match(/[^.[\]]+|\[-?\d+\]/g) ?? []
  const rebuilt = parts
    .map((part, index) => (index > 0 && !part.startsWith('[') ? `.${part}` : part))
    .join('')
  if (rebuilt !== dotted) {
    throw badArgument(tool, 'query', `"${query}" is neither a JSON pointer nor a dotted path`)
  }
  return parts.map((part) => part.replace(/^\[|\]$/g, ''))
}

function step(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return /^-?\d+$/.test(part) ? value.at(Number(part)) : undefined
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, part)) {
    return (value as Record<string, unknown>)[part]
  }
  return undefined
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    return `an object with ${keys.slice(0, 10).join(', ') || 'no keys'}${keys.length > 10 ? ', …' : ''}`
  }
  return JSON.stringify(value)?.slice(0, 40) ?? 'nothing'
}
