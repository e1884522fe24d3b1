import { commitLines, type FileChange } from '../runner/file-change.ts'
import type { Project } from '../runner/project.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import { githubNotes } from './github-notes.ts'
import type { Invocation } from './invocation.ts'
import { printJson } from './ui/json.ts'
import { oneLine } from './ui/plain-text.ts'
import { quoteWord } from './ui/quote-word.ts'

/**
 * Says what was done to files, what the GitHub workflow lacks from then on, and how to commit it.
 *
 * @param words what was done, as a sentence without a full stop.
 * @returns the exit status.
 */
export async function reportChange(
  invocation: Invocation,
  cli: Cli,
  project: Project,
  change: FileChange,
  words: string,
): Promise<number> {
  const isChanged = change.files.length > 0
  const notes = isChanged ? await githubNotes(cli.world) : []
  const lines = await commitLines(project.repository, change)
  const commit = lines.map((line) => line.map(quoteWord).join(' '))
  if (invocation.flag('json')) {
    printJson(cli, { ...change, isChanged, notes, commit })
    return EXIT.done
  }
  const { dim, green, symbols } = cli.look.stdout
  cli.stdout.write(`${isChanged ? green(symbols.done) : dim(symbols.dot)} ${oneLine(words)}\n`)
  for (const { path, what } of change.files.slice(1)) {
    if (what === 'changed')
      cli.stdout.write(`  ${dim(symbols.dot)} ${oneLine(path)} calls it by its new name\n`)
  }
  for (const note of notes) cli.stdout.write(`  ${dim(symbols.dot)} ${note}\n`)
  if (commit.length > 0) cli.stderr.write(`Nothing is committed yet: ${commit.join(' && ')}\n`)
  return EXIT.done
}
