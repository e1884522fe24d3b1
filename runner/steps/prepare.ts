import { PyDict, type PyValue, renderDynamic } from '../../schema/language/index.ts'
import type { Located, Position } from '../../schema/diagnostic.ts'
import type { PreparedStep, StepWarning } from '../engine/attempts.ts'
import type { Step } from '../engine/step.ts'
import { Refusal, StepFailure } from '../failure.ts'
import type { StructuredOutput } from '../models/structured.ts'
import type { Tool } from '../tools/tool.ts'
import { prepareAgent } from './agent.ts'
import { prepareDocumentsTree } from './documents-tree-step.ts'
import { prepareStateProcessor } from './state-processor.ts'
import { prepareSummary } from './summary.ts'
import { prepareTool } from './tool.ts'
import { prepareTransform } from './transform-step.ts'

/** What steps are made with: everything they need to know that is not in the step itself. Fixed for a run. */
export interface StepKit {
  /** Model for a state whose assistant names none. */
  readonly defaultModel: string
  /** Replaces every model choice of the workflow, for a person who tries things out. */
  readonly modelOverride?: string
  /** Asked in order when a chosen model cannot answer. */
  readonly fallbackModels: readonly string[]
  /** Looks a tool up by the name a workflow uses. `undefined`: nothing provides it. */
  readonly findTool: (name: string) => Tool | undefined
  /** Gets JSON of a given shape from models, and checks it. */
  readonly structured: StructuredOutput
  /** Documents of a datasource, by its id. Fails with a `StepFailure` when it is not configured. */
  readonly documentsOf: (datasourceId: string) => Promise<readonly PyDict[]>
}

/** Prepares a step by its kind of work. Fails with a `StepFailure` when its definition cannot be carried out. */
export function prepareStep(
  step: Step,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
): PreparedStep | Promise<PreparedStep> {
  const { work } = step.state
  switch (work.kind) {
    case 'agent':
      return prepareAgent(step, work, kit, warn)
    case 'tool':
      return prepareTool(step, work, kit, warn)
    case 'transform':
      return prepareTransform(step, work, warn)
    case 'state-processor':
      return prepareStateProcessor(step, work, kit)
    case 'documents-tree':
      return prepareDocumentsTree(step, work, kit)
    case 'summary':
      return prepareSummary(step, work, kit)
    case 'bedrock-flow':
    case 'call':
    case 'block':
      throw new Refusal('unsupported-work', `State '${step.state.id}' cannot run: '${work.kind}' is not supported yet`)
  }
}

/**
 * Renders text with the context as dynamic values. A text that cannot be rendered stays as it is, which is what
 * workflows rely on, and becomes a warning. Fails when the context replaces the text with something that is no text.
 */
export function renderText(
  text: Located<string>,
  context: PyDict,
  warn: (warning: StepWarning) => void,
): string {
  const { value, problems } = renderDynamic(text.value, context)
  for (const problem of problems) {
    warn({ code: problem.code, message: problem.message, position: positionText(text.at) })
  }
  if (typeof value === 'string') return value
  throw new StepFailure(
    'text-replaced-by-value',
    "The context key 'string_value' replaces every rendered text, and its value here is no text",
    { blame: 'workflow', help: "Rename the key 'string_value' in the output that sets it." },
  )
}

/** The context with the keys of a dict item over it, as templates of an iteration see it. */
export function contextWithItem(context: PyDict, item: PyValue | undefined): PyDict {
  if (!(item instanceof PyDict) || item.size === 0) return context
  const merged = context.copy()
  for (const [key, value] of item.entries()) merged.set(key, value)
  return merged
}

export function positionText({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`
}
