import { stateOfPath } from '../runner/engine/step.ts'
import type { RunStatus } from '../runner/events.ts'
import type { FailureInfo, Refusal } from '../runner/failure.ts'
import { addSpent, type Spent } from '../runner/models/spent.ts'
import type { LinkRule } from '../runner/policy/links.ts'
import { cost, duration, tokensOf } from '../runner/report/figures.ts'
import { fenced, inlineText, neutraliseMarkdown } from '../runner/report/neutralise.ts'
import { count, grouped } from '../runner/report/plain-text.ts'
import { renderAsks, renderOutput } from '../runner/report/run-readme.ts'
import { digestOption } from '../runner/report/said-words.ts'
import { commandsOfShards, describeShards } from '../runner/report/shard-words.ts'
import { countFinished, type RunDigest, type StepDigest } from '../runner/store/digest-run.ts'
import type { RecordPlace } from '../runner/store/writer.ts'
import { placedStates } from '../schema/blocks.ts'
import { groupBy } from '../schema/group-by.ts'
import { type NodeStatus, type Severity, toMermaid, type Workflow } from '../schema/index.ts'
import { cutText, shorten } from './cut.ts'
import { type CiEvent, pageOf } from './event.ts'
import type { ReadFindings } from './findings.ts'
import { type AnswerRule, howToAnswer } from './how-to-answer.ts'
import { code, MOST_SUMMARY_BYTES, table } from './summary.ts'

/** A run that is over, and everything its summary tells. All texts are free of secrets. */
export interface FinishedRun {
  readonly runId: string
  readonly workflow: Workflow
  readonly digest: RunDigest
  /** `undefined`: none was kept, or keeping it failed. */
  readonly record: RecordPlace | undefined
  /** What went wrong after the run itself: its record could not be kept or pushed. */
  readonly recordProblem: FailureInfo | undefined
  readonly event: CiEvent | undefined
  /** Links that may stay ones in what models wrote. Default: none. */
  readonly links?: LinkRule
  /** Who may answer it while it waits. Default: nobody is told. */
  readonly answering?: AnswerRule
  /** What the output says of places in files; it is told before the rest of the output. */
  readonly findings?: ReadFindings | undefined
}

const LONGEST_MESSAGE = 1000
const MOST_LINES = 20
/** GitHub draws no larger diagrams. Source: `maxTextSize` of Mermaid. */
const LONGEST_GRAPH = 50_000

/** How a status is told to people. */
export const STATUS: Readonly<Record<RunStatus, { readonly sign: string; readonly words: string }>> = {
  running: { sign: '▶️', words: 'is running' },
  succeeded: { sign: '✅', words: 'succeeded' },
  failed: { sign: '❌', words: 'failed' },
  paused: { sign: '⏸️', words: 'waits for a person' },
  interrupted: { sign: '⏹️', words: 'was interrupted' },
  aborted: { sign: '❌', words: 'was aborted' },
  'budget-exceeded': { sign: '❌', words: 'was stopped by its budget' },
}

/** How people are told how a run stands. */
export function statusOf({
  status,
  shards,
}: Pick<RunDigest, 'status' | 'shards'>): (typeof STATUS)[RunStatus] {
  return shards ? { ...STATUS.paused, words: 'waits for its shards' } : STATUS[status]
}

/**
 * The summary of a run, in Markdown that a forge can show without harm: what models wrote is neutralised.
 *
 * @param maxBytes the result is cut so that all fits; everything else is small.
 */
export function renderRunSummary(run: FinishedRun, maxBytes = MOST_SUMMARY_BYTES): string {
  const { digest, workflow } = run
  return render(run, maxBytes, [steps(digest.steps), graph(workflow, digest), warnings(digest)])
}

/**
 * The same for a comment: what came out and how it goes on, without how it came about.
 *
 * @param about what the run looked at, such as a commit. Markdown.
 */
