import {
  type LineRange,
  rangesIn,
  type ShownLines,
  showFileContext,
} from '../../schema/dialects/octomind/file-context.ts'
import { PROJECT_VALUES, type ProjectValue } from '../../schema/dialects/octomind/placeholders.ts'
import type { StepEffects } from '../engine/step-effects.ts'

/** Name of the tool that tells what prompts of Octomind can name of the project. No assistant is ever offered it. */
export const LOOK_AROUND = 'look_around'

/** What it is asked for: values, or lines of files. */
export type LookAround =
  | { readonly values: readonly ProjectValue[]; readonly folder?: string }
  | { readonly files: readonly LineRange[]; readonly folder?: string }

/** Fails with `folder-missing` when there is no such folder in the repository. @param effects `undefined`: nothing is looked at. */
export async function requireFolder(
  folder: string,
  effects: Pick<StepEffects, 'tool'> | undefined,
): Promise<void> {
  const args: LookAround = { values: [], folder }
  await effects?.tool({ tool: LOOK_AROUND, args: { ...args } })
}

/** What it answers. */
export interface SeenAround {
  readonly values?: Readonly<Partial<Record<ProjectValue, string>>>
  readonly files?: readonly ShownLines[]
}

/** Who a prompt is for. */
export interface PromptPlace {
  readonly role: string
  /** Folder it works in, relative to the root of the repository. Default: the root. */
  readonly folder?: string
}

// Four braces around a text stand for two.
const VALUE = new RegExp(`\\{\\{\\{\\{([^{}]*)\\}\\}\\}\\}|\\{\\{(${PROJECT_VALUES.join('|')})\\}\\}`, 'g')

/**
 * Puts values of the project and of the moment in the place of their names, and files in the place of `<context>` blocks. Names
 * and blocks in outputs that were put in before count, too, as they do for octomind.
 *
 * @param effects `undefined`: the text stays as it is.
 */
export async function fillProjectValues(
  text: string,
  { role, folder }: PromptPlace,
  effects: Pick<StepEffects, 'tool'> | undefined,
): Promise<string> {
  if (!effects) return text
  const where = folder === undefined ? {} : { folder }
  const look = async (args: LookAround) =>
    (await effects.tool({ tool: LOOK_AROUND, args: { ...args } })) as SeenAround
  const names = new Set(Array.from(text.matchAll(VALUE), ({ 2: name }) => name as ProjectValue | undefined))
  const wanted = PROJECT_VALUES.filter((name) => names.has(name) && name !== 'ROLE')
  const { values = {} } = wanted.length > 0 ? await look({ values: wanted, ...where }) : {}
  const filled = text.replace(VALUE, (_, escaped?: string, name?: ProjectValue) => {
    if (escaped !== undefined) return `{{${escaped}}}`
    return name === 'ROLE' ? role : ((name && values[name]) ?? '')
  })
  const ranges = rangesIn(filled)
  const { files = [] } = ranges.length > 0 ? await look({ files: ranges, ...where }) : {}
  return showFileContext(filled, files)
}
