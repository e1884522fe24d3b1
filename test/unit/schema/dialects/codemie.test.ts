import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { effectiveRetry, normaliseCodemie } from '../../../../schema/dialects/codemie/draft.ts'
import { openEnvelope } from '../../../../schema/dialects/codemie/envelope.ts'
import { type Diagnostic, enforcedSchemaOf, readWorkflow, readYaml } from '../../../../schema/index.ts'
import { STRICTER_THAN_CODEMIE } from '../support/exceptions.ts'
import { edgeLines, upstreamPicture } from '../support/upstream-picture.ts'
import { readTemplateGraphs, readTraceGraphs, readVectors, type UpstreamGraph } from '../support/vectors.ts'

const FILE = 'file.yaml'
const OURS = new Set(STRICTER_THAN_CODEMIE.map((exception) => exception.code))

function errorsOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter((one) => one.severity === 'error')
}

interface JsonError {
  readonly error_type: string
  readonly errors?: readonly {
    readonly message: string
    readonly path: string
    readonly state_id?: string
    readonly details?: string
  }[]
}

interface Verdict {
  readonly ok: boolean
  readonly graph?: UpstreamGraph
  readonly json_error?: JsonError
}

/** Our pointer as upstream writes paths: without the entry of the list, `[n]` for indices inside it. */
function upstreamPath(pointer: string): string {
  const inside = pointer.replace(/^\/(?:states|assistants|tools|custom_nodes)\/\d+/, '')
  return inside
    .replace(/\/(\d+)/g, '[$1]')
    .replace(/^\//, '')
    .replaceAll('/', '.')
}

/** Upstream names some errors by the last key only, and leaves indices of cases out. */
function covers(ours: Diagnostic, path: string): boolean {
  const mine = upstreamPath(ours.path ?? '')
  const bare = mine.replace(/\[\d+\]/g, '')
  const last = bare.slice(bare.lastIndexOf('.') + 1)
  const theirs = path.replace(/\[\d+\]/g, '').replace(/^states\.?/, '')
  return (
    mine === path || bare === theirs || bare.startsWith(theirs) || theirs.startsWith(bare) || last === theirs
  )
}

/** Which of our codes say what upstream's message says. */
const KINDS: readonly (readonly [message: RegExp, codes: readonly string[]])[] = [
  [/^Invalid type/, ['wrong-type']],
  [/^Missing required field/, ['missing-key', 'wrong-type']],
  [/^Invalid combination/, ['exclusive-keys', 'wrong-type']],
  [/^Value out of range/, ['out-of-range']],
  [/^Invalid value/, ['unknown-value', 'state-kind', 'wrong-type']],
  [/^Invalid reference/, ['unknown-state', 'unknown-assistant', 'unknown-tool', 'unknown-custom-node']],
  [/is required$/, ['empty-reference']],
  [/^YAML parsing failed/, ['yaml-syntax']],
  [
    /^Validation error/,
    [
      'expression-syntax',
      'out-of-range',
      'wrong-type',
      'mcp-config',
      'missing-key',
      'exclusive-keys',
      'iter-key-without-target',
    ],
  ],
]

function codesFor(message: string): readonly string[] {
  return KINDS.find(([pattern]) => pattern.test(message))?.[1] ?? []
}

/** The graph is the same; what is drawn around a waiting state depends on the order in which the other library draws. */
function expectSameGraph(yaml: string, graph: UpstreamGraph) {
  const { workflow } = readWorkflow({ file: FILE, text: yaml })
  if (!workflow) throw new Error('there is no workflow to draw')
  const ours = upstreamPicture(workflow)
  const isPlain = ours.deferred.every((id) => id === 'end')
  const states = (nodes: readonly string[]) =>
    [...nodes].filter((node) => isPlain || node !== '__end__').sort()
  expect(states(ours.nodes)).toEqual(states(graph.nodes))
  if (graph.deferred) expect(ours.deferred).toEqual(graph.deferred)
  if (graph.map_targets) expect(ours.map_targets).toEqual(graph.map_targets)
  if (isPlain) expect(edgeLines(ours.edges)).toEqual(edgeLines(graph.edges))
}

describe('the verdict is the same as upstream', () => {
  it.each(
    readVectors<{ yaml: string; mode?: string }, Verdict>('validate').map(
      (vector) => [vector.id, vector.tags?.[0], vector] as const,
    ),
  )('%s %s', (_id, _tag, { input, output }) => {
    // The mode stands in the record around the config.
    const text =
      input.mode === undefined ? input.yaml : JSON.stringify({ mode: input.mode, yaml_config: input.yaml })
    const { diagnostics, workflow } = readWorkflow({ file: FILE, text })
    const errors = errorsOf(diagnostics)
    expect(workflow !== undefined).toBe(errors.length === 0)
    if (output?.ok) {
      expect(errors.filter((error) => !OURS.has(error.code))).toEqual([])
      if (workflow && output.graph) expectSameGraph(text, output.graph)
      return
    }
    expect(errors).not.toEqual([])
    for (const theirs of output?.json_error?.errors ?? []) {
      const match = errors.find(
        (error) =>
          covers(error, theirs.path) &&
          codesFor(theirs.message).includes(error.code) &&
          (theirs.state_id === undefined || error.stateId === undefined || error.stateId === theirs.state_id),
      )
      expect(match, `${theirs.message} at ${theirs.path}: ${theirs.details ?? ''}`).toBeDefined()
    }
  })
})

// Some runs are refused before there is a graph.
const graphs = readTraceGraphs().filter(({ graph }) => graph?.edges !== undefined)

describe.skipIf(graphs.length === 0)(`the graphs of ${graphs.length} recorded runs`, () => {
  it('are the same', () => {
    for (const { yaml, graph } of graphs) {
      const errors = errorsOf(readWorkflow({ file: FILE, text: yaml }).diagnostics)
      if (errors.length > 0) expect(errors.filter((error) => !OURS.has(error.code))).toEqual([])
      else expectSameGraph(yaml, graph)
    }
  })
})

interface ParsedState {
  readonly id: string
  readonly next: Readonly<Record<string, unknown>>
  readonly [key: string]: unknown
}

interface ParsedConfig {
  readonly states: readonly ParsedState[]
  readonly retry: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly max_concurrency: number
  readonly flags: Readonly<Record<string, unknown>>
}

/** Numbers of the vectors: floats with an integral value are marked there. */
function numberOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'repr' in value ? Number(value.repr) : value
}

