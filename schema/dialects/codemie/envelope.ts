import type { Diagnostic, Position } from '../../diagnostic.ts'
import {
  childOf,
  entryOf,
  readYaml,
  sourceOffsetOf,
  type YamlDocument,
  type YamlMap,
  type YamlNode,
  type YamlScalar,
} from '../../yaml.ts'

/** Where the execution config of a file stands, and what stands around it. */
export interface CodemieSource {
  /** The document that `config` points into; for a record this is the text of `yaml_config`. */
  readonly document: YamlDocument
  /** `undefined`: nothing that could be a config was found, and a diagnostic says so. */
  readonly config: YamlMap | undefined
  /** JSON pointer of `config` in the file, e.g. `/execution_config`; `''` when the file is the config. */
  readonly base: string
  /** Metadata around the config; `undefined` for a bare config. */
  readonly envelope: YamlMap | undefined
  /** The document of the envelope. */
  readonly outer: YamlDocument
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Finds the execution config: the file itself, its key `execution_config` (template form), or the YAML text under
 * `yaml_config` (a record of the API). Places in such a text are translated to places in the file.
 */
export function openEnvelope(outer: YamlDocument): CodemieSource {
  const root = outer.root
  const none = { document: outer, config: undefined, base: '', envelope: undefined, outer }
  if (!root) return { ...none, diagnostics: [] }
  if (root.kind !== 'map') {
    const empty = root.kind === 'scalar' && root.value === null
    return { ...none, diagnostics: [notAConfig(outer, root, empty)] }
  }
  const wrapped = childOf(root, 'execution_config')
  if (wrapped && !root.entries.has('states')) {
    if (wrapped.kind === 'map') {
      return { ...none, config: wrapped, base: '/execution_config', envelope: root, diagnostics: [] }
    }
    return { ...none, envelope: root, diagnostics: [notAConfig(outer, wrapped, false)] }
  }
  const record = childOf(root, 'yaml_config')
  if (record?.kind === 'scalar' && typeof record.value === 'string' && !root.entries.has('states')) {
    const inner = readYaml(outer.file, record.value, { inPlace: placesInside(outer, record) })
    if (inner.root && inner.root.kind !== 'map') {
      return {
        ...none,
        document: inner,
        envelope: root,
        diagnostics: [...inner.diagnostics, notAConfig(inner, inner.root, false)],
      }
    }
    return { ...none, document: inner, config: inner.root, envelope: root, diagnostics: inner.diagnostics }
  }
  return { ...none, config: root, diagnostics: [] }
}

/** The value of a key that may stand beside the config or inside it; inside wins. */
export function rootEntry(
  source: CodemieSource,
  key: string,
):
  | {
      readonly key: YamlScalar
      readonly value: YamlNode
      readonly document: YamlDocument
      readonly path: string
    }
  | undefined {
  const inner = entryOf(source.config, key)
  if (inner) return { ...inner, document: source.document, path: `${source.base}/${key}` }
  const outer = entryOf(source.envelope, key)
  return outer && { ...outer, document: source.outer, path: `/${key}` }
}

function notAConfig(document: YamlDocument, node: YamlNode, empty: boolean): Diagnostic {
  return {
    ...document.at(node.start),
    code: empty ? 'no-states' : 'wrong-type',
    severity: 'error',
    path: '',
    message: empty ? 'The file is empty' : 'The workflow is not a map of keys',
    expected: "a map with the key 'states'",
    ...(empty ? {} : { found: node.kind === 'seq' ? 'a list' : 'a single value' }),
  }
}

/** Translates places in the text of a scalar to places in the file around it. */
function placesInside(outer: YamlDocument, scalar: YamlScalar): (start: number, end?: number) => Position {
  return (start, end) => {
    const from = sourceOffsetOf(outer, scalar, start)
    if (from === undefined) return outer.at(scalar.start, scalar.start + 1)
    return outer.at(from, end === undefined ? undefined : sourceOffsetOf(outer, scalar, end))
  }
}
