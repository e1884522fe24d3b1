import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { writeNewFile } from './durable-file.ts'
import { type JournalContent, readJournalDirectory } from './journal.ts'
import { type ManifestStart, RECORD_SCHEMA, type RunManifest } from './manifest.ts'
import { restoreEvent } from './payload.ts'
import { callFileName, GRAPH_FILE, workflowFileName } from './record.ts'

/** What a run directory holds besides its journal and lease. */
export interface RunFacts {
  readonly start: ManifestStart
  readonly workflowText: string
  /** Texts of the called definitions by the name in `start.workflow.calls`. */
  readonly calledTexts: ReadonlyMap<string, string>
  /** Text of `inputs.json`. */
  readonly inputsText: string
  readonly graph: string | undefined
}

/** Writes what is known when a run starts; `run.json` comes last and makes the directory a run. */
export function writeRunFacts(directory: string, facts: RunFacts): void {
  writeNewFile(join(directory, workflowFileName(facts.start.workflow.file)), facts.workflowText)
  const calls = facts.start.workflow.calls ?? []
  if (calls.length > 0) mkdirSync(join(directory, 'calls'))
  for (const call of calls) {
    writeNewFile(join(directory, callFileName(call)), facts.calledTexts.get(call.name) ?? '')
  }
  writeNewFile(join(directory, 'inputs.json'), facts.inputsText)
  if (facts.graph !== undefined) writeNewFile(join(directory, GRAPH_FILE), facts.graph)
  writeNewFile(join(directory, 'run.json'), JSON.stringify(facts.start))
}

/** Reads {@link writeRunFacts}'s files; `undefined` when the process died before it had written them. */
export function readRunFacts(directory: string): RunFacts | undefined {
  const text = readIfThere(join(directory, 'run.json'))
  if (text === undefined) return undefined
  const start = JSON.parse(text) as ManifestStart
  return {
    start,
    workflowText: readIfThere(join(directory, workflowFileName(start.workflow.file))) ?? '',
    calledTexts: new Map(
      (start.workflow.calls ?? []).map((call) => [
        call.name,
        readIfThere(join(directory, callFileName(call))) ?? '',
      ]),
    ),
    inputsText: readIfThere(join(directory, 'inputs.json')) ?? '{}\n',
    graph: readIfThere(join(directory, GRAPH_FILE)),
  }
}

/** The journal of a run directory. */
export function readRunJournal(directory: string): JournalContent {
  return readJournalDirectory(join(directory, 'journal'))
}

/** Keeps of a manifest what was known at the start of the run. */
export function startOf(manifest: RunManifest): ManifestStart {
  const { id, workflow, trigger, actor, repository, inputs, engine, startedAt, ciUrl, origin, previousTree } =
    manifest
  return {
    id,
    workflow,
    trigger,
    repository,
    inputs,
    engine,
    startedAt,
    ...(actor === undefined ? {} : { actor }),
    ...(ciUrl === undefined ? {} : { ciUrl }),
    ...(origin === undefined ? {} : { origin }),
    ...(previousTree === undefined ? {} : { previousTree }),
  }
}

/** Reads `run.json` of a record. Refuses with `record-unreadable` what is none, or comes from a newer version. */
export function parseManifest(text: string, id: string): RunManifest {
  let manifest: Partial<RunManifest> | undefined
  try {
    manifest = JSON.parse(text) as Partial<RunManifest>
  } catch {
    // Said below.
  }
  const schema = manifest?.schema
  if (typeof schema === 'number' && schema > RECORD_SCHEMA) {
    throw new Refusal(
      'record-unreadable',
      `The record of run ${id} has layout ${schema}; this version reads up to ${RECORD_SCHEMA}`,
      {
        help: 'Use a newer codemie-ci.',
      },
    )
  }
  if (schema === undefined || manifest?.id !== id || manifest.workflow === undefined) {
    throw new Refusal('record-unreadable', `run.json of run ${id} is not the manifest of that run`, {
      exitStatus: 6,
      help: 'The record was changed or damaged; see the history of the branch.',
    })
  }
  return manifest as RunManifest
}

/** Events with their whole texts where those are at hand, and which of them are only excerpts. */
export function restoreEvents(
  events: readonly RunEvent[],
  payloadOf: (sha256: string) => Uint8Array | undefined,
): { readonly all: RunEvent[]; readonly whole: RunEvent[] } {
  const restored = events.map((event) => restoreEvent(event, payloadOf))
  return {
    all: restored.map((one) => one.event),
    whole: restored.filter((one) => one.isWhole).map((one) => one.event),
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
