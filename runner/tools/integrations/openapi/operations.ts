import { isJsonObject, type JsonObject } from '../../../../schema/json-object.ts'
import { resolveReference, toJsonSchema } from './schema.ts'

const METHODS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete']

/** Something that an API can do. */
export interface ApiOperation {
  /** `operationId`, or made of the method and the path where there is none. */
  readonly id: string
  /** In capitals. */
  readonly method: string
  /** With `{name}` for what stands in it. */
  readonly path: string
  /** For people and models; may be empty. */
  readonly about: string
  /** What its document says of it, not read yet. */
  readonly written: JsonObject
  /** Parameters of the path that all of its operations have. */
  readonly shared: unknown
}

/** Where a value of a call goes. */
export interface ApiParameter {
  /** Name of the argument: that of the parameter, as far as models can write it. */
  readonly argument: string
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: JsonObject
  /** How a list or an object is written: each of its own, with commas, or as `name[key]`. */
  readonly style: 'each' | 'commas' | 'brackets'
}

/** The body of a call. */
export interface ApiBody {
  readonly argument: string
  readonly contentType: string
  readonly required: boolean
  readonly schema: JsonObject
}

/** All operations of a document, in its order. Reads no parameter and no schema yet: documents can be huge. */
export function operationsOf(document: JsonObject): readonly ApiOperation[] {
  const paths = isJsonObject(document['paths']) ? document['paths'] : {}
  return Object.entries(paths).flatMap(([path, item]) => {
    const found = resolveReference(document, item)
    if (!isJsonObject(found) || !path.startsWith('/')) return []
    return METHODS.flatMap((method): readonly ApiOperation[] => {
      const written = resolveReference(document, found[method])
      if (!isJsonObject(written)) return []
      const { operationId: id, summary, description } = written
      return [
        {
          id: typeof id === 'string' && id !== '' ? id : `${method}${path}`,
          method: method.toUpperCase(),
          path,
          about: [summary, description].find((text): text is string => typeof text === 'string') ?? '',
          written,
          shared: found['parameters'],
        },
      ]
    })
  })
}

/** Parameters and body of an operation, references followed. Cookies and what the protocol itself sets are left out. */
export function partsOf(
  document: JsonObject,
  { path, written, shared }: ApiOperation,
): { readonly parameters: readonly ApiParameter[]; readonly body?: ApiBody } {
  const byPlace = new Map<string, JsonObject>()
  // Short documents leave out what the path itself says.
  for (const [, name = ''] of path.matchAll(/\{([^{}]+)\}/g)) {
    byPlace.set(`path ${name}`, { name, in: 'path', schema: { type: 'string' } })
  }
  for (const one of [shared, written['parameters']].flat()) {
    const parameter = resolveReference(document, one)
    // Those of the operation take the place of those of its path.
    if (isJsonObject(parameter)) byPlace.set(`${parameter['in']} ${parameter['name']}`, parameter)
  }
  const taken = new Set<string>()
  const argumentFor = (name: string, place: string) => {
    const plain = name.replace(/[^A-Za-z0-9_.-]+/g, '_').slice(0, 60)
    const argument = taken.has(plain) ? `${plain}_${place}`.slice(0, 64) : plain
    taken.add(argument)
    return argument
  }
  const parameters = [...byPlace.values()].flatMap((parameter): readonly ApiParameter[] => {
    const { name, in: place, schema, content, description, style, explode } = parameter
    if (typeof name !== 'string' || name === '' || !isPlace(place)) return []
    if (place === 'header' && SET_BY_PROTOCOL.includes(name.toLowerCase())) return []
    const described =
      schema ??
      Object.values(isJsonObject(content) ? content : {}).map((one) => (one as JsonObject)?.['schema'])[0]
    return [
      {
        argument: argumentFor(name, place),
        name,
        in: place,
        required: place === 'path' || parameter['required'] === true,
        schema: withDescription(toJsonSchema(document, described), description),
        style:
          style === 'deepObject' ? 'brackets' : place === 'query' && explode !== false ? 'each' : 'commas',
      },
    ]
  })
  const request = resolveReference(document, written['requestBody'])
  if (!isJsonObject(request) || !isJsonObject(request['content'])) return { parameters }
  const types = Object.keys(request['content'])
  const contentType = [JSON_TYPE, FORM_TYPE, /^text\//i]
    .map((wanted) => types.find((type) => wanted.test(type)))
    .find(Boolean)
  if (contentType === undefined) return { parameters }
  const media = request['content'][contentType]
  return {
    parameters,
    body: {
      argument: argumentFor('body', 'request'),
      contentType,
      required: request['required'] === true,
      schema: withDescription(
        toJsonSchema(document, isJsonObject(media) ? media['schema'] : {}),
        request['description'] ?? 'Body of the request.',
      ),
    },
  }
}

const JSON_TYPE = /^application\/([\w.+-]*\+)?json/i
/** Content types of forms. */
export const FORM_TYPE = /^application\/x-www-form-urlencoded/i

/** Parameters of these names mean nothing. Source: OpenAPI Specification, Parameter Object. */
const SET_BY_PROTOCOL = ['accept', 'content-type', 'authorization']

function isPlace(value: unknown): value is ApiParameter['in'] {
  return value === 'path' || value === 'query' || value === 'header'
}

function withDescription(schema: JsonObject, description: unknown): JsonObject {
  if (typeof description !== 'string' || schema['description'] !== undefined) return schema
  return { ...schema, description: description.slice(0, 300) }
}
