import type { Diagnostic } from '../diagnostic.ts'
import { type CodemieSource, openEnvelope, rootEntry } from '../dialects/codemie/envelope.ts'
import { configSchema } from '../dialects/codemie/format.ts'
import { lowerInputs } from '../dialects/codemie/lower.ts'
import { readText, readTexts } from '../lax.ts'
import { nearestName } from '../nearest.ts'
import type { InputSpec } from '../workflow.ts'
import { readYaml, type YamlDocument } from '../yaml.ts'
import { applyTextEdits, linesOfEntry, removeEntry } from '../yaml-edit.ts'
import { plainOf } from '../yaml-node.ts'
import { placeholdersIn } from './placeholder.ts'

/** Keys at the root of a template that a workflow does not have. */
export const TEMPLATE_KEYS = ['category', 'parameters'] as const

/**
 * A workflow file with parameters: in any form that workflows have (bare, the template form of CodeMie, a record of its API), with
 * the keys of {@link TEMPLATE_KEYS} at its root. `<<name>>` in a value stands for a parameter.
 */
export interface Template {
  /** The name of its file without the ending and without `_template`. */
  readonly id: string
  /** Path of the file, or of nothing for a built-in one. */
  readonly file: string
  /** Display name; the id where the author gave none. */
  readonly name: string
  readonly description: string
  /** `''`: none. */
  readonly category: string
  readonly tags: readonly string[]
  /** As `inputs` of a workflow are written; without a default a value has to be given. */
  readonly parameters: readonly InputSpec[]
  /** The bare workflow, its placeholders not filled in. */
  readonly text: string
}

/** What was read; `template` is there exactly when no diagnostic is an error. */
export interface TemplateResult {
  readonly template?: Template
  /** In no order. */
  readonly diagnostics: readonly Diagnostic[]
}

/** The id of a template: the stem of its file; CodeMie calls its files `<id>_template.yaml`. */
export function templateIdOf(file: string): string {
  return file
    .slice(file.lastIndexOf('/') + 1)
    .replace(/\.ya?ml$/i, '')
    .replace(/_template$/, '')
}

/** Reads a template. Pure and total. That it makes a valid workflow is known when its parameters are filled in. */
export function readTemplate({
  file,
  text,
}: {
  readonly file: string
  readonly text: string
}): TemplateResult {
  const document = readYaml(file, text)
  const source = openEnvelope(document)
  const id = templateIdOf(file)
  const parameters = lowerInputs(source, 'parameters').map((one) => ({
    ...one,
    required: one.default === undefined,
  }))
  const bare = source.config && bareText(source)
  const diagnostics = [
    ...document.diagnostics,
    ...source.diagnostics,
    ...checkParameters(source),
    ...(source.config ? checkPlaceholders(source, parameters) : []),
    ...(source.config && bare === undefined ? [oddForm(document)] : []),
  ]
  if (bare === undefined || diagnostics.some(({ severity }) => severity === 'error')) return { diagnostics }
  const read = (key: string) => readText(rootEntry(source, key)?.value)
  return {
    diagnostics,
    template: {
      id,
      file,
      name: read('name') ?? id,
      description: read('description') ?? '',
      category: read('category') ?? '',
      tags: readTexts(rootEntry(source, 'tags')?.value) ?? [],
      parameters,
      text: bare,
    },
  }
}

function checkParameters(source: CodemieSource): readonly Diagnostic[] {
  const entry = rootEntry(source, 'parameters')
  if (!entry) return []
  const { value, document } = entry
  const wrong =
    value.kind === 'map' ? [...value.entries.values()].find((one) => one.value.kind !== 'map')?.key : value
  return wrong === undefined
    ? []
    : [
        {
          ...document.at(wrong.start, wrong.end),
          code: 'template-parameters',
          severity: 'error',
          message: "'parameters' is a map from names to what their values are",
          expected: 'for example base: { type: string, default: main }',
          help: 'Write them as the inputs of a workflow are written',
        },
      ]
}

