import { isJsonObject, parseJsonObject } from '../../../schema/json-object.ts'
import { StepFailure } from '../../failure.ts'
import { badArgument, refusedByPolicy, toolFailed } from '../define-tool.ts'
import { isJson, statusFailure, toResult } from '../http-answer.ts'
import { type HttpAnswer, sendHttp } from '../http-send.ts'
import type { ToolContext, ToolIntegration } from '../tool.ts'

/** A request to the REST API of an integration. */
export interface RestCall {
  /** Name of the tool, for messages. */
  readonly tool: string
  readonly method: string
  /** Below the address of the integration; may have a query. */
  readonly path: string
  /** Added to the address; `undefined` is left out, a list is joined with commas unless {@link QueryList} says otherwise. */
  readonly query?: Readonly<Record<string, unknown>>
  /** Names in small letters. */
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON, or as it is when it is bytes. `undefined`: none. */
  readonly body?: unknown
  /** Instead of the address of the integration: for APIs that lie below it. */
  readonly base?: string
}

/** Values of a parameter that is written once for each. */
export class QueryList {
  readonly values: readonly unknown[]
  constructor(values: readonly unknown[]) {
    this.values = values
  }
}

/**
 * Asks the integration of the call, and gives back what it answers: JSON parsed, other text as it is, `{status}` for no body.
 *
 * Fails with a `StepFailure` whose blame is who has to act: `tool-http-status` for an error status, `tool-failed` for JSON that
 * is none or is longer than `policy.maxOutputBytes`, and whatever {@link sendHttp} fails with.
 */
export async function callRest(call: RestCall, context: ToolContext): Promise<unknown> {
  const answer = await askRest(call, context)
  if (answer.status >= 400) throw statusFailure(call.tool, answer, { integration: integrationOf(context) })
  return bodyOf(call.tool, answer, context)
}

/** As {@link callRest}, with `undefined` for what is not there. */
export async function findRest(call: RestCall, context: ToolContext): Promise<unknown> {
  const answer = await askRest(call, context)
  if (answer.status === 404) return undefined
  if (answer.status >= 400) throw statusFailure(call.tool, answer, { integration: integrationOf(context) })
  return bodyOf(call.tool, answer, context)
}

/** The integration of a call to a tool that needs one. */
export function integrationOf({ integration }: ToolContext): ToolIntegration {
  if (!integration) throw new Error('a tool that needs an integration was called without one')
  return integration
}

function askRest(call: RestCall, context: ToolContext): Promise<HttpAnswer> {
  const { tool, method, path, query = {}, headers = {}, body } = call
  const url = addressBelow(tool, call.base ?? integrationOf(context).url ?? '', path)
  for (const [name, value] of Object.entries(query)) addToQuery(url, name, value)
  const json = body === undefined || body instanceof Uint8Array ? undefined : JSON.stringify(body)
  return sendHttp(
    {
      tool,
      url,
      method,
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: json === undefined ? (body as Buffer | undefined) : Buffer.from(json),
    },
    context,
  )
}

/**
 * The address of a path below that of an API. A path that begins with the whole address, or with the path of it, is taken
 * as it is: models write both. Nothing that is written leads to another host or out of the API.
 */
export function addressBelow(tool: string, base: string, path: string): URL {
  const root = new URL(base)
  const below = root.pathname.replace(/\/+$/, '')
  const plain = (path.startsWith(`${root.origin}/`) ? path.slice(root.origin.length) : path).replace(
    /^[/\\]+/,
    '/',
  )
  if (/^[a-z][a-z0-9+.-]*:/i.test(plain)) {
    throw badArgument(tool, 'url', `leads to another place than ${root.origin}`, 'Give a path of the API.')
  }
  const slashed = plain.startsWith('/') ? plain : `/${plain}`
  const isWhole = below !== '' && (slashed === below || slashed.startsWith(`${below}/`))
  const url = new URL(`${root.origin}${isWhole ? '' : below}${slashed}`)
  url.hash = ''
  if (below !== '' && url.pathname !== below && !url.pathname.startsWith(`${below}/`)) {
    throw refusedByPolicy(
      tool,
      `"${path}" leads out of ${root.origin}${below}`,
      'Give a path of the API, without "..".',
    )
  }
  return url
}

function addToQuery(url: URL, name: string, value: unknown): void {
  if (value === undefined || value === null) return
  if (value instanceof QueryList) for (const one of value.values) url.searchParams.append(name, textOf(one))
  else url.searchParams.append(name, Array.isArray(value) ? value.map(textOf).join(',') : textOf(value))
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function bodyOf(tool: string, answer: HttpAnswer, context: ToolContext): unknown {
  const { content_type: contentType, body, note, status } = toResult(answer)
  if (!isJson(contentType)) {
    if (note === undefined) return body === '' ? { status } : body
    return { status, body, note }
  }
  if (answer.isCut) {
    throw toolFailed(
      tool,
      `${answer.url.host} answered with more than ${context.policy.maxOutputBytes} bytes`,
      'Ask for less: fewer entries at once, or fewer fields of each.',
    )
  }
  if (answer.bytes.length === 0) return { status }
  if (typeof body === 'string' && !answer.bytes.toString('utf8').trimStart().startsWith('"')) {
    throw new StepFailure('tool-failed', `${tool}: ${answer.url.host} answered with JSON that is none`, {
      blame: 'infrastructure',
      help: 'Something between here and the system may have changed the answer; try again, or look at it with curl.',
    })
  }
  return body
}

/** Methods of requests that models write, as JSON Schema. */
export const METHOD = {
  enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  description: 'Method of the request.',
}

/** What a request sends beside its path, as JSON Schema; see {@link sentWith}. */
export const VALUES = {
  type: ['object', 'string'],
  description: 'A JSON object: the query of a GET, else the body. Default: none.',
}

/** Where a method sends the values of an argument with the schema {@link VALUES}. */
export function sentWith(
  method: string,
  values: Readonly<Record<string, unknown>> | undefined,
): Pick<RestCall, 'query' | 'body'> {
  return method === 'GET' ? { query: values ?? {} } : { body: values }
}

/** An object that models also write as the text of one. `undefined`: nothing is written. */
export function objectOf(
  tool: string,
  argument: string,
  value: unknown,
): Readonly<Record<string, unknown>> | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value.trim() === '') return undefined
  const object = typeof value === 'string' ? parseJsonObject(value) : value
  if (isJsonObject(object)) return object
  throw badArgument(tool, argument, 'is not a JSON object', 'Write it with double quotes, or as an object.')
}
