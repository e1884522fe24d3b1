import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { StoreContext } from './context.ts'
import { writeNewFile } from './durable-file.ts'
import type { StoredRun } from './read-run.ts'
import { GRAPH_FILE } from './record.ts'
import { startOf, writeRunFacts } from './run-directory.ts'
import { createRunDirectory } from './run-home.ts'

/**
 * Makes the run directory of a run that is only in git, so that it can go on here. A run from the branch remembers the
 * tree it continues: its folder is replaced later only if it still holds exactly that.
 */
export function materialise(context: StoreContext, stored: StoredRun): string {
  const { manifest, files } = stored
  const directory = createRunDirectory(context.home, manifest.id, context.warn)
  const textOf = (path: string) => {
    const content = files.get(path)
    return content === undefined ? undefined : Buffer.from(content).toString('utf8')
  }
  mkdirSync(join(directory, 'journal'))
  for (const [path, content] of files) {
    if (/^journal\/\d{6}\.ndjson$/.test(path)) writeNewFile(join(directory, path), content)
  }
  const workflowPath = [...files.keys()].find((path) => /^workflow\.(yaml|toml)$/.test(path))
  writeRunFacts(directory, {
    start: {
      ...startOf(manifest),
      ...(stored.where === 'branch' && stored.tree !== undefined ? { previousTree: stored.tree } : {}),
    },
    workflowText: (workflowPath === undefined ? undefined : textOf(workflowPath)) ?? '',
    inputsText: textOf('inputs.json') ?? '{}\n',
    graph: textOf(GRAPH_FILE),
  })
  return directory
}
