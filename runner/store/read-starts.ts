import type { RunSummary } from './list-runs.ts'
import type { ManifestStart } from './manifest.ts'
import { readObjects } from './objects.ts'
import type { ReadContext } from './read-run.ts'
import { parseManifest, readRunFacts } from './run-directory.ts'
import { findRunDirectory } from './run-home.ts'

/**
 * What runs of a list were started with, in order: of all that are in git with one process. `undefined` where a record
 * cannot be read: a list goes on, and whoever opens the record is told.
 */
export async function readStarts(
  { repository, home }: Pick<ReadContext, 'repository' | 'home'>,
  runs: readonly Pick<RunSummary, 'id' | 'tree'>[],
): Promise<(ManifestStart | undefined)[]> {
  const inGit = runs.filter(({ tree }) => tree !== undefined)
  const texts = await readObjects(
    repository.git,
    inGit.map(({ tree }) => `${tree}:run.json`),
  )
  const textOf = new Map(inGit.map(({ id }, index) => [id, texts[index]]))
  return runs.map(({ id, tree }) => {
    if (tree !== undefined) return manifestIn(textOf.get(id), id)
    const directory = findRunDirectory(home, id)
    return directory === undefined ? undefined : readRunFacts(directory)?.start
  })
}

function manifestIn(content: Uint8Array | undefined, id: string): ManifestStart | undefined {
  try {
    return content && parseManifest(Buffer.from(content).toString('utf8'), id)
  } catch {
    return undefined
  }
}
