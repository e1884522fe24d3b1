import { join } from 'node:path'
import type { Integration } from '../../../../schema/config.ts'
import { isJsonObject, type JsonObject } from '../../../../schema/json-object.ts'
import { helpWithName } from '../../../../schema/nearest.ts'
import type { Project } from '../../../project.ts'
import { type BuiltInTool, badArgument, defineTool, toolFailed } from '../../define-tool.ts'
import { checkHeaders } from '../../http.ts'
import { type PathUse, readInRoot, resolveInRoot } from '../../root.ts'
import { callRest, QueryList, type RestCall } from '../rest.ts'
import { apiToolPrefix, plainName } from './name.ts'
import {
  type ApiBody,
  type ApiOperation,
  type ApiParameter,
  FORM_TYPE,
  operationsOf,
  partsOf,
} from './operations.ts'

/** The largest documents of well-known APIs have 12 MB. */
const MOST_BYTES = 16 * 1024 * 1024
const READS = ['GET', 'HEAD', 'OPTIONS']
const LONGEST_NAME = 64
const LONGEST_DESCRIPTION = 500

/** The tools that an OpenAPI document gives. */
export interface ApiTools {
  /** Those that were asked for. */
  readonly tools: readonly BuiltInTool[]
  /** Names of all that the document and the allow-list give. */
  readonly names: readonly string[]
  /** Operations that were asked for and are not in the allow-list, by the names of their tools. */
  readonly notAllowed: ReadonlyMap<string, string>
}

/** Where documents are read. */
export type ApiPlace = Pick<Project, 'root' | 'configFiles'>

/**
 * Makes tools of the operations of an integration's OpenAPI document, 3.0 or 3.1, in YAML or JSON: `<alias>_<operationId>`.
 * What reads has the reach `network`, what can change something `outside`.
 *
 * @param wanted names of tools; only those are made, since a document can hold a thousand.
 * @throws StepFailure when the document cannot be read or lacks an operation of the allow-list.
 */
export async function loadApiTools(
  integration: Integration,
  wanted: readonly string[],
  place: ApiPlace,
): Promise<ApiTools> {
  const { alias, options } = integration
  const path = String(options['openapi'])
  const document = await readDocument(alias, path, place)
  const operations = operationsOf(document)
  const allowed = options['operations']
  const chosen = new Set(
    Array.isArray(allowed) ? choose(alias, path, operations, allowed.map(String)) : operations,
  )
  const named = [...withNames(apiToolPrefix(integration), operations)]
  const isWanted = new Set(wanted.map((name) => name.replace(/^_+/, '')))
  const asked = named.filter(([name]) => isWanted.has(name))
  return {
    names: named.flatMap(([name, operation]) => (chosen.has(operation) ? [name] : [])),
    tools: asked.flatMap(([name, operation]) =>
      chosen.has(operation) ? [makeTool(name, alias, operation, document)] : [],
    ),
    notAllowed: new Map(
      asked.flatMap(([name, operation]) => (chosen.has(operation) ? [] : [[name, operation.id] as const])),
    ),
  }
}

async function readDocument(alias: string, path: string, place: ApiPlace): Promise<JsonObject> {
  const subject = `integration ${alias}`
  const { bytes, totalBytes } = await readBytes({ tool: subject, argument: 'openapi' }, path, place)
  if (totalBytes > bytes.length) {
    throw toolFailed(
      subject,
      `${path} has ${totalBytes} bytes, and ${MOST_BYTES} are the most that are read`,
      'Keep the operations that are needed in a document of their own.',
    )
  }
  const text = bytes.toString('utf8')
  const document = text.trimStart().startsWith('{') ? parseJson(text) : await parseYaml(subject, path, text)
  const version = isJsonObject(document) ? document['openapi'] : undefined
  if (isJsonObject(document) && /^3\.[01]/.test(String(version))) return document
  throw toolFailed(
    subject,
    version === undefined
      ? `${path} is no OpenAPI document`
      : `${path} is of OpenAPI ${String(version).slice(0, 20)}, and 3.0 and 3.1 are read`,
    `Put the right one there, or change integrations.${alias}.options.openapi in .codemie/config.yaml.`,
  )
}

