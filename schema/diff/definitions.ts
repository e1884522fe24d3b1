import { readAssistantFile } from '../assistant-file.ts'
import type { Ceiling } from '../ceiling.ts'
import { defaultConfig, type RepositoryConfig, readConfig } from '../config.ts'
import { type Diagnostic, firstError } from '../diagnostic.ts'
import { readWorkflow } from '../read.ts'
import { readSkillFile, type Skill } from '../skill-file.ts'
import type { AgentWork, Assistant, State, Workflow } from '../workflow.ts'
import type { Aspect, ClassRule } from './aspect.ts'
import type { Change } from './change.ts'
import { change, changesOf } from './changes-of.ts'
import { powers } from './classes.ts'
import { compareWorkflows } from './compare.ts'
import { compareConfigs } from './compare-config.ts'
import { powersOf, sizeOf } from './powers.ts'
import { listed } from './values.ts'
import { WORK_ASPECTS } from './work-rules.ts'

/** What a file of a repository is that says what may run. */
export type DefinitionKind = 'workflow' | 'assistant' | 'skill' | 'template' | 'configuration'

/** A file on one side of a change. */
export interface DefinitionText {
  /** Path from the top of the repository. */
  readonly file: string
  readonly text: string
}

/** What became of one file between two versions. */
export interface DefinitionDiff {
  readonly kind: DefinitionKind
  /** Path after the change; before it, where the file is gone. */
  readonly file: string
  /** Id of the workflow, or of the role, that this is about. Absent: the file holds no others. */
  readonly part?: string
  /** Path before it, where that was another one. */
  readonly before?: string
  readonly status: 'added' | 'removed' | 'changed'
  /** What the change means; empty where nothing that runs is different, and where one side cannot be read. */
  readonly changes: readonly Change[]
  /** What a run of a workflow can come to at most, on the sides where that can be told. Absent: it was not asked for. */
  readonly ceiling?: { readonly before?: Omit<Ceiling, 'states'>; readonly after?: Omit<Ceiling, 'states'> }
  /** Sides that have errors, each with its first one, e.g. `12: There is no state 'x'`. */
  readonly invalid: { readonly before?: string; readonly after?: string }
}

/** A comparison, with the models that it was made from. */
export interface ComparedDefinition extends DefinitionDiff {
  /** `undefined`: there is no such side, it has errors, or it is no workflow. */
  readonly workflows: { readonly before: Workflow | undefined; readonly after: Workflow | undefined }
}