export function renderRunComment(run: FinishedRun, maxBytes: number, about: string): string {
  const page = run.event === undefined ? [] : [`[The job](${pageOf(run.event)}) tells the rest.`]
  return render(run, maxBytes, page, about)
}

function render(
  run: FinishedRun,
  maxBytes: number,
  details: readonly (string | undefined)[],
  about?: string,
): string {
  const { digest, workflow, findings } = run
  const { sign, words } = statusOf(digest)
  const head = [
    `## ${sign} ${inlineText(shorten(workflow.name, 200))} ${words}`,
    about === undefined ? facts(run) : `${about} · ${facts(run)}`,
    failure(digest),
    ...(findings ? listFindings(findings) : []),
  ].filter((section) => section !== undefined)
  const tail = [...details, `### Record\n\n${record(run)}`].filter((section) => section !== undefined)
  const taken = Buffer.byteLength([...head, ...tail].join('\n\n'))
  const result = resultSection(
    findings ? { ...digest, output: findings.rest } : digest,
    maxBytes - taken - 200,
    run.links,
  )
  return `${[...head, ...result, ...tail].join('\n\n')}\n`
}

const SEVERITY_SIGNS: Readonly<Record<Severity, string>> = { error: '❌', warning: '⚠️', info: 'ℹ️' }
/** Findings that are listed; what is more is counted. */
const MOST_FINDINGS = 50

/** The worst first, each on a line of its own. */
function listFindings({ findings, unread }: ReadFindings): readonly string[] {
  const lines = findings.slice(0, MOST_FINDINGS).map(({ file, line, severity, title, message }) => {
    const head = title === undefined ? '' : `**${inlineText(shorten(title, 100))}**: `
    return `- ${SEVERITY_SIGNS[severity]} ${code(`${file}:${line}`)} ${head}${inlineText(shorten(message, 500))}`
  })
  const left = findings.length - lines.length
  if (left > 0) lines.push(`- and ${left} more`)
  if (unread > 0) lines.push(`- and ${count(unread, 'entry', 'entries')} that could not be read`)
  return [
    `### ${findings.length === 0 ? 'No findings' : count(findings.length, 'finding')}`,
    ...(lines.length > 0 ? [lines.join('\n')] : []),
  ]
}

function facts({ runId, digest }: FinishedRun): string {
  const tokens = tokensOf(digest)
  const money = cost(digest)
  const finished = countFinished(digest)
  return [
    count(finished, 'step'),
    duration(digest.durationMs),
    ...(tokens === undefined ? [] : [count(tokens, 'token')]),
    ...(money === undefined ? [] : [`cost ${money}`]),
    ...(digest.models.length === 0 ? [] : [digest.models.slice(0, 5).map(code).join(', ')]),
    `run ${code(runId)}`,
  ].join(' · ')
}

function resultSection(digest: RunDigest, maxBytes: number, links: LinkRule | undefined): readonly string[] {
  const { output } = digest
  if (output === undefined || output.trim() === '') return []
  const { markdown, isCut } = renderResult(output, maxBytes, links)
  const note = isCut ? ['_The result is longer than a summary may be; all of it is in the record._'] : []
  // The rule ends what the result's own headings began.
  const title = digest.status === 'succeeded' ? '### Result' : '### Output of the last finished step'
  return [title, ...(markdown === '' ? [] : [markdown]), ...note, '---']
}

/**
 * An output as Markdown in at most `maxBytes`. What is too long is cut before it is made harmless: a cut afterwards could
 * open a code span again.
 */
