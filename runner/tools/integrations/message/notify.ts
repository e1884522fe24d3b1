import { type BuiltInTool, defineTool, toolFailed } from '../../define-tool.ts'
import { statusFailure } from '../../http-answer.ts'
import { sendHttp } from '../../http-send.ts'
import type { ToolContext, ToolIntegration } from '../../tool.ts'
import { badSetting } from '../bad-setting.ts'
import { integrationOf } from '../rest.ts'

interface Message {
  text: string
  title?: string
}

/** What is posted, by type of integration. */
const BODIES: Readonly<Record<string, (message: Message) => unknown>> = {
  // `<!channel>` would call everybody, and `<https://a|b>` show another address than it leads to.
  slack: ({ text, title }) => ({
    text: (title === undefined ? text : `*${title}*\n${text}`)
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  }),
  webhook: ({ text, title }) => ({ text, ...(title === undefined ? {} : { title }) }),
}

/** Tools that tell people something over a webhook. */
export const notifyTools: readonly BuiltInTool[] = [
  defineTool<Message>({
    name: 'notify',
    description:
      'Posts a message to the channel of a Slack webhook, or to a webhook that takes {text, title?}.',
    reach: 'outside',
    aliases: ['slack', 'Slack'],
    integration: Object.keys(BODIES),
    argumentNames: { message: 'text', body: 'text', subject: 'title' },
    properties: {
      text: { type: 'string', minLength: 1, maxLength: 30_000, description: 'The message.' },
      title: {
        type: 'string',
        minLength: 1,
        maxLength: 200,
        description: 'One line above it. Default: none.',
      },
    },
    required: ['text'],
    run: (message, context) => post('notify', message, context),
  }),
]

async function post(tool: string, message: Message, context: ToolContext): Promise<unknown> {
  const integration = integrationOf(context)
  const secret = integration.secret('url')
  const url = readAddress(integration, secret)
  const answer = await sendHttp(
    {
      tool,
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(BODIES[integration.type]?.(message))),
      repeatsRefused: true,
    },
    {
      ...context,
      integration: { ...integration, url: url.href },
      policy: secret === undefined ? context.policy : withPublicHosts(context.policy),
    },
  )
  if (answer.status >= 400) throw statusFailure(tool, answer, { integration })
  // As a GET it has lost its body.
  if (answer.method !== 'POST') {
    throw toolFailed(tool, `${url.host} leads to another address`, 'Name the address that it leads to.')
  }
  return { sent: true }
}

/** No failure shows an address that is a secret. */
function readAddress(integration: ToolIntegration, secret: string | undefined): URL {
  const key = secret === undefined ? 'url' : 'url_env'
  const written = secret ?? integration.url
  if (written === undefined) throw badSetting(integration, 'url_env', 'is missing')
  if (URL.canParse(written) && /^https?:$/.test(new URL(written).protocol)) return new URL(written)
  throw badSetting(
    integration,
    key,
    secret === undefined ? 'is no address' : 'names a variable that holds no address',
    'It must begin with https://.',
  )
}

/** A host that nobody can read in the configuration may be any public one; one in a private network has to be written out. */
function withPublicHosts(policy: ToolContext['policy']): ToolContext['policy'] {
  return { ...policy, allowedHosts: [...policy.allowedHosts, '*'] }
}