/** Every placeholder must be a parameter, so that a typo does not end up in a prompt; without parameters nothing is a placeholder. */
function checkPlaceholders(source: CodemieSource, parameters: readonly InputSpec[]): readonly Diagnostic[] {
  if (parameters.length === 0) return []
  const known = parameters.map(({ name }) => name)
  const found = placesOf(source)
  const used = new Set(found.map(({ name }) => name))
  const wrong = found.flatMap(({ name, isKey, at }): Diagnostic[] => {
    if (isKey) {
      return [
        {
          ...at,
          code: 'template-key',
          severity: 'error',
          message: `<<${name}>> stands in a key, and parameters fill in values only`,
          help: 'Write the key out',
        },
      ]
    }
    if (known.includes(name)) return []
    const near = nearestName(name, known)
    return [
      {
        ...at,
        code: 'template-placeholder',
        severity: 'error',
        message: `The template has no parameter '${name}'`,
        expected: `one of ${known.join(', ')}`,
        ...(near === undefined ? {} : { didYouMean: near }),
        help: "Name an entry of 'parameters', or add it there",
      },
    ]
  })
  const unused = parameters.filter(({ name }) => !used.has(name))
  return [
    ...wrong,
    ...unused.map(
      ({ name, at }): Diagnostic => ({
        ...at,
        code: 'template-parameter-unused',
        severity: 'warning',
        message: `Nothing of the template uses the parameter '${name}'`,
        help: `Write <<${name}>> where its value belongs, or remove it`,
      }),
    ),
  ]
}

function placesOf({ config, document, envelope, outer }: CodemieSource) {
  const look = (root: CodemieSource['config'], { at }: YamlDocument, leaveOut: readonly string[]) =>
    placeholdersIn(root, leaveOut).map(({ name, isKey, node }) => ({
      name,
      isKey,
      at: at(node.start, node.end),
    }))
  return [
    ...look(config, document, TEMPLATE_KEYS),
    ...look(envelope, outer, [...TEMPLATE_KEYS, 'execution_config', 'yaml_config']),
  ]
}

/**
 * The workflow of a template as a bare file, its comments and layout kept: what stands beside the config in the template form goes
 * before it, as far as a workflow has such keys and the config does not. `undefined`: it is not written in a way that allows that.
 */
function bareText(source: CodemieSource): string | undefined {
  const inner = source.base === '' ? source.document.text : cutOut(source.outer, 'execution_config')
  if (inner === undefined) return undefined
  const { config, envelope } = source
  const carried = [...(envelope?.entries.keys() ?? [])].filter(
    (key) => Object.hasOwn(configSchema.properties ?? {}, key) && !config?.entries.has(key),
  )
  const lines = carried.map((key) => linesOfEntry(source.outer, key))
  if (lines.includes(undefined)) return undefined
  const head = lines.map((one) => one && withLineEnd(source.outer.text.slice(one.start, one.end)))
  const text = withoutKeys(head.join('') + inner, TEMPLATE_KEYS)
  const expected = {
    ...Object.fromEntries(
      carried.map((key) => [key, plainOf(envelope?.entries.get(key)?.value ?? emptyMap)]),
    ),
    ...(config ? (plainOf(config) as object) : {}),
    category: undefined,
    parameters: undefined,
  }
  return text !== undefined && isSame(readYaml('', text), expected) ? text : undefined
}

const emptyMap = { kind: 'map', entries: new Map(), start: 0, end: 0 } as const

function withLineEnd(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function withoutKeys(text: string, keys: readonly string[]): string | undefined {
  let rest = text
  for (const key of keys) {
    const document = readYaml('', rest)
    if (document.root?.kind !== 'map') return undefined
    if (!document.root.entries.has(key)) continue
    const edit = removeEntry(document, key)
    if (!edit) return undefined
    rest = applyTextEdits(rest, [edit])
  }
  return rest
}

/** The lines of a map under a key, moved to the margin. */
function cutOut(document: YamlDocument, key: string): string | undefined {
  const place = linesOfEntry(document, key)
  if (!place) return undefined
  const [, ...lines] = document.text.slice(place.start, place.end).split('\n')
  const indent = Math.min(
    ...lines.filter((line) => /^ *[^\s#]/.test(line)).map((line) => line.length - line.trimStart().length),
  )
  const strip = new RegExp(`^ {0,${Number.isFinite(indent) ? indent : 0}}`)
  return lines.map((line) => line.replace(strip, '')).join('\n')
}

/** Whether a document says exactly this; entries that are `undefined` are not there. */
function isSame({ root }: YamlDocument, expected: object): boolean {
  return root !== undefined && canonical(plainOf(root)) === canonical(expected)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
}

function oddForm(document: YamlDocument): Diagnostic {
  return {
    ...document.at(document.root?.start ?? 0),
    code: 'template-form',
    severity: 'error',
    message: 'The workflow cannot be taken out of this file with its layout',
    help: 'Write each key of the root on lines of its own, without anchors that are used elsewhere',
  }
}
