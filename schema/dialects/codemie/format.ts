import { EFFECTS, VERDICTS } from '../../effects.ts'
import { STAGES } from '../../lifecycle.ts'
import { MOST_SHARDS } from '../../limits.ts'

/**
 * The format of a CodeMie workflow file as JSON Schema (draft 07): the one truth about its keys. Types, limits, defaults and
 * descriptions stand here once; validation, the published schema, the list of known keys and the normaliser come from it.
 *
 * `x-lax: true` marks keys that CodeMie checks only in its second, more forgiving stage: there `"yes"` is a boolean and `"5"` a
 * number. `x-ours: true` marks keys that are additions of codemie-ci; CodeMie ignores them.
 */
export interface FormatSchema {
  readonly $id?: string
  readonly $schema?: string
  readonly $ref?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
  readonly pattern?: string
  readonly items?: FormatSchema
  readonly properties?: Readonly<Record<string, FormatSchema>>
  readonly additionalProperties?: boolean | FormatSchema
  readonly required?: readonly string[]
  readonly anyOf?: readonly FormatSchema[]
  readonly definitions?: Readonly<Record<string, FormatSchema>>
  readonly 'x-lax'?: true
  readonly 'x-ours'?: true
}

const text = (description: string): FormatSchema => ({ type: 'string', description })
const flag = (defaultValue: boolean, description: string): FormatSchema => ({
  type: 'boolean',
  default: defaultValue,
  description,
})
const count = (
  minimum: number,
  maximum: number,
  defaultValue: number | undefined,
  description: string,
): FormatSchema => ({
  type: 'integer',
  minimum,
  maximum,
  ...(defaultValue === undefined ? {} : { default: defaultValue }),
  description,
})
const list = (items: FormatSchema, description: string): FormatSchema => ({
  type: 'array',
  items,
  description,
})
const one = (name: string): FormatSchema => ({ $ref: `#/definitions/${name}` })
const anything = (description: string): FormatSchema => ({ description })
const lax = (schema: FormatSchema): FormatSchema => ({ ...schema, 'x-lax': true })
const ours = (schema: FormatSchema): FormatSchema => ({ ...schema, 'x-ours': true })

const MONEY = ours({
  title: 'budget',
  type: 'object',
  description: 'Ceilings of a run; it stops before the first call that could pass one',
  additionalProperties: false,
  properties: {
    usd: { type: 'number', minimum: 0, description: 'Money in US dollars' },
    tokens: { type: 'integer', minimum: 1, description: 'Tokens, input and output together' },
    steps: { type: 'integer', minimum: 1, description: 'Steps, all attempts of a step counted once' },
  },
})

const GUARDRAILS = ours(
  list(
    { type: 'string' },
    'Guardrails of .codemie/config.yaml that check the last message before each state, or each state of an assistant',
  ),
)

const MODELS = ours({
  title: 'models',
  type: 'object',
  description: 'Models of this workflow, over those of .codemie/config.yaml',
  additionalProperties: false,
  properties: {
    default: text('Model of every assistant that names none, as provider:model or bare'),
    fallback: list({ type: 'string' }, 'Models tried in order when the chosen one cannot answer'),
  },
})

/** Form of one handler of `on_error`. */
const ERROR_HANDLER: FormatSchema = {
  additionalProperties: false,
  properties: {
    catch: {
      type: ['string', 'array'],
      items: { type: 'string' },
      description:
        'Failures it is for: codes, beginnings of codes as in provider-*, or who is to blame (workflow, user, model, provider, tool, infrastructure, budget, policy); all but budget and policy when left out',
    },
    state_id: text('State that takes over, continue, or end; the run fails when left out'),
    notify: text('Tool of this file that is called first; error.code and the like are in its context'),
  },
}

/** A kind of effect whose names are limited by patterns. */
const names = (description: string): FormatSchema => ({
  type: ['string', 'array'],
  items: { type: 'string', minLength: 1 },
  description,
})

const PERMISSIONS = ours({
  title: 'permissions',
  type: 'object',
  description:
    'What the workflow may write to GitHub, by kind; carried out after the run, by a step of its own. Other names are permissions of the job that runs it, with none, read or write',
  properties: {
    comment: count(1, EFFECTS.comment.most, undefined, 'Comments on what the event is about'),
    label: names('Patterns of labels that it may put on that or take off'),
    issue: count(1, EFFECTS.issue.most, undefined, 'New issues'),
    review: { enum: VERDICTS, description: 'A review of the pull request; request-changes includes comment' },
    status: names('Patterns of contexts of statuses of the commit'),
    branch: names('Patterns of branches that it may commit to; never the default branch'),
    'pull-request': count(
      1,
      EFFECTS['pull-request'].most,
      undefined,
      'New pull requests, from such branches',
    ),
  },
  additionalProperties: { enum: ['none', 'read', 'write'] },
})

