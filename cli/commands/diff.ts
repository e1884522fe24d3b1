import { isAbsolute, relative, resolve, sep } from 'node:path'
import { diffDefinitions, resolveRange } from '../../runner/diff-definitions.ts'
import { findRepository, type Repository } from '../../runner/git/repository.ts'
import type { ComparedDefinition } from '../../schema/diff/definitions.ts'
import type { CommandRunner } from '../command.ts'
import type { Cli } from '../context.ts'
import { EXIT } from '../exit-status.ts'
import type { Invocation } from '../invocation.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci diff`: what changes mean for what runs. */
export const diff: CommandRunner = async (invocation, cli) => {
  if (invocation.flag('driver')) {
    const { printForGit } = await import('../diff-driver.ts')
    return await printForGit(invocation.rest('what'), cli)
  }
  const repository = findRepository(cli.world.cwd, cli.world.env)
  const format = chooseFormat(invocation)
  const { range, files } = readArguments(invocation, cli, repository.root)
  if (invocation.flag('merge')) return await checkMerged({ repository, range, files, format }, cli)
  const diffs = await diffDefinitions(repository, await resolveRange(repository.git, range), files)
  await FORMATS[format](diffs, cli, files)
  return invocation.flag('exit-code') && diffs.length > 0 ? EXIT.failed : EXIT.done
}

/** `--merge`: what a merge makes of definitions. */
async function checkMerged(
  {
    repository,
    range,
    files,
    format,
  }: {
    readonly repository: Repository
    readonly range: string | undefined
    readonly files: readonly string[]
    readonly format: keyof typeof FORMATS
  },
  cli: Cli,
): Promise<number> {
  if (format !== 'text' && format !== 'json')
    throw usageError(`--merge and --${format} exclude each other.`, 'Use --json for programs.')
  const { checkMerge } = await import('../../runner/merge-check.ts')
  const check = await checkMerge(repository, range, files)
  if (format === 'json') (await import('../ui/json.ts')).printJson(cli, check)
  else cli.stdout.write((await import('../ui/merge-text.ts')).renderMergeCheck(check, cli.look.stdout))
  return check.files.some(({ findings }) => findings.length > 0) ? EXIT.failed : EXIT.done
}

type Print = (diffs: readonly ComparedDefinition[], cli: Cli, files: readonly string[]) => Promise<void>

/** How it is printed: for people on a terminal, or by the option of this name. Each loads what only it needs. */
const FORMATS = {
  text: async (diffs, cli) => {
    const { renderDiffs } = await import('../ui/diff-text.ts')
    cli.stdout.write(renderDiffs(diffs, cli.look.stdout))
  },
  json: async (diffs, cli) => {
    const { printJson } = await import('../ui/json.ts')
    printJson(
      cli,
      diffs.map((diff) => ({ ...diff, workflows: undefined })),
    )
  },
  markdown: async (diffs, cli) => {
    const { renderDiffMarkdown } = await import('../../runner/report/diff-markdown.ts')
    cli.stdout.write(renderDiffMarkdown(diffs))
  },
  sarif: async (diffs, cli) => {
    const [{ diffAsSarif }, { printJson }] = await Promise.all([
      import('../../runner/report/diff-sarif.ts'),
      import('../ui/json.ts'),
    ])
    printJson(cli, diffAsSarif(diffs, cli.version))
  },
  graph: async (diffs, cli, files) => {
    const { graphOfDiff, renderGraphs } = await import('../../runner/report/diff-graph.ts')
    // One file that is named is wanted as a picture, not as a page.
    const [only] = files.length === 1 && isDefinition(files[0] ?? '') ? diffs : []
    cli.stdout.write((only && graphOfDiff(only)) ?? renderGraphs(diffs))
  },
} as const satisfies Record<string, Print>

function chooseFormat(invocation: Invocation): keyof typeof FORMATS {
  const chosen = (['json', 'markdown', 'sarif', 'graph'] as const).filter((name) => invocation.flag(name))
  const [one, other] = chosen
  if (one !== undefined && other !== undefined)
    throw usageError(`--${one} and --${other} exclude each other.`, 'Both write to standard output.')
  return one ?? 'text'
}

const isDefinition = (path: string) => /\.(ya?ml|toml)$/.test(path)

/** As with git, the first word is a revision unless it is a file; what follows are files. */
function readArguments(invocation: Invocation, cli: Cli, root: string) {
  const words = invocation.rest('what')
  const [first] = words
  const isPath =
    first !== undefined && (isDefinition(first) || first.startsWith('.') || first.includes('/workflows'))
  const paths = (isPath || first === undefined ? words : words.slice(1)).map((word) => {
    const path = relative(root, resolve(cli.world.cwd, word)).split(sep).join('/')
    if (path === '..' || path.startsWith('../') || isAbsolute(path))
      throw usageError(`'${word}' is not in this repository.`, 'Give files of .codemie/workflows.')
    return path
  })
  return { range: isPath ? undefined : first, files: paths.filter((path) => path !== '') }
}
