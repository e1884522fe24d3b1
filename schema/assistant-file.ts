import { compareDiagnostics, type Diagnostic } from './diagnostic.ts'
import { locatedText, normaliseCodemie } from './dialects/codemie/draft.ts'
import { openEnvelope } from './dialects/codemie/envelope.ts'
import { assistantFileSchema } from './dialects/codemie/format.ts'
import { IGNORED_KEYS } from './dialects/codemie/ignored-keys.ts'
import { lowerAssistant } from './dialects/codemie/lower.ts'
import { validateAssistant } from './generated/validators.mjs'
import { runRules } from './rules/rule.ts'
import { mcpServers, secretsInServers } from './rules/workers.ts'
import { checkShape } from './shape.ts'
import type { Assistant } from './workflow.ts'
import { childOf, entryOf, readYaml, warnOfYaml12, type YamlDocument, type YamlMap } from './yaml.ts'

/** What was read. `assistant` is there exactly when no diagnostic is an error. */
export interface AssistantResult {
  readonly assistant?: Assistant
  /** In file order. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads `.codemie/assistants/<id>.yaml`, a stored assistant that workflows reference by `assistant_id`. The keys are those of an
 * inline assistant, without `assistant_id`. Pure and total; `assistant` is there exactly when no diagnostic is an error.
 */
export function readAssistantFile(source: {
  readonly file: string
  readonly text?: string
  readonly bytes?: Uint8Array
}): AssistantResult {
  const document = readYaml(source.file, source.text ?? source.bytes ?? '')
  const diagnostics: Diagnostic[] = [...document.diagnostics, ...warnOfYaml12(document)]
  const { root } = document
  if (!root) return { diagnostics: diagnostics.sort(compareDiagnostics) }
  const shape = { document, node: root, base: '', schema: assistantFileSchema, validate: validateAssistant }
  diagnostics.push(...checkShape({ ...shape, ignored: IGNORED_KEYS }))
  const id = source.file.slice(source.file.lastIndexOf('/') + 1).replace(/\.ya?ml$/i, '')
  const written = locatedText(document, childOf(root, 'id'))
  if (written && written.value !== id) {
    diagnostics.push({
      ...written.at,
      code: 'assistant-file-id',
      severity: 'error',
      path: '/id',
      message: `The id '${written.value}' is not the name of the file`,
      expected: id,
      help: 'Rename the file, or remove the id: workflows find assistants by the name of the file',
    })
  }
  const stored = entryOf(root, 'assistant_id')
  if (stored) {
    diagnostics.push({
      ...document.at(stored.key.start, stored.key.end),
      code: 'nested-assistant',
      severity: 'error',
      path: '/assistant_id',
      message: 'A stored assistant cannot refer to another one',
      help: "Remove 'assistant_id' and write the keys of the assistant here",
    })
  }
  const inFile = root.kind === 'map' ? checkRules(document, root, id) : []
  // Already reported for keys of any unknown kind; the precise words are enough.
  const all = [
    ...diagnostics.filter((one) => !(one.code === 'unknown-key' && one.path === '/assistant_id')),
    ...inFile,
  ]
  all.sort(compareDiagnostics)
  if (all.some((diagnostic) => diagnostic.severity === 'error')) return { diagnostics: all }
  const assistant = lowerAssistant(document, {
    node: root,
    path: '',
    id: { value: id, at: document.at(root.start) },
  })
  return { assistant, diagnostics: all }
}

/** The rules look at entries of `assistants`; the file is one such entry. */
function checkRules(document: YamlDocument, root: YamlMap, id: string): readonly Diagnostic[] {
  const draft = normaliseCodemie(openEnvelope(document), root)
  const assistants = [{ node: root, path: '', id: { value: id, at: document.at(root.start) } }]
  return runRules([mcpServers, secretsInServers], { ...draft, assistants, tools: [], states: [] })
}
