import type { FormatSchema } from '../codemie/format.ts'

/**
 * The format of Octomind's files as JSON Schema (draft 07): types, defaults and descriptions stand here once. Which keys a step
 * has to have depends on what kind of step it is, and is a rule; so is everything that relates keys.
 *
 * Source: what the releases up to 0.29 (configuration) and from 0.30 (files of their own) read.
 */
const text = (description: string): FormatSchema => ({ type: 'string', description })
const whole = (description: string, defaultValue?: number): FormatSchema => ({
  type: 'integer',
  minimum: 0,
  ...(defaultValue === undefined ? {} : { default: defaultValue }),
  description,
})
const number = (description: string): FormatSchema => ({ type: 'number', description })
const texts = (description: string): FormatSchema => ({
  type: 'array',
  items: { type: 'string' },
  description,
})
const one = (name: string): FormatSchema => ({ $ref: `#/definitions/${name}` })
/** Tables in a row, or one table with theirs by name. */
const listOrMap = (name: string, description: string): FormatSchema => ({
  description,
  type: ['array', 'object'],
  items: one(name),
  additionalProperties: one(name),
})
const list = (name: string, description: string): FormatSchema => ({
  type: 'array',
  items: one(name),
  description,
})
const table = (
  title: string,
  properties: Readonly<Record<string, FormatSchema>>,
  required: readonly string[] = [],
): FormatSchema => ({ title, type: 'object', properties, ...(required.length > 0 ? { required } : {}) })
/** A key that is there in real files and has no meaning here. */
const anything = (description: string): FormatSchema => ({ description })

const LEAF: Readonly<Record<string, FormatSchema>> = {
  name: text('Name of the step, once in a file; its output is {{name}} in later prompts'),
  role: text('Role that answers: one of a configuration in this repository, or a stored assistant'),
  prompt: text('What the role is asked; {{input}} and {{name}} stand for the input and earlier outputs'),
  session: {
    enum: ['fresh', 'continue'],
    default: 'fresh',
    description: 'continue: later rounds go on in the same conversation and are told the latest output',
  },
  timeout: whole('Seconds that an attempt may take; 0 is no limit', 0),
  retries: whole('Attempts after the first', 0),
  model: text('Model instead of that of the role, as provider:model'),
  workdir: text('Folder in the repository that the role works in'),
  count: whole('Executions of this step in a parallel block, 2 or more'),
  skills: texts('Skills for the program octomind; without it they have no effect'),
  capabilities: texts('Capabilities for the program octomind; without it they have no effect'),
}

const TEST = table('condition', {
  output: text('Step whose output is tested; the latest output when left out'),
  contains: text('Text that has to be in it, capital letters counted'),
  matches: text("Pattern of Rust's regex that has to match somewhere in it"),
})

/** Schema of a workflow in a file of its own. */
export const fileSchema: FormatSchema = {
  $id: 'octomind-file',
  title: 'workflow file',
  type: 'object',
  required: ['name'],
  properties: {
    name: text('Name that lists and records show'),
    description: text('What the workflow is for'),
    max_cost: number('US dollars that a run may come to'),
    entry: text('First step of a graph'),
    max_transitions: whole('Steps that a run of a graph may take'),
    steps: list('step', 'The steps, in order'),
    edges: list('edge', 'Ways from step to step, which make a graph of the file'),
  },
  definitions: {
    step: table('step', {
      ...LEAF,
      parallel: anything('true: the steps under run at once'),
      loop: anything('true: the steps under run again and again until exit_when'),
      conditional: anything('true: a condition chooses among the steps under run'),
      run: list('substep', 'Steps inside of a block'),
      min_success: whole('Executions of a parallel block that have to succeed; all when left out'),
      max_parallel: whole('Executions of a parallel block at once; all when left out'),
      source: text('Step whose output a dynamic parallel block takes its items from'),
      match: text('Pattern whose first group is an item of a dynamic parallel block'),
      max_iterations: whole('Rounds of a loop at most', 10),
      exit_when: one('condition'),
      condition: one('condition'),
      on_match: texts('Steps under run that a condition chooses when it holds'),
      on_no_match: texts('Steps under run that it chooses when it does not'),
    }),
    substep: table('sub-step', LEAF),
    condition: TEST,
    edge: table(
      'edge',
      {
        from: text('Step that the way leaves'),
        to: text('Step that it leads to, or $end'),
        when: one('condition'),
      },
      ['from', 'to'],
    ),
  },
}

const MODES = {
  input: ['last', 'all', 'summary'],
  output: ['none', 'append', 'replace', 'last', 'restart'],
  role: ['assistant', 'user'],
} as const

const MCP = table('mcp', {
  server_refs: texts('MCP servers of this file that it may use'),
  allowed_tools: texts(
    'Tools of them that it may call: name, server:*, server:name or server:prefix*; empty is all',
  ),
})

const PARAMETERS: Readonly<Record<string, FormatSchema>> = {
  temperature: { type: 'number', minimum: 0, maximum: 2, description: 'Temperature of the model' },
  top_p: { type: 'number', minimum: 0, maximum: 1, description: 'Nucleus sampling of the model' },
  top_k: { type: 'integer', minimum: 0, maximum: 1000, description: 'Tokens that the model chooses among' },
  max_tokens: whole('Tokens of an answer at most; 0 is what the model allows'),
}

