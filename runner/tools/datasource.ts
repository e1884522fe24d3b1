import { type BuiltInTool, defineTool } from './define-tool.ts'
import { selectFiles } from './files-list.ts'
import { readText } from './files-read.ts'
import { rankPassages } from './rank-passages.ts'
import { resolveInRoot } from './root.ts'
import type { ToolContext } from './tool.ts'

/** Files of the repository that assistants can search. Source: `datasources.<id>` in `.codemie/config.yaml`. */
export interface DatasourcePlace {
  /** Folder, relative to the root of the repository. Default: the root. */
  readonly path?: string
  /** Globs of the files in it, relative to that folder. Default: all. */
  readonly globs?: readonly string[]
}

/** A datasource as a tool needs to know it. */
export interface DatasourceInfo extends DatasourcePlace {
  readonly id: string
  readonly name: string
  /** What is in it; the model reads this. */
  readonly description: string
  /** `code` also gets a tool that lists its files. */
  readonly kind: 'code' | 'documents'
}

/** One document of a datasource. */
export interface DatasourceDocument {
  /** From the root, with `/`. */
  readonly path: string
  readonly text: string
}

/**
 * The text files of a datasource that git does not ignore, in the order of their paths.
 *
 * Fails with a `StepFailure` blamed on policy when the place lies outside the repository.
 */
export async function readDatasource(
  context: ToolContext,
  place: DatasourcePlace,
): Promise<readonly DatasourceDocument[]> {
  const use = { tool: 'datasource', argument: 'path' }
  const files = await filesOf(context, place, use.tool)
  const documents: DatasourceDocument[] = []
  for (let from = 0; from < files.length; from += BATCH) {
    context.signal.throwIfAborted()
    const batch = files.slice(from, from + BATCH)
    const texts = await Promise.all(batch.map((path) => readText(context, path, use)))
    for (const [index, path] of batch.entries()) {
      const text = texts[index]
      if (text !== undefined) documents.push({ path, text })
    }
  }
  return documents
}

/** Files read at once. */
const BATCH = 32

/**
 * Tools with which an assistant looks into its datasources: `search_<id>` for each, and `list_<id>` for code.
 *
 * @param options.listing whether to offer the tools that list. Source: `exclude_extra_context_tools` switches them off.
 * Default: true.
 */
export function createDatasourceTools(
  datasources: readonly DatasourceInfo[],
  options: { listing?: boolean } = {},
): readonly BuiltInTool[] {
  return datasources.flatMap((datasource) => {
    const about =
      datasource.description === '' ? datasource.name : `${datasource.name}: ${datasource.description}`
    const search = defineTool<{ query: string; limit?: number }>({
      name: toolName('search', datasource.id),
      description: `Finds the passages that best fit a question or keywords, in ${about}. Returns {passages: [{path, start_line, end_line, text}], files_searched}.`,
      reach: 'read',
      argumentNames: { text: 'query', question: 'query' },
      properties: {
        query: { type: 'string', minLength: 1, description: 'Question or keywords, in plain words.' },
        limit: { type: 'integer', minimum: 1, maximum: 20, description: 'Most passages. Default: 5.' },
      },
      required: ['query'],
      async run(args, context) {
        const documents = await readDatasource(context, datasource)
        const passages = rankPassages(documents, args.query, args.limit ?? 5)
        return {
          passages: passages.map(({ path, startLine, endLine, text }) => ({
            path,
            start_line: startLine,
            end_line: endLine,
            text,
          })),
          files_searched: documents.length,
        }
      },
    })
    if (datasource.kind !== 'code' || options.listing === false) return [search]
    const list = defineTool<Record<string, never>>({
      name: toolName('list', datasource.id),
      description: `Lists the files of ${about}, as paths in order of name.`,
      reach: 'read',
      properties: {},
      run: (_args, context) => filesOf(context, datasource, 'datasource'),
    })
    return [search, list]
  })
}

/** Names that model providers accept: letters, digits, `_` and `-`, at most 64. */
function toolName(verb: string, id: string): string {
  return `${verb}_${id.replace(/[^A-Za-z0-9_-]+/g, '_')}`.slice(0, 64)
}

async function filesOf(context: ToolContext, place: DatasourcePlace, tool: string): Promise<string[]> {
  const { relative } = await resolveInRoot(context, place.path ?? '.', { tool, argument: 'path' })
  const prefix = relative === '.' ? '' : `${relative}/`
  return await selectFiles(
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
}
