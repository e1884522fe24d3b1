import { PyDict } from '../../schema/language/index.ts'
import { selectFiles } from '../tools/files-list.ts'
import { looksBinary } from '../tools/files-read.ts'
import { readInRoot, resolveInRoot } from '../tools/root.ts'
import type { ToolContext } from '../tools/tool.ts'

/** Where a datasource lies. Source: `datasources.<id>` in `.codemie/config.yaml`. */
export interface DatasourcePlace {
  /** Folder, relative to the root of the repository. Default: the root. */
  readonly path?: string
  /** Globs of the files in it, relative to that folder. Default: all. */
  readonly globs?: readonly string[]
}

/** A longer document is left out: it would not fit a prompt either. */
const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024

/**
 * The documents of a datasource: text files of the repository that git does not ignore, in the order of their paths.
 *
 * Fails with a `StepFailure` blamed on policy when the place lies outside the repository.
 *
 * @returns for each document `file_path` and `source` (its path from the root), `file_name`, and with `withContent`
 * its text under `content`.
 */
export async function listDatasource(
  context: ToolContext,
  place: DatasourcePlace,
  withContent: boolean,
): Promise<readonly PyDict[]> {
  const tool = 'datasource'
  const { relative } = await resolveInRoot(context, place.path ?? '.', { tool, argument: 'path' })
  const prefix = relative === '.' ? '' : `${relative}/`
  const files = await selectFiles(
    context,
    {
      path: relative,
      // A glob without a slash matches by name at any depth and needs no folder.
      include: (place.globs ?? []).map((glob) =>
        glob.includes('/') ? `${prefix}${glob.replace(/^\//, '')}` : glob,
      ),
    },
    { tool },
  )
  const documents: PyDict[] = []
  for (const file of files) {
    context.signal.throwIfAborted()
    const document = new PyDict([
      ['file_path', file],
      ['source', file],
      ['file_name', file.slice(file.lastIndexOf('/') + 1)],
    ])
    const content = await textOf(context, file, tool)
    if (content === undefined) continue
    if (withContent) document.set('content', content)
    documents.push(document)
  }
  return documents
}

async function textOf(context: ToolContext, file: string, tool: string): Promise<string | undefined> {
  try {
    const use = { tool, argument: 'path' }
    const { bytes, totalBytes } = await readInRoot(
      await resolveInRoot(context, file, use),
      use,
      MAX_DOCUMENT_BYTES,
    )
    return totalBytes > bytes.length || looksBinary(bytes) ? undefined : bytes.toString('utf8')
  } catch {
    // Gone since it was listed, or a link that leads out of the repository.
    return undefined
  }
}