/** Our additions at the root; in an envelope they may stand beside the metadata or inside `execution_config`. */
const OUR_ROOT_KEYS: Readonly<Record<string, FormatSchema>> = {
  on: ours({
    description: 'Events that start the workflow: one name, a list of names, or a map from name to filters',
    anyOf: [
      { type: 'string', minLength: 1 },
      { type: 'array', items: { type: 'string', minLength: 1 } },
      { type: 'object', additionalProperties: { type: ['object', 'array', 'null'] } },
    ],
  }),
  inputs: ours({
    type: 'object',
    description:
      'Inputs by name; each value is a JSON Schema with the additions `required` (boolean) and `default`',
    additionalProperties: {
      type: ['object', 'null'],
      properties: { required: { type: ['boolean', 'array'], description: 'Whether a run needs it' } },
      additionalProperties: true,
    },
  }),
  budget: MONEY,
  models: MODELS,
  guardrails: GUARDRAILS,
  permissions: PERMISSIONS,
  tags: ours(list({ type: 'string' }, 'Words to find the workflow by')),
  lifecycle: ours({
    enum: STAGES,
    default: 'development',
    description: 'How far the workflow has come; a retired one refuses to run',
  }),
}

const ASSISTANT_KEYS: Readonly<Record<string, FormatSchema>> = {
  system_prompt: text('Used word for word; never a template here'),
  name: text('Display name'),
  description: ours(text('What it is good at; an assistant that can ask it reads this')),
  model: text('Model, as provider:model or bare; absent: the default'),
  temperature: lax({ type: ['number', 'null'], minimum: 0, maximum: 2, description: 'Sampling temperature' }),
  limit_tool_output_tokens: {
    type: 'integer',
    minimum: 1,
    default: 10000,
    description: "Tokens of each tool's output that the model gets to see",
  },
  tools: list(one('assistantTool'), 'Tools that the model may call; inline assistants only'),
  datasource_ids: list({ type: 'string' }, 'Datasources to search, by their id in .codemie/config.yaml'),
  skill_ids: list({ type: 'string' }, 'Skills, by their folder in .codemie/skills'),
  assistant_ids: ours(
    list(
      { type: 'string' },
      'Assistants that it can ask, each as a tool: entries of this file, or stored ones by the name of their file',
    ),
  ),
  exclude_extra_context_tools: lax(flag(false, 'Do not add the tools that browse code datasources')),
  mcp_servers: lax(list(one('mcpServer'), 'MCP servers whose tools the model may call')),
  command: ours({
    type: ['string', 'array'],
    items: { type: 'string' },
    description:
      'ACP agent to start instead of calling a model: a command line without shell features, or a list of the program and its arguments',
  }),
  fallback_models: ours(list({ type: 'string' }, 'Models tried in order when the chosen one cannot answer')),
  parameters: ours({ type: 'object', description: 'Further model parameters, passed on as written' }),
  guardrails: GUARDRAILS,
}

