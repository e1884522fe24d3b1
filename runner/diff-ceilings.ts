import { join } from 'node:path'
import { type Ceiling, ceilingOf } from '../schema/ceiling.ts'
import { defaultConfig, type RepositoryConfig, readConfig } from '../schema/config.ts'
import { CEILING_RULE } from '../schema/diff/ceiling.ts'
import type { Change } from '../schema/diff/change.ts'
import type { ComparedDefinition } from '../schema/diff/definitions.ts'
import { guardrailsIn } from '../schema/needs.ts'
import type { Workflow } from '../schema/workflow.ts'
import type { AssistantFiles } from './assistant-files.ts'
import { recordedCeiling } from './ceiling.ts'
import { completeWorkflow } from './complete.ts'
import type { DiffRange } from './diff-definitions.ts'
import { Refusal } from './failure.ts'
import { type Git, GitError } from './git/git.ts'
import { boundsOfModel } from './models/bounds.ts'
import { modelSettings, modelsOfWorkflow } from './models/model-settings.ts'
import { definitionsIn, type Project, projectFiles } from './project.ts'
import { type CeilingSum, shortBound } from './report/ceiling-words.ts'

/**
 * Adds the ceilings before and after to the workflows that mean something else now, and a change where they differ. Both
 * sides are reckoned with the configuration after the change, so that it is the definitions that make the difference;
 * what a workflow calls, and its stored assistants, are those of its side.
 */
export async function withCeilings(
  diffs: readonly ComparedDefinition[],
  { root, git }: { readonly root: string; readonly git: Git },
  { from, to }: DiffRange,
): Promise<ComparedDefinition[]> {
  const [before, after] = await Promise.all([sideAt(root, git, from), sideAt(root, git, to)])
  const config = await after.config()
  return await Promise.all(
    diffs.map(async (diff) => {
      if (diff.kind !== 'workflow' || diff.changes.length === 0) return diff
      const [old, now] = await Promise.all([
        ceilingIn(before, diff.workflows.before, config),
        ceilingIn(after, diff.workflows.after, config),
      ])
      const ceiling = {
        ...(old ? { before: recordedCeiling(old) } : {}),
        ...(now ? { after: recordedCeiling(now) } : {}),
      }
      const changes = old && now ? [...diff.changes, ...changeBetween(old, now)] : diff.changes
      return Object.keys(ceiling).length === 0 ? diff : { ...diff, changes, ceiling }
    }),
  )
}

/** The definitions of one side. */
interface Side extends Pick<Project, 'find' | keyof AssistantFiles> {
  /** The defaults where there is none, or where it has errors. */
  readonly config: () => Promise<RepositoryConfig>
}

async function sideAt(root: string, git: Git, revision: string | undefined): Promise<Side> {
  const files = await projectFiles({ root, git }, revision)
  return {
    ...definitionsIn(files, root, root),
    async config() {
      const file = '.codemie/config.yaml'
      const bytes = await files.read(join(root, file)).catch(() => undefined)
      return (bytes && readConfig({ file, bytes }).config) ?? defaultConfig()
    },
  }
}

/** `undefined`: there is no such workflow, or something that it needs is not there. */
async function ceilingIn(
  side: Side,
  workflow: Workflow | undefined,
  config: RepositoryConfig,
): Promise<Ceiling | undefined> {
  if (workflow === undefined) return undefined
  try {
    const { workflow: own, called, problems } = await completeWorkflow(workflow, side, side.find)
    if (problems.length > 0) return undefined
    const settings = modelSettings(config)
    const bounded = (one: Workflow) => ({
      workflow: one,
      ...modelsOfWorkflow(one, config),
      hasAskingGuardrails: guardrailsIn(one).some(
        ({ value }) => config.guardrails.get(value)?.prompt !== undefined,
      ),
    })
    return ceilingOf(bounded(own), {
      describeModel: (model) => boundsOfModel(model, settings),
      findCalled(name) {
        const found = called.get(name)
        return found && bounded(found)
      },
      budgets: config.budgets,
      // As if nobody began with a conversation that is too long already.
      inputCharacters: 0,
    })
  } catch (error) {
    // The comparison is worth reading without it.
    if (error instanceof Refusal || error instanceof GitError) return undefined
    throw error
  }
}

/** One change at most. Steps cost nothing by themselves; tokens say no more than money does, where that is known. */
function changeBetween(before: Ceiling, after: Ceiling): readonly Change[] {
  const isPriced = before.usd.most !== undefined || after.usd.most !== undefined
  const sums = (['modelCalls', isPriced ? 'usd' : 'tokens'] as const).filter(
    (sum) => before[sum].most !== after[sum].most,
  )
  if (sums.length === 0) return []
  const numbers = (one: Ceiling) => sums.map((sum) => one[sum].most)
  const words = (one: Ceiling) => sums.map((sum: CeilingSum) => shortBound(one[sum], sum))
  const { code, reach } = CEILING_RULE
  const [old, now] = [words(before), words(after)]
  return [
    {
      code,
      class: CEILING_RULE.class.of(numbers(before), numbers(after)),
      reach,
      sentence: `at most: ${old.map((one, at) => `${one} → ${now[at]}`).join(', ')}`,
      before: old.join(', '),
      after: now.join(', '),
    },
  ]
}
