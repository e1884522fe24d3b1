import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EVENT_NAMES } from '../../action/event-data.ts'
import { BUILT_IN, STARTERS } from '../../cli/templates/index.ts'
import { limitsOf, limitTable } from '../../runner/models/limits.ts'
import { priceOf, pricesAsOf, priceTable } from '../../runner/models/prices.ts'
import { providerPresets } from '../../runner/models/providers.ts'
import { createBuiltInTools } from '../../runner/tools/built-in.ts'
import { loadFamilies, TOOL_FAMILIES } from '../../runner/tools/families.ts'
import { FOREIGN_TOOLS } from '../../runner/tools/foreign-names.ts'
import { createToolRegistry } from '../../runner/tools/registry.ts'
import { configFileSchema } from '../../schema/config-format.ts'
import { CEILING_RULES, CHANGE_RULES, CONFIG_RULES, FILE_RULES } from '../../schema/diff/rules.ts'
import { EVENTS, INTEGRATION_TYPES, type IntegrationType, readWorkflow } from '../../schema/index.ts'
import { namedTools } from '../../schema/needs.ts'
import { readTemplate } from '../../schema/template/template.ts'
import { corpusFiles, corpusText } from '../helpers/corpus.ts'
import { DEFINITION_CHANGES } from '../helpers/definition-changes.ts'
import { expectPart as expectPartOf } from '../helpers/page-part.ts'

type Schema = typeof configFileSchema

const DOCS = new URL('../../docs/', import.meta.url)

const expectPart = (file: string, part: string, content: string) =>
  expectPartOf(new URL(file, DOCS), part, content)

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

const code = (text: string) => `\`${text}\``
const codes = (texts: readonly string[]) => texts.map(code).join(', ')

test('the table of providers in docs/models.md is that of the presets', () => {
  const rows = Object.entries(providerPresets).map(([name, preset]) => [
    code(name),
    preset.baseUrl === undefined ? 'none, set it' : code(preset.baseUrl),
    codes(preset.baseUrlEnv.map((row) => row.name)),
    codes(preset.keyEnv) + (preset.key === 'optional' ? ' (optional)' : ''),
  ])
  expectPart('models.md', 'providers', table(['Provider', 'Address', 'Or the address in', 'Key in'], rows))
})

test('the table of known models in docs/models.md is that of prices and limits', () => {
  const money = (usd: number | undefined) => (usd === undefined ? '' : `${usd}`)
  const tokens = (most: number | undefined) => (most === undefined ? '' : most.toLocaleString('en'))
  const rows = ['openai', 'anthropic', 'gemini'].flatMap((provider) => {
    const names = [...Object.keys(priceTable[provider] ?? {}), ...Object.keys(limitTable[provider] ?? {})]
    return [...new Set(names)].map((name) => {
      const id = `${provider}:${name}`
      const { input, cachedInput, output, long } = priceOf(id) ?? {}
      const { contextTokens, outputTokens } = limitsOf(id)
      const rates = long?.rates
      const dearer =
        long === undefined
          ? ''
          : `above ${tokens(long.aboveInputTokens)}: ${rates ? `${rates.input}, ${rates.output}` : 'not known'}`
      return [
        code(id),
        money(input),
        money(cachedInput),
        money(output),
        dearer,
        tokens(contextTokens),
        tokens(outputTokens),
      ]
    })
  })
  const head = ['Model', 'Input', 'From cache', 'Output', 'Long input', 'Most input', 'Most output']
  expectPart(
    'models.md',
    'known models',
    `US dollars for a million tokens, compared with published prices on ${pricesAsOf}.\n\n${table(head, rows)}`,
  )
})

const CODES_OF_MODELS = /(?:provider|model|other-model|price|usage|call|output-schema|agent|no-tool)-[a-z-]+/

