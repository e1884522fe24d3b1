import { assistantFile } from '../../runner/assistant-files.ts'
import { expressionNames } from '../../schema/language/index.ts'
import { enforcedSchemaOf } from '../../schema/output-schema.ts'
import { END, type State, type Workflow } from '../../schema/workflow.ts'
import type { ReceivedRequest } from './model-server.ts'
import type { ProjectPlan } from './project.ts'

/**
 * A project in which somebody's workflow can run: the assistants, datasources and files that it names are there, and
 * names of tools that nothing provides stand for a tool that reads.
 */
export function standInProject(workflow: Workflow, text: string, answers: StandInModel): ProjectPlan {
  const works = workflow.states.map(({ work }) => work)
  const assistants = works.flatMap((work) => (work.kind === 'agent' ? [work.assistant] : []))
  const files: Record<string, string> = { ...FILES }
  for (const { ref } of assistants) {
    if (ref !== undefined) files[assistantFile(ref)] = 'system_prompt: You are a stored assistant.\n'
  }
  for (const state of workflow.states) {
    const path = state.work.kind === 'tool' ? state.work.args?.value['path'] : undefined
    if (typeof path === 'string' && !path.includes('{{')) files[path] ??= answers.answer(state)
  }
  for (const work of works) {
    if (work.kind !== 'documents-tree') continue
    for (const line of String(work.config['documents_filter'] ?? '').split('\n')) {
      if (line.includes('*') && !line.startsWith('!'))
        files[line.trim().replaceAll('*', 'a')] = 'a document\n'
    }
  }
  const tools = new Set([
    ...assistants.flatMap((assistant) => assistant.tools.map(({ name }) => name)),
    ...works.flatMap((work) => (work.kind === 'tool' ? [work.tool] : [])),
  ])
  const searched = assistants.flatMap((assistant) => assistant.datasourceIds)
  const listed = works.flatMap((work) =>
    work.kind === 'documents-tree' ? [String(work.config['datasource_id'])] : [],
  )
  const config = {
    tools: Object.fromEntries([...tools].map((name) => [name, { use: toolFor(name) }])),
    datasources: {
      ...Object.fromEntries(searched.map((id) => [id, { path: 'data' }])),
      // Filters of documents are written from the root of a repository.
      ...Object.fromEntries(listed.map((id) => [id, { path: '.' }])),
    },
  }
  return { workflows: { w: text }, files, config: JSON.stringify(config) }
}

/** An input that holds what a transform at the start of a workflow takes out of it. */
export function standInInput({ states: [first] }: Workflow): string {
  const input: Record<string, unknown> = { project: 'demo', files: ['data/a.txt'] }
  const config = first?.work.kind === 'transform' ? first.work.config : {}
  const fields = ((config['output_schema'] ?? {}) as Fields)['properties'] as Fields | undefined
  for (const { source_path, output_field } of (config['mappings'] ?? []) as readonly Record<
    string,
    string
  >[]) {
    if (source_path === undefined) continue
    const path = source_path.split('.')
    const last = path.pop() ?? ''
    let place = input
    for (const part of path) {
      place[part] ??= {}
      place = place[part] as Record<string, unknown>
    }
    place[last] = sampleOf((fields?.[output_field ?? ''] ?? {}) as Fields)
  }
  return JSON.stringify(input)
}

type Fields = Readonly<Record<string, unknown>>

/** Some of each kind that workflows look for. */
const FILES: Readonly<Record<string, string>> = Object.fromEntries(
  ['txt', 'java', 'cs', 'c', 'js', 'py', 'sql', 'pl', 'cbl'].flatMap((kind) =>
    ['a', 'b'].map((name) => [`data/${name}.${kind}`, `${name} in ${kind}\n`]),
  ),
)

function toolFor(name: string): string {
  return name.includes('search_files_by_regex') ? 'search_files_by_regex' : 'read_file'
}

/** Answers for each state what its transition and its schema look for. */
export class StandInModel {
  readonly #states: readonly State[]
  readonly #asked = new Map<string, number>()

  constructor({ states }: Workflow) {
    this.#states = states
  }

  /** What a model answers to a request; the state is known by its task. */
  reply({ lastUserMessage }: ReceivedRequest): string {
    const state = this.#states.find(({ work }) => {
      const task = work.kind === 'agent' || work.kind === 'state-processor' ? work.task.value : undefined
      return task !== undefined && lastUserMessage.startsWith(task === '' ? '-' : task)
    })
    if (!state) return 'All was done.'
    const asked = (this.#asked.get(state.id) ?? 0) + 1
    this.#asked.set(state.id, asked)
    return this.answer(state, asked)
  }

  /** Conditions hold at every second time, so that all ways are gone and loops end. */
  answer(state: State, asked = 1): string {
    const { id, work, next } = state
    const value: Record<string, unknown> = {}
    if (work.kind === 'agent') {
      const schema = enforcedSchemaOf(work.outputSchema?.value ?? '')
      if (schema) Object.assign(value, sampleOf(schema) as object)
    }
    if (work.kind === 'state-processor') {
      const template = String(work.config['output_template'] ?? '')
      for (const [, name = ''] of template.matchAll(/\bitem\.(\w+)/g)) value[name] = `data/${name}`
    }
    if (next.kind === 'map' && !next.items.value.startsWith('/')) {
      value[next.items.value] = ['a', 'b'].map((name, i) => ({ id: i + 1, file: `data/${name}.txt` }))
    }
    if (next.kind === 'choose') {
      const holds = asked % 2 === (next.otherwise.value === END ? 1 : 0)
      for (const { when } of next.cases) Object.assign(value, fieldsOf(when.value, holds))
    }
    const text = Object.keys(value).length > 0 ? JSON.stringify(value) : `Done by ${id}.`
    return work.kind === 'tool' && work.resultPointer ? wrapped(text, work.resultPointer.value) : text
  }
}

/** Fields that make a condition of plain names and of comparisons with texts hold, or not. */
function fieldsOf(condition: string, holds: boolean): Readonly<Record<string, unknown>> {
  const texts = [...condition.matchAll(/(\w+)\s*==\s*'([^']*)'/g)]
  if (texts.length > 0) return Object.fromEntries(texts.map(([, name, text]) => [name, holds ? text : 'no']))
  return Object.fromEntries(expressionNames(condition).map((name) => [name, holds]))
}

/** A document in which a JSON pointer finds a text. */
function wrapped(text: string, pointer: string): string {
  const parts = pointer.split('/').filter((part) => part !== '')
  const document = parts.reduceRight<unknown>(
    (inner, part) => (/^\d+$/.test(part) ? [inner] : { [part]: inner }),
    text,
  )
  return JSON.stringify(document)
}

/** A value that fits a JSON Schema of objects, lists, texts, numbers and truth values. */
function sampleOf(schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  switch (schema['type']) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Readonly<
        Record<string, Readonly<Record<string, unknown>>>
      >
      return Object.fromEntries(Object.entries(properties).map(([name, below]) => [name, sampleOf(below)]))
    }
    case 'array':
      return [sampleOf((schema['items'] ?? {}) as Readonly<Record<string, unknown>>)]
    case 'integer':
    case 'number':
      return 1
    case 'boolean':
      return true
    default:
      return 'text'
  }
}
