import type { RunEvent, RunStatus } from '../../runner/events.ts'

/** A second of the test clock as events carry it. */
export function at(second: number): string {
  return new Date(Date.UTC(2026, 10, 20, 10, 44, 55 + second)).toISOString()
}

/** Events of a run whose steps all answered at once, one second each. */
export function eventsOf(
  runId: string,
  outputs: Readonly<Record<string, string>>,
  status: RunStatus = 'succeeded',
): RunEvent[] {
  const events: RunEvent[] = [
    { type: 'run-started', at: at(0), runId, workflow: 'review', name: 'Review', file: 'review.yaml' },
  ]
  let second = 0
  let last: string | undefined
  for (const [path, output] of Object.entries(outputs)) {
    const state = path.replace(/[[#].*$/, '')
    events.push({
      type: 'step-started',
      at: at(second),
      path,
      state,
      kind: 'agent',
      attempt: 1,
      task: 'Do it',
      after: [],
    })
    second++
    const usage = { inputTokens: 1200, outputTokens: 30, cachedInputTokens: 0 }
    events.push({
      type: 'effect-finished',
      at: at(second),
      path,
      attempt: 1,
      ordinal: 1,
      kind: 'model',
      name: 'openai:gpt-4.1',
      request: '0123456789abcdef',
      reply: { text: output },
      durationMs: 900,
      usage,
      costUsd: 0.0025,
    })
    events.push({
      type: 'step-finished',
      at: at(second),
      path,
      state,
      attempt: 1,
      output,
      durationMs: 1000,
      usage,
      costUsd: 0.0025,
    })
    last = output
  }
  events.push({
    type: 'run-finished',
    at: at(second),
    runId,
    status,
    durationMs: second * 1000,
    steps: Object.keys(outputs).length,
    ...(last === undefined ? {} : { output: last }),
  })
  return events
}
