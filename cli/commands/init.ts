import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findRepository } from '../../runner/git/repository.ts'
import type { Template } from '../../schema/template/template.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { planProjectFiles, starterPath } from '../project-files.ts'
import { type BuiltInTemplate, STARTERS } from '../templates/index.ts'
import { choose } from '../ui/choose.ts'
import { printJson } from '../ui/json.ts'
import { nextSteps } from '../ui/next-steps.ts'
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
  const text = await workflowOf(starter)
  const files = planProjectFiles({
    starter: { id: starter.id, text },
    schemas: { workflow: schemaText('workflow'), config: schemaText('config') },
  })
  const done: Done[] = []
  for (const file of files) {
    done.push({ path: file.path, outcome: await writeProjectFile(root, file, invocation.flag('force')) })
  }
  // After the starter: its events are among those that start the GitHub workflow.
  if (!invocation.flag('no-github')) {
    const { initGithubWorkflow } = await import('../github-workflow.ts')
    done.push(...(await initGithubWorkflow(root, invocation.flag('force'), cli)))
  }
  if (invocation.flag('json')) printJson(cli, { root, template: starter.id, files: done })
  else report(done, starter, text, cli)
  return EXIT.done
}

/** `codemie-ci init --update`: brings the GitHub workflow up to date with the definitions, and does nothing else. */
async function updateGithub(invocation: Invocation, cli: Cli): Promise<number> {
  refuseOthers(invocation, '--update brings the GitHub workflow up to date and does nothing else.')
  const { root } = findRepository(cli.world.cwd, cli.world.env)
  const { updateGithubWorkflow } = await import('../github-workflow.ts')
  const done = await updateGithubWorkflow(root, cli)
  if (invocation.flag('json')) printJson(cli, { root, files: done })
  else reportFiles(done, cli)
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

async function chooseStarter(wanted: string | undefined, root: string, cli: Cli): Promise<BuiltInTemplate> {
  if (wanted !== undefined) {
    const starter = STARTERS.find(({ id }) => id === wanted)
    if (!starter)
      throw new Error(`The table of commands allows the template '${wanted}', which does not exist`)
    return starter
  }
  // A second time is about the rest: the first workflow was chosen before.
  const chosen = STARTERS.find((starter) => existsSync(join(root, starterPath(starter.id))))
  if (chosen) return chosen
  if (!cli.canAsk || !cli.terminal) return STARTERS[0]
  const templateOf = await templateReader()
  const chosenNow = await choose(
    'Which workflow do you want to start with?',
    STARTERS.map((one) => ({ name: one.id, summary: templateOf(one).description })),
    cli,
    cli.terminal,
  )
  return STARTERS[chosenNow] ?? STARTERS[0]
}

/** The reader of templates is loaded when there is a file to write. */
async function templateReader(): Promise<(starter: BuiltInTemplate) => Template> {
  const { readTemplate } = await import('../../schema/template/template.ts')
  return ({ id, text }) => {
    const { template } = readTemplate({ file: `${id}.yaml`, text })
    if (!template) throw new Error(`The built-in template '${id}' cannot be read`)
    return template
  }
}

async function workflowOf(starter: BuiltInTemplate): Promise<string> {
  const [templateOf, { fillTemplate, fitParameters }] = await Promise.all([
    templateReader(),
    import('../../runner/templates.ts'),
  ])
  const template = templateOf(starter)
  return fillTemplate(template, (await fitParameters(template.parameters, [])).values)
}

function report(done: readonly Done[], starter: BuiltInTemplate, text: string, cli: Cli): void {
  reportFiles(done, cli)
  if (done.some(({ outcome }) => outcome === 'kept')) {
    cli.stdout.write(`\nFiles of yours stay as they are; --force replaces them.\n`)
  }
  cli.stdout.write(nextSteps({ ...starter, text }, cli.look.stdout))
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
