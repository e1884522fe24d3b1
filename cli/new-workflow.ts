import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '../runner/failure.ts'
import { definitionFile, planDefinition, titleOf, withName } from '../runner/new-definition.ts'
import type { Project } from '../runner/project.ts'
import { fillTemplate, findUsable, fitParameters, listTemplates } from '../runner/templates.ts'
import { writeNewFile } from '../runner/working-tree.ts'
import { workflowIdOf } from '../schema/read.ts'
import { hasPlaceholder } from '../schema/template/placeholder.ts'
import type { Template } from '../schema/template/template.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import { githubNotes } from './github-notes.ts'
import type { Invocation } from './invocation.ts'
import { modeline, SCHEMA_FOLDER } from './project-files.ts'
import { readPairs } from './read-pairs.ts'
import { BUILT_IN } from './templates/index.ts'
import { printJson } from './ui/json.ts'
import { nextSteps } from './ui/next-steps.ts'
import { oneLine } from './ui/plain-text.ts'

/**
 * Writes a workflow from a template: `new` and `templates use`. Parameters come from --set; what is missing is asked for on a
 * terminal, and elsewhere told, all at once. Nothing is written before the result is found valid.
 */
export async function createWorkflow(
  invocation: Invocation,
  cli: Cli,
  project: Project,
  wanted: { readonly name: string; readonly template: string },
): Promise<number> {
  const file = definitionFile(wanted.name)
  const template = findUsable(await listTemplates(project.root, BUILT_IN), wanted.template)
  const values = await readParameters(template, invocation, cli)
  const id = workflowIdOf(file)
  const filled = withModeline(project.root, file, withOwnName(template, fillTemplate(template, values), file))
  const { text } = await planDefinition(project, file, filled)
  await writeNewFile(project.root, file, text)
  const notes = await githubNotes(cli.world)
  if (invocation.flag('json')) {
    printJson(cli, { file, id, template: template.id, parameters: values, notes })
    return EXIT.done
  }
  const { dim, green, symbols } = cli.look.stdout
  cli.stdout.write(
    `${green(symbols.done)} ${file}  ${dim(`written from the template ${oneLine(template.id)}`)}\n`,
  )
  for (const note of notes) cli.stdout.write(`  ${dim(symbols.dot)} ${note}\n`)
  const tryWith = BUILT_IN.find((one) => one.id === template.id)?.tryWith ?? ''
  cli.stdout.write(nextSteps({ id, text, tryWith }, cli.look.stdout))
  return EXIT.done
}

async function readParameters(
  template: Template,
  invocation: Invocation,
  cli: Cli,
): Promise<Readonly<Record<string, unknown>>> {
  const typed = readPairs(invocation, 'set', '--set')
  const asked =
    cli.canAsk && cli.terminal
      ? await (await import('./ask-parameters.ts')).askParameters(
          template.parameters,
          typed,
          cli,
          cli.terminal,
        )
      : []
  const { values, problems } = await fitParameters(template.parameters, [...typed, ...asked])
  if (problems.length === 0) return values
  throw new Refusal('parameters-invalid', problems.map(({ message }) => message).join('\n'), {
    help: `\`codemie-ci templates show ${template.id}\` shows the parameters.`,
  })
}

/** A workflow that is not called what its template is called gets a display name of its own, unless a parameter gave it one. */
function withOwnName(template: Template, text: string, file: string): string {
  if (workflowIdOf(file) === template.id || hasPlaceholder(template.name)) return text
  return withName(text, titleOf(file))
}

/** Editors complete and check the file, where `init` has put the schema. */
function withModeline(root: string, file: string, text: string): string {
  const schema = `${SCHEMA_FOLDER}/workflow.schema.json`
  if (text.includes('yaml-language-server:') || !existsSync(join(root, schema))) return text
  const up = '../'.repeat(file.split('/').length - 2)
  return modeline(`${up}schema/workflow.schema.json`) + text
}
