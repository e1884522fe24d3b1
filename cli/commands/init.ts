import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '../../runner/failure.ts'
import { findRepository } from '../../runner/git/repository.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { STARTERS, type Starter } from '../starters/index.ts'
import { planProjectFiles, starterPath } from '../starters/project-files.ts'
import { printJson } from '../ui/json.ts'
import { oneLine } from '../ui/plain-text.ts'
import { usageError } from '../usage-error.ts'
import { type Done, type Outcome, writeProjectFile } from '../write-project-file.ts'
import { schemaText } from './schema.ts'

/** `codemie-ci init`: sets a repository up, and says what to type next. */
export const init: CommandRunner = async (invocation, cli) => {
  if (invocation.flag('diff-driver')) return await setUpDriver(invocation, cli)
  if (invocation.flag('update')) return await updateGithub(invocation, cli)
  const { root } = findRepository(cli.world.cwd, cli.world.env)
  const starter = await chooseStarter(invocation.text('template'), root, cli)
  const files = planProjectFiles({
    starter,
    schemas: { workflow: schemaText('workflow'), config: schemaText('config') },
  })
  const done: Done[] = []
  for (const file of files) {
    done.push({ path: file.path, outcome: await writeProjectFile(root, file, invocation.flag('force')) })
  }
  // After the starter: its events are among those that start the GitHub workflow.
  if (!invocation.flag('no-github')) {
    done.push(
      await (await import('../github-workflow.ts')).initGithubWorkflow(root, invocation.flag('force'), cli),
    )
  }
  if (invocation.flag('json')) printJson(cli, { root, template: starter.name, files: done })
  else report(done, starter, cli)
  return EXIT.done
}

/** `codemie-ci init --update`: brings the GitHub workflow up to date with the definitions, and does nothing else. */
async function updateGithub(invocation: Invocation, cli: Cli): Promise<number> {
  refuseOthers(invocation, '--update brings the GitHub workflow up to date and does nothing else.')
  const { root } = findRepository(cli.world.cwd, cli.world.env)
  const { updateGithubWorkflow } = await import('../github-workflow.ts')
  const done = await updateGithubWorkflow(root, cli)
  if (invocation.flag('json')) printJson(cli, { root, files: [done] })
  else reportFiles([done], cli)
  return EXIT.done
}

async function setUpDriver(invocation: Invocation, cli: Cli): Promise<number> {
  refuseOthers(invocation, '--diff-driver sets up nothing else.')
  const { initDiffDriver } = await import('../diff-driver.ts')
  return await initDiffDriver(invocation.flag('json'), cli)
}

function refuseOthers(invocation: Invocation, why: string): void {
  if (invocation.text('template') !== undefined || invocation.flag('force') || invocation.flag('no-github'))
    throw usageError(why, 'Run `codemie-ci init` once more without it.')
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

function report(done: readonly Done[], starter: Starter, cli: Cli): void {
  const { bold, dim } = cli.look.stdout
  reportFiles(done, cli)
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

function reportFiles(done: readonly Done[], cli: Cli): void {
  const { dim, green, yellow, symbols } = cli.look.stdout
  const signs: Readonly<Record<Outcome, string>> = {
    written: green(symbols.done),
    replaced: green(symbols.done),
    updated: green(symbols.done),
    unchanged: dim(symbols.dot),
    kept: yellow(symbols.warning),
  }
  for (const { path, outcome, kept = 'it differs from what init writes', notes = [] } of done) {
    cli.stdout.write(`${signs[outcome]} ${path}  ${dim(outcome === 'kept' ? `kept: ${kept}` : outcome)}\n`)
    for (const note of notes) cli.stdout.write(`  ${dim(symbols.dot)} ${oneLine(note)}\n`)
  }
}
