import { commandTools } from './command.ts'
import type { BuiltInTool } from './define-tool.ts'
import { fileListTools } from './files-list.ts'
import { fileReadTools } from './files-read.ts'
import { fileWriteTools } from './files-write.ts'
import { gitTools } from './git.ts'
import { httpTools } from './http.ts'
import { dataTools } from './json-query.ts'
import { searchTools } from './search.ts'

/** Every built-in tool, in the order in which they are documented and in which a name such as `_file` finds the first. */
export function createBuiltInTools(): readonly BuiltInTool[] {
  return [
    ...fileReadTools,
    ...fileListTools,
    ...searchTools,
    ...fileWriteTools,
    ...gitTools,
    ...httpTools,
    ...commandTools,
    ...dataTools,
  ]
}
