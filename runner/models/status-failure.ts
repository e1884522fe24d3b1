import { isJsonObject } from '../../schema/json-object.ts'
import { type Blame, StepFailure } from '../failure.ts'
import type { ModelEndpoint } from './providers.ts'

/** What a provider said when it did not answer the question. */
export interface ProviderTrouble {
  readonly status: number
  /** The provider's own names for it, e.g. `insufficient_quota`; `""` when it gave none. */
  readonly code: string
  readonly type: string
  readonly param: string
  /** Its words, safe to show: short, one line, no key. */
  readonly text: string
  readonly isHtml: boolean
  /** Where a redirect leads. */
  readonly location: string | undefined
  readonly headers: { get(name: string): string | null } | undefined
  readonly endpoint: ModelEndpoint
}

interface Row {
  readonly code: string
  readonly blame: Blame
  readonly retryable?: boolean
  readonly when: (trouble: ProviderTrouble) => boolean
  readonly what: (trouble: ProviderTrouble) => string
  readonly help: (trouble: ProviderTrouble) => string
}

const isRequestError = (t: ProviderTrouble) => t.status === 400 || t.status === 413 || t.status === 422
const named = (t: ProviderTrouble, ...codes: string[]) => codes.includes(t.code) || codes.includes(t.type)
const keyOf = (t: ProviderTrouble) =>
  t.endpoint.keyVariable ?? `\`providers.${t.endpoint.provider}.api_key_env\``
const isAboutModel = (t: ProviderTrouble) =>
  named(t, 'model_not_found', 'DeploymentNotFound', 'invalid_model', 'unknown_model') ||
  (/\bmodel\b/i.test(t.text) &&
    /not found|not exist|unknown|invalid|no such|not available|not a valid/i.test(t.text))

