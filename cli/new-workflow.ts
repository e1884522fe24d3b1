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
import { usageError } from './usage-error.ts'

/**
 * Writes a workflow from a template: `new` and `templates use`. Parameters come from --set; what is missing is asked for on a
 * terminal, and elsewhere told, all at once. Nothing is written before the result is found valid.
 */
export async function createWorkflow(
  invocation: Invocation,
  cli: Cli,
  project: Project,
  wanted: { readonly name: string; readonly template: string; readonly isOctomind?: boolean },
): Promise<number> {
  const file = definitionFile(wanted.name)
  if (wanted.isOctomind) return await createConfiguration(invocation, cli, project, file, wanted.template)
  const template = findUsable(await listTemplates(project.root, BUILT_IN), wanted.template)
  const values = await readParameters(template, invocation, cli)
  const id = workflowIdOf(file)
  const filled = withModeline(project.root, file, withOwnName(template, fillTemplate(template, values), file))
  const notes = async () => await githubNotes(cli.world)
  const planned = await planDefinition(project, file, filled)
  return await write(
    { id, file, text: planned.text, template: template.id, parameters: values, notes },
    invocation,
    cli,
    project,
  )
}

/** Writes the Octomind form of a built-in template. Refuses with `no-octomind-form`, and with `usage` when parameters are given. */
async function createConfiguration(
  invocation: Invocation,
  cli: Cli,
  project: Project,
  yamlFile: string,
  wanted: string,
): Promise<number> {
  const template = BUILT_IN.find(({ id }) => id === wanted)
  if (template?.octomind === undefined) {
    const known = BUILT_IN.filter(({ octomind }) => octomind !== undefined).map(({ id }) => id)
    throw new Refusal('no-octomind-form', `The template '${wanted}' has no form for Octomind`, {
      help: `These have one: ${known.join(', ')}.`,
    })
  }
  if (invocation.texts('set').length > 0) {
    throw usageError('With --octomind a template has no parameters.', 'Change the file afterwards.')
  }
  const id = workflowIdOf(yamlFile)
  const file = yamlFile.replace(/\.yaml$/, '.config.toml')
  const { text } = await planDefinition(project, file, template.octomind.replaceAll('<<name>>', id))
  return await write({ id, file, text, template: template.id }, invocation, cli, project)
}

interface Written {
  readonly id: string
  readonly file: string
  readonly text: string
  readonly template: string
  readonly parameters?: Readonly<Record<string, unknown>>
  /** What is to be said besides. Default: nothing. */
  readonly notes?: () => Promise<readonly string[]>
}

/** Writes a definition that was found valid, and says what to do with it. */
async function write(
  { id, file, text, template, parameters, notes }: Written,
  invocation: Invocation,
  cli: Cli,
  { root }: Project,
): Promise<number> {
  await writeNewFile(root, file, text)
  const said = (await notes?.()) ?? []
  if (invocation.flag('json')) {
    printJson(cli, { file, id, template, parameters: parameters ?? {}, notes: said })
    return EXIT.done
  }
  const { dim, green, symbols } = cli.look.stdout
  cli.stdout.write(
    `${green(symbols.done)} ${file}  ${dim(`written from the template ${oneLine(template)}`)}\n`,
  )
  for (const note of said) cli.stdout.write(`  ${dim(symbols.dot)} ${note}\n`)
  const tryWith = BUILT_IN.find((one) => one.id === template)?.tryWith ?? ''
  cli.stdout.write(nextSteps({ id, file, text, tryWith }, cli.look.stdout))
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
