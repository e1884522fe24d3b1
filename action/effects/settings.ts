import { isRunId } from '../../runner/store/run-id.ts'

/** Runs that one step looks at. */
const MOST_RUNS = 20

/** Reads the input `run` of `mode: effects`: ids of runs, with white space or commas between them. */
export function readRuns(text: string, problems: string[]): readonly string[] {
  const ids = [...new Set(text.split(/[\s,]+/).filter((id) => id !== ''))]
  const odd = ids.find((id) => !isRunId(id))
  if (odd !== undefined) problems.push(`\`run\` takes whole ids of runs, and not '${odd.slice(0, 80)}'.`)
  if (ids.length > MOST_RUNS) problems.push(`\`run\` takes ${MOST_RUNS} runs at most, and not ${ids.length}.`)
  return ids
}
