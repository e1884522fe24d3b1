import { addSpent, type Spent } from '../runner/models/spent.ts'
import { tokensOf } from '../runner/report/figures.ts'
import type { Outcome } from './event-outcome.ts'
import { asksForEffects, costOf, placeText, setRunOutputs } from './execute.ts'
import type { Job } from './job.ts'

/** Sets the outputs of a step on an event: those of the worst run, what all spent, and a list of all. */
export function setEventOutputs(job: Job, outcomes: readonly Outcome[], worst: Outcome): void {
  if (worst.run) setRunOutputs(job, worst.run)
  const spent = outcomes.flatMap(({ run }) => run?.digest ?? []).reduce<Spent>(addSpent, {})
  job.setOutput('tokens', String(tokensOf(spent) ?? 0))
  job.setOutput('cost-usd', costOf(spent))
  const proposing = outcomes.flatMap(({ run }) => (run && asksForEffects(run) ? [run.runId] : []))
  job.setOutput('effects', proposing.join(' '))
  job.setOutput('runs', JSON.stringify(outcomes.map(listed)))
}

/** One entry of the output `runs`. Nothing in it was written by a model. */
function listed({ id, status, run }: Outcome) {
  return {
    workflow: id,
    status,
    ...(run && { 'run-id': run.runId, tokens: tokensOf(run.digest) ?? 0, 'cost-usd': costOf(run.digest) }),
    ...(run?.record && { record: placeText(run.record) }),
  }
}
