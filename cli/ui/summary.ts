import type { EffectDigest } from '../../runner/effects/digest.ts'
import type { Ask, RunStatus, SharedMap } from '../../runner/events.ts'
import { type FailureInfo, REJECTED } from '../../runner/failure.ts'
import type { Spent } from '../../runner/models/spent.ts'
import { digestOption } from '../../runner/report/said-words.ts'
import { commandsOfShards } from '../../runner/report/shard-words.ts'
import type { RecordPlace } from '../../runner/store/writer.ts'
import { renderProblem } from '../report-error.ts'
import { effectLines } from './effect-lines.ts'
import { describeSpent } from './entry-lines.ts'
import { formatDuration } from './numbers.ts'
import type { Paint, Palette } from './palette.ts'
import { count, oneLine, shorten, stripControls } from './plain-text.ts'

/** What there is to say of a run that is over. */
export interface RunSummary {
  readonly runId: string
  readonly name: string
  readonly status: RunStatus
  readonly failure?: FailureInfo | undefined
  readonly durationMs: number
  /** Steps finished, those of earlier tries included. */
  readonly steps: number
  readonly spent: Spent
  /** Why the record could not be committed. */
  readonly notKept?: FailureInfo | undefined
  /** Only a yes or a no lets the run go on. */
  readonly needsApproval?: boolean | undefined
  /** What the yes is asked for. */
  readonly asks?: readonly Ask[] | undefined
  /** What it asked to have written to GitHub. Default: nothing. */
  readonly effects?: readonly EffectDigest[]
  /** Other machines share this map, and the run waits for them. */
  readonly shards?: SharedMap | undefined
  /** Where the record is; `undefined`: none was kept. */
  readonly record?: Pick<RecordPlace, 'ref' | 'commit' | 'path' | 'pushedTo' | 'look'> | undefined
}

interface StatusLook {
  readonly word: string
  readonly paint: (palette: Palette) => Paint
  readonly sign: (palette: Palette) => string
  /** Whether `resume` makes sense, and what to type for it. */
  readonly resume: string | undefined
}

const STATUS: Readonly<Record<RunStatus, StatusLook>> = {
  succeeded: { word: 'succeeded', paint: (p) => p.green, sign: (p) => p.symbols.done, resume: undefined },
  failed: { word: 'failed', paint: (p) => p.red, sign: (p) => p.symbols.failed, resume: '' },
  paused: {
    word: 'waits for you',
    paint: (p) => p.yellow,
    sign: (p) => p.symbols.paused,
    resume: ' -m "your answer"',
  },
  interrupted: { word: 'interrupted', paint: (p) => p.yellow, sign: (p) => p.symbols.paused, resume: '' },
  aborted: { word: 'aborted', paint: (p) => p.red, sign: (p) => p.symbols.failed, resume: undefined },
  'budget-exceeded': {
    word: 'stopped by its budget',
    paint: (p) => p.red,
    sign: (p) => p.symbols.failed,
    resume: '',
  },
  running: { word: 'is running', paint: (p) => p.cyan, sign: (p) => p.symbols.started, resume: '' },
}

/** Nobody is asked anything while other machines work. */
const SHARED: StatusLook = { ...STATUS.paused, word: 'waits for its shards', resume: '' }

/** A status as people read it, coloured and with its sign: `✓ succeeded`. */
export function renderStatus(status: RunStatus, palette: Palette): string {
  const { word, paint, sign } = STATUS[status]
  return paint(palette)(`${sign(palette)} ${word}`)
}

