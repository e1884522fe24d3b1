import type { Located } from '../../diagnostic.ts'
import { nearestName } from '../../nearest.ts'
import type { Say } from '../../rules/rule.ts'
import { childOf, type YamlNode } from '../../yaml.ts'
import {
  type ConfigDraft,
  type DraftBlock,
  type DraftFlowStep,
  type DraftLayer,
  type DraftPipelineStep,
  modesOf,
  type NamedTable,
} from './config-draft.ts'
import { checkName, checkPattern, type DraftRule } from './rule.ts'

type ConfigRule = DraftRule<ConfigDraft>

const KINDS = ['workflows', 'layers', 'roles', 'pipelines'] as const

const names: ConfigRule = (draft, say) => {
  for (const kind of KINDS) {
    const word = kind.slice(0, -1)
    const seen = new Map<string, Located<string>>()
    for (const { name, node, path } of draft[kind]) {
      if (name) checkName(name, word, seen, path, say)
      else
        say({
          code: 'missing-key',
          severity: 'error',
          at: node,
          path,
          message: `The key 'name' is missing in this ${word}`,
        })
    }
  }
}

const descriptions: ConfigRule = (draft, say) => {
  for (const kind of ['workflows', 'pipelines', 'layers'] as const) {
    for (const { description, name, node, path } of draft[kind]) {
      if (description?.trim()) continue
      say({
        code: 'description-missing',
        severity: 'warning',
        at: name?.at ?? node,
        path,
        message: `The ${kind.slice(0, -1)} has no description, and octomind does not load it without`,
        help: "Add 'description': what it is for",
      })
    }
  }
}

const someSteps: ConfigRule = ({ workflows, pipelines }, say) => {
  for (const { steps, name, node, path } of [...workflows, ...pipelines]) {
    if (steps.length > 0) continue
    say({
      code: 'no-steps',
      severity: 'error',
      at: name?.at ?? node,
      path,
      message: `'${name?.value ?? ''}' has no steps`,
      help: 'Add a steps table below it',
    })
  }
}

/** Every step of a workflow or pipeline, at any depth. */
function eachStep<S extends DraftBlock<S>>(steps: readonly S[], visit: (step: S) => void): void {
  for (const step of steps) {
    visit(step)
    eachStep(step.substeps, visit)
  }
}

function missing(step: DraftBlock<unknown>, key: string, say: Say, about: string): void {
  const at = step.name?.at ?? step.node
  say({
    code: 'missing-key',
    severity: 'error',
    at,
    path: step.path,
    message: `The key '${key}' is missing in this ${step.type} step`,
    help: `Add '${key}': ${about}`,
  })
}

/** What steps of workflows and of pipelines have to have. */
function checkBlock<S>(draft: ConfigDraft, step: DraftBlock<S>, say: Say): void {
  const { node, path, type, name } = step
  if (!name || name.value.trim() === '') {
    say({
      code: 'missing-key',
      severity: 'error',
      at: node,
      path,
      message: "The key 'name' is missing in this step",
    })
  }
  if (!childOf(node, 'type')) {
    say({
      code: 'missing-key',
      severity: 'error',
      at: name?.at ?? node,
      path,
      message: "The key 'type' is missing in this step",
      help: "Add 'type': once, loop, foreach, conditional or parallel",
    })
  }
  if (type === 'loop') {
    if (!step.exitPattern) missing(step, 'exit_pattern', say, 'the pattern that ends the loop')
    if (step.substeps.length === 0) missing(step, 'substeps', say, 'the steps of each round')
    if (step.maxIterations === undefined) {
      say({
        code: 'loop-without-limit',
        severity: 'warning',
        at: name?.at ?? node,
        path,
        message: 'The loop does not say how often it may run, so 10 rounds are the most',
        help: "Add 'max_iterations'",
      })
    } else if (step.maxIterations === 0) {
      say({
        code: 'loop-without-limit',
        severity: 'warning',
        at: name?.at ?? node,
        path,
        message: 'With max_iterations = 0 the loop never runs',
        help: 'Raise it, or remove the loop',
      })
    }
  }
  if (type === 'foreach' && !step.parsePattern)
    missing(step, 'parse_pattern', say, 'the pattern of the items')
  if (type === 'conditional' && !step.conditionPattern)
    missing(step, 'condition_pattern', say, 'the pattern that is tested')
  for (const [key, pattern] of [
    ['exit_pattern', step.exitPattern],
    ['parse_pattern', step.parsePattern],
    ['condition_pattern', step.conditionPattern],
  ] as const) {
    checkPattern(draft, pattern, childOf(node, key), `${path}/${key}`, say)
  }
}