test.each([
  ['models.md', ['runner/models', 'runner/steps', 'runner/engine'], CODES_OF_MODELS],
  ['agents.md', ['runner/agents'], /agent-[a-z-]+/],
])('docs/%s tells of every code that asking can end with, and of no other', (name, folders, CODE) => {
  const root = new URL('../../', import.meta.url)
  const sources = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(new URL(`${folder}/${name}`, root), 'utf8')),
  )
  const inCode = sources.flatMap((text) =>
    [...text.matchAll(new RegExp(`'(${CODE.source})'`, 'g'))].map(([, one]) => one),
  )
  const page = readFileSync(new URL(name, DOCS), 'utf8')
  const inDocs = [...page.matchAll(new RegExp(`\`(${CODE.source})\``, 'g'))].map(([, one]) => one)
  const NO_CODES = ['call-input-invalid', 'model-api', 'agent-client-protocol']
  const sorted = (names: readonly (string | undefined)[]) =>
    [...new Set(names)].filter((one = '') => !NO_CODES.includes(one)).sort()
  expect(sorted(inDocs)).toEqual(sorted(inCode))
})

test('the tables of keys in docs/configuration.md are those of the JSON Schema', () => {
  const sections = Object.entries(configFileSchema.properties ?? {}).map(([name, schema]) =>
    [
      `## ${name}`,
      `${schema.description}.`,
      table(['Key', 'Value', 'Default', 'Meaning'], keyRows(name, schema)),
    ].join('\n\n'),
  )
  expectPart('configuration.md', 'config keys', sections.join('\n\n'))
})

test('the table of kinds of change in docs/changes.md is that of the rules, each with a sentence that is tested', () => {
  const lines = DEFINITION_CHANGES.flatMap(({ means }) => means)
  const rows = CHANGE_RULES.map(({ code: name, about, class: kind }) => {
    // The shortest, e.g. `widening tools-changed review: tools +shell`.
    const told = lines.filter((one) => one.split(' ')[1] === name)
    const line = told.sort((a, b) => a.length - b.length)[0] ?? ''
    const [, state, sentence] = /^\S+ \S+ (\S+): (.*)$/.exec(line) ?? []
    return [code(name), about, kind, `${state === '-' ? '' : `state '${state}': `}${sentence}`]
  })
  expectPart('changes.md', 'kinds of change', table(['Code', 'About', 'Class', 'Example'], rows))
})

test.each([
  ['ceilings', CEILING_RULES],
  ['files', FILE_RULES],
  ['configuration', CONFIG_RULES],
] as const)('the table of changes of %s in docs/changes.md is that of the rules', (part, rules) => {
  const rows = rules.map(({ code: name, about, class: kind }) => [code(name), about, kind])
  expectPart('changes.md', `changes of ${part}`, table(['Code', 'About', 'Class'], rows))
})

/** A row for every key below a schema that takes a value of its own. */
function keyRows(path: string, schema: Schema): readonly (readonly string[])[] {
  const { additionalProperties: named, properties } = schema
  if (properties) {
    return Object.entries(properties).flatMap(([name, inner]) => keyRows(`${path}.${name}`, inner))
  }
  if (typeof named === 'object' && named.properties) return keyRows(`${path}.<name>`, named)
  const key = typeof named === 'object' ? `${path}.<name>` : path
  const fallback = schema.default === undefined ? '' : code(JSON.stringify(schema.default))
  return [
    [
      code(key),
      describeValue(typeof named === 'object' ? named : schema),
      fallback,
      schema.description ?? '',
    ],
  ]
}

function describeValue(schema: Schema): string {
  if (schema.enum) return codes(schema.enum.map(String))
  const types = [schema.type ?? 'anything'].flat()
  const words = types.map((type) => (type === 'array' ? 'list of text' : (TYPE_WORDS[type] ?? type)))
  const { minimum, exclusiveMinimum } = schema
  const from =
    minimum !== undefined
      ? `, ${minimum} or more`
      : exclusiveMinimum !== undefined
        ? `, above ${exclusiveMinimum}`
        : ''
  return words.join(' or ') + from
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  object: 'map',
}

test('the table of events in docs/workflows.md is that of the rules', () => {
  // The lines of a schedule are a list and no filter.
  const rows = [...EVENTS].map(([event, { keys }]) => [
    code(event),
    event === 'schedule' ? 'a list of `cron`' : codes(keys),
  ])
  expectPart('workflows.md', 'events', table(['Event', 'Filters and other keys'], rows))
})

test('the table of names in docs/action.md is that of what events give', () => {
  const rows = EVENT_NAMES.map(([name, words]) => [code(name), words])
  expectPart('action.md', 'event names', table(['Name', 'What'], rows))
})

