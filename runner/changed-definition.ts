import { firstError } from '../schema/diagnostic.ts'
import type { Change } from '../schema/diff/change.ts'
import { compareWorkflows } from '../schema/diff/compare.ts'
import { followersOf, graphOf } from '../schema/graph.ts'
import { END } from '../schema/index.ts'
import { CHECK, FINALIZER, MEMORY } from '../schema/limits.ts'
import { readWorkflow } from '../schema/read.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { FindWorkflow } from './calls.ts'
import { placeName } from './engine/step.ts'
import type { AcceptedDefinition } from './events.ts'
import { Refusal } from './failure.ts'
import { addressOf, type Project } from './project.ts'
import { findRecorded, readRecorded } from './recorded.ts'
import type { Warn } from './store/run-home.ts'
import type { ResumedRun } from './store/store.ts'

/** What to do when the definition of a run is another one now than when it started. */
export type OnChange =
  /** Say what changed, and stop. */
  | 'refuse'
  /** Go on with the one of now. */
  | 'accept'
  /** Go on with the one in the record. */
  | 'as-recorded'

/** The definition of now, and what it means for a run that was begun with another one. */
export interface ChangedDefinition extends Omit<AcceptedDefinition, 'blob' | 'by'> {
  readonly workflow: Workflow
  readonly find: FindWorkflow
}

/** Names and descriptions are read by people only. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['name-changed', 'description-changed', 'tags-changed'])

/**
 * Compares the definition in a record with the one in the working tree. `undefined`: they mean the same, so that the
 * recorded one is gone on with; so it is, with a warning, when the working tree has none, and, unless the changes are
 * accepted, when the run was started with the definition of a commit.
 *
 * Refuses with `definition-changed` and all changes, unless they are accepted, and when the definition has errors.
 */
export async function findChange(
  run: Pick<ResumedRun, 'manifest' | 'workflowText' | 'calledTexts'>,
  {
    project,
    redact,
    onChange,
    warn,
  }: {
    readonly project: Project
    readonly redact: (text: string) => string
    readonly onChange: OnChange
    readonly warn: Warn
  },
): Promise<ChangedDefinition | undefined> {
  const { manifest } = run
  const { file, revision, earlier } = manifest.workflow
  // One of an earlier commit was asked for whatever the working tree has.
  const isOfCommit = revision !== undefined && earlier === undefined
  if (onChange === 'as-recorded' || (isOfCommit && onChange === 'refuse')) return undefined
  const asRecorded = `\`codemie-ci resume ${manifest.id} --as-recorded\` goes on with the definition in the record.`
  const refuse = (why: string, help: string) =>
    new Refusal('definition-changed', `Run ${manifest.id} was executed with ${file}, ${why}`, { help })
  const now = await project.find(addressOf(manifest.workflow), '').catch((error: unknown) => {
    if (error instanceof Refusal) return undefined
    throw error
  })
  if (now === undefined) {
    if (onChange === 'accept') throw refuse('and it cannot be read in the working tree', asRecorded)
    // Another branch may be checked out, or a clone that never had it.
    warn({
      code: 'definition-missing',
      message: `${file} is not in the working tree; the run goes on with the definition in its record`,
    })
    return undefined
  }
  // A record holds no secrets, so neither may what it is compared with.
  const read = async (path: string, text: string, part: string) => {
    const { workflow, diagnostics } = readWorkflow({ file: path, text: redact(text), part })
    if (workflow) return workflow
    const what = path === file ? 'it' : path
    throw refuse(`and ${what} has errors in the working tree: ${firstError(diagnostics)}`, asRecorded)
  }
  if (redact(now.text) === run.workflowText && (manifest.workflow.calls ?? []).length === 0) return undefined
  const before = readRecorded(manifest.id, file, run.workflowText, manifest.workflow.id)
  const after = await read(now.file, now.text, now.id)
  const compare = new Comparison(findRecorded(run), async (name, caller) => {
    const found = await project.find(name, caller)
    return await read(found.file, found.text, found.id)
  })
  const { sentences, redo, askAgain } = await compare.pair(before, after, '')
  if (sentences.length === 0) return undefined
  if (onChange === 'refuse') {
    const anew = redo.filter((path) => !path.includes('*') && !INTERNAL.includes(path))
    const cost =
      anew.length === 0
        ? 'nothing that is finished is done again'
        : `these are done again where they are finished: ${anew.slice(0, 12).join(', ')}${anew.length > 12 ? ', …' : ''}`
    throw refuse(
      `which has changed since:\n${sentences.map((sentence) => `  ${sentence}`).join('\n')}`,
      `Add --accept-changes to go on with the definition of now; ${cost}. Add --as-recorded to go on with the one in the record.`,
    )
  }
  return { workflow: now.workflow ?? after, find: project.find, changes: sentences, redo, askAgain }
}