const DEFINITIONS: Readonly<Record<string, FormatSchema>> = {
  assistant: {
    title: 'assistant',
    type: 'object',
    required: ['id'],
    anyOf: [{ required: ['assistant_id'] }, { required: ['system_prompt'] }, { required: ['command'] }],
    properties: {
      id: text('Name that states use in assistant_id'),
      assistant_id: text('Stored assistant, the file .codemie/assistants/<id>.yaml'),
      ...ASSISTANT_KEYS,
    },
  },
  assistantTool: {
    title: 'tool of an assistant',
    type: 'object',
    required: ['name'],
    properties: {
      name: text('Name of the tool'),
      integration_alias: text('Integration of .codemie/config.yaml that has the credentials'),
    },
  },
  tool: {
    title: 'tool',
    type: 'object',
    required: ['id', 'tool'],
    properties: {
      id: text('Name that states use in tool_id'),
      tool: text('Name of the tool; with a leading _ the first tool whose name contains it'),
      tool_args: { type: 'object', description: 'Arguments; texts in them are templates' },
      integration_alias: text('Integration of .codemie/config.yaml that has the credentials'),
      tool_result_json_pointer: lax({
        type: ['string', 'null'],
        description: 'Part of the result to keep, e.g. /items/0',
      }),
      trace: flag(false, 'Stored by CodeMie; has no effect'),
      resolve_dynamic_values_in_response: lax(flag(false, 'Render the result as a template')),
      input_key: lax({
        type: ['string', 'null'],
        description: 'Place in the context where arguments are looked up',
      }),
      tokens_size_limit: lax({
        type: ['integer', 'null'],
        description: 'Tokens of the output to keep; absent: all',
      }),
      mcp_server: lax({ ...one('mcpServer'), description: 'MCP server that has the tool' }),
    },
  },
  customNode: {
    title: 'custom node',
    type: 'object',
    required: ['id'],
    properties: {
      id: text('Name that states use in custom_node_id'),
      custom_node_id: text('Kind of node; absent: the id is the kind'),
      name: text('Display name'),
      model: text('Model of nodes that call one'),
      system_prompt: text('Stored by CodeMie; no node uses it'),
      config: { type: 'object', description: 'Settings of the node' },
    },
  },
  mcpServer: {
    title: 'MCP server',
    type: ['object', 'null'],
    required: ['name'],
    properties: {
      name: lax(text('Display name')),
      description: lax({ type: ['string', 'null'], description: 'What the server is for' }),
      enabled: lax(flag(true, 'Whether the server is started')),
      mcp_config_id: lax({ type: ['string', 'null'], description: 'Entry of a catalogue of servers' }),
      config: lax({ ...one('mcpConfig'), description: 'How to reach the server' }),
      use_custom_config: lax(flag(false, 'Prefer config over the catalogue')),
      mcp_connect_url: lax({ type: ['string', 'null'], description: 'Bridge to reach the server through' }),
      mcp_connect_auth_token: lax(anything('Credentials of the bridge')),
      tools_tokens_size_limit: lax({ type: ['integer', 'null'], description: 'Tokens of an output to keep' }),
      command: lax({ type: ['string', 'null'], description: 'Program to start' }),
      arguments: lax(anything('Arguments of the program')),
      settings: lax(anything('Settings of the integration')),
      integration_alias: lax({
        type: ['string', 'null'],
        description: 'Integration that has the credentials',
      }),
      resolve_dynamic_values_in_arguments: lax(flag(false, 'Do not list the tools when the file is checked')),
      tools: lax({
        type: ['array', 'null'],
        items: { type: 'string' },
        description: 'Tools to offer; absent: all',
      }),
    },
  },
  mcpConfig: {
    title: 'MCP server config',
    type: ['object', 'null'],
    properties: {
      command: lax({ type: ['string', 'null'], description: 'Program to start; not together with url' }),
      url: lax({ type: ['string', 'null'], description: 'Address to connect to; not together with command' }),
      args: lax({
        type: ['array', 'null'],
        items: { type: 'string' },
        description: 'Arguments of the program',
      }),
      headers: lax({ type: ['object', 'null'], description: 'HTTP headers; texts are templates' }),
      env: lax({ type: ['object', 'null'], description: 'Environment of the program' }),
      type: lax({ type: ['string', 'null'], description: 'streamable-http, or absent' }),
      auth_token: lax({ type: ['string', 'null'], description: 'Bearer token' }),
      single_usage: lax(flag(false, 'Start a server of its own for each use')),
      tools: lax({ type: ['array', 'null'], items: { type: 'string' }, description: 'Tools to offer' }),
      audience: lax({ type: ['string', 'null'], description: 'Audience of the token' }),
      auth_config: lax(anything('How to get a token')),
    },
  },
  retryPolicy: {
    title: 'retry policy',
    type: 'object',
    properties: {
      initial_interval: {
        type: 'number',
        minimum: 0,
        maximum: 3600000,
        default: 0.5,
        description: 'Seconds before the second try',
      },
      backoff_factor: {
        type: 'number',
        minimum: 1,
        maximum: 10,
        default: 2,
        description: 'Growth of the pause',
      },
      max_interval: {
        type: 'number',
        minimum: 0,
        maximum: 3600000,
        default: 128,
        description: 'Longest pause in seconds',
      },
      max_attempts: count(1, 100, 10, 'Tries in all, the first included'),
    },
  },
  state: {
    title: 'state',
    type: 'object',
    required: ['id', 'next'],
    properties: {
      id: text('Name of the state'),
      assistant_id: text('Assistant that answers'),
      tool_id: text('Tool that is called'),
      custom_node_id: text('Custom node that works'),
      task: { type: 'string', default: '', description: 'What the assistant is asked' },
      next: one('next'),
      output_schema: text('JSON text: a JSON Schema, or an example of the answer'),
      tool_args: { type: 'object', description: 'Arguments instead of those of the tool' },
      retry_policy: { ...one('retryPolicy'), description: 'Over the policy of the workflow, key by key' },
      interrupt_before: flag(false, 'Hold the run before this state until a person resumes it'),
      wait_for_user_confirmation: { type: 'boolean', description: 'Older name of interrupt_before' },
      finish_iteration: flag(false, 'Split the own output although the state is inside an iteration'),
      resolve_dynamic_values_in_prompt: lax(flag(false, 'Render task as a template')),
      result_as_human_message: lax(flag(false, "The output enters the history as the user's message")),
      on_error: ours({
        title: 'on_error',
        type: ['string', 'object', 'array'],
        description: 'What happens when all tries failed: a state that takes over, continue, or handlers',
        ...ERROR_HANDLER,
        items: { title: 'error handler', type: 'object', ...ERROR_HANDLER },
      }),
      model: ours(text('Model of this step in place of the one of its assistant')),
      timeout: ours({
        type: ['string', 'number'],
        description: 'Limit of one try: seconds, or a text such as 90s, 5m, 1h',
      }),
      cache: ours({ type: 'boolean', description: 'Reuse the output of an equal earlier step' }),
      approval: ours({ type: 'boolean', description: 'A person must say yes before the step runs' }),
      workflow_id: ours(text('Another workflow to run as this step')),
      inputs: ours({
        type: 'object',
        description: 'Inputs of the workflow under workflow_id; texts are templates',
        additionalProperties: true,
      }),
    },
  },
  condition: {
    title: 'condition',
    type: 'object',
    required: ['expression', 'then', 'otherwise'],
    properties: {
      expression: text("Expression over the state's own output"),
      // The key of the format; an object of this shape is data and is never awaited.
      ['then' as string]: text('State when it holds, or end'),
      otherwise: text('State when it does not hold or cannot be decided, or end'),
    },
  },
  switch: {
    title: 'switch',
    type: 'object',
    required: ['cases', 'default'],
    properties: {
      cases: list(one('switchCase'), 'The first case that holds decides'),
      default: text('State when no case holds, or end'),
    },
  },
  switchCase: {
    title: 'case of a switch',
    type: 'object',
    required: ['condition', 'state_id'],
    properties: {
      condition: text("Expression over the state's own output"),
      state_id: text('State when it holds, or end'),
    },
  },
  next: {
    title: 'next',
    type: 'object',
    properties: {
      state_id: text('The state that follows, or end'),
      state_ids: list({ type: 'string' }, 'States that follow side by side'),
      condition: one('condition'),
      switch: one('switch'),
      iter_key: text('Key of a list in the output, or a JSON pointer: state_id runs once for each item'),
      shard: ours({
        type: 'integer',
        minimum: 1,
        maximum: MOST_SHARDS,
        description: 'In how many parts several machines may share the items; nothing changes on one machine',
      }),
      override_task: flag(false, 'Hand the output on instead of the item'),
      output_key: text('Also store the whole output under this key'),
      store_in_context: flag(true, 'Store the keys of the output in the context'),
      include_in_llm_history: flag(true, 'Add the output to the history'),
      keep_history: flag(true, 'Older name of include_in_llm_history'),
      clear_prior_messages: flag(false, 'Remove the earlier messages'),
      clear_context_store: {
        enum: [true, false, 'keep_current'],
        default: false,
        description: 'true empties the context; keep_current keeps only what this state produced',
      },
      reset_keys_in_context_store: list({ type: 'string' }, 'Context keys to delete'),
      include_in_iterator_context: {
        type: 'array',
        items: { type: 'string' },
        default: ['*'],
        description: 'Context keys that branches started here get to see',
      },
      append_to_context: flag(false, 'Collect values into lists instead of replacing them'),
    },
  },
}

