import { createRequire } from 'node:module'
import type { FlowInput, FlowResponseStream, InvokeFlowResponse } from '@aws-sdk/client-bedrock-agent-runtime'
import type { Integration, RepositoryConfig } from '../../schema/config.ts'
import type { Position } from '../../schema/diagnostic.ts'
import { helpWithName } from '../../schema/nearest.ts'
import type { BedrockFlowWork, Workflow } from '../../schema/workflow.ts'
import type { ToolRequest } from '../effect.ts'
import { StepFailure } from '../failure.ts'
import { isLoopback } from '../models/providers.ts'
import { oneLine } from '../report/plain-text.ts'
import { type FlowSettings, readFlow } from '../steps/bedrock-flow.ts'

type Env = Readonly<Record<string, string | undefined>>
type Config = Pick<RepositoryConfig, 'integrations' | 'policy'>

/** Why a flow cannot be called, known before the run. */
export interface FlowProblem {
  readonly code:
    | 'bedrock-flow-incomplete'
    | 'integration-unusable'
    | 'integration-secret-missing'
    | 'package-missing'
  readonly at: Position
  readonly message: string
  readonly help: string
}

const PACKAGE = '@aws-sdk/client-bedrock-agent-runtime'

/** Everything that keeps the flows of workflows from being called. Loads the package, and contacts nobody. */
export function flowProblems(
  workflows: readonly Workflow[],
  config: Config,
  env: Env,
): readonly FlowProblem[] {
  const works = workflows
    .flatMap(({ states }) => states)
    .flatMap(({ work }) => (work.kind === 'bedrock-flow' ? [work] : []))
  const problems = works.flatMap((work) => problemsOf(work, config, env))
  const [first] = works
  if (first === undefined || loadSdk()) return problems
  return [...problems, { code: 'package-missing', at: first.at, ...packageMissing() }]
}

function problemsOf(work: BedrockFlowWork, config: Config, env: Env): readonly FlowProblem[] {
  const { at } = work
  const settings = readFlow(work)
  if (settings.workflow !== undefined) {
    return [
      {
        code: 'bedrock-flow-incomplete',
        at,
        message: `The node takes its flow from the workflow '${settings.workflow}' of a server, which is not looked up here`,
        help: "Write 'flow_id', 'flow_alias_id', 'integration_alias', 'input_node_name' and 'input_node_output_field' into its config.",
      },
    ]
  }
  const missing = NEEDED.filter(([, has]) => has(settings) === undefined).map(([key]) => key)
  const incomplete = missing.map(
    (key): FlowProblem => ({
      code: 'bedrock-flow-incomplete',
      at,
      message: `The Bedrock flow needs '${key}' in its config`,
      help: 'All of them are on the page of the flow in the console of AWS.',
    }),
  )
  if (settings.integration === undefined) return incomplete
  const found = accountOf(settings.integration, config, env)
  return 'problem' in found ? [...incomplete, { at, ...found.problem }] : incomplete
}

const NEEDED: readonly (readonly [string, (flow: FlowSettings) => string | undefined])[] = [
  ['flow_id', ({ flow }) => flow],
  ['flow_alias_id', ({ alias }) => alias],
  ['integration_alias', ({ integration }) => integration],
  ['input_node_name', ({ node }) => node],
  ['input_node_output_field', ({ field }) => field],
]

