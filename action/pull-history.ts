import { Refusal } from '../runner/failure.ts'
import type { Forge } from './github.ts'
import type { Account } from './review-subject.ts'

/** A pull request as it is now, which may be later than the event. */
export interface Standing {
  readonly head: string
  readonly labels: readonly string[]
  /** Where the head was pushed to; `undefined`: the repository is gone. */
  readonly branch: { readonly owner: string; readonly repo: string; readonly name: string } | undefined
}

/** How a label came to be there. */
export interface Labelling {
  readonly by: Account
  /** An app put it on, in the name of that account. */
  readonly isByApp: boolean
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What happened to a pull request that makes a yes one, or ends one. Times are milliseconds since 1970. */
export interface PullHistory {
  /** When each label was put on last, by its name in small letters. */
  readonly labellings: ReadonlyMap<string, Labelling>
  /** When it was last given another base; 0: never. */
  readonly baseSince: number
  /** When the head was last put to a commit that does not follow from the one before; 0: never. */
  readonly forcedAt: number
}

/** What an entry of a timeline may hold. Source: "Issue event types" and "List timeline events for an issue". */
interface TimelineEvent {
  readonly event?: string
  readonly created_at?: string
  readonly actor?: Account | null
  readonly label?: { readonly name?: string }
  readonly performed_via_github_app?: object | null
}

const NEW_BASE: ReadonlySet<string> = new Set([
  'base_ref_changed',
  'base_ref_force_pushed',
  'automatic_base_change_succeeded',
])
const FORCED: ReadonlySet<string> = new Set(['head_ref_force_pushed', 'head_ref_restored'])

/**
 * Reads what happened to a pull request. The times are the forge's own; those of commits are for their authors to choose, and
 * are not looked at. A time that cannot be read is `NaN`, and no time is later than that. Refuses like `Forge.ask`.
 */
export async function readHistory(forge: Forge, number: number): Promise<PullHistory> {
  const { owner, repo } = forge
  const events = await forge.ask(`read what happened to #${number}`, 'pull-requests: read', (octokit) =>
    octokit.paginate(octokit.rest.issues.listEventsForTimeline, {
      owner,
      repo,
      issue_number: number,
      per_page: 100,
    }),
  )
  const labellings = new Map<string, Labelling>()
  let [baseSince, forcedAt] = [0, 0]
  for (const {
    event = '',
    created_at,
    actor,
    label,
    performed_via_github_app,
  } of events as TimelineEvent[]) {
    const at = Date.parse(created_at ?? '')
    if (NEW_BASE.has(event)) baseSince = Math.max(baseSince, at)
    if (FORCED.has(event)) forcedAt = Math.max(forcedAt, at)
    const name = label?.name?.toLowerCase()
    if (event === 'labeled' && name !== undefined && actor) {
      labellings.set(name, { by: actor, isByApp: Boolean(performed_via_github_app), at })
    } else if (event === 'unlabeled' && name !== undefined) labellings.delete(name)
  }
  return { labellings, baseSince, forcedAt }
}

/**
 * Since when a commit is the head of a pull request, in milliseconds since 1970: the time of the last push to its branch, as
 * the forge wrote it down. `undefined`: it does not tell, or tells of another commit. Refuses with `interrupted`.
 */
export async function headSince(forge: Forge, { head, branch }: Standing): Promise<number | undefined> {
  if (branch === undefined) return undefined
  const { owner, repo, name } = branch
  try {
    const { data } = await forge.ask(
      `ask when ${head.slice(0, 10)} was pushed`,
      'contents: read',
      (octokit) => octokit.rest.repos.listActivities({ owner, repo, ref: `refs/heads/${name}`, per_page: 1 }),
    )
    const [last] = data
    return last?.after === head && last.ref === `refs/heads/${name}` ? Date.parse(last.timestamp) : undefined
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'interrupted') throw error
    return undefined
  }
}