const workflowSteps: ConfigRule = (draft, say) => {
  const check = (step: DraftFlowStep) => {
    checkBlock(draft, step, say)
    const { type, layer, substeps, parallelLayers, node, path } = step
    if (type === 'once' && !layer) missing(step, 'layer', say, 'the layer that works')
    if (type === 'parallel' && parallelLayers.length === 0)
      missing(step, 'parallel_layers', say, 'the layers that work at once')
    if (type === 'conditional' && !layer) {
      say({
        code: 'older-form',
        severity: 'warning',
        at: step.name?.at ?? node,
        path,
        message: 'octomind itself does not load a conditional step without a layer',
        help: "Add 'layer': whose answer is tested, and not the text that comes in",
      })
    }
    if (type !== 'foreach') return
    if (substeps.length === 0 && !layer) missing(step, 'substeps', say, 'the steps for each item')
    if (substeps.length > 0 && layer) {
      say({
        code: 'several-kinds',
        severity: 'error',
        at: layer.at,
        path: `${path}/layer`,
        message: "The step has both 'layer' and 'substeps'",
        expected: 'one of them',
        help: 'Make the layer a once step under substeps',
      })
    }
    if (substeps.length === 0 && layer) {
      say({
        code: 'older-form',
        severity: 'warning',
        at: childOf(node, 'layer') ?? layer.at,
        path: `${path}/layer`,
        message: 'octomind itself does not load a foreach with a layer and no substeps',
        help: 'Write a substep of type once with that layer',
      })
    }
  }
  for (const { steps } of draft.workflows) eachStep(steps, check)
}

const pipelineSteps: ConfigRule = (draft, say) => {
  const check = (step: DraftPipelineStep) => {
    checkBlock(draft, step, say)
    const { type, command, substeps } = step
    if ((type === 'once' || type === 'conditional') && !command)
      missing(step, 'command', say, 'the program that runs')
    if (command) refuseBlank(command, step, say, 'a program of the repository, or a line for a shell')
    if (type === 'foreach' && substeps.length === 0) missing(step, 'substeps', say, 'the steps for each item')
  }
  for (const { steps } of draft.pipelines) eachStep(steps, check)
}

/** Every mention of a layer leads to one. What a branch names may also be a step under it, or a command. */
const layerReferences: ConfigRule = (draft, say) => {
  const known = draft.layers.flatMap(({ name }) => name?.value ?? [])
  const refer = (target: Located<string> | undefined, path: string) => {
    if (!target || known.includes(target.value)) return
    say({
      code: 'unknown-layer',
      severity: 'error',
      at: target.at,
      path,
      message: `There is no layer '${target.value}'`,
      didYouMean: nearestName(target.value, known),
      help:
        known.length === 0
          ? 'This file defines no layers: add a [[layers]] table'
          : `Layers of this file: ${known.join(', ')}`,
    })
  }
  const check = (step: DraftFlowStep) => {
    const { path } = step
    refer(step.layer, `${path}/layer`)
    for (const one of step.parallelLayers) refer(one, `${path}/parallel_layers`)
    refer(step.aggregator, `${path}/aggregator`)
    const inside = step.substeps.flatMap(({ name }) => name?.value ?? [])
    for (const [key, targets] of [
      ['on_match', step.onMatch],
      ['on_no_match', step.onNoMatch],
    ] as const) {
      for (const target of targets) {
        if (inside.includes(target.value) || known.includes(target.value)) continue
        // A word of its own is a name; octomind knows no commands here, its manual does.
        if (/^[\w:-]+$/.test(target.value)) refer(target, `${path}/${key}`)
        else
          say({
            code: 'branch-command',
            severity: 'warning',
            at: target.at,
            path: `${path}/${key}`,
            message: `'${target.value}' is no layer, so it is run as a command, as the manual of octomind has it; octomind itself refuses it`,
            help: 'Make it a step of a pipeline to run the file there, too',
          })
      }
    }
  }
  for (const { steps } of draft.workflows) eachStep(steps, check)
}

