import type { Diagnostic } from './diagnostic.ts'
import { isAsciiHeaderValue, isHeaderName, PROTOCOL_HEADERS } from './http-header.ts'
import { INTEGRATION_TYPES, integrationType, type OptionType } from './integration-types.ts'
import { readBoolean, readNumber, readText, readTexts } from './lax.ts'
import { nearestName } from './nearest.ts'
import { kindInWords, pointerTo } from './shape.ts'
import { childOf, type YamlDocument, type YamlMap, type YamlNode } from './yaml.ts'

function isSettable(header: string): boolean {
  return isHeaderName(header) && !PROTOCOL_HEADERS.includes(header.toLowerCase())
}

/** Whether a node holds a value of a type, by what authors call the type. */
const OPTION_FITS: Readonly<Record<OptionType, (node: YamlNode) => boolean>> = {
  text: (node) => readText(node) !== undefined,
  'a path': (node) => readText(node) !== undefined,
  'a whole number': (node) => Number.isInteger(readNumber(node)) && Number(readNumber(node)) >= 0,
  'true or false': (node) => readBoolean(node) !== undefined,
  'a list of text': (node) => readTexts(node) !== undefined,
  'a header': (node) => isSettable(readText(node) ?? ''),
  'a map of headers': (node) =>
    node.kind === 'map' &&
    [...node.entries].every(
      ([name, { value }]) => isSettable(name) && isAsciiHeaderValue(readText(value) ?? '\n'),
    ),
}

/** What is wrong with the `integrations` of a config beyond the shape of their keys. */
export function checkIntegrations(
  document: YamlDocument,
  integrations: YamlNode | undefined,
  isInside: (path: string) => boolean,
): readonly Diagnostic[] {
  if (integrations?.kind !== 'map') return []
  return [...integrations.entries].flatMap(([alias, { value: node, key }]) => {
    const written = readText(childOf(node, 'type'))
    // An unknown type is reported by itself, and nothing is known of one that is not written.
    if (node.kind !== 'map' || written === undefined || !Object.hasOwn(INTEGRATION_TYPES, written)) return []
    const path = pointerTo('/integrations', alias)
    const type = integrationType(written)
    const found: Diagnostic[] = []
    const say = (
      at: { readonly start: number; readonly end: number },
      where: string,
      diagnostic: Pick<Diagnostic, 'code' | 'severity' | 'message'> & Partial<Diagnostic>,
    ) => found.push({ ...document.at(at.start, at.end), path: where, ...diagnostic })
    const url = childOf(node, 'url')
    const address = readText(url)
    const takesSecretUrl = type.secrets.includes('url')
    if (url === undefined && type.url === 'required' && !(takesSecretUrl && namesSecret(node, ['url']))) {
      say(key, path, {
        code: 'integration-url-missing',
        severity: 'warning',
        message: `Integration '${alias}' has no address`,
        expected: `'url' with an address that begins with ${type.protocols[0]}//${takesSecretUrl ? ", or 'url_env' with the variable that holds it" : ''}`,
      })
    } else if (url && address !== undefined && !hasProtocol(address, type.protocols)) {
      say(url, `${path}/url`, {
        code: 'integration-url-invalid',
        severity: 'error',
        message: `'${address}' is no address of this type of integration`,
        expected: `an address that begins with ${type.protocols.map((one) => `${one}//`).join(' or ')}`,
      })
    }
    if (type.needsSecret && !namesSecret(node, type.secrets)) {
      const [role = 'token'] = type.secrets
      say(key, path, {
        code: 'integration-secret-unnamed',
        severity: 'warning',
        message: `Integration '${alias}' names no secret, without which ${written} lets few or none in`,
        help: `Name the environment variable that holds it: ${role}_env: ${alias.toUpperCase().replace(/\W+/g, '_')}_${role.toUpperCase()}`,
      })
    }
    if (!type.options) return found
    const options = childOf(node, 'options')
    const known = Object.keys(type.options)
    for (const [name, entry] of options?.kind === 'map' ? options.entries : []) {
      const where = pointerTo(`${path}/options`, name)
      const option = Object.hasOwn(type.options, name) ? type.options[name] : undefined
      const near = nearestName(name, known)
      if (!option) {
        say(entry.key, where, {
          code: 'unknown-key',
          severity: 'warning',
          message: `'${name}' is no option of a ${written} integration`,
          ...(near === undefined ? { help: `It has ${known.join(', ')}` } : { didYouMean: near }),
        })
      } else if (!OPTION_FITS[option.type](entry.value)) {
        say(entry.value, where, {
          code: 'wrong-type',
          severity: 'error',
          message: `'${name}' must be ${option.type}, not ${kindInWords(entry.value)}`,
          expected: option.type,
        })
      } else if (option.type === 'a path' && !isInside(readText(entry.value) ?? '')) {
        say(entry.value, where, {
          code: 'path-outside',
          severity: 'error',
          message: `'${readText(entry.value)}' leads out of the repository`,
          expected: 'a path relative to the root of the repository',
        })
      }
    }
    for (const [name, { required, description }] of Object.entries(type.options)) {
      if (!required || childOf(options ?? node, name)) continue
      say(key, path, {
        code: 'missing-key',
        severity: 'error',
        message: `Integration '${alias}' needs the option '${name}'`,
        expected: description,
      })
    }
    return found
  })
}

function hasProtocol(address: string, protocols: readonly string[]): boolean {
  return URL.canParse(address) && (protocols.length === 0 || protocols.includes(new URL(address).protocol))
}

function namesSecret(node: YamlMap, roles: readonly string[]): boolean {
  const further = childOf(node, 'env')
  return roles.some((role) => childOf(node, `${role}_env`) ?? (further && childOf(further, role)))
}