describe('the effective values are the same as upstream', () => {
  it.each(
    readVectors<{ yaml: string }, ParsedConfig>('parse_config').map((vector) => [vector.id, vector] as const),
  )('%s', (_id, vector) => {
    const source = openEnvelope(readYaml(FILE, vector.input.yaml))
    if (!source.config) throw new Error('there is no config')
    if (vector.error) {
      expect(errorsOf(readWorkflow({ file: FILE, text: vector.input.yaml }).diagnostics)).not.toEqual([])
      return
    }
    const draft = normaliseCodemie(source, source.config)
    const expected = vector.output
    expect(draft.maxConcurrency).toBe(expected?.max_concurrency)
    expect(draft.finalizer).toBe(expected?.flags.enable_summarization_node)
    expect(draft.recursionLimit ?? null).toBe(expected?.flags.recursion_limit)
    expect(draft.messagesLimit ?? null).toBe(expected?.flags.messages_limit_before_summarization)
    expect(draft.tokensLimit ?? null).toBe(expected?.flags.tokens_limit_before_summarization)
    expect(draft.states.length).toBe(expected?.states.length)
    draft.states.forEach((state, i) => {
      const theirs = expected?.states[i]
      const { next } = state
      expect({
        id: state.id?.value,
        assistant_id: state.assistantId?.value ?? null,
        tool_id: state.toolId?.value ?? null,
        custom_node_id: state.customNodeId?.value ?? null,
        task: state.task?.value ?? '',
        output_schema: state.outputSchema?.value ?? null,
        finish_iteration: state.finishIteration,
        interrupt_before: state.pauseBefore,
        resolve_dynamic_values_in_prompt: state.renderTask,
        result_as_human_message: state.asUserMessage,
      }).toEqual({
        id: theirs?.id,
        assistant_id: theirs?.assistant_id,
        tool_id: theirs?.tool_id,
        custom_node_id: theirs?.custom_node_id,
        task: theirs?.task,
        output_schema: theirs?.output_schema,
        finish_iteration: theirs?.finish_iteration,
        interrupt_before: theirs?.interrupt_before,
        resolve_dynamic_values_in_prompt: theirs?.resolve_dynamic_values_in_prompt,
        result_as_human_message: theirs?.result_as_human_message,
      })
      expect({
        state_id: next.stateId?.value ?? null,
        iter_key: next.iterKey?.value ?? null,
        override_task: next.overrideTask,
        output_key: next.outputKey?.value ?? null,
        store_in_context: next.storeInContext,
        include_in_llm_history: next.includeInHistory,
        clear_prior_messages: next.clearPriorMessages,
        clear_context_store: next.clearContextStore,
        reset_keys_in_context_store: next.resetKeys ?? null,
        include_in_iterator_context: next.branchKeys,
        append_to_context: next.append,
      }).toEqual(
        Object.fromEntries(
          Object.entries(theirs?.next ?? {}).filter(
            ([key]) => !['state_ids', 'keep_history', 'condition', 'switch'].includes(key),
          ),
        ),
      )
      const policy = effectiveRetry(draft.retry, state.retry)
      const retry = expected?.retry[state.id?.value ?? '']
      expect([policy.initialInterval, policy.backoffFactor, policy.maxInterval, policy.maxAttempts]).toEqual(
        ['initial_interval', 'backoff_factor', 'max_interval', 'max_attempts'].map((key) =>
          numberOf(retry?.[key]),
        ),
      )
    })
  })
})

