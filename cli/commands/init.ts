import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Refusal } from '../../runner/failure.ts'
import { findRepository } from '../../runner/git/repository.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { STARTERS, type Starter } from '../starters/index.ts'
import { type ProjectFile, planProjectFiles, starterPath } from '../starters/project-files.ts'
import { printJson } from '../ui/json.ts'
import { usageError } from '../usage-error.ts'
import { schemaText } from './schema.ts'

/** What became of one file. */
type Outcome = 'written' | 'unchanged' | 'replaced' | 'updated' | 'kept'

/** `codemie-ci init`: sets a repository up, and says what to type next. */
export const init: CommandRunner = async (invocation, cli) => {
  if (invocation.flag('diff-driver')) return await setUpDriver(invocation, cli)
  const { root } = findRepository(cli.world.cwd, cli.world.env)
  const starter = await chooseStarter(invocation.text('template'), root, cli)
  const files = planProjectFiles({
    starter,
    version: cli.version,
    withGithub: !invocation.flag('no-github'),
    schemas: { workflow: schemaText('workflow'), config: schemaText('config') },
  })
  const done: { path: string; outcome: Outcome }[] = []
  for (const file of files) {
    done.push({ path: file.path, outcome: await writeProjectFile(root, file, invocation.flag('force')) })
  }
  if (invocation.flag('json')) printJson(cli, { root, template: starter.name, files: done })
  else report(done, starter, cli)
  return EXIT.done
}

async function setUpDriver(invocation: Invocation, cli: Cli): Promise<number> {
  if (invocation.text('template') !== undefined || invocation.flag('force') || invocation.flag('no-github'))
    throw usageError('--diff-driver sets up nothing else.', 'Run `codemie-ci init` once more without it.')
  const { initDiffDriver } = await import('../diff-driver.ts')
  return await initDiffDriver(invocation.flag('json'), cli)
}

async function chooseStarter(wanted: string | undefined, root: string, cli: Cli): Promise<Starter> {
  if (wanted !== undefined) {
    const starter = STARTERS.find(({ name }) => name === wanted)
    if (!starter)
      throw new Error(`The table of commands allows the template '${wanted}', which does not exist`)
    return starter
  }
  // A second time is about the rest: the first workflow was chosen before.
  const chosen = STARTERS.find((starter) => existsSync(join(root, starterPath(starter))))
  if (chosen) return chosen
  if (!cli.canAsk || !cli.terminal) return STARTERS[0]
  const { selectOne } = await import('../ui/select-one.tsx')
  const index = await selectOne({
    question: 'Which workflow do you want to start with?',
    choices: STARTERS.map(({ name, summary }) => ({ name, summary })),
    palette: cli.look.stderr,
    terminal: cli.terminal,
  })
  const starter = index === undefined ? undefined : STARTERS[index]
  if (!starter) {
    throw new Refusal('interrupted', 'Nothing was chosen, and nothing was written', {
      exitStatus: EXIT.interrupted,
    })
  }
  return starter
}

async function writeProjectFile(root: string, file: ProjectFile, force: boolean): Promise<Outcome> {
  const path = join(root, file.path)
  const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw cannotWrite(file, error)
  })
  if (before === file.text) return 'unchanged'
  if (before !== undefined && !force && !file.isGenerated) return 'kept'
  try {
    await mkdir(dirname(path), { recursive: true })
    // `wx`: a file that appears in between is not overwritten either.
    await writeFile(path, file.text, before === undefined ? { flag: 'wx' } : {})
  } catch (error) {
    throw cannotWrite(file, error)
  }
  return before === undefined ? 'written' : file.isGenerated ? 'updated' : 'replaced'
}

function cannotWrite(file: ProjectFile, cause: unknown): Refusal {
  return new Refusal('cannot-write', `${file.path} cannot be written: ${(cause as Error).message}`, {
    help: 'Mend the permissions of the folder or remove what stands in the way, and start again.',
    cause,
  })
}

function report(
  done: readonly { readonly path: string; readonly outcome: Outcome }[],
  starter: Starter,
  cli: Cli,
): void {
  const { bold, dim, green, yellow, symbols } = cli.look.stdout
  const signs: Readonly<Record<Outcome, string>> = {
    written: green(symbols.done),
    replaced: green(symbols.done),
    updated: green(symbols.done),
    unchanged: dim(symbols.dot),
    kept: yellow(symbols.warning),
  }
  for (const { path, outcome } of done) {
    const words = outcome === 'kept' ? 'kept: it differs from what init writes' : outcome
    cli.stdout.write(`${signs[outcome]} ${path}  ${dim(words)}\n`)
  }
  if (done.some(({ outcome }) => outcome === 'kept')) {
    cli.stdout.write(`\nFiles of yours stay as they are; --force replaces them.\n`)
  }
  const steps = [
    ['codemie-ci validate', 'check everything'],
    [`codemie-ci plan ${starter.name}`, 'see what a run would do'],
    ...(starter.needsModel
      ? [['export OPENAI_API_KEY=...', 'or another provider, in .codemie/config.yaml']]
      : []),
    [starter.tryLine, 'run it'],
  ] as const
  const width = Math.max(...steps.map(([line]) => line?.length ?? 0))
  cli.stdout.write(`\n${bold('Next')}\n`)
  for (const [line, what] of steps) cli.stdout.write(`  ${(line ?? '').padEnd(width)}  ${dim(what ?? '')}\n`)
}