const CONFIG_KEYS: Readonly<Record<string, FormatSchema>> = {
  assistants: list(one('assistant'), 'Who answers'),
  tools: list(one('tool'), 'Tools that states call directly'),
  custom_nodes: list(one('customNode'), 'Nodes with a fixed job'),
  states: list(one('state'), 'The graph; the first state is the entry'),
  enable_summarization_node: flag(true, 'A model call that sums up when a path reaches end'),
  recursion_limit: count(1, 5000, 50, 'Supersteps that a run may take'),
  max_concurrency: count(1, 100, 2, 'Steps at once; above 5 counts as 5'),
  messages_limit_before_summarization: count(1, 10000, 25, 'Messages after which the history is summed up'),
  tokens_limit_before_summarization: count(
    1,
    2147483647,
    50000,
    'Tokens after which the history is summed up',
  ),
  retry_policy: { ...one('retryPolicy'), description: 'How failed steps are tried again' },
  type: { type: 'string', default: 'generic', description: 'Stored by CodeMie; has no effect' },
  verbose: flag(true, 'Stored by CodeMie; has no effect'),
  max_iteration_key_output_limit: count(1, 10000, 200, 'Stored by CodeMie; has no effect'),
  name: ours(text('Display name; in the template form it stands beside execution_config')),
  description: ours(text('What the workflow is for')),
  orphaned_states: anything('States that the editor of CodeMie keeps aside'),
  ...OUR_ROOT_KEYS,
}

