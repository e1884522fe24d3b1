import { DEFINITIONS } from '../runner/project.ts'
import { workflowIdOf } from '../schema/index.ts'

/**
 * What a definition is called where no two may be taken for one, as in the mark of a comment: the stem of a `.yaml` that lies
 * right in the folder of definitions, else its path below that folder, such as `weekly/report.yaml`. `run` takes both.
 *
 * @param file path relative to the root of the repository.
 */
export function nameDefinition(file: string): string {
  const id = workflowIdOf(file)
  if (file === `${DEFINITIONS}/${id}.yaml`) return id
  return file.startsWith(`${DEFINITIONS}/`) ? file.slice(DEFINITIONS.length + 1) : `./${file}`
}
