import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ATTRIBUTES_FILE, compareForGit, DRIVER_SETTING, setUpDiffDriver } from '../runner/diff-driver.ts'
import { findRepository } from '../runner/git/repository.ts'
import { isNothing } from '../schema/diff/definitions.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import { renderDiff } from './ui/diff-text.ts'
import { type Palette, wantsColor, withColors } from './ui/palette.ts'
import { oneLine } from './ui/plain-text.ts'

/**
 * What git calls for a definition: prints what its change means. The status is 0 whatever happens, because git stops the
 * whole diff otherwise; so what goes wrong is said where the diff would stand.
 */
export async function printForGit(args: readonly string[], cli: Cli): Promise<number> {
  const palette = paletteForGit(cli)
  const { bold, dim, symbols } = palette
  const said = (words: string) => `${bold(oneLine(args[0] ?? ''))}${dim(` ${symbols.dot} ${words}`)}\n`
  try {
    const all = await compareForGit(args, cli.world.cwd)
    const told = all.filter((diff) => !isNothing(diff))
    if (all.length === 0) cli.stdout.write(said('not merged yet'))
    else if (told.length === 0) cli.stdout.write(said('nothing that runs is different'))
    else for (const diff of told) cli.stdout.write(renderDiff(diff, palette))
  } catch (error) {
    cli.stdout.write(said(`cannot be compared: ${oneLine((error as Error).message)}`))
  }
  return EXIT.done
}

/** Git's pager is a pipe to us; where git colours for it, so do we. Source: `GIT_PAGER_IN_USE` in git's `pager.c`. */
function paletteForGit({ world: { env }, stdout, look }: Cli): Palette {
  const isTerminal = stdout.isTerminal || env['GIT_PAGER_IN_USE'] === 'true'
  return wantsColor(env, { isTerminal }, false) ? withColors(look.stdout) : look.stdout
}

/** `codemie-ci init --diff-driver`: makes `git diff` in this clone show what changes of definitions mean. */
export async function initDiffDriver(isJson: boolean, cli: Cli): Promise<number> {
  const repository = findRepository(cli.world.cwd, cli.world.env)
  const command = commandFor(cli)
  const { attributes, setting } = await setUpDiffDriver(repository, command)
  if (isJson) {
    const { printJson } = await import('./ui/json.ts')
    printJson(cli, { root: repository.root, attributes, setting, command })
    return EXIT.done
  }
  const { green, dim, symbols } = cli.look.stdout
  for (const [what, outcome] of [
    [ATTRIBUTES_FILE, attributes],
    [DRIVER_SETTING, setting],
  ] as const) {
    const sign = outcome === 'unchanged' ? dim(symbols.dot) : green(symbols.done)
    cli.stdout.write(`${sign} ${what}  ${dim(outcome)}\n`)
  }
  cli.stdout.write(`
\`git diff\` now shows what changes mean; so do \`git show --ext-diff\` and \`git log -p --ext-diff\`.
\`git diff --no-ext-diff\` shows the text.

Commit ${ATTRIBUTES_FILE}. Each clone has to run this once: git commits no settings.
\`git config --remove-section diff.codemie\` takes it back.
`)
  return EXIT.done
}

/**
 * The line that git gives to a shell. By name where a program of this name is installed, so that an update counts; else this
 * very script, as npx would take its time for every file and may ask the network.
 */
function commandFor({ program, world: { env } }: Cli): string {
  const words = isInstalled('codemie-ci', env['PATH']) ? ['codemie-ci'] : program
  return [...words, 'diff', '--driver', '--'].map(quoted).join(' ')
}

/** npm and npx add folders to the path for as long as they run; git is called without those. */
function isInstalled(name: string, path = ''): boolean {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '' && !folder.split(/[\\/]/).includes('node_modules'))
    .some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

/** A word for a shell; those that mean nothing else to it stay as they are. */
function quoted(word: string): string {
  return /^[\w./:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
