import { PyDict } from '../../schema/language/index.ts'
import { type DatasourcePlace, readDatasource } from '../tools/datasource.ts'
import type { ToolContext } from '../tools/tool.ts'

/**
 * The documents of a datasource as a node that lists them sees them.
 *
 * Fails with a `StepFailure` blamed on policy when the place lies outside the repository.
 *
 * @returns for each text file that git does not ignore `file_path` and `source` (its path from the root), `file_name`,
 * and with `withContent` its text under `content`; in the order of the paths.
 */
export async function listDatasource(
  context: ToolContext,
  place: DatasourcePlace,
  withContent: boolean,
): Promise<readonly PyDict[]> {
  const documents = await readDatasource(context, place)
  return documents.map(
    ({ path, text }) =>
      new PyDict([
        ['file_path', path],
        ['source', path],
        ['file_name', path.slice(path.lastIndexOf('/') + 1)],
        ...(withContent ? ([['content', text]] as const) : []),
      ]),
  )
}
