import type { CommandRunner } from '../command.ts'
import { executeRun, readExecution } from '../execute.ts'
import { EXIT } from '../exit-status.ts'
import { readInput } from '../input.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { renderInputProblems } from '../ui/input-problems.ts'
import { writeWarning } from '../ui/warning.ts'

/** `codemie-ci rerun`: a new run of what another one was given. */
export const rerun: CommandRunner = async (invocation, cli) => {
  const execution = readExecution(invocation)
  const project = await openProjectFor(invocation, cli)
  const records = await openRecordsFor(project, cli)
  const stored = await records.read(invocation.required('run'))
  const { readRepeatable, rerun: repeat } = await import('../../runner/rerun.ts')
  const origin = await readRepeatable(stored, project, invocation.flag('latest'))
  const { workflow, manifest } = origin
  const input = await readInput(invocation, workflow, cli, origin.text)
  if (input.problems.length > 0) {
    cli.stderr.write(renderInputProblems(input, workflow, cli.look.stderr))
    return EXIT.usage
  }
  const now = (await records.state()).head
  const { commit: then } = manifest.repository
  if (then !== undefined && (now.kind === 'unborn' || now.commit !== then)) {
    const words = `The run it repeats had commit ${then.slice(0, 12)} checked out, and its tools read what is there now. For the same: git worktree add ../again ${then.slice(0, 12)}`
    writeWarning(cli, words)
  }
  const from = invocation.text('from')
  const model = invocation.text('model')
  return executeRun(
    invocation,
    cli,
    { project, execution, name: workflow.name, stateIds: workflow.states.map(({ id }) => id) },
    (options) =>
      repeat({
        ...options,
        origin,
        input: input.text,
        ...(from === undefined ? {} : { from }),
        ...(model === undefined ? {} : { model }),
      }),
  )
}
