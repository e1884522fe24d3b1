import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ATTACHED_FOLDER } from '../attachments/attached-file.ts'
import type { RunEvent } from '../events.ts'
import { Refusal } from '../failure.ts'
import { replaceFile, writeNewFile } from './durable-file.ts'
import { type JournalContent, readJournalDirectory, segmentName } from './journal.ts'
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
  /** Contents of files that the run was given, by path in the record. They never change. */
  readonly attached: ReadonlyMap<string, Uint8Array>
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
  if (facts.attached.size > 0) mkdirSync(join(directory, ATTACHED_FOLDER))
  for (const [path, content] of facts.attached) writeNewFile(join(directory, path), content)
  if (facts.graph !== undefined) writeNewFile(join(directory, GRAPH_FILE), facts.graph)
  writeNewFile(join(directory, 'run.json'), JSON.stringify(facts.start))
}

/** What stands for the facts of the start once a person has let the run go on with a changed definition. */
const ACCEPTED_FILE = 'accepted.json'

/** Puts other facts in place of those that the run started with, all at once. */
export function replaceRunFacts(directory: string, facts: RunFacts): void {
  replaceFile(
    join(directory, ACCEPTED_FILE),
    JSON.stringify({ ...facts, attached: undefined, calledTexts: [...facts.calledTexts] }),
  )
}

/** Reads {@link writeRunFacts}'s files; `undefined` when the process died before it had written them. */
export function readRunFacts(directory: string): RunFacts | undefined {
  const accepted = readIfThere(join(directory, ACCEPTED_FILE))
  if (accepted !== undefined) {
    const facts = JSON.parse(accepted) as RunFacts & { readonly calledTexts: [string, string][] }
    return {
      ...facts,
      graph: facts.graph,
      calledTexts: new Map(facts.calledTexts),
      attached: readAttached(directory),
    }
  }
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
    attached: readAttached(directory),
    graph: readIfThere(join(directory, GRAPH_FILE)),
  }
}

/** The journal of a run directory. */
export function readRunJournal(directory: string): JournalContent {
  return readJournalDirectory(join(directory, 'journal'))
}

/** Puts all that happened before a run was handed out in place of what a record, which has limits, held of it. */
export function restoreJournal(directory: string, before: readonly RunEvent[]): void {
  const folder = join(directory, 'journal')
  const { events, lastSegment } = readRunJournal(directory)
  const pause = events.findIndex((event) => event.type === 'run-paused' && event.shards !== undefined)
  if (pause < 0) return
  const lines = [...before, ...events.slice(pause)].map((event) => `${JSON.stringify(event)}\n`)
  replaceFile(join(folder, segmentName(1)), lines.join(''))
  for (let number = 2; number <= lastSegment; number++)
    rmSync(join(folder, segmentName(number)), { force: true })
}

/** Keeps of a manifest what was known at the start of the run. */
export function startOf(manifest: RunManifest): ManifestStart {
  const { id, workflow, trigger, repository, inputs, engine, startedAt } = manifest
  const { actor, ceiling, ciUrl, origin, previousTree, trust } = manifest
  return {
    id,
    workflow,
    trigger,
    repository,
    inputs,
    engine,
    startedAt,
    ...(actor === undefined ? {} : { actor }),
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(ciUrl === undefined ? {} : { ciUrl }),
    ...(origin === undefined ? {} : { origin }),
    ...(previousTree === undefined ? {} : { previousTree }),
    ...(trust === undefined ? {} : { trust }),
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
  if (manifest?.id !== id || !isWhole(manifest)) {
    throw new Refusal('record-unreadable', `run.json of run ${id} is not the manifest of that run`, {
      exitStatus: 6,
      help: 'The record was changed or damaged; see the history of the branch.',
    })
  }
  return manifest
}

/** Whether the members are there that readers rely on. A record can be made by anybody who may push. */
function isWhole(manifest: Partial<RunManifest>): manifest is RunManifest {
  const { schema, status, workflow, trigger, repository, inputs, files, models, startedAt } = manifest
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one)
  const areTexts = (...texts: unknown[]) => texts.every((text) => typeof text === 'string')
  const isDefinition = (one: RunManifest['workflow'] | undefined) => areTexts(one?.name, one?.file, one?.blob)
  return (
    typeof schema === 'number' &&
    isDefinition(workflow) &&
    (workflow?.revision === undefined || areTexts(workflow.revision)) &&
    (workflow?.calls === undefined ||
      (Array.isArray(workflow.calls) && workflow.calls.every((one) => isDefinition(one)))) &&
    areTexts(status, workflow?.id, trigger?.event, inputs?.sha256, startedAt) &&
    isObject(repository) &&
    Array.isArray(models) &&
    areTexts(...models) &&
    isObject(files) &&
    Object.values(files ?? {}).every((file) => areTexts(file?.sha256) && typeof file.size === 'number')
  )
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

function readAttached(directory: string): ReadonlyMap<string, Uint8Array> {
  const folder = join(directory, ATTACHED_FOLDER)
  const names = existsSync(folder) ? readdirSync(folder) : []
  return new Map(names.map((name) => [`${ATTACHED_FOLDER}/${name}`, readFileSync(join(folder, name))]))
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
