import type { RunEvent } from './events.ts'
import { Refusal } from './failure.ts'
import type { Project } from './project.ts'
import { gitActor } from './recorded.ts'
import { openRecordsOf, warnThrough } from './records.ts'
import { Reporter } from './reporter.ts'
import type { RunActor } from './store/manifest.ts'
import type { RecordPlace } from './store/writer.ts'
import type { World } from './world.ts'

export interface AbortOptions {
  readonly project: Project
  readonly world: World
  readonly runId: string
  readonly reason?: string
  /** Push the record to the remote. */
  readonly push: boolean
  readonly pushToken?: string
  /** Take the run over although another machine may still be running it. */
  readonly takeOver?: boolean
  /** Who aborts it. Default: `user.name` of git. */
  readonly actor?: RunActor
  readonly onEvent: (event: RunEvent) => void
}

/**
 * Ends a run for good: it is stopped when it runs on this machine, what it had is kept, and it cannot be resumed.
 * Refuses with `run-is-over` when it has succeeded or was aborted, and with `run-is-live` when another machine runs it.
 */
export async function abortRun(
  given: AbortOptions,
): Promise<{ readonly runId: string; readonly record: RecordPlace }> {
  const { options, records, stored } = await openRecordsOf(given, warnThrough(given))
  const { world, reason } = options
  await records.interrupt(stored.manifest.id)
  const { manifest } = await records.read(stored.manifest.id)
  if (manifest.status === 'succeeded' || manifest.status === 'aborted') {
    const how = manifest.status === 'succeeded' ? 'has succeeded' : 'was aborted before'
    throw new Refusal('run-is-over', `Run ${manifest.id} ${how}; there is nothing to abort`, {
      help: `\`codemie-ci show ${manifest.id}\` shows it.`,
    })
  }
  const { writer, events } = await records.resume(manifest.id, { takeOver: options.takeOver ?? false })
  try {
    const reporter = new Reporter(world, options.onEvent, writer, events, false)
    const by = options.actor ?? (await gitActor(records))
    await reporter.emit({
      type: 'run-aborted',
      ...(reason === undefined ? {} : { reason }),
      ...(by ? { by } : {}),
    })
    await reporter.emit({ type: 'run-finished', runId: manifest.id, status: 'aborted', ...reporter.totals() })
    return { runId: manifest.id, record: await writer.finish({ status: 'aborted' }) }
  } catch (error) {
    await writer.abandon()
    throw error
  }
}