describe('which output schemas are enforced', () => {
  it.each(
    readVectors<{ schema: string }, unknown>('schema_kind').map((vector) => [vector.id, vector] as const),
  )('%s', (_id, vector) => {
    expect(enforcedSchemaOf(vector.input.schema) ?? null).toEqual(vector.output)
  })
})

/** CodeMie's templates are not ours to keep; whoever has them names their folder, or puts them where git ignores them. */
const CORPUS =
  process.env.CODEMIE_CORPUS ?? fileURLToPath(new URL('../../../corpus/codemie', import.meta.url))

/** Files of CodeMie's own templates, and what is wrong with those that are refused. */
const TEMPLATES: readonly (readonly [file: string, states: number, errors: readonly string[]])[] = [
  ['aice_java_migration_template.yaml', 7, ['exclusive-keys', 'iter-key-without-target']],
  ['api_gateway_terraform_template.yaml', 5, []],
  ['cobol_migration_template.yaml', 6, []],
  ['csunit-01source-triage_template.yaml', 3, []],
  ['cunit-02coverage_analyzer_template.yaml', 2, []],
  ['github_pr_transform_template.yaml', 1, []],
  ['java-migration_template.yaml', 7, []],
  ['js-99all_in_one_template.yaml', 10, []],
  ['junit-03test_writer_template.yaml', 2, []],
  ['sct_conversion_finisher_template.yaml', 2, []],
  ['serverless-02api_gateway_template.yaml', 2, []],
  ['serverless-99all_in_one_template.yaml', 15, []],
  ['vm_migration_template.yaml', 4, []],
  ['windup-jira-resolver_template.yaml', 4, []],
  ['workflow_autonomous_template.yaml', 0, ['autonomous-mode', 'no-states']],
  ['workflow_branch_comparison_template.yaml', 3, []],
  ['workflow_for_local_api_tests_generation_template.yaml', 6, []],
  ['workflow_interation_with_branches_template.yaml', 7, []],
  ['workflow_iteration_multi_node_template.yaml', 3, []],
  ['workflow_newsletter_generator_template.yaml', 6, []],
  ['workflow_project_kickoff_template.yaml', 3, []],
  ['workflow_python_code_coverage_analysis_template.yaml', 2, []],
  ['workflow_python_reviewer_template.yaml', 4, []],
  ['workflow_sonar_issues_resolver_template.yaml', 4, []],
]

describe.skipIf(!existsSync(CORPUS))(`${TEMPLATES.length} shipped templates`, () => {
  it.each(TEMPLATES)('%s', (file, states, codes) => {
    const text = readFileSync(`${CORPUS}/${file}`, 'utf8')
    const { workflow, diagnostics, meta } = readWorkflow({ file, text })
    expect(
      errorsOf(diagnostics)
        .map((error) => error.code)
        .sort(),
    ).toEqual(codes)
    expect(meta.form).toBe('template')
    if (codes.length === 0) expect(workflow?.states.length).toBe(states)
    const recorded = readTemplateGraphs()[file]
    if (recorded?.valid && recorded.graph) expectSameGraph(text, recorded.graph)
  })

  it('are all in the table', () => {
    expect(TEMPLATES.map(([file]) => file)).toEqual(
      readdirSync(CORPUS)
        .filter((file) => file.endsWith('.yaml'))
        .sort(),
    )
  })
})

describe('any mapping', () => {
  const keys = [
    'states',
    'assistants',
    'tools',
    'custom_nodes',
    'id',
    'next',
    'state_id',
    'state_ids',
    'condition',
    'switch',
    'cases',
    'iter_key',
    'assistant_id',
    'config',
    'on',
    'inputs',
    'execution_config',
    'yaml_config',
    'retry_policy',
    'mcp_servers',
    'task',
    'output_schema',
    '__proto__',
  ]
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, true, 0, 1.5, -1, '', 'a', 'end', '{{x', 'x ==', 'states: [', []),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys), tie('node'), { maxKeys: 5 }),
    ),
  })).node

  it('gives a result and never throws', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), value), (document) => {
        const { workflow, diagnostics } = readWorkflow({ file: FILE, text: JSON.stringify(document) })
        expect(workflow !== undefined).toBe(errorsOf(diagnostics).length === 0)
        for (const one of diagnostics) expect(one.line).toBeGreaterThan(0)
      }),
      { numRuns: 1000 },
    )
  })
})
