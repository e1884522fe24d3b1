import type { RunEvent, RunStatus } from '../events.ts'
import type { FailureInfo } from '../failure.ts'
import { renderRunReadme } from '../report/run-readme.ts'
import { canonicalJson, canonicalLine } from './canonical-json.ts'
import {
  type AttemptDigest,
  countFinished,
  digestRun,
  type RunDigest,
  type StepDigest,
} from './digest-run.ts'
import { compareItems, placeOfStep, slugOf } from './file-name.ts'
import { segmentName } from './journal.ts'
import { tellInOrder } from './journal-order.ts'
import { type ManifestStart, RECORD_SCHEMA, type RunManifest } from './manifest.ts'
import { type Cuts, excerptOf, excerptText, sha256, shrinkEvent } from './payload.ts'

/** How large a record may become; a forge stops showing and indexing larger ones. Units: bytes and files. */
export interface RecordLimits {
  readonly fileBytes: number
  readonly files: number
  readonly runBytes: number
}

/** 1 MiB a file, 200 files, 8 MiB a run. */
export const RECORD_LIMITS: RecordLimits = { fileBytes: 1024 * 1024, files: 200, runBytes: 8 * 1024 * 1024 }

/** Everything a record is made from. All texts are free of secrets already. */
export interface RecordSource {
  readonly start: ManifestStart
  readonly fence: number
  /** Default: as the events tell. */
  readonly status?: RunStatus
  readonly events: readonly RunEvent[]
  /** Who is at it, for a record of a run that is going on. */
  readonly lease?: RunManifest['lease']
  /** The definition as executed; written as `workflow.yaml` or `workflow.toml`. */
  readonly workflowText: string
  /** The definitions that it calls, as executed, by the name in `start.workflow.calls`. */
  readonly calledTexts: ReadonlyMap<string, string>
  /** Text of `inputs.json`. */
  readonly inputsText: string
  /** Contents of files that the run was given, by path; kept whole. */
  readonly attached?: ReadonlyMap<string, Uint8Array>
  /** The workflow's graph in Mermaid's language, for the README. */
  readonly graph?: string
}

/** The files of one run as they are committed. */
export interface RunRecord {
  readonly manifest: RunManifest
  /** Content by path below the run's folder. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Texts were cut or events left out: what the record was made from has to be kept. */
  readonly isCut: boolean
}

/**
 * Turns a run into the files of its record. Pure: equal runs give equal bytes, and outputs of steps hold no times, so
 * that two records can be compared with `git diff`.
 */
export function buildRecord(given: RecordSource, limits: RecordLimits = RECORD_LIMITS): RunRecord {
  const source = isOver(given) ? settled(given) : given
  const cuts: Cuts = { where: `codemie/kept/${source.start.id} in the git directory`, count: 0 }
  const texts = new Map<string, string>()
  const digest = digestRun(source.events)
  texts.set(
    workflowFileName(source.start.workflow.file),
    shortened(source.workflowText, limits.fileBytes, cuts),
  )
  for (const call of source.start.workflow.calls ?? []) {
    texts.set(callFileName(call), shortened(source.calledTexts.get(call.name) ?? '', limits.fileBytes, cuts))
  }
  texts.set('inputs.json', fitInputs(source.inputsText, limits, cuts))
  if (source.graph !== undefined) texts.set(GRAPH_FILE, shortened(source.graph, limits.fileBytes, cuts))
  if (digest.approvals.length > 0)
    texts.set(APPROVALS_FILE, shortened(canonicalJson(digest.approvals), limits.fileBytes, cuts))
  // Whole, whatever its size: what is carried out must be what was proposed. Its size has a limit of its own.
  if (digest.effects.length > 0) texts.set(EFFECTS_FILE, canonicalJson(digest.effects))
  // Of a full record about a third is for what people read and a third for what a resumption reads.
  writeSteps(digest.steps, texts, limits, cuts)
  const leftOutEvents = writeJournal(source.events, texts, limits, cuts)

  const bare = manifestOf(source, digest, leftOutEvents, cuts)
  const readme = renderRunReadme(bare, digest, source.graph)
  texts.set('README.md', shortened(readme, Math.min(limits.fileBytes, 256 * 1024), cuts))

  const files = new Map<string, Uint8Array>()
  const listed: Record<string, { sha256: string; size: number }> = {}
  const { attached = new Map<string, Uint8Array>() } = source
  for (const path of [...texts.keys(), ...attached.keys()].sort()) {
    const content = attached.get(path) ?? Buffer.from(texts.get(path) ?? '')
    // A record of megabytes need not be there twice.
    texts.delete(path)
    files.set(path, content)
    listed[path] = { sha256: sha256(content), size: content.length }
  }
  const manifest = { ...bare, files: listed }
  files.set('run.json', Buffer.from(canonicalJson(manifest)))
  return { manifest, files, isCut: cuts.count > 0 || leftOutEvents > 0 }
}