/** The last block of a run: how it ended, what it took, where its record is, what to type next. Ends with a line feed. */
export function renderSummary(summary: RunSummary, palette: Palette): string {
  const { bold, dim, symbols } = palette
  const look = summary.shards ? SHARED : STATUS[summary.status]
  const facts = [
    formatDuration(summary.durationMs),
    count(summary.steps, 'step'),
    ...describeSpent(summary.spent),
  ]
  const lines = [
    '',
    `${look.paint(palette)(look.sign(palette))} ${bold(stripControls(summary.name))} ${look.paint(palette)(look.word)} ${dim(`${symbols.dot} ${facts.join(` ${symbols.dot} `)}`)}`,
  ]
  if (summary.failure) lines.push(renderProblem(summary.failure, palette).trimEnd())
  if (summary.notKept) lines.push(renderProblem(summary.notKept, palette).trimEnd())
  const { record, runId, effects = [] } = summary
  if (effects.length > 0) {
    lines.push(
      dim(
        '  Nothing was written to GitHub. It asked for this, which the action carries out with `mode: effects`:',
      ),
    )
    lines.push(...effectLines(effects, palette).map((line) => `  ${line}`))
  }
  const rows: NextCommand[] = []
  for (const { path, task } of summary.asks?.slice(0, MOST_ASKS) ?? [])
    rows.push({ name: 'asks', command: shorten(oneLine(`${path}: ${task}`), LONGEST_ASK, symbols.ellipsis) })
  if (record) {
    rows.push(...recordRows(runId, record), ...waysOn(summary))
  } else if (summary.notKept) rows.push({ name: 'resume', command: `codemie-ci resume ${runId}` })
  else {
    const end = summary.status === 'paused' ? ', so it cannot go on' : ''
    rows.push({ name: 'record', command: `none was kept${end}` })
  }
  return `${lines.join('\n')}\n${renderNext(rows, palette)}`
}

/** The rest is in `show`. */
const MOST_ASKS = 3
const LONGEST_ASK = 88

/** What to type so that a run goes on; nothing where it is over. */
export function waysOn({
  runId,
  status,
  needsApproval,
  asks,
  failure,
  shards,
}: Pick<
  RunSummary,
  'runId' | 'status' | 'needsApproval' | 'asks' | 'failure' | 'shards'
>): readonly NextCommand[] {
  if (shards) {
    const { shard, join } = commandsOfShards(runId, shards)
    return [
      { name: 'shard', command: shard },
      { name: 'join', command: join },
    ]
  }
  const approve = { name: 'approve', command: `codemie-ci approve ${runId}${digestOption(asks)}` }
  if (status === 'paused' && needsApproval)
    return [approve, { name: 'reject', command: `codemie-ci reject ${runId} -m "why"` }]
  // A no can be taken back.
  if (failure?.code === REJECTED) return [approve]
  const { resume } = STATUS[status]
  return resume === undefined ? [] : [{ name: 'resume', command: `codemie-ci resume ${runId}${resume}` }]
}

/** One line below a result: what it is for, and what to type or where to look. */
export interface NextCommand {
  readonly name: string
  readonly command: string
}

/** Lines that say how to go on, aligned. Ends with a line feed. */
export function renderNext(rows: readonly NextCommand[], { dim }: Palette): string {
  const width = Math.max(6, ...rows.map(({ name }) => name.length))
  return rows.map(({ name, command }) => `  ${dim(name.padEnd(width))}  ${command}\n`).join('')
}

/** Where a record is and how to look at it. Ends with a line feed. */
export function renderRecord(
  runId: string,
  record: NonNullable<RunSummary['record']>,
  palette: Palette,
): string {
  return renderNext(recordRows(runId, record), palette)
}

function recordRows(runId: string, record: NonNullable<RunSummary['record']>): NextCommand[] {
  return [
    { name: 'record', command: describeRecord(record) },
    { name: 'look', command: `codemie-ci show ${runId}` },
    ...record.look.map((command) => ({ name: '', command })),
  ]
}

/** `codemie/runs 1a2b3c4d5e6f runs/review/…`, and where it was pushed to. */
function describeRecord({ ref, commit, path, pushedTo }: NonNullable<RunSummary['record']>): string {
  const branch = ref.replace(/^refs\/heads\//, '')
  const parts = [branch, commit.slice(0, 12), ...(path === '' ? [] : [path])]
  return `${parts.join(' ')}${pushedTo === undefined ? '' : `, pushed to ${pushedTo}`}`
}

/** The beginning of a long text for a terminal; the rest is counted. Control characters are gone. */
export function headOf(
  text: string,
  maxLines: number,
): { readonly head: string; readonly moreLines: number } {
  const lines = stripControls(text).trimEnd().split('\n')
  return { head: lines.slice(0, maxLines).join('\n'), moreLines: Math.max(0, lines.length - maxLines) }
}
