import { commandTools } from './command.ts'
import type { BuiltInTool } from './define-tool.ts'
import { fileListTools } from './files-list.ts'
import { fileReadTools } from './files-read.ts'
import { fileWriteTools } from './files-write.ts'
import { gitTools } from './git.ts'
import { createHttpTools, type HttpCredential } from './http.ts'
import { dataTools } from './json-query.ts'
import { searchTools } from './search.ts'

/**
 * Every built-in tool, in the order in which they are documented and in which a name such as `_file` finds the first.
 *
 * @param options.credentials secrets that the HTTP tools add for the hosts of configured integrations. Default: none.
 */
export function createBuiltInTools(
  options: { credentials?: readonly HttpCredential[] } = {},
): readonly BuiltInTool[] {
  return [
    ...fileReadTools,
    ...fileListTools,
    ...searchTools,
    ...fileWriteTools,
    ...gitTools,
    ...createHttpTools(options.credentials),
    ...commandTools,
    ...dataTools,
  ]
}