test('the table of templates in docs/templates.md is that of the built-in ones', () => {
  const rows = BUILT_IN.map(({ id, text }) => {
    const { template } = readTemplate({ file: `${id}.yaml`, text })
    const parameters = (template?.parameters ?? []).map(({ name, required }) =>
      required ? `**${code(name)}**` : code(name),
    )
    return [code(id), template?.category ?? '', template?.description ?? '', parameters.join(', ')]
  })
  expectPart(
    'templates.md',
    'built-in templates',
    `Parameters in bold have no default.\n\n${table(['Template', 'Category', 'What the workflow does', 'Parameters'], rows)}`,
  )
})

test('docs/templates.md names the templates that init offers', () => {
  const page = readFileSync(new URL('templates.md', DOCS), 'utf8')
  const [first, ...others] =
    /`codemie-ci init` begins a repository with one of\n((?:`[\w-]+`(?:, | and )?)+)/
      .exec(page)?.[1]
      ?.match(/[\w-]+(?=`)/g) ?? []
  expect([first, ...others]).toEqual(STARTERS.map(({ id }) => id))
})
const allTools = [
  ...createBuiltInTools(),
  ...(await loadFamilies(TOOL_FAMILIES.flatMap(({ names }) => names))),
]
const integrationTypes: readonly (readonly [string, IntegrationType])[] = Object.entries(INTEGRATION_TYPES)

test('the table of types in docs/integrations.md is that of the types', () => {
  const rows = integrationTypes.map(([name, { system, url, secrets, options }]) => {
    const tools = allTools.filter(
      ({ integration }) => Array.isArray(integration) && integration.includes(name),
    )
    const ofDocument = options && 'openapi' in options ? ['those of an OpenAPI document'] : []
    return [
      code(name),
      system,
      typeof url === 'string' ? url : code(url.default),
      codes(secrets),
      [...tools.map((tool) => code(tool.name)), ...ofDocument].join(', '),
    ]
  })
  expectPart('integrations.md', 'types', table(['Type', 'System', 'Address', 'Secrets', 'Its tools'], rows))
})

test('the table of options in docs/integrations.md is that of the types', () => {
  const rows = integrationTypes.flatMap(([name, { options = {} }]) =>
    Object.entries(options).map(([option, { type, default: value, description, required }]) => [
      code(name),
      code(option),
      `${type}${required ? ', required' : ''}`,
      value === undefined ? '' : code(String(value)),
      description,
    ]),
  )
  expectPart('integrations.md', 'options', table(['Type', 'Option', 'Value', 'Default', 'Meaning'], rows))
})

const corpus = corpusFiles()

test.skipIf(corpus.length === 0)(
  `docs/tools.md says what becomes of every tool name in ${corpus.length || 'the'} templates of CodeMie`,
  () => {
    const page = readFileSync(new URL('tools.md', DOCS), 'utf8')
    const registry = createToolRegistry(allTools)
    const names = new Set(corpus.flatMap((file) => toolNamesIn(corpusText(file))))
    expect(names.size).toBeGreaterThan(30)
    const unexplained = [...names].filter((name) => {
      const lookup = registry.find(name)
      const plain = name.replace(/^_+/, '')
      const isForeign = FOREIGN_TOOLS.some((tool) => tool.names.includes(plain))
      // Each has one answer, and the page gives it: a row of a tool, one of its other names, or a row of what is not provided.
      const word = lookup.found && !isForeign ? [plain, lookup.tool.name] : [plain]
      return lookup.found === isForeign || !word.some((one) => page.includes(code(one)))
    })
    expect(unexplained).toEqual([])
  },
)

/** Names of tools as written, also in files that are not valid any more. */
function toolNamesIn(text: string): readonly string[] {
  const { workflow } = readWorkflow({ file: 'template.yaml', text })
  if (workflow) return namedTools(workflow).map(({ name }) => name)
  const lists = [...text.matchAll(/^( *)tools:.*\n((?:\1 *- .*\n|\1 +\S.*\n)*)/gm)]
  return lists.flatMap(([, , list = '']) =>
    [...list.matchAll(/- name: *(\S+)/g)].map(([, name = '']) => name),
  )
}
