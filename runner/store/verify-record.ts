import { readWorkflow } from '../../schema/read.ts'
import type { State } from '../../schema/workflow.ts'
import { placeName } from '../engine/step.ts'
import type { RunEvent } from '../events.ts'
import { blobId, objectFormatOf } from '../git/object-id.ts'
import { REDACTED } from '../policy/secrets.ts'
import { readJournal } from './journal.ts'
import { RECORD_SCHEMA, type RunManifest } from './manifest.ts'
import type { TreeEntry } from './objects.ts'
import { EXCERPT_SIGN, sha256 } from './payload.ts'
import { callFileName, workflowFileName } from './record.ts'
import { parseManifest } from './run-directory.ts'
import { verifyApprovals } from './verify-approvals.ts'

/** Something in a record that is not as it was written. */
export interface RecordProblem {
  readonly code:
    | 'record-unreadable'
    | 'record-newer'
    | 'odd-entry'
    | 'file-missing'
    | 'file-changed'
    | 'file-added'
    | 'definition-changed'
    | 'journal-damaged'
    | 'approval-unfounded'
  /** File in the record; `''`: the record as a whole. */
  readonly path: string
  readonly message: string
}

/** A record as it was found, of which nothing is believed. */
export interface FoundRecord {
  readonly id: string
  /** Everything below its folder. */
  readonly entries: readonly TreeEntry[]
  /** Contents of the plain files. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** Names that a record never has: some would be run or read by a checkout, some lead out of the folder. */
const ODD_PATH = /(?:^|\/)(?:\.|git~)|[\\:\p{Cc}]|[. ](?:\/|$)|^\//iu

/** Checks a record against its own manifest: every file that is listed, none that is not, each as it was. Pure. */
export function verifyRecord({ id, entries, files }: FoundRecord): {
  readonly manifest: RunManifest | undefined
  readonly problems: readonly RecordProblem[]
} {
  const problems: RecordProblem[] = []
  const tell = (code: RecordProblem['code'], path: string, message: string) =>
    problems.push({ code, path, message })
  for (const { mode, type, path } of entries) {
    if (mode !== '100644' || type !== 'blob')
      tell('odd-entry', path, `is no plain file (${type}, mode ${mode})`)
    else if (ODD_PATH.test(path)) tell('odd-entry', path, 'has a name that no record has')
  }
  const manifest = readManifest(id, files, tell)
  if (manifest === undefined) return { manifest, problems }
  const listed = new Map(Object.entries(manifest.files))
  for (const [path, { sha256: listedDigest, size }] of listed) {
    const content = files.get(path)
    if (content === undefined) tell('file-missing', path, 'is listed in run.json and is not there')
    else if (content.length !== size || sha256(content) !== listedDigest)
      tell('file-changed', path, 'is not what run.json lists')
  }
  for (const path of files.keys())
    if (path !== 'run.json' && !listed.has(path)) tell('file-added', path, 'is not listed in run.json')
  checkDefinition(manifest, files, tell)
  const inputs = files.get('inputs.json')
  // Inputs that were too large stand there as an excerpt.
  const isExcerpt = inputs !== undefined && Buffer.from(inputs).includes('"$excerpt"')
  if (inputs !== undefined && !isExcerpt && sha256(inputs) !== manifest.inputs.sha256)
    tell('file-changed', 'inputs.json', 'is not what the run was started with, by the digest in run.json')
  const events = checkJournal(files, tell)
  // A journal with gaps can lack the yes; that it has gaps is in the manifest.
  const isWhole = manifest.journal === undefined && !problems.some(({ code }) => code === 'journal-damaged')
  for (const message of isWhole ? verifyApprovals(manifest, events, guardedIn(manifest, files)) : [])
    tell('approval-unfounded', 'journal', message)
  return { manifest, problems }
}

/**
 * States that need a yes by the definitions in the record. None where these are not what all steps were executed with:
 * steps of another run, or of an earlier definition, are among them.
 */
function guardedIn({ workflow, origin }: RunManifest, files: FoundRecord['files']): ReadonlySet<string> {
  if (origin !== undefined || workflow.earlier !== undefined) return new Set()
  const statesIn = (file: string, path: string, part?: string) => {
    const bytes = files.get(path) ?? new Uint8Array()
    const read = readWorkflow({ file, bytes, ...(part === undefined ? {} : { part }) })
    const states = read.workflow?.states ?? []
    // Such an id cannot be told from the place of an item or a visit.
    return states.some(({ id }) => /[#[\]]/.test(id)) ? [] : states
  }
  const look = (states: readonly State[], within: string, callers: readonly string[]): string[] =>
    states.flatMap(({ id, approval, work }) => {
      const place = `${within}${placeName(id)}`
      const own = approval === true ? [place] : []
      const call =
        work.kind === 'call' ? workflow.calls?.find(({ name }) => name === work.workflow.value) : undefined
      if (call === undefined || callers.includes(call.name)) return own
      const called = statesIn(call.file, callFileName(call), call.id)
      return [...own, ...look(called, `${place}/`, [...callers, call.name])]
    })
  return new Set(look(statesIn(workflow.file, workflowFileName(workflow.file), workflow.id), '', []))
}

type Tell = (code: RecordProblem['code'], path: string, message: string) => void

function readManifest(id: string, files: FoundRecord['files'], tell: Tell): RunManifest | undefined {
  const text = Buffer.from(files.get('run.json') ?? []).toString('utf8')
  try {
    return parseManifest(text, id)
  } catch (error) {
    const isNewer = (error as Error).message.includes('has layout')
    tell(
      isNewer ? 'record-newer' : 'record-unreadable',
      'run.json',
      isNewer
        ? `was written by a newer version; this one reads up to layout ${RECORD_SCHEMA}`
        : files.has('run.json')
          ? 'is not the manifest of this run'
          : 'is not there',
    )
  }
  return undefined
}

/** The definition says by its object id what was executed; secrets taken out of it change the text, and not the id. */
function checkDefinition(manifest: RunManifest, files: FoundRecord['files'], tell: Tell): void {
  const { workflow } = manifest
  const texts = [
    { path: workflowFileName(workflow.file), blob: workflow.blob },
    ...(workflow.calls ?? []).map((call) => ({ path: callFileName(call), blob: call.blob })),
  ]
  for (const { path, blob } of texts) {
    const content = files.get(path)
    if (content === undefined || blobId(content, objectFormatOf(blob)) === blob) continue
    const text = Buffer.from(content).toString('utf8')
    if (text.includes(REDACTED) || text.includes(EXCERPT_SIGN)) continue
    tell('definition-changed', path, `is not the definition that was executed, object ${blob.slice(0, 12)}`)
  }
}

function checkJournal(files: FoundRecord['files'], tell: Tell): readonly RunEvent[] {
  const segments = [...files]
    .filter(([path]) => path.startsWith('journal/'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return segments.flatMap(([path, content]) => {
    try {
      return readJournal(new Map([[path.slice('journal/'.length), content]])).events
    } catch (error) {
      tell('journal-damaged', path, (error as Error).message.replace(/^journal\/\S+ /, ''))
      return []
    }
  })
}
