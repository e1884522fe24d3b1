import type { AttachedFile } from '../attachments/attached-file.ts'
import type { Step } from '../engine/step.ts'
import type { ImagePart } from '../models/model.ts'
import { fenceOutside, OutsideText } from '../policy/untrusted.ts'

/** What a model gets of the files of a run, behind the task. */
export interface ShownFiles {
  /** Begins with a blank line; `''` where there is nothing to read. */
  readonly text: string
  readonly images: readonly ImagePart[]
}

/** Characters of all texts together, about 50,000 tokens; each file gets an equal share. */
const MOST_CHARACTERS = 200_000

/** Where there are none. */
export const NO_FILES: ShownFiles = { text: '', images: [] }

/** Made once for all the steps of a run: requests are digested message by message. */
const shown = new WeakMap<readonly AttachedFile[], ShownFiles>()

/**
 * The files that an agent step gets to see: texts and PDFs between marks that say that they are data, images beside
 * them. Where some state iterates into the step there are none: its task is about the item. Spec/codemie 2.3.
 */
export function showFiles({
  input: { files },
  isMapTarget,
}: Pick<Step, 'input' | 'isMapTarget'>): ShownFiles {
  if (isMapTarget || files === undefined || files.length === 0) return NO_FILES
  const known = shown.get(files)
  if (known) return known
  const texts = files.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]))
  const limit = Math.floor(MOST_CHARACTERS / Math.max(1, texts.length))
  const { value } = fenceOutside(
    texts.map(({ name, text }) => new OutsideText(name, text, 'source', limit)),
    'attached file',
  )
  const made = {
    text: (value as readonly string[]).map((text) => `\n\n${text}`).join(''),
    images: files.flatMap(({ mediaType, content, text }) =>
      text === undefined ? [{ mediaType, base64: Buffer.from(content).toString('base64') }] : [],
    ),
  }
  shown.set(files, made)
  return made
}