/** Whoever goes on with a run has to see what happened when. */
function isOver({ status }: RecordSource): boolean {
  return status !== 'running' && status !== 'paused'
}

/** The machines that shared a map count as one. */
function settled(source: RecordSource): RecordSource {
  const { events, handedOut } = tellInOrder(source.events)
  return { ...source, events, fence: source.fence - handedOut }
}

/** The workflow's graph in Mermaid's language. */
export const GRAPH_FILE = 'graph.mmd'

/** Every yes and no that was said, with who, when, and to what. Absent: none was. */
export const APPROVALS_FILE = 'approvals.json'

/** What the run asked to have written to GitHub, and what became of it. Absent: it asked for nothing. */
export const EFFECTS_FILE = 'effects.json'

/** `workflow.yaml` or `workflow.toml`, by the definition's own ending. */
export function workflowFileName(file: string): string {
  return file.endsWith('.toml') ? 'workflow.toml' : 'workflow.yaml'
}

/** `calls/<name>.yaml` or `.toml`: where the definition of a called workflow stands in the record of its caller. */
export function callFileName({ name, file }: { readonly name: string; readonly file: string }): string {
  return `calls/${slugOf(name)}.${file.endsWith('.toml') ? 'toml' : 'yaml'}`
}

function manifestOf(source: RecordSource, digest: RunDigest, leftOutEvents: number, cuts: Cuts): RunManifest {
  const { start } = source
  const status = source.status ?? digest.status
  return {
    ...start,
    schema: RECORD_SCHEMA,
    status,
    models: digest.models,
    ...(digest.servers.length === 0 ? {} : { mcpServers: digest.servers }),
    ...(status === 'running' || digest.lastEventAt === undefined ? {} : { finishedAt: digest.lastEventAt }),
    durationMs: digest.durationMs,
    steps: countFinished(digest),
    ...(digest.usage === undefined ? {} : { usage: digest.usage }),
    ...(digest.costUsd === undefined ? {} : { costUsd: digest.costUsd }),
    ...(digest.costUnknown ? { costUnknown: true } : {}),
    ...(digest.failure === undefined ? {} : { failure: shortFailure(digest.failure, cuts) }),
    fence: source.fence,
    ...(source.lease === undefined ? {} : { lease: source.lease }),
    ...(leftOutEvents === 0 ? {} : { journal: { leftOutEvents } }),
    files: {},
  }
}

function shortened(text: string, maxBytes: number, cuts: Cuts): string {
  if (Buffer.byteLength(text) <= maxBytes) return text
  return excerptText(excerptOf(text, Math.floor(maxBytes / 2), cuts))
}

function fitInputs(text: string, limits: RecordLimits, cuts: Cuts): string {
  if (Buffer.byteLength(text) <= limits.fileBytes) return text
  return canonicalJson({ $excerpt: excerptText(excerptOf(text, 64 * 1024, cuts)) })
}

/**
 * Files of a step: `steps/<step>/<attempt>/output.{json,md}` and `meta.json`. Items of a map share
 * `map/<step>/0001.ndjson`, one line each. Steps for which there is no room among the files go to
 * `steps/+more/0001.ndjson`, which no step can be called.
 */
