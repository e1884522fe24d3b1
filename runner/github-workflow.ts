import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../schema/diagnostic.ts'
import { diagnosticsOf, gapsOf } from '../schema/github-workflow/compare.ts'
import {
  type GithubWorkflowFile,
  problemOfGithubWorkflow,
  readGithubWorkflow,
} from '../schema/github-workflow/file.ts'
import { GITHUB_PUBLISH_FILE, GITHUB_WORKFLOW_FILE } from '../schema/github-workflow/file-name.ts'
import {
  type GithubWorkflowPlan,
  JOBS,
  type JobName,
  planGithubWorkflow,
} from '../schema/github-workflow/plan.ts'
import { skeleton } from '../schema/github-workflow/skeleton.ts'
import type { RepositoryConfig, Workflow } from '../schema/index.ts'
import { readText } from '../schema/lax.ts'
import { callsOthers } from '../schema/needs.ts'
import { childOf } from '../schema/yaml.ts'
import { Refusal } from './failure.ts'
import { LAST_RESORT_MODEL, modelSettings } from './models/model-settings.ts'
import { keyVariableOf, locateModel } from './models/providers.ts'
import { secretNamesOf } from './policy/secrets.ts'
import { modelsOf } from './preflight.ts'

/** What a GitHub workflow has to fit: the valid definitions of a repository, and its config. */
export interface Definitions {
  readonly workflows: readonly Workflow[]
  readonly config: RepositoryConfig
}

/** Reads a GitHub workflow of a repository. `undefined`: there is none. Refuses with `file-unreadable`. */
export async function readGithubWorkflowText(
  root: string,
  file = GITHUB_WORKFLOW_FILE,
): Promise<string | undefined> {
  return await readFile(join(root, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw new Refusal('file-unreadable', `${file} cannot be read: ${error.message}`, {
      cause: error,
    })
  })
}

/** Where the GitHub workflow does not fit the definitions; see `docs/action.md`. None for a file without a job of ours. */
export function checkGithubWorkflow(text: string, definitions: Definitions): readonly Diagnostic[] {
  const file = readGithubWorkflow(text)
  if (!file) return [problemOfGithubWorkflow(text)]
  return hasOurs(file) ? diagnosticsOf(file, planFor(file, definitions)) : []
}

/**
 * The GitHub workflow that publishes what jobs of strangers left, and where it would not; `undefined`: there is none. Refuses
 * with `file-unreadable`.
 *
 * @param other text of the GitHub workflow whose runs it follows; `undefined`: there is none.
 */
export async function checkPublishWorkflow(
  root: string,
  other: string | undefined,
): Promise<
  { readonly file: string; readonly text: string; readonly diagnostics: readonly Diagnostic[] } | undefined
> {
  const text = await readGithubWorkflowText(root, GITHUB_PUBLISH_FILE)
  if (text === undefined) return undefined
  const { publishDiagnostics } = await import('../schema/github-workflow/publish-gaps.ts')
  const name = other === undefined ? undefined : readText(childOf(readGithubWorkflow(other)?.root, 'name'))
  return { file: GITHUB_PUBLISH_FILE, text, diagnostics: publishDiagnostics(text, name) }
}

/**
 * The GitHub workflow that fits the definitions.
 *
 * @param action what stands after `uses:` for the action of this version.
 * @returns the text, and sentences about what has no place in it.
 */
export async function writeGithubWorkflow(
  definitions: Definitions,
  action: string,
): Promise<{ readonly text: string; readonly notes: readonly string[] }> {
  return await mendGithubWorkflow(skeleton(action), definitions)
}

/**
 * The same file with what it lacks of the definitions, and without their former schedules; everything else stays.
 * Refuses with `github-workflow-foreign` a file that has no job of ours or cannot be read, and with
 * `github-workflow-stuck` one whose form does not let it be mended.
 */
export async function mendGithubWorkflow(
  text: string,
  definitions: Definitions,
): Promise<{ readonly text: string; readonly notes: readonly string[] }> {
  const file = readGithubWorkflow(text)
  if (!file || !hasOurs(file)) throw foreign(file ? undefined : problemOfGithubWorkflow(text))
  const plan = planFor(file, definitions)
  const edits = gapsOf(file, plan).flatMap((gap) => gap.edits)
  if (edits.length === 0) return { text, notes: plan.notes }
  const { applyEdits } = await import('../schema/github-workflow/mend.ts')
  const mended = applyEdits(text, edits)
  const left = mended === undefined ? file : readGithubWorkflow(mended)
  const gaps = left ? gapsOf(left, planFor(left, definitions)) : []
  if (mended !== undefined && left && gaps.length === 0) return { text: mended, notes: plan.notes }
  throw new Refusal(
    'github-workflow-stuck',
    `${GITHUB_WORKFLOW_FILE} is written in a way that cannot be mended, with anchors perhaps`,
    {
      help: [
        ...gaps.map(({ message }) => `${message}.`),
        'Mend it by hand, or let `codemie-ci init --force` write it anew.',
      ].join('\n'),
    },
  )
}

function planFor({ jobs }: GithubWorkflowFile, { workflows, config }: Definitions): GithubWorkflowPlan {
  const settings = modelSettings(config)
  const kit = (workflow: Workflow) => ({
    defaultModel: workflow.models.default ?? config.models.default ?? LAST_RESORT_MODEL,
  })
  const started = workflows.filter(
    ({ lifecycle, triggers }) => lifecycle !== 'retired' && triggers.length > 0,
  )
  const models = new Set(
    // Which workflow a call means is only known where it runs.
    (started.some(callsOthers) ? workflows : started).flatMap((workflow) => {
      const asked = modelsOf(workflow, kit(workflow), config)
      return asked.length === 0 ? [] : [...asked, ...workflow.models.fallback, ...config.models.fallback]
    }),
  )
  const isFromGithub = [...models].some((model) => {
    const place = locateModel(model, settings)
    return 'provider' in place && place.provider === 'github'
  })
  const keys = [...models].map((model) => keyVariableOf(model, settings)).filter((key) => key !== undefined)
  return planGithubWorkflow(
    workflows,
    {
      keys: [...new Set([...keys, ...secretNamesOf(config)])],
      permissions: isFromGithub ? { models: 'read' } : {},
    },
    { review: jobs.review !== undefined, run: jobs.run !== undefined },
  )
}

function hasOurs({ jobs }: GithubWorkflowFile): boolean {
  return (Object.keys(JOBS) as JobName[]).some((name) => jobs[name] !== undefined)
}

function foreign(problem: Diagnostic | undefined): Refusal {
  const why = problem ? `line ${problem.line}: ${problem.message}` : 'it has no job of codemie-ci'
  return new Refusal(
    'github-workflow-foreign',
    `${GITHUB_WORKFLOW_FILE} cannot be brought up to date: ${why}`,
    {
      help: 'A job of codemie-ci has a step that uses codemie/codemie-ci/action with `mode: review` or `mode: events`, as docs/action.md shows. `codemie-ci init --force` replaces the file.',
    },
  )
}
