import type { RunDigest, StepDigest } from '../store/digest-run.ts'

/** Columns that a line fills at least. */
const WIDTH = 70

/** One line of the timing. */
interface Timed {
  /** Display name of the workflow. */
  readonly workflow: string
  readonly step: string
  /** Counted from 1 among the steps that are in no block. */
  readonly place: number
  /** How many there are. `undefined`: that is not known. */
  readonly of: number | undefined
  readonly durationMs: number
}

/** How long a step took, as octomind says it: `── review | plan | Step 1/2 | 1250ms ──`, filled up to 70 columns. */
export function timingLine({ workflow, step, place, of, durationMs }: Timed): string {
  const where = `Step ${place}${of === undefined ? '' : `/${of}`}`
  return filled([workflow, step, where, `${Math.round(durationMs)}ms`])
}

function filled(parts: readonly string[]): string {
  const line = `── ${parts.join(' | ')} ──`
  return line + '─'.repeat(Math.max(0, WIDTH - line.length))
}

/** Whether a run is one of a workflow that people know these lines of. @param file of the definition. */
export const isTimed = (file: string): boolean => /\.toml$/i.test(file)

/**
 * The timing of a run as lines: each step that is in no block and was finished, then all of them. Time that a step took in
 * attempts that failed counts, too. Empty where nothing was finished.
 */
export function timingOf(workflow: string, digest: Pick<RunDigest, 'steps' | 'status'>): readonly string[] {
  const steps = digest.steps.filter(({ path }) => !path.includes('/'))
  const of = digest.status === 'succeeded' ? steps.length : undefined
  const lines = steps.flatMap((step, index) =>
    step.status === 'finished'
      ? [timingLine({ workflow, step: step.path, place: index + 1, of, durationMs: took(step) })]
      : [],
  )
  if (lines.length === 0) return []
  const all = steps.reduce((sum, step) => sum + took(step), 0)
  return [...lines, filled([workflow, 'all steps', `${Math.round(all)}ms`])]
}

function took({ attempts }: StepDigest): number {
  return attempts.reduce((sum, { durationMs = 0 }) => sum + durationMs, 0)
}
