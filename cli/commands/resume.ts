import type { CommandRunner } from '../command.ts'
import { executeRun, readExecution } from '../execute.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'

/** `codemie-ci resume`: goes on where a run stopped, without doing a finished step again. */
export const resume: CommandRunner = async (invocation, cli) => {
  const { commit, push, maxConcurrency } = readExecution(invocation)
  const project = await openProjectFor(invocation, cli)
  const records = await openRecordsFor(project, cli, { push })
  const { manifest, events } = await records.read(invocation.required('run'))
  const { resumeRun } = await import('../../runner/run.ts')
  const message = invocation.text('message')
  const states = events.flatMap((event) => (event.type === 'step-started' ? [event.state] : []))
  return executeRun(
    invocation,
    project,
    cli,
    { name: manifest.workflow.name, stateIds: [...new Set(states)] },
    ({ signal, onEvent, streaming }) =>
      resumeRun({
        project,
        runId: manifest.id,
        world: cli.world,
        signal,
        onEvent,
        streaming,
        commit,
        push,
        takeOver: invocation.flag('take-over'),
        ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
        ...(message === undefined ? {} : { userInput: message }),
      }),
  )
}
