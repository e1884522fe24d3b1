import type { Located, Position } from './diagnostic.ts'
import type { Lifecycle } from './lifecycle.ts'

/**
 * The one model that every dialect lowers to. It is plain data: it can be compared, printed and digested, and
 * nothing in it has been evaluated. The engine knows this model and no dialect.
 *
 * A workflow is a graph of states; each state has one kind of {@link Work}, a rule for what becomes of its output
 * ({@link OutputPolicy}) and one {@link Transition}:
 *
 *     plan --map(items)--> review --goto--> report --choose--> end
 */
export interface Workflow {
  /** File stem without dialect suffixes, e.g. `release-notes`. Names the workflow on the command line and in records. */
  readonly id: string
  /** Display name; the file stem where the author gave none. */
  readonly name: string
  readonly description: string
  readonly dialect: Dialect
  /** Path of the definition relative to the repository root, with `/`. */
  readonly file: string
  /** The exact text the model was read from. */
  readonly text: string
  readonly tags: readonly string[]
  readonly lifecycle: Lifecycle
  readonly triggers: readonly Trigger[]
  readonly inputs: readonly InputSpec[]
  /** How the input of a run reaches its states. */
  readonly opening: Opening
  readonly budget: MoneyAndTokens
  readonly models: ModelChoice
  /** What it may write to GitHub, and what its job has to be allowed. Source: root key `permissions`. */
  readonly permissions: Permissions
  /** Names of guardrails that check the conversation before each state. Our root key `guardrails`. */
  readonly guardrails: readonly Located<string>[]
  readonly limits: Limits
  /** An extra model call that sums the conversation up when a path reaches `end`. Source: `enable_summarization_node`. */
  readonly finalizer: boolean
  readonly assistants: readonly Assistant[]
  /** Id of the first state. */
  readonly entry: string
  readonly states: readonly State[]
}

/** How the input of a run reaches its states. */
export type Opening =
  /** It is the first message of the conversation, and the keys of a dict stand in the context. */
  | { readonly kind: 'message' }
  /** It is stored under the name `input`, without the blanks around it; the conversation is empty. Octomind's own files. */
  | { readonly kind: 'name' }
  /** The first state works on it; the conversation begins with what a session begins with. Octomind's configuration. */
  | { readonly kind: 'text'; readonly system?: string; readonly greeting: string }
/**
 * As written: a kind of effect with its limit (`comment: 1`, `label: [triage/*]`; see `effectGrants`), or a permission of the job
 * by GitHub's name with `none`, `read` or `write`.
 */
export type Permissions = Readonly<Record<string, string | number | readonly string[]>>

export type Dialect = 'codemie' | 'octomind-config' | 'octomind-file'

/** One entry of the root key `on`. `options` holds filters (branches, paths, cron, inputs) as written. */
export interface Trigger {
  readonly event: string
  readonly options: Readonly<Record<string, unknown>>
  readonly at: Position
}

/** One declared input. Without declared inputs a workflow takes any. */
export interface InputSpec {
  readonly name: string
  /** JSON Schema of the value; `{}` allows anything. */
  readonly schema: Readonly<Record<string, unknown>>
  readonly required: boolean
  /** `undefined`: no default. */
  readonly default?: unknown
  readonly description: string
  readonly at: Position
}

/** Ceilings declared by the author. `undefined`: none. */
export interface MoneyAndTokens {
  readonly usd?: number
  readonly tokens?: number
  readonly steps?: number
}

/** Model ids are `provider:model`, or bare for the default provider. */
export interface ModelChoice {
  readonly default?: string
  /** Tried in order when the chosen model cannot answer. */
  readonly fallback: readonly string[]
}

export interface Limits {
  /** Supersteps that a run may take, 1 to 5000. Source: `recursion_limit`, default 50. */
  readonly recursionLimit: number
  /** Steps at once inside a superstep, 1 to 5 for CodeMie files (default 2). */
  readonly maxConcurrency: number
  /** Memory is summed up before an agent state when the history is longer than either. */
  readonly memory: { readonly messages: number; readonly tokens: number }
}

