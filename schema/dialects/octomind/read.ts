import type { Diagnostic } from '../../diagnostic.ts'
import { validateOctomindConfig, validateOctomindFile } from '../../generated/validators.mjs'
import { checkShape, type KnownIgnoredKey } from '../../shape.ts'
import { type Assistant, type Dialect, ROLE, type Workflow } from '../../workflow.ts'
import { entryOf, type YamlDocument, type YamlNode } from '../../yaml.ts'
import { type ConfigDraft, draftConfig } from './config-draft.ts'
import { lowerRoleRun, lowerWorkflow } from './config-lower.ts'
import { CONFIG_RULES } from './config-rules.ts'
import { draftFile } from './file-draft.ts'
import { lowerFile } from './file-lower.ts'
import { REFERENCE_RULES } from './file-references.ts'
import { STEP_RULES } from './file-rules.ts'
import { configSchema, fileSchema } from './format.ts'
import { lowerRole } from './roles.ts'
import { runDraftRules } from './rule.ts'

/** What stands in a file of Octomind. */
export interface OctomindResult {
  readonly dialect: Extract<Dialect, `octomind-${string}`>
  /** All that can be run, when no diagnostic is an error; workflows before roles. */
  readonly workflows: readonly Workflow[]
  /** Ids that the workflows of a configuration with errors would have. */
  readonly spoiled?: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

const IGNORED_KEYS: readonly KnownIgnoredKey[] = [
  {
    within: 'workflow file',
    key: 'result',
    effect: 'releases from 0.32 on do not read it, and the result is the output of the last step',
  },
]

/**
 * Reads a file of Octomind: a workflow in a file of its own, or a configuration with workflows and roles. Reports everything at
 * once.
 *
 * @param id of a workflow in a file of its own; those of a configuration have names, and a role is called `role:<name>`.
 */
export function readOctomind(document: YamlDocument, id: string): OctomindResult {
  const { root } = document
  if (!root) return { dialect: 'octomind-file', workflows: [], diagnostics: document.diagnostics }
  if (root.kind === 'map' && root.entries.size === 0) {
    const diagnostics = document.diagnostics.length > 0 ? document.diagnostics : [emptyFile(document, root)]
    return { dialect: 'octomind-file', workflows: [], diagnostics }
  }
  const isConfig = CONFIG_KEYS.some((key) => entryOf(root, key)) && !entryOf(root, 'steps')
  const read = isConfig ? readConfiguration(document, root) : readFile(document, root, id)
  const mixed = isConfig ? [] : mixedForms(document, root)
  const others = read.diagnostics.filter(
    ({ code, path }) => code !== 'unknown-key' || mixed.every((one) => one.path !== path),
  )
  return { ...read, diagnostics: [...document.diagnostics, ...mixed, ...others] }
}

function emptyFile(document: YamlDocument, root: YamlNode): Diagnostic {
  return {
    ...document.at(root.start, root.end),
    code: 'no-steps',
    severity: 'error',
    path: '',
    message: 'The file is empty',
    expected: 'a name and [[steps]], or a configuration with [[workflows]] or [[roles]]',
  }
}

const CONFIG_KEYS = ['workflows', 'layers', 'roles', 'pipelines'] as const

function mixedForms(document: YamlDocument, root: YamlNode): readonly Diagnostic[] {
  return CONFIG_KEYS.flatMap((key): Diagnostic[] => {
    const entry = entryOf(root, key)
    if (!entry) return []
    return [
      {
        ...document.at(entry.key.start, entry.key.end),
        code: 'both-forms',
        severity: 'error',
        path: `/${key}`,
        message: `The file has both 'steps', as a workflow in a file of its own, and '${key}', as a configuration`,
        help: 'Put the workflow with its steps into a file of its own',
      },
    ]
  })
}

/**
 * The roles of a configuration; none where the text is no configuration, or has errors. They answer steps of other files, too.
 */
export function readRoles(document: YamlDocument): readonly Assistant[] {
  const { root } = document
  if (!root || entryOf(root, 'steps') || !entryOf(root, 'roles')) return []
  const draft = draftConfig(document, root)
  return hasErrors(checkConfiguration(draft)) ? [] : draft.roles.map((role) => lowerRole(draft, role))
}

function readFile(document: YamlDocument, root: YamlNode, id: string): OctomindResult {
  const draft = draftFile(document, root)
  const diagnostics = [
    ...checkShape({
      document,
      node: root,
      base: '',
      schema: fileSchema,
      validate: validateOctomindFile,
      ignored: IGNORED_KEYS,
    }),
    ...runDraftRules([...STEP_RULES, ...REFERENCE_RULES], draft),
  ]
  const workflows = hasErrors(diagnostics) ? [] : [lowerFile(draft, { id })]
  return { dialect: 'octomind-file', workflows, diagnostics }
}

function readConfiguration(document: YamlDocument, root: YamlNode): OctomindResult {
  const draft = draftConfig(document, root)
  const diagnostics = checkConfiguration(draft)
  if (hasErrors(diagnostics)) {
    const spoiled = [
      ...draft.workflows.flatMap(({ name }) => name?.value ?? []),
      ...draft.roles.flatMap(({ name }) => (name ? `${ROLE}${name.value}` : [])),
    ]
    return { dialect: 'octomind-config', workflows: [], spoiled, diagnostics }
  }
  const workflows = [
    ...draft.workflows.map((flow) => lowerWorkflow(draft, flow)),
    ...draft.roles.map((role) => lowerRoleRun(draft, role)),
  ]
  return { dialect: 'octomind-config', workflows, diagnostics }
}

function checkConfiguration(draft: ConfigDraft): readonly Diagnostic[] {
  const { document, root: node } = draft
  const shape = { document, node, base: '', schema: configSchema, validate: validateOctomindConfig }
  return [...checkShape(shape), ...runDraftRules(CONFIG_RULES, draft)]
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error')
}