const LAYER = table(
  'layer',
  {
    name: text('Name that steps use'),
    description: text('What the layer is for'),
    command: text('ACP agent to start, split at blanks, such as octomind acp reviewer'),
    workdir: text('Folder in the repository that it works in'),
    input_mode: text(`What it is told of the session: ${MODES.input.join(', ')}`),
    output_mode: text(`What it leaves in the session: ${MODES.output.join(', ')}`),
    output_role: text(`As whose message: ${MODES.role.join(' or ')}`),
    model: text('Model, as provider:model'),
    system_prompt: text('Prompt of a layer without a command'),
    builtin: anything('Has no effect'),
    enabled: anything('Has no effect'),
    mcp: one('mcp'),
    parameters: {
      type: 'object',
      description: 'Values for {{NAME}} in its prompt',
      additionalProperties: {},
    },
    ...PARAMETERS,
  },
  [],
)

const STEP_TYPES = ['once', 'loop', 'foreach', 'conditional', 'parallel'] as const

/** Schema of a configuration. Most of what else stands in one is about octomind itself. */
export const configSchema: FormatSchema = {
  $id: 'octomind-config',
  title: 'configuration',
  type: 'object',
  // Settings of the program itself; a typo among them harms nothing here.
  additionalProperties: {},
  properties: {
    model: text('Model of roles that name none, as provider:model'),
    ...PARAMETERS,
    workflows: listOrMap('workflow', 'Workflows, as [[workflows]] or as [workflows.NAME]'),
    layers: listOrMap('layer', 'Layers, as [[layers]] or as [layers.NAME]'),
    commands: { type: ['array', 'object'], description: 'Layers for the prompt of octomind; have no effect' },
    roles: listOrMap('role', 'Roles, as [[roles]] or as [roles.NAME]'),
    pipelines: listOrMap('pipeline', 'Scripts that change the input of a role, as [[pipelines]]'),
    mcp: table('mcp section', {
      servers: list('server', 'MCP servers'),
      allowed_tools: texts('Has no effect'),
    }),
  },
  definitions: {
    workflow: table('workflow', {
      name: text('Name of the workflow'),
      description: text('What it is for'),
      steps: list('step', 'The steps, in order'),
    }),
    step: table('step', {
      name: text('Name of the step'),
      type: { enum: STEP_TYPES, description: 'Kind of the step' },
      layer: text('Layer that works: of a once step, or the one whose answer a conditional step tests'),
      substeps: list('step', 'Steps inside of a loop or foreach'),
      max_iterations: whole('Rounds of a loop at most', 10),
      exit_pattern: text('Pattern that ends a loop when the latest text holds it'),
      parse_pattern: text(
        'Pattern of the items of a foreach; its first group is the item, or all of the match',
      ),
      condition_pattern: text('Pattern that a conditional step tests'),
      on_match: texts('Layers, steps under substeps or commands that follow when the pattern matches'),
      on_no_match: texts('Layers, steps under substeps or commands that follow when it does not'),
      parallel_layers: texts('Layers that work on the same text at once'),
      aggregator: text('Layer that works on the joined texts of a parallel step'),
    }),
    layer: LAYER,
    mcp: MCP,
    server: table('server', {
      name: text('Name that server_refs use'),
      type: text('builtin, stdio (or stdin) or http'),
      command: text('Program of a stdio server'),
      args: texts('Its arguments'),
      url: text('Address of an http server'),
      timeout_seconds: number('Has no effect'),
      tools: texts('Tools of it that there are; empty is all'),
      auth_token: anything('Has no effect: keys come from the environment'),
      mode: anything('Has no effect'),
      builtin: anything('Has no effect'),
    }),
    role: table('role', {
      name: text('Name of the role'),
      description: text('What it is for'),
      system: text('Its prompt'),
      welcome: text('What its sessions begin with, as if it had said it'),
      model: {
        description: 'Model, as provider:model, or a table with name and parameters',
        anyOf: [{ type: 'string' }, { type: 'object' }],
      },
      workflow: text('Workflow that the input of a run goes through before the role gets it'),
      pipeline: text('Pipeline that the input goes through before that'),
      mcp: one('mcp'),
      enable_layers: anything('Has no effect'),
      layer_refs: anything('Has no effect'),
      layers: anything('Has no effect'),
      ...PARAMETERS,
    }),
    pipeline: table('pipeline', {
      name: text('Name of the pipeline'),
      description: text('What it is for'),
      steps: list('pipelineStep', 'The steps, in order'),
    }),
    pipelineStep: table('pipeline step', {
      name: text('Name of the step'),
      type: { enum: ['once', 'loop', 'foreach', 'conditional'], description: 'Kind of the step' },
      command: text('Program: a path, or a line for sh'),
      substeps: list('pipelineStep', 'Steps inside of a loop or foreach'),
      max_iterations: whole('Rounds of a loop at most', 10),
      exit_pattern: text('Pattern that ends a loop'),
      parse_pattern: text('Pattern of the items of a foreach'),
      condition_pattern: text('Pattern that a conditional step tests'),
      on_match: texts('Programs that follow when the pattern matches'),
      on_no_match: texts('Programs that follow when it does not'),
      timeout: {
        type: 'integer',
        minimum: 1,
        maximum: 3600,
        default: 30,
        description: 'Seconds a program may take',
      },
    }),
  },
}

/** Values of the modes of a layer; capital letters do not count. */
export const LAYER_MODES = MODES