/** Delay before try n+1 is `min(maxIntervalMs, initialIntervalMs * backoffFactor^(n-1))` plus up to a second of jitter. */
export interface RetryPolicy {
  readonly initialIntervalMs: number
  readonly backoffFactor: number
  readonly maxIntervalMs: number
  /** Tries in all, the first included; 1 to 100. */
  readonly maxAttempts: number
  /** Any failure is tried again, also one that a further try will hardly mend, and at once. Default: `false`. */
  readonly always?: boolean
}

export const TOOL_OUTPUT_TOKENS = 10_000

/** Who answers an agent state: inline, or a stored assistant (`.codemie/assistants/<ref>.yaml`) with overrides. */
export interface Assistant {
  readonly id: string
  /** Id of a stored assistant. `undefined`: everything is inline. */
  readonly ref?: string
  readonly name?: string
  /** What it is good at, for assistants that can ask it. Default: `''`. Our key `description`. */
  readonly description: string
  /** Used verbatim; never a template for inline assistants. */
  readonly systemPrompt?: string
  /** What its conversations begin with, as if it had said it. Octomind's `welcome`. */
  readonly greeting?: string
  readonly model?: string
  readonly temperature?: number
  /** Further model parameters, passed on as written. Our key `parameters`. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly fallbackModels: readonly string[]
  readonly tools: readonly ToolReference[]
  readonly datasourceIds: readonly string[]
  readonly skillIds: readonly string[]
  /** Those it can ask as it asks a tool. One that is no entry of the file is stored: nothing but a `ref`. Our key `assistant_ids`. */
  readonly subAssistants: readonly Assistant[]
  readonly mcpServers: readonly McpServer[]
  /** Names of guardrails that check the conversation before its states, with those of the workflow. Our key `guardrails`. */
  readonly guardrails: readonly Located<string>[]
  /** Tokens of a tool's output that the model gets to see. Default: {@link TOOL_OUTPUT_TOKENS}. */
  readonly toolOutputTokens?: number
  readonly excludeExtraContextTools: boolean
  /** An ACP agent to start instead of calling a model: the program and its arguments. Our key `command`. */
  readonly command?: readonly string[]
  /** Where that program is not there or not allowed, the assistant itself answers, with its model and prompt. Default: `false`. */
  readonly commandIsOptional?: boolean
  readonly at: Position
}

/** Someone who answers and of whom nothing is known yet but the name. */
export function bareAssistant(id: string, at: Position): Assistant {
  return {
    id,
    description: '',
    parameters: {},
    fallbackModels: [],
    tools: [],
    datasourceIds: [],
    skillIds: [],
    subAssistants: [],
    guardrails: [],
    mcpServers: [],
    excludeExtraContextTools: false,
    at,
  }
}

export interface ToolReference {
  readonly name: string
  readonly integrationAlias?: string
  readonly at: Position
}

/** An MCP server as written; spec/codemie 1.6. */
export interface McpServer {
  readonly name: string
  readonly enabled: boolean
  /** Allow-list of tool names; `prefix*` stands for all that begin so. Empty means all. See {@link allowsTool}. */
  readonly tools: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
  readonly resolveDynamicArguments: boolean
  readonly tokensLimit?: number
  readonly integrationAlias?: string
  readonly at: Position
}

/** What ids of workflows begin with that are a role of a configuration. */
export const ROLE = 'role:'

/** Whether an allow-list of a server has a tool. */
export function allowsTool(list: readonly string[], tool: string): boolean {
  return list.some((one) => (one.endsWith('*') ? tool.startsWith(one.slice(0, -1)) : one === tool))
}

/** A node of the graph. One execution of it in a run is a step. */
export interface State {
  readonly id: string
  readonly at: Position
  readonly work: Work
  readonly output: OutputPolicy
  readonly next: Transition
  /** The workflow's policy with the state's own keys over it. */
  readonly retry: RetryPolicy
  /** Hold the run before this state until a person resumes it. Source: `interrupt_before`. */
  readonly pauseBefore: boolean
  /** Who takes over when all attempts failed: the first that catches the failure. Empty: the run fails. Our key `on_error`. */
  readonly onError: readonly ErrorHandler[]
  /** Our key `timeout`: limit of one attempt. */
  readonly timeoutMs?: number
  /** Our key `approval`: a person must say yes before the step runs. */
  readonly approval?: boolean
  /** Our key `cache`: reuse the output of an equal earlier step. */
  readonly cache?: boolean
}

