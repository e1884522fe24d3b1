import { Refusal } from '../runner/failure.ts'
import { isRunId } from '../runner/store/run-id.ts'
import { MOST_SHARDS } from '../schema/limits.ts'
import { readRuns } from './effects/settings.ts'
import type { ApprovalRule } from './review-approval.ts'

/** What the action can be asked to do beside checking everything or running one workflow. */
const MODES = ['events', 'review', 'resume', 'effects', 'publish', 'plan', 'shard', 'join'] as const

/** The inputs of `action.yml`, read. */
export interface Settings {
  /** `undefined`: run `workflow`, or check everything. */
  readonly mode: (typeof MODES)[number] | undefined
  /** `undefined`: check all definitions and run none; with a mode, no workflow is left out. */
  readonly workflow: string | undefined
  /** The workflow's inputs as they were written; see `readRunInput`. */
  readonly inputs: string
  /** Paths of files that the workflow is given. */
  readonly files: readonly string[]
  /** Relative to the workspace. */
  readonly directory: string
  readonly strict: boolean
  readonly maxConcurrency: number | undefined
  readonly commit: boolean
  readonly push: boolean
  /** `undefined`: git's own credentials push. */
  readonly token: string | undefined
  /** Of `mode: events` and `publish`: answer in a comment. */
  readonly comment: boolean
  /** Of `mode: review`; of runs that wait, whether the author of the pull request may say yes. */
  readonly approval: ApprovalRule
  /** Of `mode: resume`. `undefined`: another mode. */
  readonly resume: ResumeSettings | undefined
  /** Of `mode: effects`: ids of the runs whose proposals are carried out. */
  readonly runs: readonly string[]
  /** Of `mode: shard` and `mode: join`: id of the run. */
  readonly run: string | undefined
  /** Of `mode: shard`: which one, from 1. */
  readonly shard: number | undefined
}

/** Which run goes on, and on whose yes. */
export interface ResumeSettings {
  readonly run: string
  /** Of what the yes is for. `undefined`: the run asks for none. */
  readonly digest: string | undefined
  /** Name of the environment whose reviewers say yes. `undefined`: nobody does, so that only a run that does not wait goes on. */
  readonly environment: string | undefined
}

const MOST_AT_ONCE = 1000

/** Reads the inputs of the action. Refuses with `action-inputs-invalid` and everything that is wrong with them. */
export function readSettings(input: (name: string) => string): Settings {
  const problems: string[] = []
  const flag = (name: string): boolean => {
    const text = input(name)
    if (/^(true|false|)$/i.test(text)) return text.toLowerCase() === 'true'
    problems.push(`\`${name}\` takes \`true\` or \`false\`, and not '${text}'.`)
    return false
  }
  const mode = readMode(input('mode'), problems)
  const settings: Settings = {
    mode,
    workflow: input('workflow') || undefined,
    inputs: input('inputs'),
    files: input('files')
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
    directory: input('working-directory') || '.',
    strict: flag('strict'),
    maxConcurrency: readCount('max-concurrency', input, MOST_AT_ONCE, problems),
    commit: flag('commit'),
    push: flag('push'),
    token: input('token') || undefined,
    comment: flag('comment'),
    approval: { label: input('approval-label'), authorMayApprove: flag('author-may-approve') },
    resume: mode === 'resume' ? readResume(input, problems) : undefined,
    runs: mode === 'effects' ? readRuns(input('run'), problems) : [],
    run: input('run') || undefined,
    shard: readCount('shard', input, MOST_SHARDS, problems),
  }
  if (settings.push && !settings.commit) {
    problems.push('`push: true` needs `commit: true`: without a record there is nothing to push.')
  }
  if (!runsOne(settings) && mode !== 'events' && settings.workflow !== undefined) {
    problems.push(`\`mode: ${mode}\` and \`workflow\` exclude each other: use two steps.`)
  }
  if (mode === 'resume' && !(settings.push && settings.token !== undefined)) {
    problems.push('`mode: resume` needs `push: true` and `token`: the run lies on the remote.')
  }
  if (mode === 'effects' && settings.runs.length === 0) {
    problems.push('`mode: effects` needs `run`, which says whose proposals are carried out.')
  }
  if (mode === 'effects' && settings.token === undefined) {
    problems.push('`mode: effects` needs a `token`, which writes what was proposed.')
  }
  if (!['resume', 'effects', 'shard', 'join'].includes(mode ?? '') && input('run') !== '') {
    problems.push('`run` is for `mode: resume`, `effects`, `shard` and `join`.')
  }
  if (mode !== 'resume' && (input('digest') !== '' || input('environment') !== '')) {
    problems.push('`digest` and `environment` are for `mode: resume`.')
  }
  if (settings.inputs !== '' && settings.workflow === undefined && settings.mode !== 'events') {
    problems.push('`inputs` is given and `workflow` is not: say which workflow they are for.')
  }
  if (settings.files.length > 0 && (settings.workflow === undefined || !runsOne(settings))) {
    problems.push('`files` is for a step that runs one `workflow`, without a `mode` or with `mode: plan`.')
  }
  problems.push(...problemsOfShards(settings))
  if (problems.length > 0) {
    throw new Refusal('action-inputs-invalid', problems.join('\n'), {
      help: 'All inputs are explained in docs/action.md of codemie-ci.',
    })
  }
  return settings
}