/** Where flows are called, and as whom. */
interface Account {
  readonly region: string
  readonly endpoint: string
  readonly credentials: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

type Trouble = Pick<FlowProblem, 'code' | 'message' | 'help'>

const unusable = (message: string, help: string): { readonly problem: Trouble } => ({
  problem: { code: 'integration-unusable', message, help },
})

/** The account behind an integration. Nothing but what the config names is looked at: no profile, no other variable. */
function accountOf(
  alias: string,
  { integrations, policy }: Config,
  env: Env,
): Account | { readonly problem: Trouble } {
  const integration = integrations.get(alias)
  const example = `integrations: { ${alias}: { type: aws, options: { region: us-east-1 }, env: { access_key_id: AWS_ACCESS_KEY_ID, secret_access_key: AWS_SECRET_ACCESS_KEY } } }`
  if (policy.network === 'none') {
    return unusable(
      'The policy lets nothing reach a network',
      "Set policy.network in .codemie/config.yaml to 'allow-list'.",
    )
  }
  if (integration === undefined) {
    const known = [...integrations.keys()]
    const near = known.length === 0 ? '' : `${helpWithName(alias, known, 'The config has')} `
    return unusable(`There is no integration '${alias}'`, `${near}In .codemie/config.yaml: ${example}`)
  }
  const { region, endpoint } = integration.options
  if (integration.type !== 'aws' || typeof region !== 'string' || !/^[a-z]{2}[a-z0-9-]{3,30}$/.test(region)) {
    return unusable(
      `The integration '${alias}' is none of AWS with a region`,
      `Write it like this: ${example}`,
    )
  }
  if (endpoint !== undefined && !isAddress(endpoint)) {
    return unusable(
      `The address of the integration '${alias}' is neither https nor on this machine`,
      `Correct integrations.${alias}.options.endpoint in .codemie/config.yaml, or leave it out.`,
    )
  }
  const secret = (purpose: string) => secretOf(integration, purpose, env)
  const [accessKeyId, secretAccessKey, sessionToken] = [
    'access_key_id',
    'secret_access_key',
    'session_token',
  ].map(secret)
  if (!accessKeyId || !secretAccessKey) return secretMissing(integration)
  return {
    region,
    endpoint: typeof endpoint === 'string' ? endpoint : addressOf(region),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
  }
}

function isAddress(endpoint: unknown): boolean {
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false
  const { protocol } = new URL(endpoint)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(endpoint))
}

/** Source: "Amazon Bedrock endpoints and quotas". Said here, so that no variable or file can send the keys elsewhere. */
function addressOf(region: string): string {
  return `https://bedrock-agent-runtime.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

function secretOf({ env: names }: Integration, purpose: string, env: Env): string | undefined {
  const variable = Object.hasOwn(names, purpose) ? names[purpose] : undefined
  return variable === undefined ? undefined : env[variable] || undefined
}

function secretMissing({ alias, env: names }: Integration): { readonly problem: Trouble } {
  const [id, key] = [names['access_key_id'], names['secret_access_key']]
  if (id === undefined || key === undefined) {
    return unusable(
      `The integration '${alias}' does not say which variables hold its keys`,
      `Name them under integrations.${alias}.env: access_key_id, secret_access_key and, for a role, session_token.`,
    )
  }
  return {
    problem: {
      code: 'integration-secret-missing',
      message: `The keys of the integration '${alias}' are not set`,
      help: `Set ${id} and ${key}.`,
    },
  }
}

type Sdk = typeof import('@aws-sdk/client-bedrock-agent-runtime')

/**
 * The package, from where codemie-ci itself is installed; what is checked out is never looked at. `undefined`: it is not
 * there. Not by `import`, which code that was kept compiled cannot do.
 */
function loadSdk(): Sdk | undefined {
  try {
    return createRequire(import.meta.url)(PACKAGE) as Sdk
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function packageMissing() {
  return {
    message: `Bedrock flows are called with the package ${PACKAGE}, which is not installed beside codemie-ci`,
    help: `Run \`npm install ${PACKAGE}\` where codemie-ci is installed; with \`-g\` if that was global.`,
  }
}

/** A flow says nothing while it works; the limit of one try is the state's `timeout`. */
const IDLE_MS = 15 * 60_000

/** Bytes of output, as JSON. */
const MOST_BYTES = 10 * 1024 * 1024

/**
 * Calls a flow once and waits for its end.
 *
 * @returns the document of its output; of several outputs an object by their nodes; `""` where there is none.
 * @throws StepFailure with a code that begins with `bedrock-`, or the reason of the signal.
 */
export async function invokeFlow(
  { args, integrationAlias = '' }: ToolRequest,
  config: Config,
  env: Env,
  signal: AbortSignal,
): Promise<unknown> {
  const account = accountOf(integrationAlias, config, env)
  if ('problem' in account) {
    const { code, message, help } = account.problem
    throw new StepFailure(code, message, { blame: 'user', help })
  }
  const sdk = loadSdk()
  if (!sdk) {
    const { message, help } = packageMissing()
    throw new StepFailure('package-missing', message, { blame: 'user', help })
  }
  const client = new sdk.BedrockAgentRuntimeClient({
    ...account,
    // The policy of the state says how often.
    maxAttempts: 1,
    requestHandler: { requestTimeout: IDLE_MS, sessionTimeout: IDLE_MS, disableConcurrentStreams: true },
  })
  try {
    const command = new sdk.InvokeFlowCommand({
      flowIdentifier: String(args['flow']),
      flowAliasIdentifier: String(args['alias']),
      inputs: [
        {
          content: { document: args['input'] } as FlowInput['content'],
          nodeName: String(args['node']),
          nodeOutputName: String(args['field']),
        },
      ],
    })
    return await readOutput(await client.send(command, { abortSignal: signal }))
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof StepFailure ? error : explain(error as AwsError)
  } finally {
    client.destroy()
  }
}