/** What happens after a failure that no attempt mended. */
export interface ErrorHandler {
  /**
   * The failures it is for: codes (`step-timeout`), beginnings of codes (`provider-*`) or who is to blame (`tool`).
   * Empty: all but those of budget and policy, which only their own name catches.
   */
  readonly catches: readonly string[]
  /** State that goes on, `continue` for the state's own transition, or `end`. `undefined`: the run fails all the same. */
  readonly to?: Located<string>
  /** A tool that is told first. That it fails does not matter to the run. */
  readonly notify?: ToolWork
  readonly at: Position
}

/** As the target of an error handler: go on as if the step had succeeded. */
export const CONTINUE = 'continue'

/** What a state does. Exactly one kind; the engine has one step implementation for each. */
export type Work =
  | AgentWork
  | ToolWork
  | TransformWork
  | StateProcessorWork
  | DocumentsTreeWork
  | BedrockFlowWork
  | SummaryWork
  | CallWork
  | PromptWork
  | LayerWork
  | ScriptWork
  | BlockWork

export interface AgentWork {
  readonly kind: 'agent'
  readonly assistant: Assistant
  /** The user turn. `""` is sent as `-`. */
  readonly task: Located<string>
  /** Only then `task` is rendered as a template. Source: `resolve_dynamic_values_in_prompt`. */
  readonly renderTask: boolean
  /** JSON text; a real JSON Schema is enforced, anything else only described to the model. */
  readonly outputSchema?: Located<string>
}

export interface ToolWork {
  readonly kind: 'tool'
  /** `id` in the file's `tools` list. */
  readonly toolId: string
  /** Name as written; a leading `_` means "the first tool whose name contains it". */
  readonly tool: string
  /** `undefined`: every parameter of the tool, taken from the context by name. Integers in it are `bigint`, a `number` is a float. */
  readonly args?: Located<Readonly<Record<string, unknown>>>
  readonly integrationAlias?: string
  /** Where in the context the arguments are looked up, e.g. `a.b[0].c`. */
  readonly inputKey?: string
  readonly resultPointer?: Located<string>
  readonly renderResult: boolean
  /** Cap of the output in tokens. `undefined`: none. */
  readonly tokensLimit?: number
  readonly mcpServer?: McpServer
}

/** Pure reshaping of data; spec/codemie 5.3. */
export interface TransformWork {
  readonly kind: 'transform'
  /**
   * `config` as written: `input_source`, `input_key`, `mappings`, `output_schema`, `on_error`, `default_output`. Integers in it
   * are `bigint`, a `number` is a float: `1` and `1.0` print differently.
   */
  readonly config: Readonly<Record<string, unknown>>
  /** What the author says it is for; `""` where nothing is said. */
  readonly task: Located<string>
  readonly at: Position
}

/** Summarises earlier outputs with a model, then renders them; spec/codemie 5.4. */
export interface StateProcessorWork {
  readonly kind: 'state-processor'
  readonly config: Readonly<Record<string, unknown>>
  readonly task: Located<string>
  readonly model?: string
  readonly at: Position
}

/** Lists the documents of a datasource; spec/codemie 5.5. */
export interface DocumentsTreeWork {
  readonly kind: 'documents-tree'
  readonly config: Readonly<Record<string, unknown>>
  readonly at: Position
}

/** Calls an AWS Bedrock flow; spec/codemie 5.6. */
export interface BedrockFlowWork {
  readonly kind: 'bedrock-flow'
  readonly config: Readonly<Record<string, unknown>>
  readonly at: Position
}

/** Sums the conversation up with a model: the finalizer at `end`, or the shortening of a long history. */
export interface SummaryWork {
  readonly kind: 'summary'
  readonly of: 'run' | 'memory'
}

