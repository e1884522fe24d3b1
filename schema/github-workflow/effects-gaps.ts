import { readText } from '../lax.ts'
import { childOf, entryOf } from '../yaml.ts'
import { type GithubWorkflowFile, mentions, type OurJob, stepsOf } from './file.ts'
import type { Edit, Gap } from './gap.ts'
import { listOf } from './inputs.ts'
import { permissionGaps } from './job-gaps.ts'
import { type GithubWorkflowPlan, JOBS, type Permissions } from './plan.ts'
import { CHECKOUT } from './skeleton.ts'

/** Id of the step that runs workflows, where it has none. */
const STEP = 'codemie'

/** What is missing of the job that carries out what runs proposed. A comment that says `mode: effects` is enough for who wants none. */
export function effectsGaps(file: GithubWorkflowFile, plan: GithubWorkflowPlan): readonly Gap[] {
  const { run, effects } = file.jobs
  if (!run || plan.proposing.length === 0) return []
  if (effects) {
    const hands = childOf(childOf(stepsOf(effects.node)[effects.step], 'with'), 'run')
    const isHanded = !readText(hands)?.includes(`needs.${run.id}.outputs.effects`) || hasOutput(run)
    return [
      ...permissionGaps(file, effects, plan.permissions.effects),
      ...(isHanded
        ? []
        : [
            {
              message: `The job '${run.id}' does not hand on which runs have proposals`,
              at: entryOf(childOf(file.root, 'jobs'), run.id)?.key,
              edits: outputEdits(run),
            },
          ]),
    ]
  }
  if (mentions(file, `mode: ${JOBS.effects}`)) return []
  return [
    {
      message: `No job carries out what ${listOf(plan.proposing)} may write to GitHub`,
      at: entryOf(childOf(file.root, 'jobs'), run.id)?.key,
      edits: [
        ...(hasOutput(run) ? [] : outputEdits(run)),
        { path: ['jobs'], append: jobText(file, run, plan.permissions.effects) },
      ],
    },
  ]
}

function hasOutput({ node }: OurJob): boolean {
  return entryOf(childOf(node, 'outputs'), 'effects') !== undefined
}

function outputEdits({ id, node, step }: OurJob): readonly Edit[] {
  const own = readText(childOf(stepsOf(node)[step], 'id'))
  return [
    ...(own === undefined ? [{ path: ['jobs', id, 'steps', step, 'id'], set: STEP }] : []),
    { path: ['jobs', id, 'outputs', 'effects'], set: `\${{ steps.${own ?? STEP}.outputs.effects }}` },
  ]
}

/** The job as it is written: with the same action, and what is to be known of each permission. */
function jobText(file: GithubWorkflowFile, run: OurJob, permissions: Permissions): string {
  const jobs = childOf(file.root, 'jobs')
  const id = entryOf(jobs, 'effects') ? 'codemie-effects' : 'effects'
  const uses = childOf(stepsOf(run.node)[run.step], 'uses')
  const { text } = file.document
  const lineEnd = uses === undefined ? -1 : text.indexOf('\n', uses.end)
  const action = uses === undefined ? '' : text.slice(uses.start, lineEnd < 0 ? text.length : lineEnd).trim()
  const levels = Object.entries(permissions).map(
    ([name, level]) =>
      `    ${name}: ${level}${name === 'contents' ? ' # what became of each proposal goes into the record' : ''}`,
  )
  return `${id}:
  # Carries out what the runs have proposed and their definitions allow, with a token that no step of a workflow sees.
  name: Effects
  needs: ${run.id}
  if: \${{ !cancelled() && needs.${run.id}.outputs.effects != '' }}
  runs-on: ubuntu-24.04
  timeout-minutes: 10
  permissions:
${levels.join('\n')}
  steps:
    - uses: ${CHECKOUT}
      with:
        persist-credentials: false
    - uses: ${action}
      with:
        mode: ${JOBS.effects}
        run: \${{ needs.${run.id}.outputs.effects }}
        token: \${{ github.token }}`
}
