import type { PauseAnswer } from '../../runner/engine/answers.ts'
import { type EngineOutcome, runEngine, type SuperstepView } from '../../runner/engine/engine.ts'
import type { Step } from '../../runner/engine/step.ts'
import { toJson } from '../../schema/language/index.ts'
import { readWorkflow } from '../../schema/read.ts'
import type { Workflow } from '../../schema/workflow.ts'

/** A state in short: its id, and its `next` as YAML in flow style. */
export type ShortState = readonly [id: string, next: string, more?: string]

/** A valid workflow whose states all ask the same assistant. */
export function workflowOf(states: readonly ShortState[], root = ''): Workflow {
  const text = [
    'enable_summarization_node: false',
    root,
    'assistants: [{ id: a, system_prompt: You are A. }]',
    'states:',
    ...states.map(
      ([id, next, more = '']) =>
        `  - { id: '${id}', assistant_id: a, task: 'Do ${id}', ${more} next: ${next} }`,
    ),
    '',
  ].join('\n')
  const { workflow, diagnostics } = readWorkflow({ file: 'test.yaml', text })
  if (!workflow) throw new Error(diagnostics.map((d) => `${d.line}: ${d.message}`).join('\n'))
  return workflow
}

export interface ScriptedRun {
  readonly outcome: EngineOutcome
  /** Paths of the steps of each superstep, in merge order. */
  readonly supersteps: readonly (readonly string[])[]
  /** The shared context after the last superstep. */
  readonly context: unknown
  /** Texts of the history after the last superstep. */
  readonly history: readonly string[]
  /** Most steps that ran at once. */
  readonly peak: number
}

export interface Script {
  readonly input?: string
  /** Output by path, else by state; a function may wait or throw. Default: `out of <path>`. */
  readonly outputs?: Readonly<Record<string, string | ((step: Step) => string | Promise<string>)>>
  /** By the path of a step that waits. */
  readonly answers?: Readonly<Record<string, Omit<PauseAnswer, 'to'>>>
  readonly signal?: AbortSignal
  readonly maxConcurrency?: number
}

/** Runs the engine alone: steps answer from a script. */
export async function runScripted(workflow: Workflow, script: Script = {}): Promise<ScriptedRun> {
  const views: SuperstepView[] = []
  let running = 0
  let peak = 0
  const outcome = await runEngine({
    workflow,
    input: { text: script.input ?? '', fileNames: [] },
    answers: Object.entries(script.answers ?? {}).map(([path, answer]) => ({
      ...answer,
      to: new Set([path]),
    })),
    signal: script.signal ?? new AbortController().signal,
    ...(script.maxConcurrency === undefined ? {} : { maxConcurrency: script.maxConcurrency }),
    observe: (view) => views.push(view),
    async runStep(step) {
      running++
      peak = Math.max(peak, running)
      try {
        await Promise.resolve()
        const scripted = script.outputs?.[step.path] ?? script.outputs?.[step.state.id]
        const output =
          typeof scripted === 'function' ? await scripted(step) : (scripted ?? `out of ${step.path}`)
        return { task: '', output }
      } finally {
        running--
      }
    },
  })
  const last = views.at(-1)
  return {
    outcome,
    supersteps: views.map((view) => view.steps.map(({ step }) => step.path)),
    context: last?.context ? toJson(last.context) : undefined,
    history: last?.history?.toArray().map((message) => message.text) ?? [],
    peak,
  }
}