/** The first row that fits decides, so the special ones come first. */
const rows: readonly Row[] = [
  {
    code: 'provider-unauthorized',
    blame: 'user',
    when: (t) =>
      t.status === 401 ||
      named(t, 'invalid_api_key', 'authentication_error') ||
      (t.status === 400 &&
        /api[ _-]?key (?:is )?(?:not valid|invalid|expired)|invalid api[ _-]?key/i.test(t.text)),
    what: () => 'did not accept the key',
    help: (t) => `Check the value of ${keyOf(t)}: is it complete, still valid, and meant for this address?`,
  },
  {
    code: 'provider-quota-exhausted',
    blame: 'user',
    when: (t) =>
      t.status === 402 ||
      named(t, 'insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active', 'billing_error') ||
      (t.status < 500 && /credit balance is too low|insufficient (?:balance|credits?|funds)/i.test(t.text)),
    what: () => 'has no credit left for this key',
    help: (t) =>
      `Waiting does not help: add credit or raise the limit of the account that ${keyOf(t)} belongs to.`,
  },
  {
    code: 'model-content-filtered',
    blame: 'model',
    when: (t) =>
      isRequestError(t) &&
      named(t, 'content_filter', 'content_policy_violation', 'ResponsibleAIPolicyViolation'),
    what: () => 'refused the prompt by its content filter',
    help: () =>
      'Look at what the prompt contains, above all text that comes from outside, or choose another model.',
  },
  {
    code: 'model-context-exceeded',
    blame: 'workflow',
    when: (t) =>
      named(t, 'context_length_exceeded', 'string_above_max_length') ||
      (isRequestError(t) &&
        /maximum context length|context (?:window|length|size)|prompt is too long|input is too long|too many (?:input )?tokens|input token count/i.test(
          t.text,
        )),
    what: () => 'says that the prompt is longer than the model can take',
    help: () =>
      'Give the state less: fewer or shorter inputs, a map over parts, or a model with a longer context.',
  },
  {
    code: 'model-request-too-large',
    blame: 'workflow',
    when: (t) => t.status === 413 || (t.status === 429 && /request too large/i.test(t.text)),
    what: () => 'says that the request is too large',
    help: () => 'Give the state less, or raise the limit of tokens per minute of the account.',
  },
  {
    code: 'model-parameter-unsupported',
    blame: 'workflow',
    when: (t) =>
      isRequestError(t) &&
      (named(t, 'unsupported_parameter', 'unsupported_value', 'unknown_parameter') ||
        /unsupported (?:parameter|value)|unrecognized (?:request )?argument|unknown (?:name|parameter|field)|extra inputs are not permitted|(?:not support(?:ed)?|deprecated)\b.*\bthis model|does not support (?:the )?[`'"]?[a-z_]+[`'"]? (?:parameter|param)/i.test(
          t.text,
        )),
    what: (t) => `does not accept ${parameterOf(t)} for the model \`${t.endpoint.model}\``,
    help: (t) =>
      /response_format|json_schema/.test(parameterOf(t) + t.text)
        ? `Set \`providers.${t.endpoint.provider}.response_format\` to \`json_object\` or \`ignored\` in the config.`
        : "Take it out of the assistant's `parameters`, or choose another model.",
  },
  {
    code: 'model-not-found',
    blame: 'workflow',
    when: (t) => (t.status === 400 || t.status === 403 || t.status === 404) && !t.isHtml && isAboutModel(t),
    what: (t) => `knows no model \`${t.endpoint.model}\`, or the key may not use it`,
    help: (t) =>
      `Check the spelling of \`${t.endpoint.provider}:${t.endpoint.model}\`; the models there: curl ${t.endpoint.baseUrl}/models`,
  },
  {
    code: 'provider-endpoint-not-found',
    blame: 'user',
    when: (t) => t.status === 404 || t.status === 405,
    what: (t) => `has no chat completions at ${t.endpoint.baseUrl}/chat/completions`,
    help: () => 'Check the address; most end in /v1.',
  },
  {
    code: 'provider-redirected',
    blame: 'user',
    when: (t) => t.status >= 300 && t.status < 400,
    what: (t) =>
      `answered with a redirect${t.location ? ` to ${t.location}` : ''}, which is not followed so that the key stays here`,
    help: (t) => `If the new address is right, set it as \`providers.${t.endpoint.provider}.base_url\`.`,
  },
  {
    code: 'provider-forbidden',
    blame: 'user',
    when: (t) => t.status === 403,
    what: () => 'did not allow the call',
    help: (t) =>
      t.endpoint.provider === 'github'
        ? 'In GitHub Actions the job needs `permissions: models: read`.'
        : `Check what ${keyOf(t)} may do, and whether the provider serves your region.`,
  },
  {
    code: 'proxy-unauthorized',
    blame: 'user',
    when: (t) => t.status === 407,
    what: () => 'is behind a proxy that wants a user and a password',
    help: () => 'Put them into HTTPS_PROXY or HTTP_PROXY: http://user:password@host:port',
  },
  {
    code: 'provider-timeout',
    blame: 'provider',
    retryable: true,
    when: (t) => t.status === 408 || t.status === 504,
    what: () => 'did not finish in time',
    help: () => 'Usually passing; a shorter prompt or answer helps when it is not.',
  },
  {
    code: 'provider-conflict',
    blame: 'provider',
    when: (t) => t.status === 409,
    what: () => 'reports a conflict with another request',
    help: () => 'Run it again when the other request is done.',
  },
  {
    code: 'provider-rate-limited',
    blame: 'provider',
    retryable: true,
    when: (t) => t.status === 429,
    what: () => 'has had too many requests from this key',
    help: () =>
      'Retries wait as long as the provider asks. Run fewer items at a time, or raise the limit there.',
  },
  {
    code: 'provider-overloaded',
    blame: 'provider',
    retryable: true,
    when: (t) => t.status === 503 || t.status === 529 || t.type === 'overloaded_error',
    what: () => 'is overloaded or not ready',
    help: () => 'Usually passing; a fallback model of another provider covers longer outages.',
  },
  {
    code: 'provider-error',
    blame: 'provider',
    retryable: true,
    when: (t) => t.status >= 500,
    what: () => 'failed inside',
    help: () => 'Usually passing; see the status page of the provider when it lasts.',
  },
  {
    code: 'model-request-rejected',
    blame: 'workflow',
    when: () => true,
    what: () => 'rejected the request',
    help: () => 'The words of the provider say what is wrong with it.',
  },
]

/** The failure that an answer with this status means. */
export function classifyStatus(trouble: ProviderTrouble, clock: { readonly now: () => number }): StepFailure {
  const row = rows.find((one) => one.when(trouble)) as Row
  const host = new URL(trouble.endpoint.baseUrl).host
  const said = trouble.text === '' ? '.' : `: ${trouble.text}`
  return new StepFailure(
    row.code,
    `${trouble.endpoint.provider} (${host}) ${row.what(trouble)} (${trouble.status})${said}`,
    {
      blame: row.blame,
      retryable: row.retryable ?? false,
      retryAfterMs: row.retryable ? readRetryAfter(trouble, clock.now) : undefined,
      help: row.help(trouble),
      status: trouble.status,
    },
  )
}