/** A document decides what a request with a secret does, so it comes from where the config comes from. */
async function readBytes(
  use: PathUse,
  path: string,
  { root, configFiles }: ApiPlace,
): ReturnType<typeof readInRoot> {
  if (!configFiles) return await readInRoot(await resolveInRoot({ root }, path, use), use, MOST_BYTES)
  const bytes = await configFiles.read(join(root, path))
  if (bytes) return { bytes: bytes.subarray(0, MOST_BYTES), totalBytes: bytes.length }
  throw badArgument(use.tool, use.argument, `names "${path}", and the commit of the config has no such file`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function parseYaml(subject: string, path: string, text: string): Promise<unknown> {
  const { plainOf, readYaml } = await import('../../../../schema/yaml.ts')
  const { root, diagnostics } = readYaml(path, text)
  const problem = diagnostics.find(({ severity }) => severity === 'error')
  if (!problem) return root && plainOf(root)
  throw toolFailed(subject, `${path}:${problem.line}: ${problem.message}`, problem.help)
}

function choose(
  alias: string,
  path: string,
  operations: readonly ApiOperation[],
  allowed: readonly string[],
): readonly ApiOperation[] {
  const byId = new Map(operations.map((operation) => [operation.id, operation]))
  return allowed.map((id) => {
    const operation = byId.get(id)
    if (operation) return operation
    throw toolFailed(
      `integration ${alias}`,
      `there is no operation '${id}' in ${path}`,
      helpWithName(id, [...byId.keys()]),
    )
  })
}

/** Names that model providers accept: letters, digits, `_` and `-`, at most 64. */
function withNames(prefix: string, operations: readonly ApiOperation[]): ReadonlyMap<string, ApiOperation> {
  const named = new Map<string, ApiOperation>()
  for (const operation of operations) {
    const plain = `${prefix}${plainName(operation.id)}`.slice(0, LONGEST_NAME)
    let name = plain
    for (let again = 2; named.has(name); again++) {
      name = `${plain.slice(0, LONGEST_NAME - `_${again}`.length)}_${again}`
    }
    named.set(name, operation)
  }
  return named
}

type Args = Readonly<Record<string, unknown>>

function makeTool(name: string, alias: string, operation: ApiOperation, document: JsonObject): BuiltInTool {
  const { method, path, about } = operation
  const { parameters, body } = partsOf(document, operation)
  const taken = [...parameters, ...(body ? [body] : [])]
  const words = about.replace(/\s+/g, ' ').trim().slice(0, LONGEST_DESCRIPTION)
  return defineTool<Args>({
    name,
    description: `${words === '' ? '' : `${words.replace(/\.?$/, '.')} `}${method} ${path}`,
    reach: READS.includes(method) ? 'network' : 'outside',
    integration: { alias },
    properties: Object.fromEntries(taken.map(({ argument, schema }) => [argument, schema])),
    required: taken.filter(({ required }) => required).map(({ argument }) => argument),
    run(given, context) {
      // An argument can be called `constructor`, and then only a given one counts.
      const args: Args = Object.assign(Object.create(null), given)
      return callRest(
        {
          tool: name,
          method,
          path: fillPath(name, path, parameters, args),
          query: queryOf(parameters, args),
          ...sendingBody(name, body, parameters, args),
        },
        context,
      )
    },
  })
}

function fillPath(tool: string, path: string, parameters: readonly ApiParameter[], args: Args): string {
  return path.replace(/\{([^{}]+)\}/g, (written, name: string) => {
    const parameter = parameters.find((one) => one.in === 'path' && one.name === name)
    if (!parameter) return written
    const text = textOf(args[parameter.argument])
    if (text !== '' && text !== '.' && text !== '..') return encodeURIComponent(text)
    throw badArgument(tool, parameter.argument, 'must be something that can stand in an address')
  })
}

function queryOf(parameters: readonly ApiParameter[], args: Args): Readonly<Record<string, unknown>> {
  const pairs = parameters.flatMap(({ argument, name, in: place, style }): [string, unknown][] => {
    const value = args[argument]
    if (place !== 'query' || value === undefined) return []
    if (Array.isArray(value)) return [[name, style === 'each' ? new QueryList(value) : value]]
    if (!isJsonObject(value)) return [[name, value]]
    const members = Object.entries(value)
    if (style === 'brackets') return members.map(([key, one]) => [`${name}[${key}]`, one])
    return style === 'each' ? members : [[name, members.flat()]]
  })
  return Object.fromEntries(pairs)
}

function sendingBody(
  tool: string,
  body: ApiBody | undefined,
  parameters: readonly ApiParameter[],
  args: Args,
): Pick<RestCall, 'body' | 'headers'> {
  const given = parameters.filter(
    ({ in: place, argument }) => place === 'header' && args[argument] !== undefined,
  )
  const headers = checkHeaders(
    tool,
    Object.fromEntries(given.map(({ name, argument }) => [name, textOf(args[argument])])),
  )
  const value = body && args[body.argument]
  if (!body || value === undefined) return { headers }
  const sent = { ...headers, 'content-type': body.contentType }
  if (/json/i.test(body.contentType)) return { body: value, headers: sent }
  const text =
    FORM_TYPE.test(body.contentType) && isJsonObject(value)
      ? new URLSearchParams(
          Object.entries(value).map(([key, one]): [string, string] => [key, textOf(one)]),
        ).toString()
      : textOf(value)
  return { body: Buffer.from(text), headers: sent }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
}
