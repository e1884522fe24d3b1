import { StepFailure } from '../failure.ts'
import { decodeUtf8 } from '../process/run-process.ts'
import { type HttpAnswer, isBusy, isRepeatable, retryAfterMs } from './http-send.ts'
import type { ToolIntegration } from './tool.ts'

/** What an HTTP tool gives back. */
export interface HttpResult {
  readonly status: number
  readonly content_type: string
  /** Parsed when the answer is JSON, else text. */
  readonly body: unknown
  /** Says that the body was cut, or is not text. */
  readonly note?: string
}

/** An answer as a tool gives it back. */
export function toResult(answer: HttpAnswer): HttpResult {
  const contentType = answer.headers['content-type'] ?? ''
  const isReadable = isText(contentType)
  const text = isReadable ? decodeUtf8(answer.bytes, answer.isCut) : ''
  const notes: string[] = []
  if (answer.isCut) notes.push(`The body was cut after ${answer.bytes.length} bytes.`)
  if (!isReadable) notes.push(`The body is not text (${answer.bytes.length} bytes).`)
  return {
    status: answer.status,
    content_type: contentType,
    body: isJson(contentType) && !answer.isCut ? parseJsonOr(text) : text,
    ...(notes.length === 0 ? {} : { note: notes.join(' ') }),
  }
}

/** Whether a content type is that of JSON. */
export function isJson(contentType: string): boolean {
  return /^application\/([\w.+-]*\+)?json/i.test(contentType)
}

function isText(contentType: string): boolean {
  return (
    contentType === '' ||
    /^(text\/|application\/([\w.+-]*\+)?(json|xml|yaml|x-yaml|javascript|x-ndjson))/i.test(contentType)
  )
}

function parseJsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Who has to act, and how, when an integration does not answer as it should. */
const STATUS_OF_INTEGRATION: Readonly<
  Record<number, (alias: string) => Pick<StepFailure, 'blame' | 'help'>>
> = {
  401: (alias) => ({
    blame: 'user',
    help: `The secret of integration '${alias}' is not accepted: set its environment variable to one that is valid.`,
  }),
  403: (alias) => ({
    blame: 'user',
    help: `The account of integration '${alias}' may not do this: give it the permission, or use another one.`,
  }),
  404: (alias) => ({
    blame: 'tool',
    help: `It is not there, or the account of integration '${alias}' does not see it.`,
  }),
}

/** The failure that an answer with an error status is. `help`: what to do where the status does not say it. */
export function statusFailure(
  tool: string,
  answer: HttpAnswer,
  { integration, help }: { readonly integration?: ToolIntegration | undefined; readonly help?: string } = {},
): StepFailure {
  const { status, url, method, headers } = answer
  const busy = isBusy(answer)
  const excerpt = isText(headers['content-type'] ?? '')
    ? decodeUtf8(answer.bytes, answer.isCut).trim().slice(0, 500)
    : ''
  const told = integration && !busy ? STATUS_OF_INTEGRATION[status]?.(integration.alias) : undefined
  return new StepFailure(
    'tool-http-status',
    `${tool}: ${url.host} answered with status ${status}${excerpt === '' ? '' : `: ${excerpt}`}`,
    {
      blame: told?.blame ?? (integration && busy ? 'infrastructure' : 'tool'),
      status,
      retryable: busy && isRepeatable(method),
      retryAfterMs: retryAfterMs(headers['retry-after']),
      help: told?.help ?? help,
    },
  )
}
