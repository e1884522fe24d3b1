import { readText } from '../lax.ts'
import { childOf, entryOf } from '../yaml.ts'
import { type GithubWorkflowFile, mentions, type OurJob, optionsOf, stepsOf } from './file.ts'
import type { Gap } from './gap.ts'
import { listOf } from './inputs.ts'
import { type GithubWorkflowPlan, isHigher, type Permissions, valueOfKey } from './plan.ts'

/** What the jobs of ours may not do, do not hand on, or turn away. */
export function jobGaps(file: GithubWorkflowFile, plan: GithubWorkflowPlan): readonly Gap[] {
  const { review, run } = file.jobs
  return [
    ...(review ? permissionGaps(file, review, plan.permissions.review) : []),
    ...(run
      ? [
          ...conditionGaps(file, run, plan),
          ...permissionGaps(file, run, plan.permissions.run),
          ...keyGaps(file, run, plan.keys),
          ...callGaps(run, plan),
        ]
      : []),
  ]
}

/** What lets of all comments only commands through. */
const ONLY_COMMANDS =
  "(github.event_name != 'issue_comment' || startsWith(github.event.comment.body, '/codemie'))"

/** The event that a part of the condition that `init` writes turns away; `undefined`: people wrote it, and it is theirs. */
function turnedAwayBy(part: string): string | undefined {
  return part === ONLY_COMMANDS ? 'issue_comment' : /^github\.event_name != '(\w+)'$/.exec(part)?.[1]
}

function conditionGaps(
  { on }: GithubWorkflowFile,
  { id, node }: OurJob,
  { runOn, onlyCommands }: GithubWorkflowPlan,
): readonly Gap[] {
  const condition = childOf(node, 'if')
  const written = readText(condition)
  const parts = written === undefined ? [] : written.split(' && ').map((part) => part.trim())
  if (parts.some((part) => turnedAwayBy(part) === undefined)) return []
  const isWanted = (part: string) => runOn.includes(turnedAwayBy(part) ?? '')
  const wanted = parts.filter(isWanted).map(turnedAwayBy)
  // A file that has the event lets through what its owner wants.
  const added =
    onlyCommands && optionsOf(on, 'issue_comment') === undefined && !parts.includes(ONLY_COMMANDS)
      ? [ONLY_COMMANDS]
      : []
  if (wanted.length + added.length === 0) return []
  const kept = [...parts.filter((part) => !isWanted(part)), ...added]
  return [
    {
      message:
        wanted.length === 0
          ? `The job '${id}' does not tell commands from other comments`
          : `The job '${id}' turns '${wanted.join("' and '")}' away, by which workflows start`,
      at: condition,
      edits: [{ path: ['jobs', id, 'if'], set: kept.length === 0 ? undefined : kept.join(' && ') }],
    },
  ]
}

/** Where a job may do less than it needs. */
export function permissionGaps(
  file: GithubWorkflowFile,
  { id, node }: OurJob,
  wanted: Permissions,
): readonly Gap[] {
  const own = childOf(node, 'permissions')
  const there = own ?? childOf(file.root, 'permissions')
  // Without any, what the repository allows counts, which is not written here.
  if (!there) return []
  const all = readText(there)
  const level = (name: string) =>
    all === 'write-all' ? 'write' : all === 'read-all' ? 'read' : readText(childOf(there, name))
  const missing = Object.entries(wanted).filter(([name, needed]) => isHigher(needed, level(name)))
  if (missing.length === 0) return []
  return [
    {
      message: `The job '${id}' lacks the ${missing.length === 1 ? 'permission' : 'permissions'} ${missing.map(([name, needed]) => `'${name}: ${needed}'`).join(', ')}`,
      at: entryOf(childOf(file.root, 'jobs'), id)?.key,
      // A job with permissions of its own has none of the file's, so these are taken along.
      edits: [
        ...(own || there.kind !== 'map' ? [] : [...there.entries.keys()])
          .filter((name) => wanted[name] === undefined)
          .map((name) => ({ path: ['jobs', id, 'permissions', name], set: level(name) })),
        ...(own?.kind === 'map' ? missing : Object.entries(wanted)).map(([name, needed]) => ({
          path: ['jobs', id, 'permissions', name],
          set: needed,
        })),
      ],
    },
  ]
}

/** A variable that the file mentions anywhere, even in a comment, is seen to in another way. */
function keyGaps(
  file: GithubWorkflowFile,
  { id, node, step }: OurJob,
  keys: readonly string[],
): readonly Gap[] {
  const missing = keys.filter((key) => !mentions(file, key))
  if (missing.length === 0) return []
  return [
    {
      message: `The job '${id}' does not hand on ${listOf(missing)}`,
      at: childOf(stepsOf(node)[step], 'uses'),
      edits: missing.map((key) => ({ path: ['jobs', id, 'steps', step, 'env', key], set: valueOfKey(key) })),
    },
  ]
}

/** What a caller passed; empty for every other event. */
const CALL = {
  workflow: `\${{ inputs.call }}`,
  inputs: `\${{ inputs.call && toJSON(inputs) || '' }}`,
}

function callGaps({ id, node, step }: OurJob, { runOn }: GithubWorkflowPlan): readonly Gap[] {
  const settings = childOf(stepsOf(node)[step], 'with')
  if (!runOn.includes('workflow_call') || entryOf(settings, 'workflow')) return []
  return [
    {
      message: `The job '${id}' does not hand on which workflow a caller wants`,
      at: childOf(stepsOf(node)[step], 'uses'),
      edits: Object.entries(CALL).map(([name, set]) => ({
        path: ['jobs', id, 'steps', step, 'with', name],
        set,
      })),
    },
  ]
}
