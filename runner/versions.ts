import { type Change, countByClass } from '../schema/diff/change.ts'
import { compareWorkflows } from '../schema/diff/compare.ts'
import { readWorkflow } from '../schema/read.ts'
import type { Lifecycle, Workflow } from '../schema/workflow.ts'
import type { Git } from './git/git.ts'
import { parseNameStatus } from './git/name-status.ts'
import { parseRawLog, RAW_LOG, rawFormat } from './git/raw-log.ts'
import type { Repository } from './git/repository.ts'
import { shallowCommits } from './git/shallow.ts'
import { readObjects } from './store/objects.ts'

/** One version of a definition, as a commit made it. */
export interface WorkflowVersion {
  /** Commit that made it. */
  readonly commit: string
  /** ISO 8601, when it was written. */
  readonly at: string
  readonly author: string
  /** First line of the commit's message. */
  readonly subject: string
  /** Path that it had there. */
  readonly file: string
  /** Object id of the definition; `undefined`: this commit took it away. */
  readonly blob: string | undefined
  /** `undefined`: it had errors. */
  readonly lifecycle: Lifecycle | undefined
  /**
   * What is different from the version before; `first`: there was none; `oldest-here`: a shallow clone does not have it;
   * `unreadable`: one of the two has errors.
   */
  readonly meaning: 'first' | 'oldest-here' | 'unreadable' | readonly Change[]
}

export interface WorkflowHistory {
  /** Newest first. */
  readonly versions: readonly WorkflowVersion[]
  /** The clone is shallow and the history goes on before its oldest commit. */
  readonly isCutOff: boolean
}

/** Date, author and first line, as `git log` names them. */
const FIELDS = ['%aI', '%an', '%s']
/** Renames that are followed; a file has few, and a circle must end. */
const MOST_RENAMES = 50

/**
 * The versions of a definition, through renames and moves: the history of its path up to the commit that made it, then that
 * of the path it came from. Merges count for what they merge.
 *
 * @param file path from the top of the repository. @param limit versions to return; default: all.
 */
export async function versionsOf(
  { git, commonDir }: Pick<Repository, 'git' | 'commonDir'>,
  file: string,
  limit = Number.POSITIVE_INFINITY,
): Promise<WorkflowHistory> {
  const boundary = shallowCommits(commonDir)
  const found: Omit<WorkflowVersion, 'lifecycle' | 'meaning'>[] = []
  let path = file
  let start = 'HEAD'
  for (let renames = 0; renames < MOST_RENAMES; renames++) {
    const segment = await historyOfPath(git, start, path)
    found.push(...segment)
    const birth = segment.at(-1)
    // One more than is asked for: what a version changed is told by the one before it.
    if (birth === undefined || found.length > limit || boundary.has(birth.commit)) break
    const before = await pathBefore(git, birth.commit, path)
    if (before === undefined) break
    path = before
    start = `${birth.commit}^`
  }
  const oldest = found.at(-1)
  const texts = await readObjects(
    git,
    found.map(({ blob, commit }) => blob ?? `${commit}:-`),
  )
  const workflows = found.map((one, index): Workflow | undefined => {
    const text = texts[index]
    return text && readWorkflow({ file: one.file, text: Buffer.from(text).toString('utf8') }).workflow
  })
  const versions = found.map((one, index): WorkflowVersion => {
    // One that was taken away and brought back is compared with what it was.
    const older = found.findIndex(({ blob }, at) => at > index && blob !== undefined)
    const [now, before] = [workflows[index], workflows[older]]
    const isFirst = older < 0
    const isCut = index === found.length - 1 && boundary.has(one.commit)
    const meaning = isCut
      ? 'oldest-here'
      : isFirst
        ? 'first'
        : now && before
          ? compareWorkflows(before, now)
          : 'unreadable'
    return { ...one, lifecycle: now?.lifecycle, meaning: one.blob === undefined ? [] : meaning }
  })
  return {
    versions: versions.slice(0, limit),
    isCutOff: versions.length <= limit && oldest !== undefined && boundary.has(oldest.commit),
  }
}

/** `2 widening, 1 neutral: task of plan, tools of plan, …`: what a version changed, on one line. */
export function summarise(changes: readonly Change[]): string {
  const what = [
    ...new Set(changes.map(({ state, sentence }) => (state === undefined ? '' : `${state}: `) + sentence)),
  ]
  const shown = what.slice(0, 2).join('; ')
  return `${countByClass(changes).join(', ')}: ${shown}${what.length > 2 ? `; and ${what.length - 2} more` : ''}`
}

/** Commits that changed a path, newest first. */
async function historyOfPath(git: Git, start: string, path: string) {
  const { stdout } = await git.run({
    args: [...RAW_LOG, `--format=${rawFormat(FIELDS)}`, start, '--', path],
    okCodes: [0, 128],
  })
  return [...parseRawLog(stdout.toString(), FIELDS.length)].map(({ commit, fields, changes }) => {
    const [at = '', author = '', subject = ''] = fields
    return { commit, at, author, subject, file: path, blob: changes[0]?.to?.id }
  })
}

/** Where a file came from that a commit made; `undefined`: it is new. */
async function pathBefore(git: Git, commit: string, path: string): Promise<string | undefined> {
  const { stdout } = await git.run({
    args: [
      'diff-tree',
      '-r',
      '-z',
      '--root',
      '--name-status',
      '--find-renames=40%',
      '--no-commit-id',
      commit,
    ],
  })
  const change = parseNameStatus(stdout.toString()).find(
    ({ before, after }) => after === path && before !== path,
  )
  return change?.before
}
