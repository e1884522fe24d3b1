import type { Diagnostic } from '../../diagnostic.ts'
import { validateConfig, validateEnvelope } from '../../generated/validators.mjs'
import { CODEMIE_RULES } from '../../rules/index.ts'
import { runRules } from '../../rules/rule.ts'
import { checkShape } from '../../shape.ts'
import type { Workflow } from '../../workflow.ts'
import { warnOfYaml12, type YamlDocument } from '../../yaml.ts'
import { normaliseCodemie } from './draft.ts'
import { type CodemieSource, openEnvelope } from './envelope.ts'
import { configSchema, envelopeSchema } from './format.ts'
import { IGNORED_KEYS } from './ignored-keys.ts'
import { lowerCodemie } from './lower.ts'

/**
 * Reads a workflow in CodeMie's form: finds the config, compares it with the schema, normalises it, checks the rules between
 * keys, and lowers it when nothing stands against it. Reports everything at once, where CodeMie stops at the first stage.
 */
export function readCodemie(
  document: YamlDocument,
  id: string,
): {
  readonly workflow: Workflow | undefined
  readonly source: CodemieSource
  readonly diagnostics: readonly Diagnostic[]
} {
  const source = openEnvelope(document)
  const diagnostics: Diagnostic[] = [
    ...document.diagnostics,
    ...source.diagnostics,
    ...warnOfYaml12(document),
  ]
  if (source.document !== document) diagnostics.push(...warnOfYaml12(source.document))
  if (source.envelope) {
    const { envelope, outer } = source
    const shape = {
      document: outer,
      node: envelope,
      base: '',
      schema: envelopeSchema,
      validate: validateEnvelope,
    }
    diagnostics.push(...checkShape(shape))
  }
  const { config } = source
  if (!config) return { workflow: undefined, source, diagnostics }
  const shape = {
    document: source.document,
    node: config,
    base: source.base,
    schema: configSchema,
    validate: validateConfig,
  }
  diagnostics.push(...checkShape({ ...shape, ignored: IGNORED_KEYS }))
  const draft = normaliseCodemie(source, config)
  const named = diagnostics.map((diagnostic) => withState(diagnostic, draft))
  named.push(...runRules(CODEMIE_RULES, draft))
  const isSound = !named.some((diagnostic) => diagnostic.severity === 'error')
  const workflow = isSound ? lowerCodemie(draft, { id, text: document.text }) : undefined
  return { workflow, source, diagnostics: named }
}

function withState(diagnostic: Diagnostic, draft: ReturnType<typeof normaliseCodemie>): Diagnostic {
  const prefix = `${draft.path}/states/`
  if (!diagnostic.path?.startsWith(prefix)) return diagnostic
  const id = draft.states[Number.parseInt(diagnostic.path.slice(prefix.length), 10)]?.id?.value
  return id === undefined ? diagnostic : { ...diagnostic, stateId: id }
}
