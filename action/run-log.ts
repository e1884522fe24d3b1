import type { RunEvent } from '../runner/events.ts'
import type { Spent } from '../runner/models/spent.ts'
import { cost, duration, tokensOf } from '../runner/report/figures.ts'
import { count } from '../runner/report/plain-text.ts'
import { describeShards } from '../runner/report/shard-words.ts'
import { cutText } from './cut.ts'
import type { Job } from './job.ts'
import { logLine } from './log-text.ts'

/** Bytes of one step's output that the log shows; all of it is in the record. */
const MOST_OUTPUT = 20_000
/** Steps that start together and are named one by one. */
const FEW = 5

/** Makes a viewer that appends a run's events to the log of the job; the output of each step is folded. */
export function openRunLog(job: Job): (event: RunEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'run-started':
        return job.log(`${logLine(event.name)}: run ${event.runId}`)
      case 'run-resumed':
        return job.log(
          `Going on with run ${event.runId}: ${count(event.finishedSteps, 'step')} finished before`,
        )
      case 'superstep-started':
        return job.log(`▸ ${describeStart(event.steps)}`)
      case 'step-finished': {
        const sign = event.failure ? '✗' : '✓'
        const title = `${sign} ${logLine(event.path)}  ${describeWork(event)}`
        if (event.output.trim() === '') return job.log(title)
        const shown = cutText(event.output, MOST_OUTPUT)
        const more = shown.length < event.output.length ? '\n… the rest is in the record' : ''
        return job.group(title, shown + more)
      }
      case 'attempt-failed': {
        const { path, attempt, failure, retryInMs } = event
        const next = retryInMs === undefined ? '' : `; next one in ${duration(retryInMs)}`
        return job.log(`✗ ${logLine(path)}: attempt ${attempt} failed: ${logLine(failure.message)}${next}`)
      }
      case 'warning': {
        const place = event.position ?? event.path
        return job.log(
          `! ${place === undefined ? '' : `${logLine(place)}: `}${logLine(event.message)} [${event.code}]`,
        )
      }
      case 'run-paused':
        if (event.shards) return job.log(`‖ waits for ${logLine(describeShards(event.shards))}`)
        return job.log(`‖ waits before ${event.before.map(logLine).join(', ')}`)
      case 'step-reused':
        return job.log(`✓ ${logLine(event.path)}  done before`)
      case 'step-started':
      case 'step-progress':
      case 'effect-finished':
      case 'run-finished':
      case 'effects-carried-out':
        return
    }
  }
}

function describeStart(paths: readonly string[]): string {
  const names = paths.slice(0, FEW).map(logLine).join(', ')
  return paths.length > FEW ? `${names} and ${paths.length - FEW} more` : names
}

/** Time, tokens and cost of a step on one line. */
function describeWork(work: Spent & { readonly durationMs: number }): string {
  const tokens = tokensOf(work)
  const money = cost(work)
  return [
    duration(work.durationMs),
    ...(tokens === undefined ? [] : [count(tokens, 'token')]),
    ...(money === undefined ? [] : [`cost ${money}`]),
  ].join(', ')
}
