import { firstError } from '../schema/diagnostic.ts'
import { defaultsOf } from '../schema/template/check.ts'
import { type Generalised, generaliseWorkflow } from '../schema/template/generalise.ts'
import { fillPlaceholders } from '../schema/template/placeholder.ts'
import { readTemplate } from '../schema/template/template.ts'
import { readYaml } from '../schema/yaml.ts'
import { plainOf } from '../schema/yaml-node.ts'
import { Refusal } from './failure.ts'
import type { Definition } from './project.ts'
import { TEMPLATES } from './templates.ts'

/** A template that was made of a workflow, not written yet. */
export interface SavedTemplate {
  readonly id: string
  /** Where it belongs, relative to the root. */
  readonly file: string
  readonly text: string
  readonly parameters: readonly Generalised[]
}

/**
 * Makes a template of a workflow. With the defaults, which are the values of now, it makes that workflow again; this is checked.
 * Refuses with `definition-invalid`, `bad-name` and `not-generalised`.
 *
 * @param options.name of the template. Default: that of the workflow.
 */
export function saveTemplate(
  { id, file, text, workflow, diagnostics }: Definition,
  {
    name = id,
    category,
    parameters,
  }: {
    readonly name?: string | undefined
    readonly category?: string | undefined
    readonly parameters: readonly Generalised[]
  },
): SavedTemplate {
  if (!workflow) {
    throw new Refusal('definition-invalid', `${file} has errors: ${firstError(diagnostics)}`, {
      help: `\`codemie-ci validate ${file}\` shows them. A template is made of a workflow that runs.`,
    })
  }
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name) || /_template$|\.ya?ml$/i.test(name)) {
    throw new Refusal('bad-name', `'${name}' cannot be the name of a template`, {
      help: 'A name has letters, digits, - and _, and begins with a letter or digit.',
    })
  }
  const wrong = parameters.filter((one) => !/^[A-Za-z_][\w-]*$/.test(one.name))
  const made = generaliseWorkflow(text, category, parameters)
  const problems = [
    ...wrong.map((one) => `'${one.name}' cannot be the name of a parameter: letters, digits, - and _`),
    ...(made.problems ?? []),
  ]
  if (problems.length > 0 || made.text === undefined) throw notGeneralised(file, problems)
  const target = `${TEMPLATES}/${name}.yaml`
  const { template, diagnostics: found } = readTemplate({ file: target, text: made.text })
  const values = template && defaultsOf(template.parameters)
  const again = values && fillPlaceholders(template.text, values)
  if (again === undefined || !saysTheSame(again, text)) {
    throw notGeneralised(
      file,
      found.length > 0 ? [firstError(found)] : ['it is written in a way that cannot be kept'],
    )
  }
  return { id: name, file: target, text: made.text, parameters }
}

/** Whether a bare workflow says what the config in a file says; what stands beside the config is carried over and not compared. */
function saysTheSame(filled: string, text: string): boolean {
  const [now, before] = [readYaml('', filled).root, readYaml('', text).root]
  if (!now || !before) return false
  const data = plainOf(before) as Record<string, unknown>
  const config = data['states'] === undefined ? (data['execution_config'] as Record<string, unknown>) : data
  const then = plainOf(now) as Record<string, unknown>
  return Object.keys(config).every((key) => JSON.stringify(config[key]) === JSON.stringify(then[key]))
}

function notGeneralised(file: string, problems: readonly string[]): Refusal {
  return new Refusal(
    'not-generalised',
    `No template can be made of ${file}:\n${problems.map((one) => `  ${one}`).join('\n')}`,
    {
      help: '--parameter takes PATH=NAME; a path is made of keys, ids and places, as in states.review.task.',
    },
  )
}
