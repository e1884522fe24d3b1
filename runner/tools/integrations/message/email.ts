import { StepFailure } from '../../../failure.ts'
import { type BuiltInTool, badArgument, defineTool, refusedByPolicy } from '../../define-tool.ts'
import { describeNetworkError } from '../../http-send.ts'
import { withinTimeLimit } from '../../time-limit.ts'
import type { ToolContext, ToolIntegration } from '../../tool.ts'
import { badSetting } from '../bad-setting.ts'
import { verdictOfNetwork } from '../network-verdict.ts'
import { integrationOf } from '../rest.ts'
import { readServerAddress } from '../server-address.ts'

interface EmailArgs {
  to?: string | string[]
  cc?: string | string[]
  subject: string
  body: string
  html?: boolean
  attachments?: { name: string; content: string }[]
}

const TOOL = 'send_email'

const ADDRESSES = {
  type: ['array', 'string'],
  items: { type: 'string' },
  maxItems: 50,
}

/** Tools that send mail. */
export const emailTools: readonly BuiltInTool[] = [
  defineTool<EmailArgs>({
    name: TOOL,
    description:
      'Sends mail to people whom the configuration allows. Returns {sent_to, rejected?}. Attachments are text.',
    reach: 'outside',
    aliases: ['Email', 'email'],
    integration: ['email'],
    argumentNames: {
      recipient_emails: 'to',
      recipients: 'to',
      recipient: 'to',
      cc_emails: 'cc',
      text: 'body',
      message: 'body',
    },
    properties: {
      to: { ...ADDRESSES, description: 'Addresses. Default: all whom the configuration names one by one.' },
      cc: { ...ADDRESSES, description: 'Addresses that get a copy. Default: none.' },
      subject: { type: 'string', minLength: 1, maxLength: 500, description: 'One line.' },
      body: { type: 'string', minLength: 1, maxLength: 1_000_000, description: 'The text.' },
      html: { type: 'boolean', description: 'The body is HTML. Default: false.' },
      attachments: {
        type: 'array',
        maxItems: 10,
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', minLength: 1, maxLength: 200 },
            content: { type: 'string', maxLength: 1_000_000 },
          },
          required: ['name', 'content'],
          additionalProperties: false,
        },
        description: 'Text files. Default: none.',
      },
    },
    required: ['subject', 'body'],
    run: (args, context) =>
      withinTimeLimit({ tool: TOOL, what: 'the mail server', retryable: false }, context, (limited) =>
        send(args, limited),
      ),
  }),
]