interface Reading<T> {
  readonly value: T | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** How files of one kind are known, read and compared. */
interface Kind<T> {
  readonly kind: DefinitionKind
  readonly path: RegExp
  /** @param part id of the workflow that is meant, of several in the file. */
  readonly read: (side: DefinitionText, part?: string) => Reading<T>
  readonly compare: (before: T, after: T) => readonly Change[]
  /** What it means that the file is there now. */
  readonly added: (one: T) => readonly Change[]
  readonly removed: (one: T) => readonly Change[]
}

const came = (kind: DefinitionKind, sentence: string) =>
  change(`${kind}-added`, 'widening', 'nothing', sentence)
const went = (kind: DefinitionKind) => () => [change(`${kind}-removed`, 'narrowing', 'nothing', 'is gone')]

const WORKFLOWS: Kind<Workflow> = {
  kind: 'workflow',
  path: /^\.codemie\/workflows\/.+\.(ya?ml|toml)$/is,
  read: (side, part) => {
    const { workflow, diagnostics } = readWorkflow({ ...side, ...(part === undefined ? {} : { part }) })
    return { value: workflow, diagnostics }
  },
  compare: compareWorkflows,
  added: (workflow) => [came('workflow', `is new: ${sizeOf(workflow)}`)],
  removed: went('workflow'),
}

/** An assistant is compared as if one and the same state asked it. */
const askedOf = (assistant: Assistant): AgentWork => ({
  kind: 'agent',
  assistant,
  task: { value: '', at: assistant.at },
  renderTask: false,
})

const ASSISTANTS: Kind<Assistant> = {
  kind: 'assistant',
  path: /^\.codemie\/assistants\/[^/]+\.ya?ml$/,
  read: (side) => {
    const { assistant, diagnostics } = readAssistantFile(side)
    return { value: assistant, diagnostics }
  },
  compare: (before, after) => changesOf(WORK_ASPECTS.agent, askedOf(before), askedOf(after)),
  added: (assistant) => {
    const may = powersOf([
      { work: askedOf(assistant), onError: [], next: { kind: 'stop' } } as unknown as State,
    ])
    return [came('assistant', may === '' ? 'is new' : `is new, with ${may}`)]
  },
  removed: went('assistant'),
}

const SKILL_ASPECTS: readonly Aspect<Skill>[] = [
  { code: 'skill-name-changed', name: 'name', of: ({ name }) => name, class: 'neutral', reach: 'nothing' },
  {
    code: 'skill-description-changed',
    name: 'description',
    of: ({ description }) => description,
    class: 'neutral',
    reach: 'nothing',
  },
  {
    code: 'skill-tools-changed',
    name: 'tools',
    of: ({ allowedTools }) => [...allowedTools].sort(),
    class: powers,
    reach: 'nothing',
    say: listed,
  },
  {
    code: 'instructions-changed',
    name: 'instructions',
    of: ({ instructions }) => instructions,
    class: 'neutral',
    reach: 'nothing',
  },
]

const SKILLS: Kind<Skill> = {
  kind: 'skill',
  path: /^\.codemie\/skills\/[^/]+\/SKILL\.md$/,
  read: (side) => {
    const { skill, diagnostics } = readSkillFile(side)
    return { value: skill, diagnostics }
  },
  compare: (before, after) => changesOf(SKILL_ASPECTS, before, after),
  added: ({ allowedTools }) => [
    came('skill', allowedTools.length === 0 ? 'is new' : `is new, with tools ${allowedTools.join(', ')}`),
  ],
  removed: went('skill'),
}

const TEXT_ASPECTS: readonly Aspect<string>[] = [
  { code: 'text-changed', name: 'text', of: (text) => text, class: 'neutral', reach: 'nothing' },
]

/** Files that lie beside a skill: the agent may read them. */
const SKILL_FILES: Kind<string> = {
  kind: 'skill',
  path: /^\.codemie\/skills\/[^/]+\/.+$/s,
  read: ({ text }) => ({ value: text, diagnostics: [] }),
  compare: (before, after) => changesOf(TEXT_ASPECTS, before, after),
  added: () => [came('skill', 'is new')],
  removed: went('skill'),
}

/** A template need not be a whole workflow until its parameters are filled in; then its text is compared. */
const TEMPLATES: Kind<Workflow | string> = {
  kind: 'template',
  path: /^\.codemie\/templates\/.+\.ya?ml$/s,
  read: (side) => ({ value: readWorkflow(side).workflow ?? side.text, diagnostics: [] }),
  compare: (before, after) =>
    typeof before === 'string' || typeof after === 'string'
      ? changesOf(TEXT_ASPECTS, textIn(before), textIn(after))
      : compareWorkflows(before, after),
  // Nothing runs because of it.
  added: () => [change('template-added', 'neutral', 'nothing', 'is new')],
  removed: went('template'),
}

const textIn = (one: Workflow | string) => (typeof one === 'string' ? one : one.text)

/** Without the file everything is as by default. */
const CONFIGURATION: Kind<RepositoryConfig> = {
  kind: 'configuration',
  path: /^\.codemie\/config\.yaml$/,
  read: (side) => {
    const { config, diagnostics } = readConfig(side)
    return { value: config, diagnostics }
  },
  compare: compareConfigs,
  added: (config) => compareConfigs(defaultConfig(), config),
  removed: (config) => compareConfigs(config, defaultConfig()),
}

/** What is compared of files besides workflows and the configuration, and what it means that a file came or went. */
export const FILE_ROWS: readonly {
  readonly code: string
  readonly name: string
  readonly class: string | ClassRule
}[] = [
  ...(['workflow', 'assistant', 'skill', 'template'] as const).flatMap((kind) => [
    { code: `${kind}-added`, name: `${kind} that came`, class: kind === 'template' ? 'neutral' : 'widening' },
    { code: `${kind}-removed`, name: `${kind} that went`, class: 'narrowing' },
  ]),
  ...SKILL_ASPECTS,
  ...TEXT_ASPECTS,
]

/** The first row whose path fits is meant. */
const KINDS = [
  WORKFLOWS,
  ASSISTANTS,
  SKILLS,
  SKILL_FILES,
  TEMPLATES,
  CONFIGURATION,
] as readonly Kind<unknown>[]

function kindOf(side: DefinitionText | undefined): Kind<unknown> | undefined {
  return side && KINDS.find(({ path }) => path.test(side.file))
}

/** What lies in a folder that definitions are looked for in, or on the way to them; `undefined`: it is no such folder. */
export function folderKind(path: string): DefinitionKind | undefined {
  if (path === '.codemie') return 'workflow'
  const [, folder] = /^\.codemie\/(workflow|assistant|skill|template)s(?:\/|$)/.exec(path) ?? []
  return folder as DefinitionKind | undefined
}

/** Whether a path is that of a file which says what may run. */
export function isDefinition(path: string): boolean {
  return KINDS.some((kind) => kind.path.test(path))
}

/**
 * Compares a file with what it was, as {@link compareDefinition} does, each of the workflows in it by itself where it holds
 * several; those that came first, then those that went. Pure.
 */
export function compareParts(
  before: DefinitionText | undefined,
  after: DefinitionText | undefined,
): readonly ComparedDefinition[] {
  const [old, now] = [partsOf(before), partsOf(after)]
  const whole = compareDefinition(before, after)
  // Of a side with errors it is not known what it holds.
  if (Math.max(old.length, now.length) < 2 || Object.keys(whole?.invalid ?? {}).length > 0)
    return whole ? [whole] : []
  return [...new Set([...now, ...old])].flatMap((part) => {
    const [earlier, later] = [old.includes(part) ? before : undefined, now.includes(part) ? after : undefined]
    const one = compareDefinition(earlier, later, part)
    // What a role's input goes through is told where it stands by itself.
    const isTold = ({ state = '' }: Change) =>
      [...old, ...now].includes(state.split('/')[0] ?? '') && state.includes('/')
    return one ? [{ ...one, part, changes: one.changes.filter((change) => !isTold(change)) }] : []
  })
}

/** Ids of what can be run in a file, where it is of a kind that can hold several; none where it has errors. */
export function partsOf(side: DefinitionText | undefined): readonly string[] {
  return side && WORKFLOWS.path.test(side.file) && /\.toml$/i.test(side.file)
    ? readWorkflow(side).meta.parts
    : []
}

/** What people call a definition by: its path, with the id of the workflow where the file holds several. */
export function placeOfDiff({ file, part }: Pick<DefinitionDiff, 'file' | 'part'>): string {
  return part === undefined ? file : `${file}#${part}`
}

/**
 * Compares a file with what it was, by what it means for what may run; a side is `undefined` where there is none. Pure.
 *
 * @param part id of the workflow that is meant, of several in the file. Default: the first.
 * @returns `undefined`: the paths are of no kind that says so.
 */
export function compareDefinition(
  before: DefinitionText | undefined,
  after: DefinitionText | undefined,
  part?: string,
): ComparedDefinition | undefined {
  // What came from, or went to, a place where nothing runs is new, or gone.
  const kind = kindOf(after) ?? kindOf(before)
  const [earlier, later] = [before, after].map((side) => (kindOf(side) === kind ? side : undefined))
  const { file } = later ?? earlier ?? {}
  if (kind === undefined || file === undefined) return undefined
  const [old, now] = [earlier && kind.read(earlier, part), later && kind.read(later, part)]
  const isWorkflow = kind.kind === 'workflow'
  const workflowIn = (reading: Reading<unknown> | undefined) =>
    isWorkflow ? (reading?.value as Workflow | undefined) : undefined
  return {
    kind: kind.kind,
    file,
    ...(before !== undefined && before.file !== file ? { before: before.file } : {}),
    status: earlier === undefined ? 'added' : later === undefined ? 'removed' : 'changed',
    changes: changesBetween(kind, old, now),
    invalid: {
      ...(old && old.value === undefined ? { before: firstError(old.diagnostics) } : {}),
      ...(now && now.value === undefined ? { after: firstError(now.diagnostics) } : {}),
    },
    workflows: { before: workflowIn(old), after: workflowIn(now) },
  }
}

function changesBetween<T>(
  kind: Kind<T>,
  before: Reading<T> | undefined,
  after: Reading<T> | undefined,
): readonly Change[] {
  if (before === undefined) return after?.value === undefined ? [] : kind.added(after.value)
  if (after === undefined) return before.value === undefined ? [] : kind.removed(before.value)
  return before.value === undefined || after.value === undefined
    ? []
    : kind.compare(before.value, after.value)
}

/** Whether only comments or the layout are different. */
export function isNothing({ before, changes, invalid }: DefinitionDiff): boolean {
  return changes.length === 0 && before === undefined && Object.keys(invalid).length === 0
}
