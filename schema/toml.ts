import { parse } from 'smol-toml'
import { openDefinition } from './definition-text.ts'
import type { Diagnostic } from './diagnostic.ts'
import { findPlaces, type KeyPlace, type Place } from './toml-places.ts'
import { describeTomlProblem } from './toml-problem.ts'
import { offsetInTomlText } from './toml-text.ts'
import type { YamlDocument } from './yaml.ts'
import { YAML_LIMITS } from './yaml-limits.ts'
import type { YamlEntry, YamlNode, YamlScalar } from './yaml-node.ts'
import { YamlTimestamp } from './yaml-scalar.ts'

/**
 * Reads a TOML document into the nodes that {@link readYaml} gives: whole numbers are `bigint`, dates and times a
 * `YamlTimestamp` with the text as it stands in the file, text over several lines has the style `block`. TOML 1.0 and what 1.1
 * allows beyond it. Line ends inside text count as `\n`, as Octomind's reader takes them.
 * Never throws on input; every problem is a diagnostic with a place.
 */
export function readToml(file: string, input: string | Uint8Array): YamlDocument {
  const { text, at, problem } = openDefinition(file, input, 'TOML')
  const offsetIn = (node: YamlScalar, offset: number) => offsetInTomlText(text, node, offset)
  const whole = { file, text, at, offsetIn }
  const refuse = (...diagnostics: readonly Diagnostic[]) => ({ ...whole, root: undefined, diagnostics })
  if (problem) return refuse(problem)
  const places = findPlaces(text)
  if (!places.ok) return refuse({ ...at(places.offset, places.offset + 1), ...BEYOND[places.limit] })
  let values: unknown
  try {
    values = parse(text.replace(/(?<!\r)\r\n/g, '\n'), { integersAsBigInt: true })
  } catch (error) {
    return refuse(describeTomlProblem(error, text, at))
  }
  const large: YamlScalar[] = []
  const root = nodeOf(text, places.root, values, large)
  if (large.length === 0) return { ...whole, root, diagnostics: [] }
  return refuse(...large.map((node) => ({ ...at(node.start, node.end), ...TOO_LARGE })))
}

const BEYOND = {
  depth: {
    code: 'too-deep',
    severity: 'error',
    message: 'The document nests too deeply',
    expected: `at most ${YAML_LIMITS.depth} levels`,
  },
  nodes: {
    code: 'too-many-values',
    severity: 'error',
    message: 'The document holds too many values',
    expected: `at most ${YAML_LIMITS.nodes}`,
  },
} as const

const TOO_LARGE = {
  code: 'toml-syntax',
  severity: 'error',
  message: 'This whole number does not fit into 64 bits',
  expected: `${-(2n ** 63n)} to ${2n ** 63n - 1n}`,
  help: 'Put it between quotes if it is text',
} as const

/** Holds the places of a value and its parts together with what they mean. */
function nodeOf(text: string, place: Place, value: unknown, large: YamlScalar[]): YamlNode {
  const { start, end } = place
  switch (place.kind) {
    case 'seq': {
      const values = value as readonly unknown[]
      return {
        kind: 'seq',
        items: place.items.map((item, i) => nodeOf(text, item, values[i], large)),
        start,
        end,
      }
    }
    case 'map': {
      const values = value as Readonly<Record<string, unknown>>
      const entries = new Map<string, YamlEntry>()
      for (const [name, { key, value: inner }] of place.entries) {
        entries.set(name, { key: keyOf(text, key), value: nodeOf(text, inner, values[name], large) })
      }
      return { kind: 'map', entries, start, end }
    }
    case 'leaf': {
      const node = scalarOf(text.slice(start, end), value as TomlScalar, start, end)
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) large.push(node)
      return node
    }
  }
}

type TomlScalar = string | boolean | bigint | number | Date

function scalarOf(source: string, value: TomlScalar, start: number, end: number): YamlScalar {
  if (typeof value === 'string') {
    const style = /^(?:"""|''')/.test(source) ? 'block' : 'quoted'
    return { kind: 'scalar', value, source: value, style, start, end }
  }
  const meaning =
    value instanceof Date ? new YamlTimestamp(source.includes(':') ? 'datetime' : 'date', source) : value
  return { kind: 'scalar', value: meaning, source, style: 'plain', start, end }
}

function keyOf(text: string, { name, start, end }: KeyPlace): YamlScalar {
  const style = /["']/.test(text[start] ?? '') ? 'quoted' : 'plain'
  return { kind: 'scalar', value: name, source: name, style, start, end }
}
