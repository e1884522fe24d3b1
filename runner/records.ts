import type { RepositoryConfig } from '../schema/index.ts'
import type { RunEvent } from './events.ts'
import { Refusal } from './failure.ts'
import { createRedactor, secretNamesOf, secretValues } from './policy/secrets.ts'
import type { Project } from './project.ts'
import type { StoredRun } from './store/read-run.ts'
import { openStore, type RunStore } from './store/store.ts'
import type { World } from './world.ts'

export interface RecordsOptions {
  readonly project: Pick<Project, 'repository' | 'config'>
  readonly world: World
  /** Push records to the remote that the config names. Default: no. */
  readonly push?: boolean
  readonly pushToken?: string
}

/** Opens the records of a project's runs, with its secrets taken out of everything that is written. */
export function openRecords(
  { project, world, push, pushToken }: RecordsOptions,
  warn: (warning: { readonly code: string; readonly message: string }) => void,
): Promise<RunStore> {
  const { repository, config } = project
  const remote = config.results.remote
  return openStore({
    repository,
    world,
    warn,
    redact: projectRedactor(config, world),
    elsewhere: remote,
    ...(push ? { push: { remote, ...(pushToken === undefined ? {} : { token: pushToken }) } } : {}),
  })
}

/** Takes the secrets that a project knows by name, and all that look like one, out of a text. */
export function projectRedactor(config: RepositoryConfig, world: World): (text: string) => string {
  return createRedactor(secretValues(world.env, secretNamesOf(config)))
}

/**
 * Opens the records for going on with a run. One that was pushed, here or by another machine, is pushed again, so that
 * the remote knows who has it: then `push` is set.
 */
export async function openRecordsOf<O extends RecordsOptions & { readonly runId: string }>(
  given: O,
  warn: (warning: { readonly code: string; readonly message: string }) => void,
): Promise<{ readonly options: O; readonly records: RunStore; readonly stored: StoredRun }> {
  const options = withConfiguredPush(given)
  const records = await openRecords(options, warn)
  const stored = await records.read(options.runId)
  // What was begun here has its directory here.
  const isFromElsewhere = stored.where === 'live' && stored.directory === undefined
  const wasPushed = stored.events.some((event) => event.type === 'run-started' && event.push === true)
  if (options.push === true || !(isFromElsewhere || wasPushed)) return { options, records, stored }
  const pushing = { ...options, push: true }
  try {
    return { options: pushing, records: await openRecords(pushing, warn), stored }
  } catch (error) {
    // It came in a bundle, or the remote is gone.
    if (error instanceof Refusal && error.code === 'no-such-remote') return { options, records, stored }
    throw error
  }
}

/** The config can ask for every record to be pushed. */
export function withConfiguredPush<O extends RecordsOptions>(options: O): O {
  return options.project.config.results.push === 'always' ? { ...options, push: true } : options
}

/** Tells warnings of the store as events, like any other. */
export function warnThrough({
  world,
  onEvent,
}: {
  readonly world: World
  readonly onEvent: (event: RunEvent) => void
}) {
  return (warning: { readonly code: string; readonly message: string }) =>
    onEvent({ type: 'warning', at: new Date(world.now()).toISOString(), ...warning })
}
