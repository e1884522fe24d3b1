import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Diagnostic } from '../schema/diagnostic.ts'
import { readWorkflow, workflowIdOf } from '../schema/read.ts'
import type { Workflow } from '../schema/workflow.ts'
import { readYaml } from '../schema/yaml.ts'
import { applyTextEdits, setEntry } from '../schema/yaml-edit.ts'
import { Refusal } from './failure.ts'
import { DEFINITIONS, type Project } from './project.ts'

/**
 * Path of the definition with a name that a person chose, such as `review` or `team/review`, relative to the root.
 * Refuses with `bad-name` what cannot be a name of a file everywhere, and what would be called otherwise.
 */
export function definitionFile(typed: string): string {
  const name = typed.replace(/\.(?:ya?ml|toml)$/i, '')
  const parts = name.split('/')
  const isGood = parts.every((part) => /^[A-Za-z0-9][\w.-]{0,99}$/.test(part) && !part.endsWith('.'))
  if (isGood && workflowIdOf(`${name}.yaml`) === parts.at(-1)) return `${DEFINITIONS}/${name}.yaml`
  throw new Refusal('bad-name', `'${typed}' cannot be the name of a workflow`, {
    help: 'A name has letters, digits, - and _, and begins with a letter or digit; folders stand before it, as in team/review.',
  })
}

/** `weekly-report` as people write it: `Weekly report`. */
export function titleOf(file: string): string {
  const words = workflowIdOf(file).replace(/[-_.]+/g, ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** The text of a definition under another display name. Unchanged where it has none, or not on a line of its own. */
export function withName(text: string, name: string): string {
  const document = readYaml('', text)
  const hasName = document.root?.kind === 'map' && document.root.entries.has('name')
  const edit = hasName ? setEntry(document, 'name', name) : undefined
  return edit ? applyTextEdits(text, [edit]) : text
}

/** A definition that may be written: nothing has its name, and it is valid. */
export interface NewDefinition {
  readonly file: string
  readonly text: string
  readonly workflow: Workflow
  /** Warnings and remarks. */
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Looks whether a definition may be written. Refuses with `file-exists`, with `name-taken` when a workflow elsewhere has the same
 * name, and with `definition-invalid` and all errors.
 *
 * @param besides definitions that will be gone by then.
 */
export async function planDefinition(
  project: Project,
  file: string,
  text: string,
  besides: readonly string[] = [],
): Promise<NewDefinition> {
  if (existsSync(join(project.root, file))) {
    throw new Refusal('file-exists', `${file} is there already, and nothing is overwritten`, {
      help: 'Choose another name.',
    })
  }
  const id = workflowIdOf(file)
  const others = (await project.definitions()).filter((one) => !besides.includes(one.file))
  const taken = others.find((one) => one.id === id || one.workflow?.name === id)
  if (taken) {
    throw new Refusal('name-taken', `${taken.file} is called '${id}', too`, {
      help: 'Choose another name: two workflows of one name can only be told apart by their paths.',
    })
  }
  return { file, text, ...checkDefinition(file, text) }
}

/** Reads a definition that is about to be written. Refuses with `definition-invalid` and all errors. */
export function checkDefinition(
  file: string,
  text: string,
): { readonly workflow: Workflow; readonly diagnostics: readonly Diagnostic[] } {
  const { workflow, diagnostics } = readWorkflow({ file, text })
  if (workflow) return { workflow, diagnostics }
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const lines = errors.map(({ line, message }) => `  line ${line}: ${message}`)
  throw new Refusal('definition-invalid', `${file} would have errors:\n${lines.join('\n')}`, {
    help: 'Nothing was written.',
  })
}