/** Runs another workflow as one step, in a scope of its own: only its output comes back. Our key `workflow_id`. */
export interface CallWork {
  readonly kind: 'call'
  /** File stem, path or name of the workflow. */
  readonly workflow: Located<string>
  /**
   * Inputs by name; texts are templates over the context and the item. Integers in it are `bigint`. `undefined`: the
   * task is the input, or else the item of the iteration.
   */
  readonly inputs?: Located<Readonly<Record<string, unknown>>>
  readonly task: Located<string>
  /** Only then `task` is rendered as a template. */
  readonly renderTask: boolean
}

/** Asks a role with a prompt that names earlier outputs as `{{name}}`. A step of Octomind's own files. */
export interface PromptWork {
  readonly kind: 'prompt'
  readonly assistant: Assistant
  readonly prompt: Located<string>
  /** `continue`: later executions go on with the conversation of the first, and are told the latest output of any state. */
  readonly session: 'fresh' | 'continue'
  /** Names of outputs that the workflow has. */
  readonly declared: readonly string[]
  /** An output that is not there yet fails the step. Otherwise its name stays as it is written. */
  readonly needsNames: boolean
  /** Folder the role works in, relative to the root of the repository. `undefined`: the root. */
  readonly folder?: Located<string>
  /** Set for programs that the prompt goes through, see `.agents/guardrails.toml`. */
  readonly env: Readonly<Record<string, string>>
}

/** Asks an agent with the text of the state before, within one conversation that all layers share. */
export interface LayerWork {
  readonly kind: 'layer'
  readonly assistant: Assistant
  /**
   * What it is told beside the text: the last answer of the conversation, all of it, or a summary of its answers, each as one
   * message; `session`: the conversation goes before the text, message for message.
   */
  readonly sees: 'last' | 'all' | 'summary' | 'session'
  /** Folder the agent works in, relative to the root of the repository. `undefined`: the root. */
  readonly folder?: Located<string>
}

/** Runs a program of the repository with the text of the state before on its standard input. */
export interface ScriptWork {
  readonly kind: 'script'
  readonly command: Located<string>
  /** Set for the program, beside `PATH` and the like. */
  readonly env: Readonly<Record<string, string>>
  /** A program that prints nothing leaves the text as it was. Otherwise the text is empty then. */
  readonly keepsText: boolean
}

/** A body and a driver that says how often and on what it runs. Octomind's steps lower to these. */
export interface BlockWork {
  readonly kind: 'block'
  readonly driver: Driver
  /** In the order written. Their transitions do not count: the driver says what follows what. */
  readonly body: readonly State[]
}

export type Driver =
  /** Runs the body once. `orElse: 'incoming'`: when it fails, the run goes on with the text that it was given. */
  | { readonly kind: 'once'; readonly orElse?: 'incoming' }
  /** Runs the body until a text of it matches, at most `maxIterations` times. That it never does is no failure. */
  | UntilDriver
  /** Runs the body on every match of a text. */
  | ForEachDriver
  /** Runs the body's states on the same text at once and joins the answers. */
  | AllDriver
  /** Tests a text and runs the states of one of two lists. */
  | ChooseDriver

export interface UntilDriver {
  readonly kind: 'until'
  readonly exit: TextTest
  readonly maxIterations: number
  /** What goes on where no round is allowed: the text from before, or an empty one. */
  readonly whenNone: 'keep' | 'empty'
}

export interface ForEachDriver extends Quorum {
  readonly kind: 'for-each'
  /** What is looked through. `undefined`: the text of the state before. */
  readonly of?: Located<string>
  readonly pattern: Located<string>
  /**
   * `whole`: a match without its first group counts as a whole, blanks and all; no match is no failure.
   * `group`: only what the group holds, without blanks around it; without any item the block fails.
   */
  readonly takes: 'whole' | 'group'
  /** Name of the output that holds the item for the body. `undefined`: the item is the text that the body works on. */
  readonly as?: string
}

export interface AllDriver extends Quorum {
  readonly kind: 'all'
  /** How often each state of the body runs, by id. Absent: once. */
  readonly copies: Readonly<Record<string, number>>
  /** Works on the joined answers. */
  readonly aggregator?: State
}

