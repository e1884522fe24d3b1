import { Refusal } from '../failure.ts'
import { sha256 } from '../store/payload.ts'

/** A file that a run was given, as its record keeps it: without secrets, and with what was read out of it. */
export interface AttachedFile {
  /** What states and models call it: the last part of its path. No two files of a run have the same. */
  readonly name: string
  readonly mediaType: string
  readonly content: Uint8Array
  /** What a model gets to read: the file itself where it is text, the text of a PDF. `undefined`: an image. */
  readonly text?: string
}

/** Kinds of file that a run takes, and the ending that their contents have in a record. */
export const ENDINGS = {
  'text/plain': 'txt',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'application/pdf': 'pdf',
} as const

/** Folder of a record that holds what the run was given. */
export const ATTACHED_FOLDER = 'files'

/** What is recorded of a file in `inputs.json`; its contents stand in the folder under their digests. */
interface RecordedFile {
  readonly name: string
  readonly mediaType: keyof typeof ENDINGS
  /** Of the content. */
  readonly sha256: string
  /** Bytes. */
  readonly size: number
  /** Of the text that was read out of a PDF. */
  readonly textSha256?: string
}

/** Files as `inputs.json` lists them, so that the digest of the inputs is also about what is in the files. */
export function describeFiles(files: readonly AttachedFile[]): readonly RecordedFile[] {
  return files.map(({ name, mediaType, content, text }) => ({
    name,
    mediaType: mediaType as keyof typeof ENDINGS,
    sha256: sha256(content),
    size: content.length,
    ...(mediaType === 'application/pdf' && text !== undefined ? { textSha256: sha256(text) } : {}),
  }))
}

/** Contents of files by their path in the record, each once: `files/<sha256>.png`. */
export function contentsOf(files: readonly AttachedFile[]): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>()
  for (const [index, recorded] of describeFiles(files).entries()) {
    const { content, text } = files[index] as AttachedFile
    contents.set(pathOf(recorded.sha256, recorded.mediaType), content)
    if (recorded.textSha256 !== undefined)
      contents.set(pathOf(recorded.textSha256, 'text/plain'), Buffer.from(text ?? ''))
  }
  return contents
}

/**
 * The files that `inputs.json` of a record lists. None for a run that was given none, or only their names, as records of
 * earlier versions have it. Refuses with `file-missing` (exit status 6) when a content is not there or not what it was.
 *
 * @param contents by path in the record.
 */
export function readRecordedFiles(
  listed: unknown,
  contents: ReadonlyMap<string, Uint8Array>,
): readonly AttachedFile[] {
  if (!Array.isArray(listed)) return []
  return listed.filter(isRecorded).map(({ name, mediaType, sha256: digest, textSha256 }) => {
    const contentAt = (wanted: string, kind: keyof typeof ENDINGS) => {
      const content = contents.get(pathOf(wanted, kind))
      if (content !== undefined && sha256(content) === wanted) return content
      throw new Refusal(
        'file-missing',
        `The record does not hold the file '${name}' as the run was given it`,
        {
          exitStatus: 6,
          help: 'Start a new run with the file; `codemie-ci verify` says what is wrong with the record.',
        },
      )
    }
    const content = contentAt(digest, mediaType)
    const text = mediaType === 'text/plain' ? content : textSha256 && contentAt(textSha256, 'text/plain')
    return { name, mediaType, content, ...(text ? { text: Buffer.from(text).toString('utf8') } : {}) }
  })
}

function pathOf(digest: string, mediaType: keyof typeof ENDINGS): string {
  return `${ATTACHED_FOLDER}/${digest}.${ENDINGS[mediaType]}`
}

/** Anybody who may push can make a record, so nothing of it is believed. */
function isRecorded(one: unknown): one is RecordedFile {
  const { name, mediaType, sha256: digest, textSha256 } = (one ?? {}) as Partial<RecordedFile>
  const isDigest = (text: unknown) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text)
  return (
    typeof name === 'string' &&
    typeof mediaType === 'string' &&
    Object.hasOwn(ENDINGS, mediaType) &&
    isDigest(digest) &&
    (textSha256 === undefined || isDigest(textSha256))
  )
}
