import { toMermaid } from '../../schema/index.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { objectFormatOf, treeId } from '../git/object-id.ts'
import { localBranch, type StoreContext } from './context.ts'
import { definitionTexts } from './definition.ts'
import { entryOf } from './figures.ts'
import { finishOnRemote } from './finish-remote.ts'
import { problemOfEvents } from './foreign-events.ts'
import { readJournal } from './journal.ts'
import type { ManifestStart, RunManifest } from './manifest.ts'
import { type FinishedRun, publishLocally } from './publish-local.ts'
import type { StoredRun } from './read-run.ts'
import { buildRecord, RECORD_LIMITS, type RunRecord, workflowFileName } from './record.ts'
import type { Redact } from './redact.ts'
import { parseManifest, restoreEvents } from './run-directory.ts'
import { isRunId } from './run-id.ts'
import { verifyRecord } from './verify-record.ts'

/** A record that somebody handed over who may not write to the repository. */
export interface ForeignRecord {
  readonly id: string
  /** Content by path below the run's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** What is known of a run from somewhere else than its record, and stands in the place of what that says. */
export type KnownOrigin = Required<Pick<ManifestStart, 'trust' | 'trigger' | 'actor' | 'ciUrl'>>

/** A record that was handed over and is to be kept. */
export interface AdoptedRecord extends RunRecord {
  readonly events: readonly RunEvent[]
}

/** A run that is over for good: nobody is to go on with one of a stranger. */
const ENDS: readonly string[] = ['succeeded', 'failed', 'budget-exceeded']
/** A record that was cut to its limits can be a little over them, by its manifest. */
const SLACK = 2

/**
 * Makes a record anew from one that was handed over, of which nothing is believed. It has to be a whole record of a
 * finished run, as a runner writes it; only what its journal and its definitions say is taken over, in files that are made
 * here, and `origin` says where it comes from. Pure: the same gives the same bytes.
 *
 * Refuses with `record-refused` and all that is wrong, and with `secret-in-record`.
 *
 * @param problems what else is wrong with what the record claims, a sentence each.
 */
export function adoptRecord(
  record: ForeignRecord,
  origin: KnownOrigin,
  redact: Redact,
  problems: (manifest: RunManifest) => readonly string[] = () => [],
): AdoptedRecord {
  const { id, files } = record
  const found = problemsOf(record, problems)
  if (found.length > 0) throw refused(id, found)
  const secret = [...files].find(([, content]) => redact(textIn(content)) !== textIn(content))
  if (secret !== undefined) {
    throw new Refusal('secret-in-record', `A secret was found in ${secret[0]} of the record of run ${id}`, {
      exitStatus: 5,
      help: 'Nothing was committed. Change the secret: whoever made the record knows it.',
    })
  }
  const said = parseManifest(textIn(files.get('run.json')), id)
  const events = restoreEvents(journalOf(files), () => undefined).all
  const problem = problemOfEvents(events)
  if (problem !== undefined) throw refused(id, [problem])
  const bytes = files.get(workflowFileName(said.workflow.file)) ?? new Uint8Array()
  const { workflow } = readWorkflow({ file: said.workflow.file, bytes })
  const made = buildRecord({
    start: startFrom(said, origin),
    fence: 1,
    events,
    ...definitionTexts(said, files),
    inputsText: textIn(files.get('inputs.json')),
    ...(workflow && { graph: toMermaid(workflow) }),
  })
  return { ...made, events }
}

/**
 * Puts an adopted record on the branch; the same one a second time changes nothing. Refuses with `run-exists` when another
 * record of the run is there, and like the end of a run when it cannot be pushed.
 *
 * @param find reads a run wherever it is; refuses with `no-such-run`.
 * @returns whether it was there already.
 */
export async function keepAdopted(
  context: StoreContext,
  { manifest, files }: AdoptedRecord,
  find: (id: string) => Promise<StoredRun>,
): Promise<'kept' | 'already-here'> {
  const { id } = manifest
  const tree = treeId(files, objectFormatOf(manifest.workflow.blob))
  const there = await find(id).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'no-such-run') return undefined
    throw error
  })
  if (there?.tree === tree) return 'already-here'
  if (there !== undefined) {
    throw new Refusal('run-exists', `Another record of run ${id} is here already`, {
      exitStatus: 5,
      help: `It stays as it is: \`codemie-ci show ${id}\` shows it. A record that is handed over replaces none.`,
    })
  }
  const run: FinishedRun = { ...entryOf(manifest), tree, previousTree: undefined, files, mayExist: true }
  const { remote, repository } = context
  if (remote === undefined) await publishLocally(repository.git, run, context, await localBranch(context))
  else await finishOnRemote(context, remote, run, { there: undefined, here: undefined })
  return 'kept'
}

function problemsOf(
  { id, files }: ForeignRecord,
  claims: (manifest: RunManifest) => readonly string[],
): readonly string[] {
  if (!isRunId(id)) return ['its folder is not called like a run']
  const limits = RECORD_LIMITS
  if (files.size > limits.files * SLACK) return [`it has ${files.size} files`]
  const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  if (bytes > limits.runBytes * SLACK) return [`its files have ${bytes} bytes`]
  const entries = [...files.keys()].map((path) => ({ mode: '100644', type: 'blob', object: '', path }))
  const { manifest, problems } = verifyRecord({ id, entries, files })
  const found = problems.map(({ path, message }) => `${path} ${message}`.trim())
  if (manifest === undefined || found.length > 0) return found
  if (!ENDS.includes(manifest.status)) return [`it is of a run that is ${manifest.status}`]
  if (manifest.origin !== undefined) return ['it is of a run that repeats another one']
  return claims(manifest)
}

/** Only what has a known form, and of that only what nobody knows better. */
function startFrom(
  { id, workflow, repository: { commit }, inputs, startedAt }: RunManifest,
  origin: KnownOrigin,
): ManifestStart {
  const at = Date.parse(startedAt)
  const isCommit = typeof commit === 'string' && /^[0-9a-f]{40,64}$/.test(commit)
  return {
    id,
    workflow: {
      ...{ id: workflow.id, name: workflow.name, file: workflow.file, blob: workflow.blob },
      ...(workflow.revision === undefined ? {} : { revision: workflow.revision }),
      ...(workflow.calls && {
        calls: workflow.calls.map(({ name, file, blob }) => ({ name, file, blob })),
      }),
    },
    repository: { ...(isCommit ? { commit } : {}), changedFiles: 0 },
    inputs: { sha256: inputs.sha256 },
    engine: 'unknown',
    startedAt: new Date(Number.isNaN(at) ? 0 : at).toISOString(),
    ...origin,
  }
}

function journalOf(files: ForeignRecord['files']): readonly RunEvent[] {
  const segments = [...files].filter(([path]) => path.startsWith('journal/'))
  const named = segments.map(([path, content]) => [path.slice('journal/'.length), content] as const)
  return readJournal(new Map(named)).events
}

function textIn(content: Uint8Array | undefined): string {
  return Buffer.from(content ?? []).toString('utf8')
}

function refused(id: string, problems: readonly string[]): Refusal {
  const shown = problems.slice(0, 20).map((problem) => problem.replace(/\s+/g, ' '))
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : ''
  return new Refusal('record-refused', `The record of run ${id} is not taken: ${shown.join('; ')}${more}`, {
    exitStatus: 5,
    help: 'Only whole records of finished runs, as codemie-ci writes them, are taken. Nothing was committed.',
  })
}