/** How many executions run at once, how many have to succeed, and what becomes of their answers. */
interface Quorum {
  /** `undefined`: all at once. 1: one after the other. */
  readonly atOnce?: number
  /** `undefined`: all. */
  readonly minSuccess?: number
  /** A separator, or a line with the name before each answer that is not blank. */
  readonly join: { readonly kind: 'separator'; readonly text: string } | { readonly kind: 'labels' }
}

export interface ChooseDriver {
  readonly kind: 'choose'
  /** Runs first, and its answer is what the test looks at. */
  readonly first?: State
  readonly when: TextTest
  /** Ids of the body, in the order in which they run. */
  readonly onMatch: readonly string[]
  readonly onNoMatch: readonly string[]
  /** What comes of the block when the list is empty: the text that was tested last, or none. */
  readonly whenNone: 'keep' | 'empty'
}

/** Whether a text holds something. With both keys, either is enough. */
export interface TextTest {
  /** Name of the output that is looked at. `undefined`: the latest. */
  readonly of?: Located<string>
  readonly contains?: Located<string>
  /** A pattern of Rust's `regex`. */
  readonly matches?: Located<string>
}

/** What becomes of a state's output. The flags are independent of each other; spec/codemie 2.5 gives their order. */
export interface OutputPolicy {
  readonly storeInContext: boolean
  readonly includeInHistory: boolean
  /** Remove the messages the step saw before adding its own; `but-system`: all but the system prompt. */
  readonly clearHistory: boolean | 'but-system'
  /** `clear`: empty the context, storing nothing; `keep-current`: keep only what this state produced. */
  readonly context: 'merge' | 'clear' | 'keep-current'
  readonly resetKeys: readonly string[]
  /** Also store the raw output text under this key. */
  readonly outputKey?: string
  /** Collect values into lists instead of replacing them. */
  readonly append: boolean
  /** The output enters the history as the user's message. */
  readonly asUserMessage: boolean
  /** Context keys that branches started here get to see. `'*'`: all. */
  readonly branchKeys: '*' | readonly string[]
}

/** An output goes to the state that comes next, and nowhere else. */
export const STORES_NOTHING: OutputPolicy = {
  storeInContext: false,
  includeInHistory: false,
  clearHistory: false,
  context: 'merge',
  resetKeys: [],
  append: false,
  asUserMessage: false,
  branchKeys: '*',
}

/** `end` as a target means the end of the path, whatever states exist. */
export const END = 'end'

export type Transition =
  /** No successor: the path stops, and the finalizer does not run. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'goto'; readonly to: Located<string> }
  | { readonly kind: 'fan-out'; readonly to: readonly Located<string>[] }
  | {
      readonly kind: 'choose'
      /** How the author wrote it; `condition` and `switch` mean the same, and `edges` have tests. */
      readonly form: 'condition' | 'switch' | 'edges'
      readonly cases: readonly Case[]
      readonly otherwise: Located<string>
    }
  | {
      readonly kind: 'map'
      /** `iter_key`: a key of the output, or a JSON pointer when it starts with `/`. */
      readonly items: Located<string>
      readonly to: Located<string>
      /** Split this state's own output although it is itself inside an iteration. Source: `finish_iteration`. */
      readonly resplit: boolean
      /** Hand this state's output on instead of the item. Source: `override_task`. */
      readonly passOutput: boolean
      /** Several machines may share the items, in so many parts at most: 1 to 256. Our key `shard`. */
      readonly shards?: number
    }

/** One way out of a state. */
export interface Case {
  /** An expression; with a test, the words of that. */
  readonly when: Located<string>
  /** Asked instead of an expression. */
  readonly test?: TextTest
  readonly to: Located<string>
}

/** All targets that a transition mentions, one per mention, in the order written. */
export function targetsOf(next: Transition): readonly Located<string>[] {
  switch (next.kind) {
    case 'stop':
      return []
    case 'goto':
    case 'map':
      return [next.to]
    case 'fan-out':
      return next.to
    case 'choose':
      return [...next.cases.map((c) => c.to), next.otherwise]
  }
}
