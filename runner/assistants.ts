import { firstError } from '../schema/diagnostic.ts'
import type { Assistant, BlockWork, Position, State, Workflow } from '../schema/index.ts'
import { didYouMean } from '../schema/nearest.ts'
import type { Skill } from '../schema/skill-file.ts'
import { bareAssistant } from '../schema/workflow.ts'
import { type AssistantFiles, assistantFile, type StoredSkill, skillFile } from './assistant-files.ts'

/** A workflow whose assistants are complete, and what kept others from it. */
export interface ResolvedWorkflow {
  readonly workflow: Workflow
  /** Those that its assistants have, by id. */
  readonly skills: ReadonlyMap<string, AvailableSkill>
  readonly problems: readonly AssistantProblem[]
}

/** A skill that can be loaded. */
export type AvailableSkill = StoredSkill & { readonly skill: Skill }

/** A reference to a stored assistant or a skill that leads to none, or back to where it comes from. */
export interface AssistantProblem {
  readonly code: 'stored-assistant-missing' | 'skill-missing' | 'assistant-circle'
  /** The entry that refers. */
  readonly at: Position
  readonly message: string
  readonly help: string
  /** The program that would answer where it is there and allowed. */
  readonly command?: readonly string[]
}

/**
 * Puts stored assistants in the place of references to them, also where an assistant can ask others, and looks skills up.
 * Of the entry that refers, only what it may override counts: prompt, model, parameters and limits, and guardrails on top; all
 * that it may use is that of the stored assistant.
 *
 * @param canStart whether a program is there and allowed that need not be: else the assistant itself answers. Default: never.
 */
export async function resolveAssistants(
  workflow: Workflow,
  files: AssistantFiles,
  canStart: (command: readonly string[]) => boolean = () => false,
): Promise<ResolvedWorkflow> {
  const problems = new Map<string, AssistantProblem>()
  const add = (problem: AssistantProblem) => problems.set(problem.message, problem)
  const skills = new Map<string, AvailableSkill>()

  const resolve = async (
    written: Assistant,
    askedBy: readonly string[],
    isStep = false,
  ): Promise<Assistant> => {
    const isStored = isStep && written.ref !== undefined && (await files.assistant(written.ref)) !== undefined
    const entry = chosenSide(written, (command) => !isStored && canStart(command))
    const { ref } = entry
    if (ref !== undefined && askedBy.includes(ref)) {
      add(circle(entry, [...askedBy.slice(askedBy.indexOf(ref)), ref]))
      return entry
    }
    const found = ref === undefined ? entry : await findStored(ref, entry, files)
    if ('code' in found) {
      const { command, commandIsOptional } = written
      add(command && commandIsOptional && !isStored ? { ...found, command } : found)
      return entry
    }
    for (const id of found.skillIds) {
      const skill = skills.get(id) ?? (await findSkill(id, found, files))
      if ('code' in skill) add(skill)
      else skills.set(id, skill)
    }
    const chain = ref === undefined ? askedBy : [...askedBy, ref]
    return { ...found, subAssistants: await inTurn(found.subAssistants, (one) => resolve(one, chain)) }
  }

  const resolveState = async (state: State): Promise<State> => {
    const { work } = state
    if (work.kind === 'block') return { ...state, work: await mapBody(work, resolveState) }
    if (!('assistant' in work)) return state
    // A layer names the program itself. A step of Octomind's own files names a role, wherever that comes from.
    const assistant = await resolve(work.assistant, [], work.kind === 'prompt')
    return { ...state, work: { ...work, assistant } }
  }
  const states = await inTurn(workflow.states, resolveState)
  return { workflow: { ...workflow, states }, skills, problems: [...problems.values()] }
}

async function mapBody(work: BlockWork, change: (state: State) => Promise<State>): Promise<BlockWork> {
  const { driver } = work
  const first = driver.kind === 'choose' && driver.first ? { first: await change(driver.first) } : {}
  const body = await inTurn(work.body, change)
  const last =
    driver.kind === 'all' && driver.aggregator ? { aggregator: await change(driver.aggregator) } : {}
  return { ...work, body, driver: { ...driver, ...first, ...last } }
}

/** One after the other, so that problems are told in the order of the file. */
async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (const one of all) results.push(await work(one))
  return results
}