/**
 * The steps of a run that do not stand under a definition of now; patterns as in `AcceptedDefinition`. A recorded
 * definition that cannot be read vouches for nothing.
 */
export async function redoneBy(
  now: Workflow,
  find: FindWorkflow,
  run: Pick<ResumedRun, 'manifest' | 'workflowText' | 'calledTexts'>,
): Promise<readonly string[]> {
  const { file, id: part } = run.manifest.workflow
  const { workflow: before } = readWorkflow({ file, text: run.workflowText, part })
  if (before === undefined) return now.states.flatMap(({ id }) => [placeName(id), `${placeName(id)}/**`])
  const compare = new Comparison(findRecorded(run), async (name, caller) => {
    const { workflow } = await find(name, caller)
    return workflow ?? now
  })
  return (await compare.pair(before, now, '')).redo
}

interface Compared {
  readonly sentences: readonly string[]
  readonly redo: readonly string[]
  readonly askAgain: readonly string[]
}

/** States that no author wrote. */
const INTERNAL: readonly string[] = [FINALIZER, MEMORY, CHECK]

/** Compares a workflow with what it was, and so the workflows that it calls. */
class Comparison {
  readonly #findBefore: FindWorkflow
  readonly #findNow: (name: string, caller: string) => Promise<Workflow>
  /** Files whose changes were told: a workflow may be called often. */
  readonly #told = new Set<string>()

  constructor(findBefore: FindWorkflow, findNow: (name: string, caller: string) => Promise<Workflow>) {
    this.#findBefore = findBefore
    this.#findNow = findNow
  }

  /** `prefix`: path of the step that runs the workflow, with a slash at the end; `''`: the run itself. */
  async pair(before: Workflow, after: Workflow, prefix: string): Promise<Compared> {
    const changes = compareWorkflows(before, after).filter(({ code }) => !FOR_PEOPLE.has(code))
    const graphs = [graphOf(before), graphOf(after)]
    const followers = (id: string) => graphs.flatMap((graph) => [...followersOf(graph, id)])
    const anew = new Set(changes.flatMap((change) => statesOf(change, before)))
    const later = new Set(
      changes.flatMap(({ reach, state }) =>
        reach === 'nothing' || state === undefined ? [] : followers(state),
      ),
    )
    const inside: string[] = []
    const askInside: string[] = []
    const sentences = this.#tell(after, changes, prefix)
    for (const { id, work } of after.states) {
      if (work.kind !== 'call') continue
      const name = work.workflow.value
      const old = await this.#findBefore(name, before.file).catch(() => undefined)
      // A call that is new, or leads elsewhere now, is a change of the state that makes it.
      if (old?.workflow === undefined) continue
      const inner = await this.pair(
        old.workflow,
        await this.#findNow(name, after.file),
        `${prefix}${placeName(id)}/`,
      )
      sentences.push(...inner.sentences)
      if (inner.redo.length === 0) continue
      inside.push(`${prefix}${placeName(id)}`, ...inner.redo)
      askInside.push(...inner.askAgain)
      for (const follower of followers(id)) later.add(follower)
    }
    const whole = (ids: Iterable<string>) =>
      [...ids].flatMap((id) =>
        id === END ? [] : [`${prefix}${placeName(id)}`, `${prefix}${placeName(id)}/**`],
      )
    const own = whole(new Set([...anew, ...later]))
    const redo = [...own, ...inside]
    const closing = redo.length === 0 ? [] : INTERNAL.map((id) => `${prefix}${id}`)
    return { sentences, redo: [...redo, ...closing], askAgain: [...whole(later), ...askInside] }
  }

  #tell({ id, file }: Workflow, changes: readonly Change[], prefix: string): string[] {
    if (this.#told.has(file)) return []
    this.#told.add(file)
    const where = prefix === '' ? '' : `in '${id}': `
    return changes.map(
      ({ state, sentence }) => `${where}${state === undefined ? '' : `state '${state}': `}${sentence}`,
    )
  }
}

function statesOf({ reach, state }: Change, { states }: Workflow): readonly string[] {
  if (reach === 'all') return states.map(({ id }) => id)
  return reach === 'state' && state !== undefined ? [state] : []
}
