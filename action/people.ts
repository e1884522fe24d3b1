import { oneLine } from '../runner/report/plain-text.ts'
import type { Forge } from './github.ts'
import type { Account } from './review-subject.ts'

/** Who may say yes to what a run waits for. */
export interface ApproverRule {
  /** `policy.approvers` of the config: logins, or `id:` with the number of an account. Empty: everybody who may write. */
  readonly approvers: readonly string[]
  /** Who opened the pull request that the run is about; `undefined`: it is about none. */
  readonly author: Pick<Account, 'id'> | undefined
  readonly authorMayApprove: boolean
}

/**
 * Why an account may not write to the repository at this moment; `undefined`: it may. The forge is asked by name, and its
 * answer must be about the same account. Refuses like `Forge.ask`.
 */
export async function whyNoWriter(forge: Forge, { id, login, type }: Account): Promise<string | undefined> {
  if (!isPerson({ login, type })) return 'it is no account of a person'
  const { owner, repo } = forge
  const { data } = await forge.ask(
    `ask what ${oneLine(login)} may do in the repository`,
    'contents: read',
    (octokit) => octokit.rest.repos.getCollaboratorPermissionLevel({ owner, repo, username: login }),
  )
  // The name may belong to somebody else by now. `maintain` is `write` here.
  if (data.user?.id !== id) return 'the name belongs to another account by now'
  return ['admin', 'write'].includes(data.permission) ? undefined : 'it may not write to the repository'
}

/** Why somebody who may write cannot say yes; `undefined`: they can. A no takes less: see {@link whyNotListed}. */
export function whyNoApprover(who: Account, rule: ApproverRule): string | undefined {
  if (who.id === rule.author?.id && !rule.authorMayApprove)
    return 'nobody approves a pull request of their own'
  return whyNotListed(who, rule)
}

/** Why the config does not let an account answer a run that waits; `undefined`: it does. */
export function whyNotListed(
  { id, login }: Account,
  { approvers }: Pick<ApproverRule, 'approvers'>,
): string | undefined {
  const names = new Set([`id:${id}`, login.toLowerCase()])
  const isListed = approvers.some((one) => names.has(one.trim().replace(/^@/, '').toLowerCase()))
  return approvers.length === 0 || isListed ? undefined : 'it is not among `policy.approvers`'
}

/** Whether an account is one of a person, and not of an app or an organisation. */
export function isPerson({ login, type }: Pick<Account, 'login' | 'type'>): boolean {
  return type === 'User' && !login.endsWith('[bot]')
}