async function send(args: EmailArgs, context: ToolContext) {
  const integration = integrationOf(context)
  const { url = '', options } = integration
  const isWrapped = url.startsWith('smtps:')
  const server = await readServerAddress(TOOL, integration, context, isWrapped ? 465 : 587)
  const { host, port, ca, username, isLoopback } = server
  const allowed = allowedRecipients(integration)
  const to = recipients('to', args.to ?? allowed.filter((one) => !one.startsWith('@')), allowed, integration)
  const cc = recipients('cc', args.cc ?? [], allowed, integration)
  if (to.length === 0) throw badArgument(TOOL, 'to', 'names nobody')
  const from = oneAddress(String(options['from'] ?? ''))
  if (from === undefined) throw badSetting(integration, 'options.from', 'is no address')
  const pass = integration.secret('password')
  const { createTransport } = await import('nodemailer')
  const transport = createTransport({
    host,
    port,
    secure: isWrapped,
    // Certificates for this machine are rare, and nothing leaves it.
    ...(isLoopback && ca === undefined ? { ignoreTLS: true } : { requireTLS: !isWrapped }),
    tls: { ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' as const },
    ...(username === undefined || pass === undefined
      ? {}
      : { auth: { user: username, pass }, forceAuth: true }),
    connectionTimeout: context.policy.timeoutMs,
    greetingTimeout: context.policy.timeoutMs,
    socketTimeout: context.policy.timeoutMs,
  })
  try {
    const { accepted, rejected } = await transport.sendMail({
      from,
      to: [...to],
      cc: [...cc],
      subject: inOneLine(args.subject),
      [args.html === true ? 'html' : 'text']: args.body,
      attachments: (args.attachments ?? []).map(({ name, content }) => ({
        filename: inOneLine(name).replace(/[\\/]/g, '_'),
        content,
        contentType: 'text/plain; charset=utf-8',
      })),
      // Addresses inside HTML are the reader's to fetch.
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: context.signal,
    })
    const refused = rejected.map(String)
    return { sent_to: accepted.map(String), ...(refused.length === 0 ? {} : { rejected: refused }) }
  } catch (error) {
    throw mailFailure(error as MailError, server.name, integration)
  } finally {
    transport.close()
  }
}

/** Addresses and, with `@` before them, domains that may get mail. */
function allowedRecipients(integration: ToolIntegration): readonly string[] {
  const written = integration.options['to']
  const list = (Array.isArray(written) ? written : written === undefined ? [] : [written]).map((one) =>
    String(one).trim().toLowerCase(),
  )
  if (list.length > 0) return list
  throw badSetting(
    integration,
    'options.to',
    'names nobody who may get mail',
    'Write addresses there, or domains such as @example.com.',
  )
}

function recipients(
  argument: string,
  written: string | readonly string[],
  allowed: readonly string[],
  { alias }: ToolIntegration,
): readonly string[] {
  const list = typeof written === 'string' ? written.split(/[,;]/) : written
  return list
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map((one) => {
      const address = oneAddress(one)
      if (address === undefined) {
        throw badArgument(
          TOOL,
          argument,
          `holds ${JSON.stringify(one)}, which is no address`,
          'Give plain addresses.',
        )
      }
      const small = address.toLowerCase()
      if (allowed.includes(small) || allowed.includes(small.slice(small.lastIndexOf('@')))) return address
      throw refusedByPolicy(
        TOOL,
        `${address} may not get mail from integration '${alias}'`,
        `Add the address, or its domain with @ before it, to integrations.${alias}.options.to in .codemie/config.yaml.`,
      )
    })
}

/** An address without a name, of characters that mean nothing in a header or to SMTP. */
function oneAddress(text: string): string | undefined {
  return /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/.test(text)
    ? text
    : undefined
}

/** Header lines end where a line ends. */
function inOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim()
}

interface MailError extends Error {
  readonly code?: string
  /** Of SMTP. */
  readonly responseCode?: number
  readonly response?: string
}

/** Who has to act, by the code of the mail library. */
const VERDICTS: Readonly<Record<string, (alias: string) => Pick<StepFailure, 'blame' | 'help'>>> = {
  EAUTH: (alias) => ({
    blame: 'user',
    help: `The account of integration '${alias}' is not let in: check its username and the variable under password_env.`,
  }),
  ETLS: () => ({
    blame: 'user',
    help: 'Mail leaves this machine through TLS only: set it up on the server, or name its certificate under options.ca.',
  }),
  EENVELOPE: () => ({
    blame: 'tool',
    help: 'The server does not take mail from this sender, or for these people.',
  }),
}

function mailFailure(error: MailError, server: string, { alias }: ToolIntegration): StepFailure {
  const { code = '', responseCode, response, message } = error
  const network = networkCode(error)
  const told =
    response === undefined
      ? describeNetworkError(server, { code: network, message })
      : `${server} says: ${response.slice(0, 500)}`
  const isForNow = responseCode !== undefined && responseCode >= 400 && responseCode < 500
  const own = isForNow && code !== 'EAUTH' ? undefined : VERDICTS[code]?.(alias)
  const { blame, help } = own ?? verdictOfNetwork(network)
  return new StepFailure('tool-failed', `${TOOL}: ${told}`, {
    blame,
    // The server has said that it did not take the mail, or it never heard of it.
    retryable: isForNow || NEVER_SENT.includes(network ?? ''),
    help,
  })
}

const NEVER_SENT = ['ECONNREFUSED', 'EAI_AGAIN']

/** The library has codes of its own for what Node says. */
function networkCode({ code, message }: MailError): string | undefined {
  if (/certificate/i.test(message)) return 'CERT'
  return /\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ECONNRESET|EPIPE)\b/.exec(message)?.[1] ?? code
}
