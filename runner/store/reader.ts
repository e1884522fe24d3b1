import { hostname } from 'node:os'
import type { Repository } from '../git/repository.ts'
import type { World } from '../world.ts'
import type { FollowOptions } from './follow-run.ts'
import { type ListFilter, listRuns, type RunSummary } from './list-runs.ts'
import type { ManifestStart } from './manifest.ts'
import { type RunAccount, readAccount } from './read-account.ts'
import { type ReadContext, resolveRunId } from './read-run.ts'
import { RECORD_LIMITS } from './record.ts'
import { runHome, type Warn } from './run-home.ts'

/** The records of a repository, only for reading: needs no configuration, and little code is loaded for it. */
export interface RunReader {
  /** Newest first; each run once. */
  list(filter?: ListFilter): Promise<RunSummary[]>
  /** What runs of a list were started with, in order; `undefined` where the record cannot be read. */
  starts(runs: readonly RunSummary[]): Promise<(ManifestStart | undefined)[]>
  /** Reads a run by id, the beginning or end of one, or `latest`. */
  read(id: string): Promise<RunAccount>
  /** Follows a run, named in the same ways, until it ends or pauses. */
  follow(id: string, options: FollowOptions): Promise<RunAccount>
}

/** Opens the records of a repository for reading. Nothing is read before it is used. */
export function openReader(repository: Repository, world: Pick<World, 'env'>, warn: Warn): RunReader {
  const context: ReadContext = {
    repository,
    home: runHome(repository, world.env),
    holder: { pid: process.pid, hostname: hostname() },
    limits: RECORD_LIMITS,
    warn,
  }
  return {
    list: (filter) => listRuns(context, filter),
    starts: async (runs) => await (await import('./read-starts.ts')).readStarts(context, runs),
    read: async (id) => await readAccount(context, await resolveRunId(context, id)),
    follow: async (id, options) => {
      const { followRun } = await import('./follow-run.ts')
      return await followRun(context, await resolveRunId(context, id), options)
    },
  }
}