function readResume(input: (name: string) => string, problems: string[]): ResumeSettings {
  const [run, digest, environment] = ['run', 'digest', 'environment'].map((name) => input(name)) as [
    string,
    string,
    string,
  ]
  if (!isRunId(run)) problems.push(`\`run\` takes the whole id of a run, and not '${run}'.`)
  if (digest !== '' && !/^[0-9a-f]{8,64}$/.test(digest)) {
    problems.push(`\`digest\` takes the first 8 or more digits of a digest, and not '${digest}'.`)
  }
  return { run, digest: digest || undefined, environment: environment || undefined }
}

function readMode(text: string, problems: string[]): Settings['mode'] {
  const mode = MODES.find((one) => one === text)
  if (mode === undefined && text !== '') {
    const known = MODES.map((one) => `\`${one}\``).join(', ')
    problems.push(`\`mode\` takes ${known}, or is left out, and not '${text}'.`)
  }
  return mode
}

/** The modes in which jobs share a run, and what each needs beside `push: true`. */
const NEEDS: Readonly<Record<'plan' | 'shard' | 'join', readonly ('workflow' | 'run' | 'shard')[]>> = {
  plan: ['workflow'],
  shard: ['run', 'shard'],
  join: ['run'],
}

function runsOne({ mode }: Settings): boolean {
  return mode === undefined || mode === 'plan'
}

/** What is missing for jobs that share a run, and what is given where none does. */
function problemsOfShards(settings: Settings): readonly string[] {
  const { mode } = settings
  const sharing = mode === 'plan' || mode === 'shard' || mode === 'join' ? mode : undefined
  const missing = sharing ? NEEDS[sharing].filter((name) => settings[name] === undefined) : []
  return [
    ...(sharing && !settings.push
      ? [`\`mode: ${sharing}\` needs \`push: true\`: other jobs find the run on the remote.`]
      : []),
    ...missing.map((name) => `\`mode: ${sharing}\` needs \`${name}\`.`),
    ...(settings.shard !== undefined && sharing !== 'shard' ? ['`shard` is for `mode: shard`.'] : []),
  ]
}

function readCount(
  name: string,
  input: (name: string) => string,
  most: number,
  problems: string[],
): number | undefined {
  const text = input(name)
  if (text === '') return undefined
  const count = Number(text)
  if (/^\d+$/.test(text) && count >= 1 && count <= most) return count
  problems.push(`\`${name}\` takes a whole number from 1 to ${most}, and not '${text}'.`)
  return undefined
}
