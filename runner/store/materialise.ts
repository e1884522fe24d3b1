import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ATTACHED_FOLDER } from '../attachments/attached-file.ts'
import { Refusal } from '../failure.ts'
import type { StoreContext } from './context.ts'
import { definitionTexts } from './definition.ts'
import { writeNewFile } from './durable-file.ts'
import { countHandedOut } from './journal-order.ts'
import { currentLease } from './lease.ts'
import { EXCERPT_SIGN } from './payload.ts'
import type { StoredRun } from './read-run.ts'
import { callFileName, GRAPH_FILE, workflowFileName } from './record.ts'
import { readRunFacts, readRunJournal, replaceRunFacts, startOf, writeRunFacts } from './run-directory.ts'
import {
  createRunDirectory,
  findKeptDirectory,
  keepRunDirectory,
  removeRunDirectory,
  takeKeptDirectory,
} from './run-home.ts'

/** Nothing of a record leads out of the directory that is made of it. */
const ATTACHED = new RegExp(`^${ATTACHED_FOLDER}/[0-9a-f]{64}\\.[a-z]+$`)

/**
 * Makes the run directory of a run that is only in git, so that it can go on here. A run that had an end remembers the
 * tree it continues: its folder is replaced later only if it still holds exactly that.
 *
 * @returns the directory, and how to make it undone where the run turns out to be somebody else's.
 */
export function materialise(
  context: StoreContext,
  stored: StoredRun,
): { readonly directory: string; readonly undo: () => void } {
  const { manifest, files } = stored
  const start = {
    ...startOf(manifest),
    ...((stored.where === 'branch' || stored.where === 'done') && stored.tree !== undefined
      ? { previousTree: stored.tree }
      : {}),
  }
  const kept = findKeptDirectory(context.home, manifest.id)
  // What was put aside is more than the record, unless somebody else has continued the run since.
  if (kept !== undefined && fenceOf(kept) === manifest.fence) {
    const directory = takeKeptDirectory(kept)
    const facts = readRunFacts(directory)
    if (facts !== undefined) replaceRunFacts(directory, { ...facts, start })
    return { directory, undo: () => keepRunDirectory(directory) }
  }
  const textOf = (path: string) => {
    const content = files.get(path)
    return content === undefined ? undefined : Buffer.from(content).toString('utf8')
  }
  const calls = manifest.workflow.calls ?? []
  const needed = ['inputs.json', workflowFileName(manifest.workflow.file), ...calls.map(callFileName)]
  const isExcerpt = needed.some((path) => textOf(path)?.includes(EXCERPT_SIGN))
  if (isExcerpt) {
    throw new Refusal(
      'inputs-elsewhere',
      `The inputs or the definition of run ${manifest.id} were too large for its record`,
      {
        exitStatus: 6,
        help: 'Resume it on the machine that ran it, or run the workflow again.',
      },
    )
  }
  const directory = createRunDirectory(context.home, manifest.id, context.warn)
  mkdirSync(join(directory, 'journal'))
  for (const [path, content] of files) {
    if (/^journal\/\d{6}\.ndjson$/.test(path)) writeNewFile(join(directory, path), content)
  }
  writeRunFacts(directory, {
    start,
    ...definitionTexts(manifest, files),
    inputsText: textOf('inputs.json') ?? '{}\n',
    attached: new Map([...files].filter(([path]) => ATTACHED.test(path))),
    graph: textOf(GRAPH_FILE),
  })
  return { directory, undo: () => removeRunDirectory(directory) }
}

/** The number of a directory's last holder as its record says it. */
function fenceOf(directory: string): number {
  return (currentLease(directory)?.fence ?? 0) - countHandedOut(readRunJournal(directory).events)
}
