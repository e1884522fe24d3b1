import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import {
  publishedSchema,
  readAssistantFile,
  readConfig,
  readWorkflow,
  SCHEMA_NAMES,
} from '../../../schema/index.ts'

const ROOT = new URL('../../../', import.meta.url)

describe('generated code', () => {
  it('is what the schemas give today', async () => {
    const { generate } = (await import(new URL('scripts/generate.mjs', ROOT).href)) as {
      generate: () => Promise<Record<string, string>>
    }
    for (const [path, content] of Object.entries(await generate())) {
      expect(
        readFileSync(new URL(path, ROOT), 'utf8') === content,
        `${path} is out of date; run "npm run generate"`,
      ).toBe(true)
    }
  })

  it('needs nothing beside itself', async () => {
    const code = readFileSync(new URL('schema/generated/validate-config.mjs', ROOT), 'utf8')
    // A module behind a data: address can import nothing, and there is no require in it.
    const alone = (await import(
      `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
    )) as Record<string, (data: unknown) => boolean>
    expect(alone.validateConfig?.({ on: 'x', states: [] })).toBe(true)
    expect(alone.validateConfig?.({ on: '', states: 5 })).toBe(false)
  })
})

interface Json {
  readonly [key: string]: Json | string | undefined
}

/** Every key of a schema with a place to look it up, as `title/key`. */
function describedKeys(schema: Json, title: string): readonly (readonly [string, string | undefined])[] {
  const own = Object.entries((schema.properties ?? {}) as Json).map(([key, below]) => {
    const target = below as Json
    const text = (target.description ??
      (typeof target.$ref === 'string' ? 'see its definition' : undefined)) as string | undefined
    return [`${title}/${key}`, text] as const
  })
  const definitions = Object.entries((schema.definitions ?? {}) as Json)
  return [...own, ...definitions.flatMap(([name, below]) => describedKeys(below as Json, name))]
}

describe.each(SCHEMA_NAMES)('the published schema of a %s', (name) => {
  const schema = publishedSchema(name)

  it('is valid JSON Schema', () => {
    expect(new Ajv({ strict: false }).validateSchema(schema)).toBe(true)
  })

  it('describes every key and keeps our own marks to itself', () => {
    expect(describedKeys(schema as unknown as Json, name).filter(([, text]) => text === undefined)).toEqual(
      [],
    )
    expect(JSON.stringify(schema)).not.toContain('"x-')
  })
})

describe('a value for every key', () => {
  it('is read without a word about unknown keys, so that schema and reader know the same', () => {
    const text = `
on: {push: {branches: [main]}, schedule: null}
inputs: {topic: {type: string, required: true, default: x, description: d}}
budget: {usd: 1.5, tokens: 10, steps: 3}
models: {default: m, fallback: [n]}
permissions: {pull-requests: write}
guardrails: [g]
tags: [t]
lifecycle: production
assistants:
  - {id: a, system_prompt: x, name: n, model: m, temperature: 0.5, limit_tool_output_tokens: 5, tools: [{name: t, integration_alias: i}], datasource_ids: [d], skill_ids: [s], guardrails: [h], exclude_extra_context_tools: true, fallback_models: [f], parameters: {top_p: 1}}
tools:
  - {id: t, tool: x, tool_args: {a: 1, b: 1.0}, integration_alias: i, tool_result_json_pointer: /a, resolve_dynamic_values_in_response: true, input_key: k, tokens_size_limit: 7}
states:
  - id: s
    assistant_id: a
    task: Do
    output_schema: '{"a": 1}'
    on_error: e
    timeout: 2m
    cache: true
    approval: true
    retry_policy: {initial_interval: 1, backoff_factor: 3, max_interval: 9, max_attempts: 2}
    interrupt_before: true
    result_as_human_message: true
    next: {state_id: e, output_key: k, store_in_context: false, include_in_llm_history: false, clear_prior_messages: true, clear_context_store: keep_current, reset_keys_in_context_store: [r], include_in_iterator_context: [c], append_to_context: true}
  - {id: e, tool_id: t, next: {state_id: end}}
`
    const { workflow, diagnostics } = readWorkflow({ file: 'w.yaml', text })
    expect(diagnostics).toEqual([])
    expect({
      ...workflow,
      text: '',
      guardrails: workflow?.guardrails.map(({ value }) => value),
      assistants: [],
      states: [],
      triggers: workflow?.triggers.map(({ event, options }) => [event, { ...options }]),
      inputs: workflow?.inputs.map(({ at: _at, ...input }) => ({ ...input, schema: { ...input.schema } })),
    }).toEqual({
      id: 'w',
      name: 'w',
      description: '',
      dialect: 'codemie',
      file: 'w.yaml',
      text: '',
      tags: ['t'],
      lifecycle: 'production',
      opening: { kind: 'message' },
      triggers: [
        ['push', { branches: ['main'] }],
        ['schedule', {}],
      ],
      inputs: [
        {
          name: 'topic',
          schema: { type: 'string', default: 'x', description: 'd' },
          required: true,
          default: 'x',
          description: 'd',
        },
      ],
      budget: { usd: 1.5, tokens: 10, steps: 3 },
      models: { default: 'm', fallback: ['n'] },
      permissions: { 'pull-requests': 'write' },
      guardrails: ['g'],
      limits: { recursionLimit: 50, maxConcurrency: 2, memory: { messages: 25, tokens: 50000 } },
      finalizer: true,
      assistants: [],
      entry: 's',
      states: [],
    })
    const [first, second] = workflow?.states ?? []
    expect(first?.output).toEqual({
      storeInContext: false,
      includeInHistory: false,
      clearHistory: true,
      context: 'keep-current',
      resetKeys: ['r'],
      outputKey: 'k',
      append: true,
      asUserMessage: true,
      branchKeys: ['c'],
    })
    expect([
      first?.retry,
      first?.pauseBefore,
      first?.onError.map(({ to, catches }) => [to?.value, catches]),
      first?.timeoutMs,
      first?.approval,
      first?.cache,
    ]).toEqual([
      { initialIntervalMs: 1000, backoffFactor: 3, maxIntervalMs: 9000, maxAttempts: 2 },
      true,
      [['e', []]],
      120_000,
      true,
      true,
    ])
    const work = second?.work
    expect(work?.kind === 'tool' && { ...work.args?.value }).toEqual({ a: 1n, b: 1 })
  })

  it('is lowered for every way on', () => {
    const state = (id: string, next: string) => `  - {id: ${id}, assistant_id: a, next: ${next}}\n`
    const text = `assistants: [{id: a, system_prompt: x}]\nstates:\n${state('a', '{state_ids: [b, c]}')}${state('b', '{iter_key: k, state_id: d}')}${state('c', '{condition: {expression: x, then: d, otherwise: end}}')}${state('d', '{switch: {cases: [{condition: y, state_id: e}], default: end}}')}${state('e', '{}')}`
    const { workflow } = readWorkflow({ file: 'w.yaml', text })
    const plain = JSON.parse(
      JSON.stringify(
        workflow?.states.map((one) => one.next),
        (key, value) => (key === 'at' ? undefined : value),
      ),
    )
    expect(plain).toEqual([
      { kind: 'fan-out', to: [{ value: 'b' }, { value: 'c' }] },
      { kind: 'map', items: { value: 'k' }, to: { value: 'd' }, resplit: false, passOutput: false },
      {
        kind: 'choose',
        form: 'condition',
        cases: [{ when: { value: 'x' }, to: { value: 'd' } }],
        otherwise: { value: 'end' },
      },
      {
        kind: 'choose',
        form: 'switch',
        cases: [{ when: { value: 'y' }, to: { value: 'e' } }],
        otherwise: { value: 'end' },
      },
      { kind: 'stop' },
    ])
  })

  it('is read from an assistant file and from the config', () => {
    expect(
      readAssistantFile({ file: 'x/reviewer.yaml', text: 'system_prompt: You review.\nmodel: m\n' })
        .assistant,
    ).toMatchObject({ id: 'reviewer', systemPrompt: 'You review.', model: 'm' })
    expect(readConfig({ file: 'c.yaml', text: '' }).config?.results).toEqual({
      branch: 'codemie/runs',
      remote: 'origin',
      push: 'never',
      prefix: '',
    })
  })
})
