import { type BuiltInTool, badArgument, defineTool } from '../../define-tool.ts'
import { checkHeaders } from '../../http.ts'
import { callRest, METHOD, objectOf, sentWith, VALUES } from '../rest.ts'
import { apiBase } from './host.ts'

interface QueryArgs {
  readonly query?: string | Record<string, unknown>
  readonly method?: string
  readonly url?: string
  readonly method_arguments?: string | Record<string, unknown>
  readonly custom_headers?: Record<string, string>
}

/** Hosts of git repositories, and what their REST APIs want. Source: their REST API pages. */
const HOSTS = [
  {
    name: 'github',
    system: 'GitHub',
    example: '/repos/acme/app/issues',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  },
  { name: 'gitlab', system: 'GitLab', example: '/api/v4/projects/acme%2Fapp/issues', headers: {} },
] as const

/** Any request to GitHub and GitLab. */
export const queryTools: readonly BuiltInTool[] = HOSTS.map(({ name, system, example, headers }) =>
  defineTool<QueryArgs>({
    name,
    description: `Calls the REST API of ${system}. Returns its answer; JSON is parsed.`,
    reach: 'outside',
    integration: [name],
    argumentNames: { relative_url: 'url', params: 'method_arguments' },
    properties: {
      method: METHOD,
      url: {
        type: 'string',
        minLength: 1,
        maxLength: 4000,
        description: `Path of the API, such as ${example}.`,
      },
      method_arguments: VALUES,
      custom_headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Further headers.',
      },
      query: {
        type: ['object', 'string'],
        description: 'All of the other arguments as one JSON object, instead of them.',
      },
    },
    run(args, context) {
      const given = { ...args, ...objectOf(name, 'query', args.query) } as QueryArgs
      const { method = 'GET', url } = given
      if (typeof url !== 'string' || url === '') throw badArgument(name, 'url', 'is missing')
      const wanted = typeof method === 'string' ? method.toUpperCase() : ''
      if (!METHOD.enum.includes(wanted)) {
        throw badArgument(name, 'method', `must be one of ${METHOD.enum.join(', ')}`)
      }
      const values = objectOf(name, 'method_arguments', given.method_arguments)
      const extra = checkHeaders(name, headersOf(name, given.custom_headers))
      return callRest(
        {
          tool: name,
          method: wanted,
          path: url,
          headers: { ...headers, ...extra },
          ...sentWith(wanted, values),
          base: apiBase(context),
        },
        context,
      )
    },
  }),
)

function headersOf(tool: string, given: unknown): Readonly<Record<string, string>> {
  const headers = objectOf(tool, 'custom_headers', given as Record<string, unknown> | undefined) ?? {}
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}