/** Keys beside `execution_config` in the template form, or beside `yaml_config` in a record. */
const ENVELOPE_KEYS: Readonly<Record<string, FormatSchema>> = {
  name: text('Display name'),
  description: { type: ['string', 'null'], description: 'What the workflow is for' },
  mode: { type: ['string', 'null'], description: 'Sequential; Autonomous is no longer run' },
  slug: anything('Id of the template in CodeMie'),
  icon_url: anything('Picture in CodeMie'),
  start_hint: anything('Hint shown at the start in CodeMie'),
  video_link: anything('Film in CodeMie'),
  supervisor_prompt: anything('Prompt of the Autonomous mode'),
  verbose: anything('Has no effect'),
  project: anything('Project in CodeMie'),
  shared: anything('Sharing in CodeMie'),
  meta_config: anything('Layout of the editor of CodeMie'),
  guardrail_assignments: anything('Guardrails in CodeMie'),
  ...OUR_ROOT_KEYS,
}

/** Schema of the execution config: the part of a file that runs. */
export const configSchema: FormatSchema = {
  $id: 'codemie-config',
  title: 'execution config',
  type: 'object',
  properties: CONFIG_KEYS,
  definitions: DEFINITIONS,
}

/** Schema of what stands around the execution config. */
export const envelopeSchema: FormatSchema = {
  $id: 'codemie-envelope',
  title: 'workflow file',
  type: 'object',
  properties: {
    ...ENVELOPE_KEYS,
    execution_config: { type: ['object', 'null'], description: 'The part that runs' },
    yaml_config: text('The part that runs, as YAML text'),
  },
}

/** Schema of `.codemie/assistants/<id>.yaml`: an inline assistant without the reference to a stored one. */
export const assistantFileSchema: FormatSchema = {
  $id: 'codemie-assistant',
  title: 'assistant file',
  type: 'object',
  anyOf: [{ required: ['system_prompt'] }, { required: ['command'] }],
  properties: {
    id: text('Same as the name of the file'),
    description: { type: 'string', description: 'What the assistant is for' },
    ...ASSISTANT_KEYS,
  },
  definitions: {
    assistantTool: DEFINITIONS.assistantTool ?? {},
    mcpServer: DEFINITIONS.mcpServer ?? {},
    mcpConfig: DEFINITIONS.mcpConfig ?? {},
  },
}

/** The published schema of a whole file, both forms, for editors. */
export const workflowFileSchema: FormatSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'CodeMie workflow',
  description: 'A workflow of .codemie/workflows, as a bare execution config or inside the template envelope',
  type: 'object',
  anyOf: [{ required: ['states'] }, { required: ['execution_config'] }, { required: ['yaml_config'] }],
  properties: {
    ...ENVELOPE_KEYS,
    ...CONFIG_KEYS,
    execution_config: { type: 'object', properties: CONFIG_KEYS, description: 'The part that runs' },
    yaml_config: text('The part that runs, as YAML text'),
  },
  definitions: DEFINITIONS,
}

const RESOLVED = new WeakMap<FormatSchema, FormatSchema>()

/** Follows a reference into the definitions of the root schema; keeps what stands beside it. */
export function resolveSchema(root: FormatSchema, schema: FormatSchema): FormatSchema {
  if (schema.$ref === undefined) return schema
  const known = RESOLVED.get(schema)
  if (known) return known
  const target = root.definitions?.[schema.$ref.slice('#/definitions/'.length)]
  const resolved = target ? { ...target, ...schema, ...(target.type ? { type: target.type } : {}) } : schema
  RESOLVED.set(schema, resolved)
  return resolved
}
