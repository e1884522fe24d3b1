import { createHash } from 'node:crypto'
import { answersOf } from '../../runner/engine/answers.ts'
import { runEngine, type SuperstepView } from '../../runner/engine/engine.ts'
import type { RunEvent } from '../../runner/events.ts'
import { repr } from '../../schema/language/index.ts'
import type { Workflow } from '../../schema/workflow.ts'
import type { ReceivedRequest } from './model-server.ts'

/** What is told of a run. */
export interface ToldRun {
  readonly input: string
  readonly events: readonly RunEvent[]
  readonly requests: readonly ReceivedRequest[]
  /** Texts of the definition that are shown by their shape only: tasks, prompts, schemas. */
  readonly foreign: readonly string[]
}

/**
 * A run as a page that people can read and compare: the path of steps, what each was asked and answered, what the model
 * got to see, and the context after each superstep. Texts of the definition are shown by their first letters, length and
 * digest; whatever a run renders or appends is shown in full.
 */
export async function tellRun(workflow: Workflow, run: ToldRun): Promise<string> {
  const shape = shapesOf(run.foreign)
  const views = await viewsOf(workflow, run)
  const lines = [`Input: ${run.input}`]
  for (const [number, paths] of superstepsIn(run.events)) {
    lines.push('', `## Superstep ${number}`, '')
    for (const path of paths) lines.push(...stepLines(path, run.events, shape))
    const view = views[number - 1]
    if (view?.context) lines.push(`- context: ${repr(view.context)}`)
    if (view?.history) lines.push(`- history: ${view.history.length} messages`)
  }
  lines.push('', '## What the model saw', '')
  for (const { body } of run.requests) lines.push(...requestLines(body.messages, shape))
  lines.push('', '## End', '', ...endLines(run.events))
  return `${lines.join('\n')}\n`
}

/** The supersteps, the last telling of each: a resumed run goes through the finished ones again. */
function superstepsIn(events: readonly RunEvent[]): ReadonlyMap<number, readonly string[]> {
  return new Map(
    events.flatMap((event) =>
      event.type === 'superstep-started' ? [[event.number, event.steps] as const] : [],
    ),
  )
}

/** Goes through the run once more with its journal in place of the world. */
async function viewsOf(workflow: Workflow, { input, events }: ToldRun): Promise<readonly SuperstepView[]> {
  const outputs = new Map<string, string>()
  for (const event of events) if (event.type === 'step-finished') outputs.set(event.path, event.output)
  const views: SuperstepView[] = []
  await runEngine({
    workflow,
    input: { text: input, fileNames: [] },
    answers: answersOf(events),
    signal: new AbortController().signal,
    runStep({ path }) {
      const output = outputs.get(path)
      return output === undefined
        ? Promise.reject(new Error(`${path} did not finish`))
        : Promise.resolve({ task: '', output })
    },
    observe: (view) => views.push(view),
  })
  return views
}

type Shape = (text: string) => string

/** Tells a text with each known one in it by its shape; longer ones first, since one can be a part of another. */
function shapesOf(foreign: readonly string[]): Shape {
  const known = [...new Set(foreign)].filter((text) => text.length > 0).sort((a, b) => b.length - a.length)
  const partsOf = (text: string): readonly string[] => {
    const found = known.find((one) => text.includes(one))
    if (found === undefined) return text === '' ? [] : [JSON.stringify(text)]
    const at = text.indexOf(found)
    return [...partsOf(text.slice(0, at)), shapeOf(found), ...partsOf(text.slice(at + found.length))]
  }
  return (text) => partsOf(text).join(' + ')
}

const SHOWN = 40

function shapeOf(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 12)
  return `${JSON.stringify(text.slice(0, SHOWN))}… (${text.length} characters, ${digest})`
}

function stepLines(path: string, events: readonly RunEvent[], shape: Shape): readonly string[] {
  const lines: string[] = []
  for (const event of events) {
    if (!('path' in event) || event.path !== path) continue
    if (event.type === 'step-started') lines.push(`- **${path}** (${event.kind}): ${shape(event.task)}`)
    if (event.type === 'step-finished') lines.push(`  - answered ${JSON.stringify(event.output)}`)
    if (event.type === 'attempt-failed') lines.push(`  - failed: ${event.failure.code}`)
    if (event.type === 'warning') lines.push(`  - warned: ${event.code}`)
  }
  const held = events.some((event) => event.type === 'run-paused' && event.before.includes(path))
  return held ? [`- held for a person: ${path}`, ...lines] : lines
}

function requestLines(
  messages: readonly { readonly role: string; readonly content: string }[],
  shape: Shape,
): readonly string[] {
  return messages.map(({ role, content }, i) => `${i === 0 ? '-' : ' '} ${role}: ${shape(content)}`)
}

function endLines(events: readonly RunEvent[]): readonly string[] {
  const end = events.findLast((event) => event.type === 'run-finished')
  if (end?.type !== 'run-finished') return ['did not end']
  const failure = end.failure ? [`${end.failure.code}: ${end.failure.message}`] : []
  return [end.status, ...failure, `output: ${JSON.stringify(end.output ?? '')}`]
}
