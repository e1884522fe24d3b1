import type { Definition } from '../../runner/project.ts'
import { countProblems } from '../../schema/diagnostic.ts'
import type { Workflow } from '../../schema/index.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import type { Palette } from '../ui/palette.ts'
import { count, oneLine, padEnd, wrap } from '../ui/plain-text.ts'

/** One workflow as `list --json` gives it. */
interface ListedWorkflow {
  readonly id: string
  readonly file: string
  readonly name: string
  readonly description: string
  readonly dialect: string | undefined
  readonly tags: readonly string[]
  readonly lifecycle: string | undefined
  /** Whether it was put away, in `.codemie/archive`. */
  readonly archived: boolean
  /** Names of the events that start it. */
  readonly triggers: readonly string[]
  readonly problems: { readonly errors: number; readonly warnings: number }
}

/** What is known of a workflow: all of it when valid, what could be read of its head otherwise. */
type Head = {
  readonly [K in 'name' | 'description' | 'dialect' | 'tags' | 'lifecycle' | 'triggers']?:
    | Workflow[K]
    | undefined
}

/** `codemie-ci list`: what there is, whether it is valid, what starts it. */
export const list: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const all = [
    ...(await project.definitions()).map((one) => describe(one, false)),
    ...(invocation.flag('all') ? (await project.archived()).map((one) => describe(one, true)) : []),
  ]
  const words = invocation.rest('text').map((word) => word.toLowerCase())
  const wanted = { words, tags: invocation.texts('tag'), stages: invocation.texts('lifecycle') }
  const found = all.filter((workflow) => matches(workflow, wanted))
  if (invocation.flag('json')) {
    printJson(cli, { workflows: found })
    return EXIT.done
  }
  if (all.length === 0) {
    cli.stdout.write('There are no workflows in .codemie/workflows. `codemie-ci init` writes a first one.\n')
  } else if (found.length === 0) {
    cli.stdout.write(`None of ${count(all.length, 'workflow')} matches.\n`)
  } else {
    const width = Math.max(...found.map(({ id }) => id.length))
    const columns = Math.min(cli.stdout.columns ?? 100, 100)
    cli.stdout.write(
      `${found.map((workflow) => render(workflow, width, columns, cli.look.stdout)).join('\n')}`,
    )
  }
  return EXIT.done
}

function describe({ id, file, meta, workflow, diagnostics }: Definition, archived: boolean): ListedWorkflow {
  const head: Head = workflow ?? meta
  const { name, description, dialect, tags, lifecycle, triggers } = head
  return {
    id,
    file,
    name: name ?? id,
    description: description ?? '',
    dialect,
    tags: tags ?? [],
    lifecycle,
    archived,
    triggers: [...new Set((triggers ?? []).map(({ event }) => event))],
    problems: countProblems(diagnostics),
  }
}

/** What a person looks for: all words, all tags, and one of the stages where some are named. */
interface Wanted {
  readonly words: readonly string[]
  readonly tags: readonly string[]
  readonly stages: readonly string[]
}

function matches(workflow: ListedWorkflow, { words, tags, stages }: Wanted): boolean {
  const { id, name, description, file, lifecycle } = workflow
  const text = [id, name, description, file, ...workflow.tags].join('\n').toLowerCase()
  return (
    words.every((word) => text.includes(word)) &&
    tags.every((tag) => workflow.tags.includes(tag)) &&
    (stages.length === 0 || stages.includes(lifecycle ?? ''))
  )
}

const DIALECT_NAMES: Readonly<Record<string, string>> = {
  codemie: 'CodeMie',
  'octomind-config': 'Octomind config',
  'octomind-file': 'Octomind file',
}

function render(workflow: ListedWorkflow, width: number, columns: number, palette: Palette): string {
  const { bold, cyan, dim, green, red, yellow, symbols } = palette
  const { errors, warnings } = workflow.problems
  const sign = errors > 0 ? red(symbols.failed) : warnings > 0 ? yellow(symbols.warning) : green(symbols.done)
  const facts = [
    DIALECT_NAMES[workflow.dialect ?? ''] ?? 'unknown dialect',
    ...(workflow.archived ? ['archived'] : []),
    ...(workflow.lifecycle ? [workflow.lifecycle] : []),
    ...(workflow.triggers.length > 0 ? [`on ${workflow.triggers.map(oneLine).join(', ')}`] : []),
  ]
  const tags = workflow.tags.map((tag) => cyan(`#${oneLine(tag)}`)).join(' ')
  const head = `${sign} ${bold(padEnd(oneLine(workflow.id), width))}  ${oneLine(workflow.name)} ${dim(`(${facts.join(`, `)})`)}`
  const lines = [tags === '' ? head : `${head} ${tags}`]
  const indent = ' '.repeat(width + 4)
  if (workflow.description !== '') {
    lines.push(...wrap(oneLine(workflow.description), columns - indent.length).map((line) => indent + line))
  }
  if (errors + warnings > 0) {
    const problems = [
      ...(errors > 0 ? [red(count(errors, 'error'))] : []),
      ...(warnings > 0 ? [yellow(count(warnings, 'warning'))] : []),
    ]
    lines.push(`${indent}${problems.join(', ')}: codemie-ci validate ${workflow.file}`)
  }
  return `${lines.join('\n')}\n`
}
