import { toMermaid, toText } from '../../schema/index.ts'
import type { CommandRunner } from '../command.ts'
import { loadWorkflow } from '../definition.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { stripControls } from '../ui/plain-text.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci graph`: lines for a person, Mermaid for a file or another program. */
export const graph: CommandRunner = async (invocation, cli) => {
  const isMermaid = invocation.flag('mermaid')
  if (isMermaid && invocation.flag('text')) {
    throw usageError('--mermaid and --text exclude each other.', "Try 'codemie-ci graph --help'.")
  }
  const project = await openProjectFor(invocation, cli)
  const loaded = await loadWorkflow(invocation, project, cli, { isStrict: false })
  if (!loaded) return EXIT.usage
  const { workflow } = loaded
  const drawing =
    isMermaid || !(invocation.flag('text') || cli.stdout.isTerminal) ? toMermaid(workflow) : toText(workflow)
  const text = stripControls(drawing)
  cli.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  return EXIT.done
}
