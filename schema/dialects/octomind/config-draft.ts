import type { Located } from '../../diagnostic.ts'
import { readNumber, readText } from '../../lax.ts'
import { pointerTo } from '../../shape.ts'
import { childOf, type YamlDocument, type YamlNode } from '../../yaml.ts'
import { locatedText } from '../codemie/draft.ts'
import { itemsOf, locatedTexts } from './file-draft.ts'
import { LAYER_MODES } from './format.ts'
import type { Drafted } from './rule.ts'

/** A configuration, as far as workflows need it. Nothing is checked between keys yet; what has a wrong type counts as absent. */
export interface ConfigDraft extends Drafted {
  readonly workflows: readonly DraftFlow[]
  readonly layers: readonly DraftLayer[]
  readonly roles: readonly DraftRole[]
  readonly pipelines: readonly DraftPipeline[]
  readonly servers: readonly DraftServer[]
  /** Model and parameters of roles that name none. */
  readonly defaults: DraftModel
  /** Model of the session that layers without one work for. Default: that of `defaults`. */
  readonly sessionModel?: string | undefined
}

/** A table with a name: `[[layers]]` with a key `name`, or `[layers.NAME]` of older releases. */
export interface NamedTable {
  readonly node: YamlNode
  readonly path: string
  readonly name: Located<string> | undefined
  readonly description: string | undefined
  /** Written as `[layers.NAME]`. */
  readonly isOlderForm: boolean
}

export interface DraftFlow extends NamedTable {
  readonly steps: readonly DraftFlowStep[]
}

export const STEP_TYPES = ['once', 'loop', 'foreach', 'conditional', 'parallel'] as const
export type StepType = (typeof STEP_TYPES)[number]

/** What steps of workflows and of pipelines have in common. */
export interface DraftBlock<S> {
  readonly node: YamlNode
  readonly path: string
  readonly name: Located<string> | undefined
  readonly type: StepType | undefined
  readonly substeps: readonly S[]
  /** `undefined`: not said. */
  readonly maxIterations: number | undefined
  readonly exitPattern: Located<string> | undefined
  readonly parsePattern: Located<string> | undefined
  readonly conditionPattern: Located<string> | undefined
  readonly onMatch: readonly Located<string>[]
  readonly onNoMatch: readonly Located<string>[]
}

export interface DraftFlowStep extends DraftBlock<DraftFlowStep> {
  readonly layer: Located<string> | undefined
  readonly parallelLayers: readonly Located<string>[]
  readonly aggregator: Located<string> | undefined
}

export interface DraftPipeline extends NamedTable {
  readonly steps: readonly DraftPipelineStep[]
}

export interface DraftPipelineStep extends DraftBlock<DraftPipelineStep> {
  readonly command: Located<string> | undefined
  /** Seconds. */
  readonly timeout: number
}

/** A model and how it is asked. */
export interface DraftModel {
  readonly model: string | undefined
  /** Those that are set, by the names that providers know. */
  readonly parameters: Readonly<Record<string, number | string>>
}

export interface DraftLayer extends NamedTable, DraftModel {
  readonly command: Located<string> | undefined
  readonly workdir: Located<string> | undefined
  /** In lower case; `undefined`: not said. */
  readonly inputMode: Located<string> | undefined
  readonly outputMode: Located<string> | undefined
  readonly outputRole: Located<string> | undefined
  readonly systemPrompt: Located<string> | undefined
  readonly tools: DraftTools
  /** Values for its prompt. */
  readonly values: Readonly<Record<string, string>>
}

export interface DraftRole extends NamedTable, DraftModel {
  readonly system: string | undefined
  readonly welcome: string | undefined
  readonly workflow: Located<string> | undefined
  readonly pipeline: Located<string> | undefined
  readonly tools: DraftTools
}

export interface DraftTools {
  readonly servers: readonly Located<string>[]
  /** Empty: all of the servers. */
  readonly allowed: readonly Located<string>[]
}

export interface DraftServer extends NamedTable {
  readonly type: string | undefined
  readonly command: string | undefined
  readonly args: readonly string[]
  readonly url: string | undefined
  readonly tools: readonly string[]
}

/** Seconds that a program of a pipeline may take. */
const DEFAULT_TIMEOUT = 30

/** Reads a configuration. Total: it takes any document. */
export function draftConfig(document: YamlDocument, root: YamlNode): ConfigDraft {
  const tables = <T>(key: string, read: (table: NamedTable) => T): readonly T[] =>
    tablesOf(document, childOf(root, key), `/${key}`).map(read)
  const servers = childOf(childOf(root, 'mcp'), 'servers')
  return {
    document,
    root,
    workflows: tables('workflows', (table) => ({
      ...table,
      steps: readSteps(document, childOf(table.node, 'steps'), `${table.path}/steps`),
    })),
    layers: tables('layers', (table) => readLayer(document, table)),
    roles: tables('roles', (table) => readRole(document, table)),
    pipelines: tables('pipelines', (table) => ({
      ...table,
      steps: readPipelineSteps(document, childOf(table.node, 'steps'), `${table.path}/steps`),
    })),
    servers: tablesOf(document, servers, '/mcp/servers').map(readServer),
    defaults: readModel(root),
  }
}

function tablesOf(document: YamlDocument, node: YamlNode | undefined, path: string): readonly NamedTable[] {
  if (node?.kind === 'map') {
    return [...node.entries].map(([key, entry]) => ({
      ...tableOf(document, entry.value, pointerTo(path, key)),
      name: { value: key, at: document.at(entry.key.start, entry.key.end) },
      isOlderForm: true,
    }))
  }
  return itemsOf(node).map((item, i) => tableOf(document, item, pointerTo(path, i)))
}

