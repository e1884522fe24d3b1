import { Refusal } from '../runner/failure.ts'
import type { Definition, Project } from '../runner/project.ts'
import type { ListFilter, RunSummary } from '../runner/store/list-runs.ts'
import type { RunReader } from '../runner/store/reader.ts'
import { ROLE } from '../schema/workflow.ts'

/**
 * The runs of a workflow that a person names otherwise than its record does: by all that `run` takes for it, and a role
 * also without `role:`. Refuses with `unknown-workflow` where there is neither a run of that name nor the workflow, and
 * with `ambiguous-workflow`.
 */
export async function findRunsOf(
  reader: RunReader,
  project: Project,
  filter: ListFilter & { readonly workflow: string },
): Promise<readonly RunSummary[]> {
  const { workflow: typed, limit, ...others } = filter
  // Also of a workflow that is gone.
  if ((await reader.list({ workflow: typed, limit: 1 })).length > 0) return []
  const { id, file } = await findNamed(project, typed)
  if (!typed.includes('#')) return await reader.list({ ...filter, workflow: id })
  // Other files can have a workflow of that name.
  const all = await reader.list({ ...others, workflow: id })
  const starts = await reader.starts(all)
  return all.filter((_run, index) => starts[index]?.workflow.file === file).slice(0, limit)
}

async function findNamed(project: Project, typed: string): Promise<Definition> {
  try {
    return await project.find(typed)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'unknown-workflow') throw error
    return await project.find(`${ROLE}${typed}`).catch(() => Promise.reject(error))
  }
}