function writeSteps(
  steps: readonly StepDigest[],
  texts: Map<string, string>,
  limits: RecordLimits,
  cuts: Cuts,
): void {
  let bytesLeft = Math.floor(limits.runBytes * 0.3)
  let leftOutLines = 0
  /** An output whole while there is room, then ever smaller pieces of it. */
  const take = (output: string, maxBytes: number) => {
    const size = Buffer.byteLength(output)
    const room = Math.min(maxBytes, Math.max(0, Math.floor(bytesLeft / 4)))
    const excerpt = size <= room ? undefined : excerptOf(output, Math.min(room, 64 * 1024) / 2, cuts)
    const text = excerpt === undefined ? output : room === 0 ? '' : excerptText(excerpt)
    bytesLeft -= Buffer.byteLength(text)
    return { text, excerpt }
  }
  const lines = new Map<string, { readonly item: readonly number[]; readonly line: string }[]>()
  const addLine = (folder: string, item: readonly number[], step: StepDigest) => {
    const last = step.attempts.at(-1)
    const output = last?.output === undefined ? undefined : take(last.output, 64 * 1024)
    const line = canonicalLine({
      path: step.path,
      item,
      state: step.state,
      status: step.status,
      attempt: last?.attempt,
      output: output?.text === '' ? undefined : output?.text,
      outputExcerpt: output?.excerpt && pointer(output.excerpt),
      failure: last?.failure && shortFailure(last.failure, cuts),
    })
    bytesLeft -= Buffer.byteLength(line) - Buffer.byteLength(output?.text ?? '')
    // Even lines without their outputs can be too many.
    if (bytesLeft < -0.04 * limits.runBytes) {
      leftOutLines++
      cuts.count++
      return
    }
    const group = lines.get(folder) ?? []
    group.push({ item, line })
    lines.set(folder, group)
  }
  // Room for the manifest, the README, the definition, the inputs, the journal and the lines of maps.
  let filesLeft = limits.files - 40
  for (const step of steps) {
    const { folder, item } = placeOfStep(step.path)
    const needed = step.attempts.length * 2
    if (item.length > 0) addLine(`map/${folder}`, item, step)
    else if (needed > filesLeft) addLine('steps/+more', [], step)
    else {
      filesLeft -= needed
      for (const attempt of step.attempts) {
        const { failure } = attempt
        const short = failure === undefined ? attempt : { ...attempt, failure: shortFailure(failure, cuts) }
        writeAttempt(step, short, folder, texts, take, limits)
      }
    }
  }
  const groups = [...lines].sort(([a], [b]) => (a < b ? -1 : 1))
  groups.forEach(([folder, group], index) => {
    group.sort((a, b) => compareItems(a.item, b.item))
    // More maps than files: the rest share one.
    const target = index < 15 || folder === 'steps/+more' ? folder : 'map/+more'
    const chunks = intoChunks(
      group.map((one) => one.line),
      limits.fileBytes,
    )
    for (const chunk of chunks) {
      appendChunk(texts, target, chunk, limits.fileBytes)
    }
  })
  if (leftOutLines > 0) {
    appendChunk(
      texts,
      'map/+more',
      `${canonicalLine({ leftOutLines, where: cuts.where })}\n`,
      limits.fileBytes,
    )
  }
}

/** Messages of failures can hold whole answers of a server. */
function shortFailure(failure: FailureInfo, cuts: Cuts): FailureInfo {
  return { ...failure, message: shortened(failure.message, 4096, cuts) }
}

function writeAttempt(
  step: StepDigest,
  attempt: AttemptDigest,
  folder: string,
  texts: Map<string, string>,
  take: (
    output: string,
    maxBytes: number,
  ) => { text: string; excerpt: ReturnType<typeof excerptOf> | undefined },
  limits: RecordLimits,
): void {
  const base = `steps/${folder}/${attempt.attempt}`
  const { output, ...facts } = attempt
  const meta: Record<string, unknown> = {
    path: step.path,
    state: step.state,
    kind: step.kind,
    status: attempt.failure === undefined ? 'finished' : 'failed',
    ...facts,
  }
  if (output !== undefined) {
    const json = asJsonDocument(output)
    const taken = take(json ?? output, limits.fileBytes)
    if (taken.excerpt !== undefined) meta['outputExcerpt'] = pointer(taken.excerpt)
    const text = taken.text.endsWith('\n') ? taken.text : `${taken.text}\n`
    texts.set(`${base}/output.${json !== undefined && taken.excerpt === undefined ? 'json' : 'md'}`, text)
  }
  texts.set(`${base}/meta.json`, canonicalJson(meta))
}

