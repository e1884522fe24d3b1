import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Diagnostic } from '../schema/diagnostic.ts'
import { helpWithName } from '../schema/nearest.ts'
import { fillPlaceholders } from '../schema/template/placeholder.ts'
import { readTemplate, type Template, templateIdOf } from '../schema/template/template.ts'
import type { InputSpec } from '../schema/workflow.ts'
import { Refusal } from './failure.ts'
import { ANSWER_WORDS, fitValues, type InputProblem, PARAMETER_WORDS } from './inputs.ts'

/** Where a repository keeps its own templates. */
export const TEMPLATES = '.codemie/templates'

/** A template file and all that is known of it. */
export interface FoundTemplate {
  readonly id: string
  /** Path relative to the root of the repository; `undefined`: it comes with the program. */
  readonly file: string | undefined
  readonly text: string
  /** Present when there is no error among the diagnostics. */
  readonly template: Template | undefined
  readonly diagnostics: readonly Diagnostic[]
}

/** Templates that come with the program, by id. */
export type BuiltInTexts = readonly { readonly id: string; readonly text: string }[]

/**
 * All templates that a repository can use: its own, by file name, and then the built-in ones whose name it has not taken.
 * Refuses with `file-unreadable`.
 */
export async function listTemplates(root: string, builtIn: BuiltInTexts): Promise<readonly FoundTemplate[]> {
  const own = await Promise.all(
    (await templateFiles(root)).map(async (file) => openTemplate(file, await readText(root, file))),
  )
  const taken = new Set(own.map(({ id }) => id))
  return [
    ...own,
    ...builtIn
      .filter(({ id }) => !taken.has(id))
      .map(({ id, text }) => ({ ...openTemplate(`${id}.yaml`, text), file: undefined })),
  ]
}

/** Paths of the templates of a repository, relative to its root, sorted. */
async function templateFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, TEMPLATES), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
      throw unreadable(TEMPLATES, error)
    },
  )
  return entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name))
    .map(({ name }) => `${TEMPLATES}/${name}`)
    .sort()
}

async function readText(root: string, file: string): Promise<string> {
  try {
    return await readFile(join(root, file), 'utf8')
  } catch (error) {
    throw unreadable(file, error as Error)
  }
}

function unreadable(file: string, cause: Error): Refusal {
  return new Refusal('file-unreadable', `${file} cannot be read: ${cause.message}`, { cause })
}

function openTemplate(file: string, text: string): FoundTemplate {
  const { template, diagnostics } = readTemplate({ file, text })
  return { id: templateIdOf(file), file, text, template, diagnostics }
}

/** The template that a person names, by id or by path. Refuses with `unknown-template` and `ambiguous-template`. */
export function findTemplate(all: readonly FoundTemplate[], wanted: string): FoundTemplate {
  const found = all.filter(({ id, file }) => id === wanted || file === wanted)
  const [first] = found
  if (first && found.length === 1) return first
  if (first) {
    throw new Refusal('ambiguous-template', `Several templates are called '${wanted}'`, {
      help: `Name one by its path: ${found.map(({ file }) => file).join(', ')}`,
    })
  }
  throw new Refusal('unknown-template', `There is no template '${wanted}'`, {
    help: `${helpWithName(
      wanted,
      all.map(({ id }) => id),
      'There are',
    )} \`codemie-ci templates\` tells more.`,
  })
}

/** The same, fit for use. Refuses with `template-invalid`, too. */
export function findUsable(all: readonly FoundTemplate[], wanted: string): Template {
  const { template, diagnostics, file, id } = findTemplate(all, wanted)
  if (template) return template
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  throw new Refusal(
    'template-invalid',
    `The template ${file ?? id} has errors:\n${errors.map(({ line, message }) => `  ${line}: ${message}`).join('\n')}`,
    { help: `\`codemie-ci validate ${file ?? ''}\` shows them in place.` },
  )
}

/** Values of the parameters, defaults filled in, and all that is wrong with what was typed, or answered when `isAsked`. */
export async function fitParameters(
  parameters: readonly InputSpec[],
  typed: readonly (readonly [name: string, text: string])[],
  isAsked = false,
): Promise<{
  readonly values: Readonly<Record<string, unknown>>
  readonly problems: readonly InputProblem[]
}> {
  return await fitValues(parameters, { values: [], texts: typed }, isAsked ? ANSWER_WORDS : PARAMETER_WORDS)
}

/** The workflow of a template with its parameters filled in. Refuses with `template-unfillable`. */
export function fillTemplate({ id, text }: Template, values: Readonly<Record<string, unknown>>): string {
  const filled = fillPlaceholders(text, values)
  if (filled !== undefined) return filled
  throw new Refusal('template-unfillable', `A value does not fit where the template '${id}' wants it`, {
    help: 'In folded text (>) and in keys of one line there is no place for several lines: write | in the template.',
  })
}
