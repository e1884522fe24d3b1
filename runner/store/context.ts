import type { Repository, RepositoryState } from '../git/repository.ts'
import type { Holder } from './lease.ts'
import type { LocalBranch, PublishWorld } from './publish-local.ts'
import type { RecordLimits } from './record.ts'
import type { Redact } from './redact.ts'
import { RUNS_BRANCH_NAME } from './refs.ts'
import type { RecordRemote } from './remote.ts'
import type { RunHome } from './run-home.ts'

/** What the parts of a store share. */
export interface StoreContext extends PublishWorld {
  readonly repository: Repository
  readonly home: RunHome
  readonly holder: Holder
  readonly redact: Redact
  readonly limits: RecordLimits
  readonly randomHex: (digits: number) => string
  /** Looked at once, when it is first asked for. */
  readonly state: () => Promise<RepositoryState>
  /** Where records are pushed to; `undefined`: nowhere. */
  readonly remote: RecordRemote | undefined
  /** Where to look for runs that are not here; `undefined`: nowhere. */
  readonly elsewhere: () => Promise<RecordRemote | undefined>
  /** `now`: put runs on the remote's branch when they end; `later`: leave them as `done` for another publisher. */
  readonly publish: 'now' | 'later'
}

/** The branch of the repository as {@link StoreContext.state} found it. */
export async function localBranch({ state }: StoreContext): Promise<LocalBranch> {
  const { head, remote } = await state()
  return {
    remote: remote?.name,
    branchInUse: head.kind !== 'detached' && head.branch === RUNS_BRANCH_NAME,
  }
}