function tableOf(document: YamlDocument, node: YamlNode, path: string): NamedTable {
  const name = locatedText(document, childOf(node, 'name'))
  return { node, path, name, description: readText(childOf(node, 'description')), isOlderForm: false }
}

function readBlock<S>(
  document: YamlDocument,
  node: YamlNode,
  path: string,
  readInner: (document: YamlDocument, node: YamlNode | undefined, path: string) => readonly S[],
): DraftBlock<S> {
  const get = (key: string) => childOf(node, key)
  const text = (key: string) => locatedText(document, get(key))
  const type = readText(get('type'))
  return {
    node,
    path,
    name: text('name'),
    type: STEP_TYPES.find((one) => one === type),
    substeps: readInner(document, get('substeps'), `${path}/substeps`),
    maxIterations: readNumber(get('max_iterations')),
    exitPattern: text('exit_pattern'),
    parsePattern: text('parse_pattern'),
    conditionPattern: text('condition_pattern'),
    onMatch: locatedTexts(document, get('on_match')),
    onNoMatch: locatedTexts(document, get('on_no_match')),
  }
}

function readSteps(
  document: YamlDocument,
  node: YamlNode | undefined,
  path: string,
): readonly DraftFlowStep[] {
  return itemsOf(node).map((item, i) => ({
    ...readBlock(document, item, pointerTo(path, i), readSteps),
    layer: locatedText(document, childOf(item, 'layer')),
    parallelLayers: locatedTexts(document, childOf(item, 'parallel_layers')),
    aggregator: locatedText(document, childOf(item, 'aggregator')),
  }))
}

function readPipelineSteps(
  document: YamlDocument,
  node: YamlNode | undefined,
  path: string,
): readonly DraftPipelineStep[] {
  return itemsOf(node).map((item, i) => ({
    ...readBlock(document, item, pointerTo(path, i), readPipelineSteps),
    command: locatedText(document, childOf(item, 'command')),
    timeout: readNumber(childOf(item, 'timeout')) ?? DEFAULT_TIMEOUT,
  }))
}

function readLayer(document: YamlDocument, table: NamedTable): DraftLayer {
  const text = (key: string) => locatedText(document, childOf(table.node, key))
  const mode = (key: string) => {
    const found = text(key)
    return found && { ...found, value: found.value.toLowerCase() }
  }
  const values = childOf(table.node, 'parameters')
  const pairs =
    values?.kind === 'map'
      ? [...values.entries].flatMap(([key, { value }]) =>
          value.kind === 'scalar' ? [[key, String(value.value)] as const] : [],
        )
      : []
  return {
    ...table,
    ...readModel(table.node),
    command: text('command'),
    workdir: text('workdir'),
    inputMode: mode('input_mode'),
    outputMode: mode('output_mode'),
    outputRole: mode('output_role'),
    systemPrompt: text('system_prompt'),
    tools: readTools(document, table.node),
    values: Object.fromEntries(pairs),
  }
}

function readRole(document: YamlDocument, table: NamedTable): DraftRole {
  const { node } = table
  return {
    ...table,
    ...readModel(node),
    system: readText(childOf(node, 'system')),
    welcome: readText(childOf(node, 'welcome')),
    workflow: locatedText(document, childOf(node, 'workflow')),
    pipeline: locatedText(document, childOf(node, 'pipeline')),
    tools: readTools(document, node),
  }
}

function readTools(document: YamlDocument, node: YamlNode): DraftTools {
  const mcp = childOf(node, 'mcp')
  return {
    servers: locatedTexts(document, childOf(mcp, 'server_refs')),
    allowed: locatedTexts(document, childOf(mcp, 'allowed_tools')),
  }
}

function readServer(table: NamedTable): DraftServer {
  const get = (key: string) => childOf(table.node, key)
  return {
    ...table,
    type: readText(get('type')),
    command: readText(get('command')),
    args: itemsOf(get('args')).flatMap((item) => readText(item) ?? []),
    url: readText(get('url')),
    tools: itemsOf(get('tools')).flatMap((item) => readText(item) ?? []),
  }
}

/** `model` is a text, or a table with `name` and the parameters. */
function readModel(node: YamlNode): DraftModel {
  const model = childOf(node, 'model')
  const parameters = [...parametersOf(node), ...(model?.kind === 'map' ? parametersOf(model) : [])]
  return {
    model: model?.kind === 'map' ? readText(childOf(model, 'name')) : readText(model),
    parameters: Object.fromEntries(parameters),
  }
}

const PARAMETERS = ['temperature', 'top_p', 'top_k', 'max_tokens'] as const

function parametersOf(node: YamlNode): readonly (readonly [string, number | string])[] {
  const numbers = PARAMETERS.flatMap((key) => {
    const value = readNumber(childOf(node, key))
    // No limit is what the model allows.
    return value === undefined || (key === 'max_tokens' && value === 0) ? [] : [[key, value] as const]
  })
  const effort = readText(childOf(node, 'reasoning_effort'))
  return effort === undefined ? numbers : [...numbers, ['reasoning_effort', effort] as const]
}

/** The values of a mode, or `undefined` for a key that is no mode. */
export function modesOf(key: 'input_mode' | 'output_mode' | 'output_role'): readonly string[] {
  return { input_mode: LAYER_MODES.input, output_mode: LAYER_MODES.output, output_role: LAYER_MODES.role }[
    key
  ]
}