/** A layer that reads the session, where no layer of the workflow leaves anything in it. */
const emptySessions: ConfigRule = (draft, say) => {
  const told = new Set<DraftLayer>()
  for (const { name, steps } of draft.workflows) {
    const used = new Set<string>()
    eachStep(steps, ({ layer, aggregator, parallelLayers, onMatch, onNoMatch }) => {
      for (const one of [layer, aggregator, ...parallelLayers, ...onMatch, ...onNoMatch]) {
        if (one) used.add(one.value)
      }
    })
    const layersOf = draft.layers.filter((one) => one.name && used.has(one.name.value))
    if (layersOf.some(({ outputMode }) => (outputMode?.value ?? 'none') !== 'none')) continue
    for (const layer of layersOf) {
      const mode = layer.inputMode?.value
      if ((mode !== 'all' && mode !== 'summary') || told.has(layer)) continue
      told.add(layer)
      say({
        code: 'session-stays-empty',
        severity: 'warning',
        at: childOf(layer.node, 'input_mode') ?? layer.node,
        path: `${layer.path}/input_mode`,
        message: `The layer reads the session, and no layer of '${name?.value ?? ''}' leaves anything in it`,
        help: "Give a layer before it output_mode = 'append'",
      })
    }
  }
}

const roleReferences: ConfigRule = ({ roles, workflows, pipelines }, say) => {
  const refer = (
    target: Located<string> | undefined,
    among: readonly NamedTable[],
    word: string,
    code: string,
    path: string,
  ) => {
    const known = among.flatMap(({ name }) => name?.value ?? [])
    if (!target || known.includes(target.value)) return
    say({
      code,
      severity: 'error',
      at: target.at,
      path,
      message: `There is no ${word} '${target.value}' in this file`,
      didYouMean: nearestName(target.value, known),
    })
  }
  for (const { workflow, pipeline, path } of roles) {
    refer(workflow, workflows, 'workflow', 'unknown-workflow', `${path}/workflow`)
    refer(pipeline, pipelines, 'pipeline', 'unknown-pipeline', `${path}/pipeline`)
  }
}

const layers: ConfigRule = ({ layers: all }, say) => {
  for (const layer of all) {
    const { node, path, name, command, systemPrompt } = layer
    checkModes(layer, say)
    if (command) {
      refuseBlank(command, layer, say, 'a program, such as octomind acp reviewer')
      continue
    }
    const at = name?.at ?? node
    if (!systemPrompt) {
      say({
        code: 'missing-key',
        severity: 'error',
        at,
        path,
        message: "The layer has neither 'command' nor 'system_prompt'",
        help: "Add 'command': the agent that it starts",
      })
    } else {
      say({
        code: 'older-form',
        severity: 'info',
        at,
        path,
        message:
          'A layer with a system_prompt is of a release before layers were agents; it asks its model here',
      })
    }
  }
}

function refuseBlank(
  { value, at }: Located<string>,
  { path }: { readonly path: string },
  say: Say,
  expected: string,
): void {
  if (value.trim() !== '') return
  const command = `${path}/command`
  say({ code: 'out-of-range', severity: 'error', at, path: command, message: "'command' is empty", expected })
}

function checkModes({ node, path, inputMode, outputMode, outputRole }: DraftLayer, say: Say): void {
  for (const [key, mode] of [
    ['input_mode', inputMode],
    ['output_mode', outputMode],
    ['output_role', outputRole],
  ] as const) {
    const known = modesOf(key)
    if (!mode || known.includes(mode.value)) continue
    say({
      code: 'unknown-value',
      severity: 'error',
      at: childOf(node, key) as YamlNode,
      path: `${path}/${key}`,
      message: `'${key}' does not take this value`,
      expected: `one of ${known.join(', ')}`,
      found: `the text ${JSON.stringify(mode.value)}`,
      didYouMean: nearestName(mode.value, known),
    })
  }
}

const servers: ConfigRule = ({ servers: all, roles, layers: layerTables }, say) => {
  const known = new Set(all.flatMap(({ name }) => name?.value ?? []))
  for (const { tools, path } of [...roles, ...layerTables]) {
    for (const ref of tools.servers) {
      // Those that come with octomind stand in its own configuration.
      if (known.has(ref.value) || BUILT_IN_SERVERS.includes(ref.value)) continue
      say({
        code: 'unknown-server',
        severity: 'warning',
        at: ref.at,
        path: `${path}/mcp/server_refs`,
        message: `There is no MCP server '${ref.value}' in this file, so it has no tools here`,
        didYouMean: nearestName(ref.value, [...known, ...BUILT_IN_SERVERS]),
      })
    }
  }
}

/** Servers that need no entry. */
export const BUILT_IN_SERVERS: readonly string[] = [
  'core',
  'developer',
  'filesystem',
  'agent',
  'octofs',
  'octocode',
]

/** Rules between the keys of a configuration. The order has no meaning: reports are sorted by place. */
export const CONFIG_RULES: readonly ConfigRule[] = [
  names,
  descriptions,
  someSteps,
  workflowSteps,
  pipelineSteps,
  layerReferences,
  emptySessions,
  roleReferences,
  layers,
  servers,
]