/** Canonical JSON of an output that is a JSON object or list; `undefined` for any other text. */
function asJsonDocument(output: string): string | undefined {
  if (!/^\s*[[{]/.test(output)) return undefined
  try {
    return canonicalJson(JSON.parse(output))
  } catch {
    return undefined
  }
}

function pointer(excerpt: ReturnType<typeof excerptOf>) {
  return { sha256: excerpt.sha256, size: excerpt.size, where: excerpt.where }
}

function intoChunks(lines: readonly string[], maxBytes: number): string[] {
  const chunks: string[] = []
  let chunk: string[] = []
  let size = 0
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1
    if (size + bytes > maxBytes && chunk.length > 0) {
      chunks.push(chunk.join(''))
      chunk = []
      size = 0
    }
    chunk.push(`${line}\n`)
    size += bytes
  }
  if (chunk.length > 0) chunks.push(chunk.join(''))
  return chunks
}

function appendChunk(texts: Map<string, string>, folder: string, chunk: string, maxBytes: number): void {
  for (let number = 1; ; number++) {
    const path = `${folder}/${String(number).padStart(4, '0')}.ndjson`
    const before = texts.get(path) ?? ''
    if (before !== '' && Buffer.byteLength(before) + Buffer.byteLength(chunk) > maxBytes) continue
    texts.set(path, before + chunk)
    return
  }
}

/** From whole to ever smaller pieces of large members; the first that fits is taken. Bytes a member may have. */
const JOURNAL_STEPS = [256 * 1024, 64 * 1024, 16 * 1024, 4 * 1024, 1024, 512]

/**
 * Writes the events as segments. A journal that is too large loses first what a resumption can do without (the replies
 * behind finished steps, announcements), then the middle of large texts, last its newest events.
 *
 * @returns how many events were left out.
 */
function writeJournal(
  events: readonly RunEvent[],
  texts: Map<string, string>,
  limits: RecordLimits,
  cuts: Cuts,
): number {
  const budget = Math.floor(limits.runBytes * 0.35)
  const needed = withoutDispensable(events)
  const tries: (readonly [readonly RunEvent[], number])[] = [
    ...JOURNAL_STEPS.slice(0, 1).map((size) => [events, size] as const),
    ...JOURNAL_STEPS.map((size) => [needed, size] as const),
  ]
  for (const [kept, maxBytes] of tries) {
    const large: Cuts = { where: cuts.where, count: 0 }
    const lines: string[] = []
    let total = 0
    for (const event of kept) {
      const line = shrinkEvent(event, Math.min(maxBytes, Math.floor(limits.fileBytes / 4)), large)
      total += Buffer.byteLength(line) + 1
      if (total > budget) break
      lines.push(line)
    }
    const isLast = kept === needed && maxBytes === JOURNAL_STEPS.at(-1)
    if (total > budget && !isLast) continue
    cuts.count += large.count
    intoChunks(lines, limits.fileBytes).forEach((chunk, index) => {
      texts.set(`journal/${segmentName(index + 1)}`, chunk)
    })
    return events.length - lines.length
  }
  return 0
}

function withoutDispensable(events: readonly RunEvent[]): readonly RunEvent[] {
  const finished = new Set<string>()
  for (const event of events) if (event.type === 'step-finished') finished.add(event.path)
  return events.filter((event) => {
    if (event.type === 'step-started' || event.type === 'superstep-started') return false
    return !(event.type === 'effect-finished' && event.proposed === undefined && finished.has(event.path))
  })
}
