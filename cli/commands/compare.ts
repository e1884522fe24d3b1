import { Refusal } from '../../runner/failure.ts'
import { nearestName } from '../../schema/nearest.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { openProjectFor } from '../project.ts'
import { openRecordsFor } from '../records.ts'
import { printJson } from '../ui/json.ts'

/** `codemie-ci compare`: what differs between two runs. */
export const compare: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const store = await openRecordsFor(project, cli)
  const before = await store.read(invocation.required('before'))
  const after = await store.read(invocation.required('after'))
  const { compareRuns } = await import('../../runner/report/compare-runs.ts')
  const comparison = compareRuns(before, after)
  const path = invocation.text('step')
  const step = comparison.steps.find((one) => one.path === path)
  if (path !== undefined && step === undefined) {
    const near = nearestName(
      path,
      comparison.steps.map((one) => one.path),
    )
    throw new Refusal('no-such-step', `Neither run has a step '${path}'`, {
      help: near === undefined ? 'Without --step all of them are shown.' : `Did you mean '${near}'?`,
    })
  }
  if (step !== undefined) {
    if (invocation.flag('json')) printJson(cli, step)
    else {
      const { renderStep } = await import('../ui/comparison.ts')
      cli.stdout.write(renderStep(step, cli.look.stdout))
    }
    return invocation.flag('exit-code') && step.change !== 'same' ? EXIT.failed : EXIT.done
  }
  if (invocation.flag('json')) printJson(cli, comparison)
  else {
    const { renderComparison } = await import('../ui/comparison.ts')
    cli.stdout.write(renderComparison(comparison, cli.look.stdout))
  }
  return invocation.flag('exit-code') && !comparison.isSame ? EXIT.failed : EXIT.done
}