export function renderResult(
  output: string,
  maxBytes: number,
  links?: LinkRule,
): { readonly markdown: string; readonly isCut: boolean } {
  const whole = renderOutput(output, links)
  if (Buffer.byteLength(whole) <= maxBytes) return { markdown: whole, isCut: false }
  const isData = whole.startsWith('```') && whole.endsWith('```') && isJson(output)
  const source = isData ? JSON.stringify(JSON.parse(output), undefined, 2) : output
  for (let size = maxBytes; size > 0; size = Math.floor(size / 2)) {
    const head = cutText(source, size)
    const markdown = isData ? fenced(head, 'json') : neutraliseMarkdown(head, links)
    if (Buffer.byteLength(markdown) <= maxBytes) return { markdown, isCut: true }
  }
  return { markdown: '', isCut: true }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function failure(digest: RunDigest): string | undefined {
  const failed = digest.steps.filter(({ status }) => status === 'failed')
  if (digest.failure === undefined && failed.length === 0) return undefined
  const lines = failed.slice(0, MOST_LINES).map(({ path, attempts }) => {
    const why = attempts.at(-1)?.failure?.message
    return `- step ${code(path)}: ${why === undefined ? 'failed' : sentence(why)}`
  })
  if (failed.length > MOST_LINES) lines.push(`- and ${failed.length - MOST_LINES} more`)
  const parts = [
    ...(digest.failure === undefined ? [] : [describeFailure(digest.failure)]),
    ...(lines.length === 0 ? [] : [lines.join('\n')]),
  ]
  return `### What failed\n\n${parts.join('\n\n')}`
}

function describeFailure(failure: FailureInfo | Refusal): string {
  const head = `${code(failure.code)}: ${sentence(failure.message)}`
  return failure.help === undefined ? head : `${head}\n\nWhat to do: ${sentence(failure.help)}`
}

/** Steps of one state as one row: a map can have thousands. */
function steps(all: readonly StepDigest[]): string | undefined {
  if (all.length === 0) return undefined
  const byState = groupBy(all, ({ state }) => state)
  const rows = [...byState].map(([state, group]) => {
    const attempts = group.flatMap((step) => step.attempts)
    const spent = attempts.reduce<Spent>(addSpent, {})
    const tokens = tokensOf(spent)
    return [
      group.length === 1 ? code(state) : `${code(state)} × ${grouped(group.length)}`,
      describeStatus(group),
      grouped(attempts.length),
      duration(attempts.reduce((sum, { durationMs }) => sum + (durationMs ?? 0), 0)),
      tokens === undefined ? '' : grouped(tokens),
      cost(spent) ?? '',
    ]
  })
  return `### Steps\n\n${table(['State', 'Status', 'Attempts', 'Time', 'Tokens', 'Cost'], rows)}`
}

const STEP_WORDS: Readonly<Record<StepDigest['status'], string>> = {
  finished: '✅ done',
  failed: '❌ failed',
  unfinished: '⏹️ not finished',
}

function describeStatus(group: readonly StepDigest[]): string {
  const [first] = group
  if (first && group.every(({ status }) => status === first.status)) return STEP_WORDS[first.status]
  return (['finished', 'failed', 'unfinished'] as const)
    .map((status) => [status, group.filter((step) => step.status === status).length] as const)
    .filter(([, number]) => number > 0)
    .map(([status, number]) => `${grouped(number)} ${STEP_WORDS[status]}`)
    .join(', ')
}

function graph(workflow: Workflow, digest: RunDigest): string | undefined {
  const drawing = toMermaid(workflow, { status: statusOfStates(workflow, digest) })
  if (drawing.length > LONGEST_GRAPH) return undefined
  return `### Graph\n\n${fenced(drawing, 'mermaid')}`
}

/** How far each state has come: the worst of its steps. States that a finished run did not reach are skipped. */
export function statusOfStates(
  { states }: Pick<Workflow, 'states'>,
  digest: Pick<RunDigest, 'status' | 'steps' | 'heldBefore'>,
): ReadonlyMap<string, NodeStatus> {
  const found = new Map<string, NodeStatus>()
  const worsen = (state: string, status: NodeStatus) => {
    const known = found.get(state)
    if (known === undefined || SEVERITY[status] > SEVERITY[known]) found.set(state, status)
  }
  for (const { state, status } of digest.steps) worsen(state, NODE_STATUS[status])
  for (const path of digest.heldBefore) worsen(stateOfPath(path), 'waiting')
  if (digest.status === 'succeeded') {
    for (const { place } of placedStates(states)) if (!found.has(place)) found.set(place, 'skipped')
  }
  return found
}

const NODE_STATUS: Readonly<Record<StepDigest['status'], NodeStatus>> = {
  finished: 'done',
  failed: 'failed',
  unfinished: 'running',
}

const SEVERITY: Readonly<Record<NodeStatus, number>> = {
  skipped: 0,
  done: 1,
  running: 2,
  waiting: 3,
  failed: 4,
}

/** `review[3]#2` belongs to the state `review`. */
function warnings(digest: RunDigest): string | undefined {
  const counted = new Map<string, number>()
  for (const { code: name, message, position } of digest.warnings) {
    const place = position === undefined ? '' : `${code(position)}: `
    const line = `${place}${sentence(message)} ${code(name)}`
    counted.set(line, (counted.get(line) ?? 0) + 1)
  }
  if (counted.size === 0) return undefined
  const lines = [...counted]
    .slice(0, MOST_LINES)
    .map(([line, times]) => `- ${line}${times === 1 ? '' : ` (${grouped(times)} times)`}`)
  if (counted.size > MOST_LINES) lines.push(`- and ${counted.size - MOST_LINES} more`)
  return `### Warnings\n\n${lines.join('\n')}`
}

/** Where the record is, and how to go on. */
function record(run: FinishedRun): string {
  const { runId, digest, record: place, recordProblem, event, answering } = run
  if (recordProblem !== undefined) return describeFailure(recordProblem)
  if (place === undefined) return 'None was kept: `commit` is `false`.'
  const branch = place.ref.replace(/^refs\/heads\//, '')
  const where = place.path === '' ? code(branch) : `${code(place.path)} on ${code(branch)}`
  const lines = [
    place.pushedTo === undefined
      ? `${where}, in this job's clone only: it goes when the job ends. \`push: true\` keeps it.`
      : `${linkTo(place, event) ?? where}, pushed to ${code(place.pushedTo)}.`,
  ]
  const isPushed = place.pushedTo !== undefined
  const from = isPushed ? 'In a clone' : 'While that clone is there'
  const asks = renderAsks(digest.asks)
  const resume = code(`codemie-ci resume ${runId}${isPushed ? ' --push' : ''}`)
  if (digest.shards) {
    const { shard, join } = commandsOfShards(runId, digest.shards)
    lines.push(
      `The run waits for ${inlineText(describeShards(digest.shards))}. ${code(shard)} does one of them, and ${code(join)} goes on when all are done.`,
    )
  } else if (digest.status === 'paused') {
    const held = digest.heldBefore.slice(0, MOST_LINES).map(code).join(', ')
    const approve = code(
      `codemie-ci approve ${runId}${digestOption(digest.asks)}${isPushed ? ' --push' : ''}`,
    )
    lines.push(
      digest.needsApproval
        ? `The run waits for an approval of ${held}. ${from}, ${approve} gives it.`
        : `The run waits before ${held || 'its next step'}. ${from}, ${resume} lets it go on.`,
      ...asks,
      ...(isPushed && answering ? howToAnswer(runId, digest, answering) : []),
    )
  } else if (digest.status !== 'succeeded' && digest.status !== 'aborted') {
    lines.push(`What is finished is kept. ${from}, ${resume} goes on after it.`)
  }
  return lines.join('\n\n')
}

/** The folder on the forge, at the commit that holds it for good. */
function linkTo(place: RecordPlace, event: CiEvent | undefined): string | undefined {
  if (event === undefined || place.path === '' || place.pushedTo !== 'origin') return undefined
  // The path is a slug, digits and hyphens.
  return `[${code(place.path)}](${event.serverUrl}/${event.repository}/tree/${place.commit}/${place.path})`
}

/** What was written elsewhere, on one line and as text. */
function sentence(text: string): string {
  return inlineText(shorten(text, LONGEST_MESSAGE))
}
