import type { Message } from '../../runner/engine/history.ts'
import { INSTRUCTIONS } from '../../runner/steps/summary.ts'
import { type PyValue, repr } from '../../schema/language/index.ts'
import { decode } from './recorded.ts'
import type { RecordedMessage, Task, Trace } from './trace.ts'

/** A run in words that can be compared: the recorded one and ours are told alike. */
export interface RunPicture {
  /** Supersteps and ends of rounds, in order. */
  readonly parts: readonly Part[]
  /** In the order of supersteps; within one, other threads or another order of branches may have been faster. */
  readonly rows: readonly string[]
  readonly models: readonly string[]
  readonly tools: readonly string[]
  /** Seconds waited between tries. */
  readonly delays: readonly number[]
}

export type Part =
  | {
      readonly kind: 'superstep'
      /** The states that ran. */
      readonly states: readonly string[]
      /** Empty when it failed. */
      readonly lines: readonly string[]
      readonly before: Counts
    }
  | { readonly kind: 'end'; readonly status: string }

export interface PictureRow {
  readonly name: string
  readonly status: string
  readonly task: string
  readonly output: string
}

/** How much had happened. */
export type Counts = Readonly<Record<'rows' | 'models' | 'tools' | 'delays', number>>

const NOTHING: Counts = { rows: 0, models: 0, tools: 0, delays: 0 }

/** The first line in which two runs differ. */
export interface Difference {
  readonly recorded: string
  readonly found: string
}

/**
 * Compares two runs.
 *
 * @param until compares only what happened before this superstep (from 0, counted over all rounds).
 * @returns `undefined`: they are the same.
 */
export function compareRuns(recorded: RunPicture, found: RunPicture, until?: number): Difference | undefined {
  const counts = until === undefined ? undefined : countsBefore(found, until)
  const ours = linesOf(found, until, counts)
  const theirs = linesOf(recorded, until, counts)
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (ours[i] !== theirs[i]) return { recorded: theirs[i] ?? '(nothing)', found: ours[i] ?? '(nothing)' }
  }
  return undefined
}

function countsBefore(run: RunPicture, until: number): Counts {
  const supersteps = run.parts.filter((part) => part.kind === 'superstep')
  const { rows, models, tools, delays } = run
  const all = { rows: rows.length, models: models.length, tools: tools.length, delays: delays.length }
  return supersteps[until]?.before ?? all
}

function linesOf(run: RunPicture, until: number | undefined, counts: Counts | undefined): readonly string[] {
  const lines: string[] = []
  let superstep = 0
  let round = 0
  for (const part of run.parts) {
    if (part.kind === 'superstep') {
      if (superstep++ === until) break
      lines.push(...part.lines)
    } else lines.push(`round ${++round} ${part.status}`)
  }
  const { rows, models, tools, delays } = run
  return [
    ...lines,
    ...rows.slice(0, counts?.rows).sort(),
    ...models.slice(0, counts?.models).sort(),
    ...tools.slice(0, counts?.tools).sort(),
    `delays ${delays.slice(0, counts?.delays).join(' ')}`,
  ]
}

/** The picture of a recording. */
export function recordedPicture({ observed }: Trace): RunPicture {
  return {
    parts: observed.rounds.flatMap((round): Part[] => [
      ...round.supersteps.map(
        ({ tasks, values }): Part => ({
          kind: 'superstep',
          states: tasks.map(({ node }) => node),
          before: NOTHING,
          // What a failing superstep looked like inside depends on threads; its rows tell what matters.
          lines: values
            ? [
                ...tasks.map(recordedTaskLine),
                afterLine(decode(values.context_store), recordedMessages(values.messages)),
              ]
            : [],
        }),
      ),
      { kind: 'end', status: round.status },
    ]),
    rows: observed.rows
      .filter((row) => row.state_id !== 'AI/Run Thoughts')
      .map((row) =>
        rowLine({
          name: row.name,
          status: row.status === 'Interrupted' ? 'Succeeded' : row.status,
          task: taskInOurWords(row.task),
          output: String(row.output ?? ''),
        }),
      ),
    models: observed.llm_calls.map((call) => modelLine(call.node, recordedMessages(call.messages))),
    tools: observed.tool_calls.map((call) => toolLine(call.node, call.tool, decode(call.args))),
    delays: observed.retry_delays ?? [],
  }
}

function recordedTaskLine({ node, input = {} }: Task): string {
  const place = [
    input['iteration_node_number'],
    input['total_iterations'],
    input['first_state_in_iteration'],
  ].map((part) => part ?? '-')
  return taskLine({
    state: node,
    item: 'task' in input ? decode(input['task']) : undefined,
    place: place.join('/'),
    context: decode(input.context_store ?? {}),
    messages: recordedMessages(input.messages ?? []),
  })
}

/** A task as it starts: its item, `n/total/first`, and what it sees. */
export function taskLine(task: {
  readonly state: string
  readonly item: PyValue | undefined
  readonly place: string
  readonly context: PyValue
  readonly messages: string
}): string {
  const item = task.item === undefined ? '-' : repr(task.item)
  return `task ${task.state} item=${item} ${task.place} context=${repr(task.context)} history=${task.messages}`
}

/** What is shared after a superstep. */
export function afterLine(context: PyValue, messages: string): string {
  return `after context=${repr(context)} history=${messages}`
}

/** One try of a step as the log tells it; what a failed one had to say is not compared. */
export function rowLine(row: PictureRow): string {
  return `row ${row.name} ${row.status} task=${row.task} output=${row.status === 'Failed' ? '' : row.output}`
}

export function modelLine(state: string, messages: string): string {
  return `model ${state} ${messages}`
}

export function toolLine(state: string, tool: string, args: PyValue): string {
  return `tool ${state} ${tool} ${repr(args)}`
}

/** Messages of ours, for {@link taskLine}, {@link afterLine} and {@link modelLine}. */
export function messageTexts(messages: readonly Pick<Message, 'role' | 'text'>[]): string {
  return JSON.stringify(messages.map((m) => [m.role, m.text]))
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' }

function recordedMessages(messages: readonly RecordedMessage[]): string {
  return JSON.stringify(
    messages.map(({ role, text = '' }) => [
      ROLES[role] ?? role,
      text
        .replace(/\s*<(MARKDOWN|STRICT_JSON|SCHEMA_HINT)_SUFFIX>[\s\S]*$/, '')
        .replace('<SUMMARIZER_PROMPT>', SUMMARY),
    ]),
  )
}

const SUMMARY = '<instruction>'

/** Fixed texts of the other program, in our words. */
const TASK_NAMES = new Map([
  ['Summarizing workflow conversation and results', 'Sum up the run'],
  ["Summarizing workflow conversation because it's too long", 'Sum up the conversation so far'],
  ['Transform data using configured mappings', 'Transform data by the mappings'],
])

function taskInOurWords(task: string): string {
  return TASK_NAMES.get(task) ?? task
}

/** What upstream calls a task that has a fixed text; any other as it is. */
export function taskInTheirWords(task: string): string {
  return [...TASK_NAMES].find(([, ours]) => ours === task)?.[0] ?? task
}

/** Our own fixed texts as the recording marks those of the other program. */
export function withoutFixedTexts(text: string): string {
  if (Object.values(INSTRUCTIONS).includes(text)) return SUMMARY
  return text
    .replace(/\n\nYour answer is read by a program as JSON of this schema:[\s\S]*$/, '')
    .replace(/\n\nAnswer with one JSON document[\s\S]*$/, '')
}
