import { isHeaderName, isHeaderValue, PROTOCOL_HEADERS } from '../../schema/http-header.ts'
import { type BuiltInTool, badArgument, defineTool, refusedByPolicy } from './define-tool.ts'
import { type HttpResult, statusFailure, toResult } from './http-answer.ts'
import { sendHttp } from './http-send.ts'
import type { ToolContext } from './tool.ts'

interface HttpArgs {
  url: string
  method?: string
  headers?: Record<string, string>
  body?: unknown
  query?: Record<string, string | number | boolean>
  allow_error_status?: boolean
}

/** Headers that carry secrets, or that decide where and how a request goes. */
const FORBIDDEN_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'api-key',
  'private-token',
  'x-auth-token',
  ...PROTOCOL_HEADERS,
])

const URL_SCHEMA = { type: 'string', minLength: 8, maxLength: 8000, description: 'Address, https://…' }
const HEADERS_SCHEMA = {
  type: 'object',
  additionalProperties: { type: 'string' },
  description: 'Extra headers. Secrets do not belong here: they come from the configured integration.',
}
const QUERY_SCHEMA = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
  description: 'Added to the address as ?name=value.',
}
const ERROR_STATUS_SCHEMA = {
  type: 'boolean',
  description: 'Give back an answer with status 400 or above as a result instead of failing. Default: false.',
}

/** `http_get`, which reads, and `http_request` for any method. */
export const httpTools: readonly BuiltInTool[] = [
  defineTool<HttpArgs>({
    name: 'http_get',
    description:
      'Fetches a web address with GET. Returns {status, content_type, body}; a JSON body is parsed.',
    reach: 'network',
    integration: 'optional',
    aliases: ['web_scrapper', 'web_scraper', 'fetch'],
    argumentNames: { uri: 'url', params: 'query' },
    properties: {
      url: URL_SCHEMA,
      headers: HEADERS_SCHEMA,
      query: QUERY_SCHEMA,
      allow_error_status: ERROR_STATUS_SCHEMA,
    },
    required: ['url'],
    run: (args, context) => call('http_get', { ...args, method: 'GET' }, context),
  }),
  defineTool<HttpArgs>({
    name: 'http_request',
    description:
      'Sends an HTTP request. Returns {status, content_type, body}; a JSON body is parsed. An object or list as body is sent as JSON.',
    reach: 'outside',
    integration: 'optional',
    aliases: ['open_api_invoke', 'rest_request'],
    argumentNames: { uri: 'url', params: 'query', data: 'body', json: 'body' },
    properties: {
      url: URL_SCHEMA,
      method: {
        enum: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
        description: 'Default: GET, or POST when there is a body.',
      },
      headers: HEADERS_SCHEMA,
      query: QUERY_SCHEMA,
      body: { description: 'Text, or a JSON value.' },
      allow_error_status: ERROR_STATUS_SCHEMA,
    },
    required: ['url'],
    run: (args, context) => call('http_request', args, context),
  }),
]

async function call(tool: string, args: HttpArgs, context: ToolContext): Promise<HttpResult> {
  const headers = checkHeaders(tool, args.headers ?? {})
  let body: Buffer | undefined
  if (args.body !== undefined) {
    const isText = typeof args.body === 'string'
    body = Buffer.from(isText ? (args.body as string) : JSON.stringify(args.body))
    if (!isText && headers['content-type'] === undefined) headers['content-type'] = 'application/json'
  }
  const method = args.method ?? (body === undefined ? 'GET' : 'POST')
  const answer = await sendHttp({ tool, url: parseUrl(tool, args), method, headers, body }, context)
  if (answer.status >= 400 && args.allow_error_status !== true) {
    throw statusFailure(tool, answer, {
      integration: context.integration,
      help: 'Set "allow_error_status": true to get such answers as a result.',
    })
  }
  return toResult(answer)
}

function parseUrl(tool: string, args: HttpArgs): URL {
  if (!URL.canParse(args.url))
    throw badArgument(tool, 'url', 'is no address', 'Give an absolute https:// address.')
  const url = new URL(args.url)
  for (const [name, value] of Object.entries(args.query ?? {})) url.searchParams.append(name, String(value))
  url.hash = ''
  return url
}

/** Headers as a caller gives them, in small letters. Fails with a `StepFailure` for those that carry secrets or decide how a request goes. */
export function checkHeaders(tool: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (FORBIDDEN_HEADERS.has(lower)) {
      throw refusedByPolicy(
        tool,
        `argument "headers": "${name}" may not be given`,
        'Secrets come from the environment: configure an integration for the host in .codemie/config.yaml.',
      )
    }
    if (!isHeaderName(lower) || !isHeaderValue(value)) {
      throw badArgument(tool, 'headers', `has a header that HTTP does not allow: "${name}"`)
    }
    headers[lower] = value
  }
  return headers
}
