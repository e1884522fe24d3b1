import { createHash } from '../hash.ts'

/** `20261120T104455Z-3f9a1c2e`: UTC to the second and 8 hex digits. Sortable; legal as a ref and as a Windows path. */
const RUN_ID = /^(\d{4})(\d{2})(\d{2})T\d{6}Z-[0-9a-f]{8}$/

/** Whether a text has the shape of a run id. */
export function isRunId(text: string): boolean {
  return RUN_ID.test(text)
}

/**
 * Id of a run that a person started: never given twice.
 *
 * @param startedAt milliseconds since 1970.
 * @param randomHex gives that many random lower-case hex digits.
 */
export function manualRunId(startedAt: number, randomHex: (digits: number) => string): string {
  return `${stamp(startedAt)}-${randomHex(8)}`
}

/**
 * Id of a run that an event started. Equal events give equal ids on every machine, so that claiming the run a second
 * time fails and an event delivered twice starts one run.
 */
export function triggeredRunId(trigger: {
  /** When the event happened (not when it was received), milliseconds since 1970. */
  readonly happenedAt: number
  /** `owner/name` of the repository. */
  readonly repository: string
  /** Id of the workflow. */
  readonly workflow: string
  /** Id of the event at its source: a delivery id, a scheduled minute. */
  readonly eventId: string
  /** From 1; a re-run asked for by a person counts up. */
  readonly attempt: number
}): string {
  const text = JSON.stringify([trigger.repository, trigger.workflow, trigger.eventId, trigger.attempt])
  return `${stamp(trigger.happenedAt)}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`
}

function stamp(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

/**
 * The folder of a run on the branch: `runs/<workflow-slug>/<YYYY>/<MM>/<DD>/<run-id>`.
 * Throws a `RangeError` for what is no run id.
 */
export function runPath(workflowSlug: string, id: string): string {
  const date = RUN_ID.exec(id)
  if (date === null) throw new RangeError(`not a run id: ${id}`)
  return `runs/${workflowSlug}/${date[1]}/${date[2]}/${date[3]}/${id}`
}

/** The folder of a second record of a run, which does not continue the one that is there. */
export function conflictPath(path: string, tree: string): string {
  return `${path}.conflict-${tree.slice(0, 8)}`
}

/** What the id of the run is whose folder this is, by its name; of a second record, too. */
export function idOfFolder(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.conflict-[0-9a-f]{8}$/, '')
}

/** When a run started according to its id: ISO 8601 to the second. `id` must be a run id. */
export function startOfRun(id: string): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-.*$/, '$1-$2-$3T$4:$5:$6Z')
}