/**
 * Reads the body of an answer that is no success. Providers differ: `{"error": {…}}`, the same in a list, `{"error": "…"}`,
 * `{"detail": …}`, `{"message": "…"}`, plain text, a web page.
 *
 * @param status `undefined`: the failure came inside a stream that had begun with 200; its own words say which it is.
 */
export function readTrouble(
  status: number | undefined,
  body: string,
  headers: ProviderTrouble['headers'],
  endpoint: ModelEndpoint,
): ProviderTrouble {
  const isHtml = /^\s*<(?:!doctype|html|\?xml|head|body)/i.test(body)
  const error = errorObject(body)
  const code = text(error.code) || text(object(error.innererror).code)
  const type = text(error.type) || text(error.status)
  const words = isHtml
    ? htmlTitle(body)
    : text(error.message) || text(error.detail) || text(error.error) || (error === nothing ? body : '')
  return {
    status: status ?? statusInStream(error.code, type),
    code,
    type,
    param: text(error.param),
    text: safeText(words, endpoint),
    isHtml,
    location: headers?.get('location')
      ? safeLocation(headers.get('location') as string, endpoint)
      : undefined,
    headers,
    endpoint,
  }
}

/** Removes keys, line breaks and control characters from a provider's words, and shortens them. */
function safeText(words: string, endpoint: ModelEndpoint): string {
  let shown = words
  for (const secret of endpoint.credentials().secrets) {
    if (secret.length >= 4) shown = shown.replaceAll(secret, '***')
  }
  shown = shown
    .replace(/\bBearer\s+\S+/gi, 'Bearer ***')
    // Providers quote the key they were given with some letters starred out; the rest still helps a thief.
    .replace(/\b(?:sk|pk|rk|gsk|AIza|ghp|ghs|github_pat)[-_A-Za-z0-9*]{6,}/g, '***')
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
  return shown.length > 400 ? `${shown.slice(0, 400)}…` : shown
}

function safeLocation(location: string, endpoint: ModelEndpoint): string {
  try {
    const url = new URL(location, endpoint.baseUrl)
    return safeText(`${url.origin}${url.pathname}`, endpoint)
  } catch {
    return 'an invalid address'
  }
}

const nothing: Readonly<Record<string, unknown>> = {}

function errorObject(body: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return nothing
  }
  const outer = object(Array.isArray(value) ? value[0] : value)
  return typeof outer.error === 'object' && outer.error !== null ? object(outer.error) : outer
}

/** OpenRouter puts a status into `code`; others only name the kind. */
function statusInStream(code: unknown, type: string): number {
  if (typeof code === 'number' && code >= 400 && code < 600) return code
  const name = `${text(code)} ${type}`
  if (/rate_limit/.test(name)) return 429
  if (/overloaded/.test(name)) return 529
  if (/invalid_request|context_length|content_filter|unsupported/.test(name)) return 400
  return 500
}

function parameterOf(t: ProviderTrouble): string {
  const name = t.param || /[`'"]([a-z][a-z_.]+)[`'"]/.exec(t.text)?.[1]
  return name ? `the parameter \`${name}\`` : 'a parameter of the request'
}

function htmlTitle(body: string): string {
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim()
  return title ? `a web page titled "${title}"` : 'a web page'
}

/**
 * How long the provider asks to wait, in milliseconds: `retry-after-ms`, `retry-after` in seconds or as a date (measured
 * against the answer's own `date`, so that a wrong clock here does no harm), else its words ("try again in 1.5s").
 */
function readRetryAfter(trouble: ProviderTrouble, now: () => number): number | undefined {
  const { headers } = trouble
  const ms = Number.parseFloat(headers?.get('retry-after-ms') ?? '')
  if (ms >= 0) return Math.round(ms)
  const after = headers?.get('retry-after')?.trim() ?? ''
  if (/^\d+(?:\.\d+)?$/.test(after)) return Math.round(Number(after) * 1000)
  const date = Date.parse(after)
  if (!Number.isNaN(date)) {
    const there = Date.parse(headers?.get('date') ?? '')
    return Math.max(0, date - (Number.isNaN(there) ? now() : there))
  }
  const words = /(?:try again|retry) (?:in|after) (?:(\d+)m)?(\d+(?:\.\d+)?)\s*(ms|s)\b/i.exec(trouble.text)
  if (!words) return undefined
  const [, minutes = '0', amount = '0', unit = 's'] = words
  return Math.ceil(Number(minutes) * 60_000 + Number(amount) * (unit.toLowerCase() === 'ms' ? 1 : 1000))
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null || typeof value === 'number' ? '' : JSON.stringify(value)
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : nothing
}
