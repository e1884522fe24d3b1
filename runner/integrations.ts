import type { Integration } from '../schema/config.ts'
import { integrationType } from '../schema/integration-types.ts'
import { helpWithName } from '../schema/nearest.ts'
import { StepFailure } from './failure.ts'
import type { Tool, ToolIntegration } from './tools/tool.ts'

/** The integration that a call uses, or why there is none. */
export type IntegrationLookup =
  | { readonly found: true; readonly integration?: Integration }
  | {
      readonly found: false
      readonly code: 'integration-missing'
      /** A sentence without a full stop. */
      readonly message: string
      readonly help: string
    }

/** What an integration is looked up for: a tool that `integration` of {@link Tool} describes. */
export type NeedsIntegration = Pick<Tool, 'name' | 'integration'>

/**
 * The integration that a tool works with: the one that is named, or, for a tool that needs one, the only one of a type
 * that fits. A tool that takes none has none, whatever is named: files of other systems name plugins there.
 *
 * @param alias as a workflow or the mapping of the tool names it.
 */
export function findIntegration(
  { name: tool, integration: needs }: NeedsIntegration,
  alias: string | undefined,
  integrations: ReadonlyMap<string, Integration>,
): IntegrationLookup {
  if (needs === undefined) return { found: true }
  if (isOwn(needs)) {
    const own = integrations.get(needs.alias)
    return own
      ? withAddress(own)
      : missing(`There is no integration '${needs.alias}'`, addingOne('http', needs.alias))
  }
  if (alias === undefined) {
    if (needs === 'optional') return { found: true }
    const fitting = [...integrations.values()].filter(({ type = 'http' }) => needs.includes(type))
    const [only] = fitting
    if (only && fitting.length === 1) return withAddress(only)
    const types = needs.join(' or ')
    return only
      ? missing(
          `There are ${fitting.length} integrations of type ${types}, and ${tool} does not know which is meant`,
          `Name one in integration_alias: ${fitting.map((one) => one.alias).join(', ')}.`,
        )
      : missing(
          `There is no integration of type ${types}, which ${tool} needs`,
          addingOne(needs[0] ?? 'http', needs[0] ?? 'api'),
        )
  }
  const integration = integrations.get(alias)
  if (!integration) {
    const known = [...integrations.keys()]
    const adding = addingOne(needs === 'optional' ? 'http' : (needs[0] ?? 'http'), alias)
    return missing(
      `There is no integration '${alias}'`,
      known.length === 0 ? adding : `${helpWithName(alias, known, 'There are')} ${adding}`,
    )
  }
  const { type = 'http' } = integration
  if (needs === 'optional') return { found: true, integration }
  if (needs.includes(type)) return withAddress(integration)
  return missing(
    `Integration '${alias}' is of type ${type}, and ${tool} works with ${needs.join(' or ')}`,
    `Name an integration of type ${needs.join(' or ')}.`,
  )
}

/** A tool that was made for an integration works with no other, whatever is named. */
function isOwn(needs: NonNullable<Tool['integration']>): needs is { readonly alias: string } {
  return typeof needs === 'object' && 'alias' in needs
}

function withAddress(integration: Integration): IntegrationLookup {
  const { alias, type, url, env } = integration
  if (url !== undefined || integrationType(type).url !== 'required' || Object.hasOwn(env, 'url'))
    return { found: true, integration }
  return missing(
    `Integration '${alias}' has no address`,
    `Write it as integrations.${alias}.url in .codemie/config.yaml.`,
  )
}

function missing(message: string, help: string): IntegrationLookup {
  return { found: false, code: 'integration-missing', message, help }
}

/** How to write a first integration of a type, for people. */
function addingOne(type: string, alias: string): string {
  const { url, protocols, secrets } = integrationType(type)
  const variable = type.toUpperCase()
  if (secrets.includes('url')) {
    return `Add it to .codemie/config.yaml: integrations: { ${alias}: { type: ${type}, url_env: ${variable}_URL } }.`
  }
  const address = url === 'required' ? `, url: ${protocols[0]}//…` : ''
  const secret = secrets.includes('token') ? `, token_env: ${variable}_TOKEN` : ''
  return `Add it to .codemie/config.yaml: integrations: { ${alias}: { type: ${type}${address}${secret} } }.`
}

type Env = Readonly<Record<string, string | undefined>>

/**
 * Variables that an integration names and the environment does not have. An empty one counts as none: so CI passes a
 * secret that is not there.
 */
export function missingVariables({ env: named }: Integration, env: Env): readonly string[] {
  return [...new Set(Object.values(named))].filter((variable) => !env[variable])
}

/** An integration as a tool gets it. Its secrets are read when the tool asks for them. */
export function openIntegration(integration: Integration, env: Env): ToolIntegration {
  const { alias, type = 'http', username, options } = integration
  const known = integrationType(type)
  const url = integration.url ?? (typeof known.url === 'string' ? undefined : known.url.default)
  const defaults = Object.entries(known.options ?? {}).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return {
    alias,
    type,
    ...(url === undefined ? {} : { url }),
    ...(username === undefined ? {} : { username }),
    options: { ...Object.fromEntries(defaults), ...withNumbers(options) },
    secret(role) {
      const variable = Object.hasOwn(integration.env, role) ? integration.env[role] : undefined
      if (variable === undefined) return undefined
      const value = env[variable]?.trim()
      if (value) return value
      throw new StepFailure('integration-secret-missing', `Integration '${alias}': ${variable} is not set`, {
        blame: 'user',
        help: `Set ${variable} in the environment; integrations.${alias} in .codemie/config.yaml names it.`,
      })
    },
  }
}

/** Whole numbers of the config are `bigint`, which nobody expects of a setting. */
function withNumbers(options: Integration['options']): Integration['options'] {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )
}
