import { realpath } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { Refusal, StepFailure } from '../failure.ts'
import type { Redact } from '../store/redact.ts'
import { type RootedPath, readInRoot, resolveInRoot } from '../tools/root.ts'
import type { AttachedFile, ENDINGS } from './attached-file.ts'

/** Bytes of one file, and of all files of a run: they are kept in its record. */
const MOST_BYTES = 5 * 1024 * 1024
const MOST_BYTES_TOGETHER = 10 * 1024 * 1024
const MOST_FILES = 20

/** Where the paths come from. */
export interface FileSource {
  /** What the option or input is called, for messages: `--file`. */
  readonly from: string
  /** Folder that paths count from. */
  readonly cwd: string
  /**
   * Top of the repository, out of which no path and no link may lead: the files were checked out from what others wrote.
   * Default: a person names their own files, wherever they are.
   */
  readonly within?: string
  /** Takes secrets out of texts; another file that holds one is refused. */
  readonly redact: Redact
}

/**
 * Reads the files that a run is given, in their order. What a file is, is told by what is in it and not by its name.
 *
 * Refuses before anything is spent: `file-not-readable`, `file-too-large`, `file-not-supported`, `file-named-twice`,
 * `secret-in-file`.
 */
export async function readFiles(
  paths: readonly string[],
  source: FileSource,
): Promise<readonly AttachedFile[]> {
  if (paths.length > MOST_FILES) {
    throw new Refusal(
      'file-too-large',
      `${source.from} names ${paths.length} files, and a run takes ${MOST_FILES}`,
    )
  }
  const files: AttachedFile[] = []
  let bytes = 0
  for (const path of paths) {
    const file = await readOne(path, source)
    bytes += file.content.length
    if (bytes > MOST_BYTES_TOGETHER) throw tooLarge('The files together are', MOST_BYTES_TOGETHER)
    if (files.some(({ name }) => name === file.name)) {
      throw new Refusal('file-named-twice', `${source.from}: two files are called '${file.name}'`, {
        help: 'The workflow knows files by their names: rename one, or leave it out.',
      })
    }
    files.push(file)
  }
  return files
}

async function readOne(path: string, source: FileSource): Promise<AttachedFile> {
  const content = await readContent(path, source)
  const name = nameOf(path)
  const mediaType = mediaTypeOf(content)
  if (mediaType === undefined) {
    throw new Refusal(
      'file-not-supported',
      `${source.from}: '${name}' is neither text nor an image nor a PDF`,
      {
        help: 'Text in UTF-8, PNG, JPEG, GIF, WebP and PDF are taken. Turn the file into one of them.',
      },
    )
  }
  if (mediaType === 'text/plain') {
    const text = source.redact(Buffer.from(content).toString('utf8'))
    return { name, mediaType, content: Buffer.from(text), text }
  }
  const text =
    mediaType === 'application/pdf' ? await (await import('./pdf-text.ts')).readPdf(content, name) : undefined
  // Nothing can be taken out of an image or a PDF.
  for (const held of [Buffer.from(content).toString('utf8'), text ?? '']) {
    if (source.redact(held) === held) continue
    throw new Refusal('secret-in-file', `${source.from}: '${name}' holds a secret`, {
      exitStatus: 5,
      help: 'The file would be kept in the record and sent to a model. Give one without the secret.',
    })
  }
  return { name, mediaType, content, ...(text === undefined ? {} : { text }) }
}

async function readContent(path: string, { from, cwd, within }: FileSource): Promise<Uint8Array> {
  const use = { tool: from, argument: 'path' }
  try {
    const place =
      within === undefined
        ? await personsPlace(path, cwd)
        : await resolveInRoot({ root: within }, resolve(cwd, path), use)
    const { bytes, totalBytes } = await readInRoot(place, use, MOST_BYTES + 1)
    if (totalBytes > MOST_BYTES) throw tooLarge(`${from}: '${path}' is`, MOST_BYTES)
    return bytes
  } catch (error) {
    if (!(error instanceof StepFailure)) throw error
    throw new Refusal('file-not-readable', error.message, {
      help: error.help ?? 'The path counts from the working directory, and leads to a file.',
      cause: error,
    })
  }
}

/** Links lead where the person who made them wanted. */
async function personsPlace(path: string, cwd: string): Promise<RootedPath> {
  const absolute = resolve(cwd, path)
  return { absolute: await realpath(absolute).catch(() => absolute), relative: path }
}

function tooLarge(what: string, most: number): Refusal {
  return new Refusal('file-too-large', `${what} larger than ${most / 1024 / 1024} MiB`, {
    help: 'Files are kept in the record of the run. Give the part that matters.',
  })
}

/** Names stand in prompts and in the marks around texts. */
function nameOf(path: string): string {
  return (
    basename(path)
      .normalize('NFC')
      .replace(/[^\p{L}\p{N}\p{M} ._@+#()-]/gu, '_')
      .slice(0, 200) || 'file'
  )
}

/** How files begin, as one character for each byte. */
const BEGINNINGS: readonly (readonly [RegExp, keyof typeof ENDINGS])[] = [
  [/^\x89PNG\r\n\x1a\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^GIF8[79]a/, 'image/gif'],
  [/^RIFF.{4}WEBP/s, 'image/webp'],
  [/^%PDF-/, 'application/pdf'],
]

function mediaTypeOf(content: Uint8Array): keyof typeof ENDINGS | undefined {
  const beginning = Buffer.from(content.subarray(0, 16)).toString('latin1')
  const found = BEGINNINGS.find(([pattern]) => pattern.test(beginning))
  if (found) return found[1]
  return isText(content) ? 'text/plain' : undefined
}

function isText(content: Uint8Array): boolean {
  if (content.includes(0)) return false
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content)
    return true
  } catch {
    return false
  }
}
