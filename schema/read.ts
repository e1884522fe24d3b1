import { compareDiagnostics, type Diagnostic } from './diagnostic.ts'
import { readCodemie } from './dialects/codemie/read.ts'
import { readOctomind } from './dialects/octomind/read.ts'
import { readToml } from './toml.ts'
import type { Dialect, Workflow } from './workflow.ts'
import { readYaml, type YamlDocument } from './yaml.ts'

/** What to read: a definition by its path in the repository, as text or as the bytes of the file. */
export interface WorkflowFile {
  /** Path relative to the root of the repository, with `/`. Its ending chooses the dialect. */
  readonly file: string
  readonly text?: string
  /** Used when `text` is absent. */
  readonly bytes?: Uint8Array
  /** Id of the workflow that is meant, for a file that can hold several. Default: the first. */
  readonly part?: string
}

/** What was read. `workflow` is there exactly when no diagnostic is an error. */
export interface ReadResult {
  readonly workflow?: Workflow
  /** In file order. */
  readonly diagnostics: readonly Diagnostic[]
  readonly meta: ReadMeta
}

export interface ReadMeta {
  readonly id: string
  readonly file: string
  readonly dialect: Dialect | undefined
  /** How the config was wrapped: not at all, as a template, or as a record of the API. */
  readonly form: 'bare' | 'template' | 'record' | undefined
  /** The text that places in the diagnostics point into; `''` when the bytes are no text. */
  readonly text: string
  /** Ids of all workflows that were read from the file, roles last. Only a configuration of Octomind can have several. */
  readonly parts: readonly string[]
  /** Ids that workflows of a configuration of Octomind would have, were there no errors. Absent: there are none. */
  readonly spoiled?: readonly string[]
}

/**
 * Reads and checks a workflow definition. Pure and total: any input gives a result, and all problems are reported at once.
 */
export function readWorkflow(source: WorkflowFile): ReadResult {
  const id = workflowIdOf(source.file)
  const input = source.text ?? source.bytes ?? ''
  if (/\.toml$/i.test(source.file)) return partOf(readWorkflows(source), source.part)
  const document = readYaml(source.file, input)
  const { workflow, source: place, diagnostics } = readCodemie(document, id)
  const form = !place.config
    ? undefined
    : !place.envelope
      ? 'bare'
      : place.base === ''
        ? 'record'
        : 'template'
  return {
    ...(workflow ? { workflow } : {}),
    diagnostics: problemsOf(document, diagnostics, 'TOML'),
    meta: {
      id,
      file: source.file,
      dialect: 'codemie',
      form,
      text: document.text,
      parts: workflow ? [workflow.id] : [],
    },
  }
}

/** The result for one of several workflows. */
function partOf(all: readonly [ReadResult, ...ReadResult[]], part: string | undefined): ReadResult {
  const [first] = all
  // A file of its own has one workflow, whatever it was called when somebody named it.
  const isNamed = part !== undefined && first.meta.dialect === 'octomind-config'
  if (!isNamed || !first.workflow) return first
  const found = all.find(({ workflow }) => workflow?.id === part)
  if (found) return found
  const { workflow: _, ...rest } = first
  return rest
}

/**
 * Reads every workflow in a file: one result for each, or a single one without a workflow. Only a configuration of Octomind has
 * several.
 */
export function readWorkflows(source: WorkflowFile): readonly [ReadResult, ...ReadResult[]] {
  if (!/\.toml$/i.test(source.file)) return [readWorkflow(source)]
  const { file } = source
  const document = readToml(file, source.text ?? source.bytes ?? '')
  const stem = workflowIdOf(file)
  const { workflows, dialect, diagnostics, spoiled } = readOctomind(document, stem)
  const parts = workflows.map(({ id }) => id)
  const sorted = problemsOf(document, diagnostics, 'YAML')
  const resultOf = (workflow?: Workflow): ReadResult => ({
    ...(workflow ? { workflow } : {}),
    diagnostics: sorted,
    meta: {
      id: workflow?.id ?? stem,
      file,
      dialect,
      form: undefined,
      text: document.text,
      parts,
      ...(spoiled ? { spoiled } : {}),
    },
  })
  const [first, ...others] = workflows
  return [resultOf(first), ...others.map(resultOf)]
}

/** A first line that only one of the formats can have. */
const FIRST_LINE = { TOML: /^(?:\[\[?[\w.-]+\]?\]|[\w-]+ *= *\S.*)$/, YAML: /^[\w-]+:(?: .*)?$/ } as const

/** All problems in order. Of a text that begins as one of the other format does that is the only one: the rest would be noise. */
function problemsOf(
  document: YamlDocument,
  diagnostics: readonly Diagnostic[],
  other: keyof typeof FIRST_LINE,
): readonly Diagnostic[] {
  const { text, file } = document
  const first = diagnostics.some(({ severity }) => severity === 'error')
    ? text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'))
    : undefined
  if (first === undefined || !FIRST_LINE[other].test(first.trimEnd()))
    return [...diagnostics].sort(compareDiagnostics)
  const begin = text.length - text.trimStart().length
  return [
    {
      ...document.at(begin, begin + 1),
      code: 'other-format',
      severity: 'error',
      path: '',
      message: `This looks like ${other}, which the ending of the file does not say`,
      help: `Call it ${workflowIdOf(file)}.${other.toLowerCase()}`,
    },
  ]
}

/** The id of a workflow: the name of its file without folders and endings; `a/b/release-notes.yaml` is `release-notes`. */
export function workflowIdOf(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1)
  return name.replace(/\.(?:ya?ml|toml)$/i, '').replace(/\.(?:codemie|config|workflow)$/i, '')
}
