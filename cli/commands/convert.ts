import { writeNewFile } from '../../runner/working-tree.ts'
import { convertWorkflow, type Loss } from '../../schema/convert/convert.ts'
import type { CommandRunner } from '../command.ts'
import { loadWorkflow } from '../definition.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { printJson } from '../ui/json.ts'
import { count, oneLine } from '../ui/plain-text.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci convert`: a workflow of Octomind in the form of CodeMie, and what is lost on the way. */
export const convert: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const loaded = await loadWorkflow(invocation, project, cli, { isStrict: false })
  if (!loaded) return EXIT.usage
  const { workflow } = loaded
  if (workflow.dialect === 'codemie') {
    throw usageError(
      `${workflow.file} has the form of CodeMie already.`,
      'Name a workflow of Octomind: a file in TOML, or a workflow or role of a configuration.',
    )
  }
  const { text, losses } = convertWorkflow(workflow)
  const lost = losses.filter(({ changesResult }) => changesResult)
  const isWritten = lost.length === 0 || invocation.flag('partial')
  const output = invocation.text('output')
  if (isWritten && output !== undefined) await writeNewFile(cli.world.cwd, output, text)
  if (invocation.flag('json')) {
    printJson(cli, {
      file: (isWritten && output) || null,
      yaml: isWritten ? text : null,
      lost: losses.map(listed),
    })
    return isWritten ? EXIT.done : EXIT.failed
  }
  if (isWritten && output === undefined) cli.stdout.write(text)
  const { dim, green, red, yellow, symbols } = cli.look.stderr
  for (const { at, message, changesResult } of losses) {
    const mark = changesResult ? yellow('lost') : dim('note')
    cli.stderr.write(`${oneLine(at.file)}:${at.line}:${at.column}: ${mark}: ${oneLine(message)}\n`)
  }
  if (!isWritten) {
    cli.stderr.write(
      `${red(symbols.failed)} Nothing is written: ${count(lost.length, 'thing')} of ${oneLine(workflow.id)} would be lost. With --partial the rest is written.\n`,
    )
    return EXIT.failed
  }
  if (output !== undefined) cli.stderr.write(`${green(symbols.done)} ${oneLine(output)}\n`)
  return EXIT.done
}

/** One loss as `--json` gives it. */
function listed({ changesResult, message, at: { file, line, column } }: Loss) {
  return { changesResult, message, file, line, column }
}
