import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { withInner } from '../schema/blocks.ts'
import type { Workflow } from '../schema/workflow.ts'

/** File with the programs that messages to roles go through, from the folder that a role works in. Octomind's own. */
export const PIPES_FILE = '.agents/guardrails.toml'

/**
 * The folders, from the root of the repository, whose roles get messages through programs. `undefined`: no workflow has roles.
 *
 * @param root absolute path of the repository.
 */
export async function pipeFoldersOf(
  workflows: readonly Workflow[],
  root: string,
): Promise<ReadonlySet<string> | undefined> {
  const folders = workflows
    .flatMap(({ states }) => withInner(states))
    .flatMap(({ work }) =>
      work.kind === 'prompt' || (work.kind === 'layer' && work.sees === 'session')
        ? [work.folder?.value ?? '.']
        : [],
    )
  if (folders.length === 0) return undefined
  const found = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      const stats = await stat(join(root, folder, PIPES_FILE)).catch(() => undefined)
      return stats?.isFile() ? [folder] : []
    }),
  )
  return new Set(found.flat())
}
