import { LanguageError, PyDict, parseOutput, renderSecure } from '../../schema/language/index.ts'
import type { StateProcessorWork } from '../../schema/workflow.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { askModel } from './ask-model.ts'
import type { StepKit } from './kit.ts'
import { positionText } from './render-text.ts'

/**
 * Reads the outputs of earlier steps of this run with a model, one call each, and renders the dicts it finds as
 * `items` of `output_template`. Spec/codemie 5.4.
 */
export function prepareStateProcessor(step: Step, work: StateProcessorWork, kit: StepKit): PreparedStep {
  const template = textOf(work.config['output_template'])
  const prefix = textOf(work.config['state_id'])
  const question = work.task.value
  const model = kit.modelOverride ?? work.model ?? kit.defaultModel
  const findSources = () =>
    step.finished.filter(({ name, output }) => output !== '' && (prefix === '' || name.startsWith(prefix)))
  return {
    task: question,
    intend() {
      const sources = findSources().map(({ name, task, output }) => ({ name, task, output }))
      const names = sources.map(({ name }) => name).join(', ')
      return { task: `Read ${names || 'nothing'}: ${question}`, request: { model, question, sources } }
    },
    async execute(effects) {
      const sources = findSources()
      if (sources.length === 0) {
        throw new StepFailure(
          'nothing-to-process',
          `No finished step has a name that begins with '${prefix}'`,
          {
            blame: 'workflow',
            help: "Set the node's config key 'state_id' to the id of an earlier state.",
          },
        )
      }
      const items: PyDict[] = []
      for (const { task, output } of sources) {
        const reply = await askModel(
          effects,
          {
            model,
            messages: [
              { role: 'assistant', content: `TASK: ${task}. OUTPUT: ${output}` },
              { role: 'user', content: question },
            ],
          },
          kit.fallbackModels,
        )
        const value = parseOutput(reply.text)
        if (value instanceof PyDict) items.push(value)
      }
      if (items.length === 0) return ''
      const context = new PyDict()
      context.set('items', items)
      return renderTemplate(
        template,
        context,
        `${positionText(work.at)}: 'output_template' of '${step.state.id}'`,
      )
    },
  }
}

function renderTemplate(template: string, context: PyDict, name: string): string {
  try {
    return renderSecure(template, context)
  } catch (error) {
    if (!(error instanceof LanguageError)) throw error
    throw new StepFailure('template-failed', `${name} cannot be rendered: ${error.message}`, {
      blame: 'workflow',
      help: 'Mend the template; it fails the same way each time.',
      cause: error,
    })
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