async function readOutput({ responseStream }: InvokeFlowResponse): Promise<unknown> {
  const outputs: [node: string, document: unknown][] = []
  let bytes = 0
  for await (const event of responseStream ?? noEvents()) {
    const { flowOutputEvent, flowCompletionEvent } = event
    if (flowOutputEvent) {
      const document: unknown = flowOutputEvent.content?.document
      bytes += JSON.stringify(document ?? null).length
      if (bytes > MOST_BYTES) {
        throw new StepFailure('bedrock-output-too-large', 'The flow put out more than 10 MiB', {
          blame: 'provider',
          help: 'Let it put out less, or where the result is kept.',
        })
      }
      outputs.push([flowOutputEvent.nodeName ?? '', document])
    }
    if (flowCompletionEvent?.completionReason === 'INPUT_REQUIRED') {
      throw new StepFailure(
        'bedrock-input-required',
        'The flow asks for further input, which a step cannot give',
        {
          blame: 'workflow',
          help: 'Use a flow without nodes that talk to a person.',
        },
      )
    }
    if (flowCompletionEvent) return outputOf(outputs)
  }
  throw new StepFailure('bedrock-cut-off', 'The answer of the flow ended before the flow did', {
    blame: 'provider',
    retryable: true,
  })
}

async function* noEvents(): AsyncGenerator<FlowResponseStream> {}

function outputOf(outputs: readonly (readonly [node: string, document: unknown])[]): unknown {
  const [first] = outputs
  if (first === undefined) return ''
  return outputs.length === 1 ? (first[1] ?? '') : Object.fromEntries(outputs)
}

/** An error of the package: of the service where it has a status, else of the way there. */
interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
}

interface Meaning {
  readonly code: string
  readonly blame: StepFailure['blame']
  readonly retryable?: true
  /** As in an answer of HTTP; in the middle of an answer an error has none of its own. */
  readonly status: number
  readonly help?: string
}

const denied: Meaning = {
  code: 'bedrock-access-denied',
  blame: 'user',
  status: 403,
  help: 'The keys of the integration must be valid and may need `bedrock:InvokeFlow` on the alias of the flow.',
}
const refused: Meaning = {
  code: 'bedrock-flow-refused',
  blame: 'workflow',
  status: 400,
  help: "Look at 'flow_id', 'flow_alias_id', the input node and the type of its input.",
}
const unavailable: Meaning = { code: 'bedrock-unavailable', blame: 'provider', retryable: true, status: 503 }

/** Errors by name. Source: API reference of InvokeFlow, and the common errors of AWS. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AccessDeniedException: denied,
  ExpiredTokenException: denied,
  IncompleteSignature: denied,
  InvalidSignatureException: denied,
  UnrecognizedClientException: denied,
  ConflictException: { ...refused, status: 409 },
  ResourceNotFoundException: { ...refused, status: 404 },
  ServiceQuotaExceededException: { ...refused, blame: 'user', help: 'Raise the quota of the account.' },
  ValidationException: refused,
  ThrottlingException: { ...unavailable, code: 'bedrock-throttled', status: 429 },
  BadGatewayException: unavailable,
  DependencyFailedException: {
    ...unavailable,
    code: 'bedrock-flow-failed',
    status: 424,
    help: 'Something that the flow uses failed; its trace in the console of AWS says what.',
  },
  InternalServerException: unavailable,
}

function explain(error: AwsError): StepFailure {
  const status = error.$metadata?.httpStatusCode
  const known = Object.hasOwn(MEANINGS, error.name) ? MEANINGS[error.name] : undefined
  const meaning = known ?? (status === undefined ? undefined : status >= 500 ? unavailable : refused)
  if (!meaning) {
    return new StepFailure('bedrock-unreachable', `AWS cannot be reached: ${short(error.message)}`, {
      blame: 'infrastructure',
      retryable: true,
      cause: error,
    })
  }
  // What is said of a signature can hold the whole request.
  const words =
    meaning === denied && error.name !== 'AccessDeniedException' ? '' : `: ${short(error.message)}`
  return new StepFailure(meaning.code, `AWS answers ${short(error.name)}${words}`, {
    blame: meaning.blame,
    retryable: meaning.retryable ?? false,
    help: meaning.help,
    status: meaning.status,
    cause: error,
  })
}

function short(text: string): string {
  return oneLine(text).slice(0, 300)
}
