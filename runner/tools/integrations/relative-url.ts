import { type BuiltInTool, defineTool } from '../define-tool.ts'
import type { ToolContext } from '../tool.ts'
import { callRest, METHOD, objectOf, sentWith, VALUES } from './rest.ts'

/** A tool for any request to one kind of system, in the form in which CodeMie's tool of that name takes it. */
interface GenericTool {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly type: string
  readonly system: string
  /** A path, as an example. */
  readonly example: string
}

const RELATIVE: readonly GenericTool[] = [
  {
    name: 'generic_jira_tool',
    type: 'jira',
    system: 'Jira',
    example: '/rest/api/2/issue/ABC-1',
  },
  {
    name: 'generic_confluence_tool',
    type: 'confluence',
    system: 'Confluence',
    example: '/rest/api/content/123',
  },
]

interface RelativeArgs {
  readonly method?: string
  readonly relative_url: string
  readonly params?: string | Record<string, unknown>
}

const RELATIVE_PROPERTIES = {
  relative_url: { type: 'string', minLength: 1, maxLength: 4000 },
  params: VALUES,
}

/** Any request to Jira and Confluence, and reading from Sonar. */
export const relativeTools: readonly BuiltInTool[] = [
  ...RELATIVE.map(({ name, type, system, example }) =>
    defineTool<RelativeArgs>({
      name,
      description: `Calls the REST API of ${system}. Returns its answer; JSON is parsed.`,
      reach: 'outside',
      integration: [type],
      argumentNames: { url: 'relative_url', path: 'relative_url' },
      properties: {
        method: METHOD,
        relative_url: {
          ...RELATIVE_PROPERTIES.relative_url,
          description: `Path of the API, such as ${example}.`,
        },
        params: RELATIVE_PROPERTIES.params,
      },
      required: ['method', 'relative_url'],
      run: (args, context) => callRelative(name, args, context),
    }),
  ),
  defineTool<RelativeArgs>({
    name: 'sonar',
    description: 'Reads from the web API of SonarQube. Returns its answer; JSON is parsed.',
    reach: 'network',
    integration: ['sonar'],
    aliases: ['Sonar'],
    argumentNames: { url: 'relative_url', path: 'relative_url' },
    properties: {
      relative_url: {
        ...RELATIVE_PROPERTIES.relative_url,
        description: 'Path of the API, such as /api/issues/search.',
      },
      params: { ...RELATIVE_PROPERTIES.params, description: 'A JSON object: the query. Default: none.' },
    },
    required: ['relative_url'],
    run: (args, context) => callRelative('sonar', args, context),
  }),
]

function callRelative(
  tool: string,
  { method = 'GET', relative_url: path, params }: RelativeArgs,
  context: ToolContext,
): Promise<unknown> {
  const values = objectOf(tool, 'params', params)
  return callRest({ tool, method, path, ...sentWith(method, values) }, context)
}