async function findStored(
  ref: string,
  entry: Assistant,
  files: AssistantFiles,
): Promise<Assistant | AssistantProblem> {
  const problem = { code: 'stored-assistant-missing', at: entry.at } as const
  const stored = await files.assistant(ref)
  if (!stored) {
    return {
      ...problem,
      message: `${whoRefers(entry, ref)}, and there is no ${assistantFile(ref)}`,
      help: `${didYouMean(ref, await files.assistantIds())}${isRole(entry) ? ROLE_HELP : 'Write that file, or make the assistant inline.'}`,
    }
  }
  if (stored.assistant) return overridden(stored.assistant, entry)
  return {
    ...problem,
    message: `${whoRefers(entry, ref)}, and its file has errors: ${stored.file}:${firstError(stored.diagnostics)}`,
    help: `\`codemie-ci validate ${stored.file}\` shows them.`,
  }
}

/** One that is asked under the id of its file has no entry. */
function whoRefers(entry: Assistant, ref: string): string {
  const { id } = entry
  const kind = isRole(entry) ? 'role' : 'assistant'
  return id === ref
    ? `The ${kind} '${ref}' is named here`
    : `${isRole(entry) ? 'Layer' : 'Assistant'} '${id}' refers to '${ref}'`
}

/** Octomind's files name roles. */
function isRole({ at }: Assistant): boolean {
  return at.file.toLowerCase().endsWith('.toml')
}

const ROLE_HELP =
  'Write that file, or a [[roles]] table in a configuration under .codemie/workflows; or install octomind, which policy.agents has to allow.'

async function findSkill(
  id: string,
  { id: assistant, at }: Assistant,
  files: AssistantFiles,
): Promise<AvailableSkill | AssistantProblem> {
  const problem = { code: 'skill-missing', at } as const
  const stored = await files.skill(id)
  if (!stored) {
    return {
      ...problem,
      message: `Assistant '${assistant}' has the skill '${id}', and there is no ${skillFile(id)}`,
      help: `${didYouMean(id, await files.skillIds())}Write that file, or take the skill out of skill_ids.`,
    }
  }
  if (stored.skill) return { ...stored, skill: stored.skill }
  return {
    ...problem,
    message: `Assistant '${assistant}' has the skill '${id}', and its file has errors: ${stored.file}:${firstError(stored.diagnostics)}`,
    help: 'Mend the lines between the hyphens at its top: they are YAML.',
  }
}

/**
 * Who answers where it can be either the program or the assistant itself: the program, which has a prompt and tools of its own,
 * where it can start, or else the assistant as it stands there.
 */
function chosenSide(assistant: Assistant, canStart: (command: readonly string[]) => boolean): Assistant {
  const { command, commandIsOptional, ...itself } = assistant
  if (command === undefined || !commandIsOptional) return assistant
  if (!canStart(command)) return itself
  const { id, description, at } = assistant
  return { ...bareAssistant(id, at), description, command }
}

function circle({ at }: Assistant, ids: readonly string[]): AssistantProblem {
  return {
    code: 'assistant-circle',
    at,
    message: `The assistants ask each other in a circle: ${ids.join(' → ')}`,
    help: 'Remove one of them from the assistant_ids of another.',
  }
}

function overridden(stored: Assistant, by: Assistant): Assistant {
  return {
    ...stored,
    id: by.id,
    at: by.at,
    ...(by.description === '' ? {} : { description: by.description }),
    ...(by.systemPrompt === undefined ? {} : { systemPrompt: by.systemPrompt }),
    ...(by.model === undefined ? {} : { model: by.model }),
    ...(by.temperature === undefined ? {} : { temperature: by.temperature }),
    ...(by.toolOutputTokens === undefined ? {} : { toolOutputTokens: by.toolOutputTokens }),
    parameters: { ...stored.parameters, ...by.parameters },
    // Nobody who refers to an assistant gets around its guardrails.
    guardrails: [...stored.guardrails, ...by.guardrails],
    fallbackModels: by.fallbackModels.length > 0 ? by.fallbackModels : stored.fallbackModels,
    excludeExtraContextTools: by.excludeExtraContextTools || stored.excludeExtraContextTools,
  }
}
