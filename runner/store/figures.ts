import { asciiJson } from './canonical-json.ts'
import { slugOf } from './file-name.ts'
import type { RunManifest } from './manifest.ts'
import type { SubjectEntry } from './refs.ts'

/** What lists show and filter by without opening a record: kept in the messages of commits. */
export interface RunFigures {
  /** Who started it. Absent: nobody known. */
  readonly actor?: string
  /** What was checked out. Absent: no branch. */
  readonly branch?: string
  /** `manual`, or the name of the event that started it. */
  readonly event: string
  readonly durationMs: number
  /** Steps finished. */
  readonly steps: number
  /** Absent: no model was asked. */
  readonly inputTokens?: number
  readonly outputTokens?: number
  /** US dollars. A lower bound when `costUnknown`. */
  readonly costUsd?: number
  readonly costUnknown?: boolean
}

/** Longer names and branches are cut: a message is no place for texts of strangers. */
const LONGEST_TEXT = 120

/** The figures of a manifest, or of what one would be made from. */
export function figuresOf(
  source: Pick<RunManifest, 'actor' | 'repository' | 'trigger' | 'durationMs' | 'steps'> & {
    readonly usage?: RunManifest['usage'] | undefined
    readonly costUsd?: number | undefined
    readonly costUnknown?: boolean | undefined
  },
): RunFigures {
  const { actor, repository, trigger, durationMs, steps, usage, costUsd, costUnknown } = source
  return {
    ...(actor === undefined ? {} : { actor: actor.name.slice(0, LONGEST_TEXT) }),
    ...(repository.branch === undefined ? {} : { branch: repository.branch.slice(0, LONGEST_TEXT) }),
    event: trigger.event.slice(0, LONGEST_TEXT),
    durationMs,
    steps,
    ...(usage === undefined ? {} : { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(costUnknown ? { costUnknown } : {}),
  }
}

/** Figures as one line of JSON in plain ASCII, so that messages can be read byte by byte. */
export function figuresText(figures: RunFigures): string {
  return asciiJson(JSON.stringify(figures))
}

/** Reads {@link figuresText}; `undefined` for anything else. A message can be written by anybody. */
export function parseFigures(text: string | undefined): RunFigures | undefined {
  if (text === undefined) return undefined
  let value: Record<keyof RunFigures, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const isText = (one: unknown) => one === undefined || typeof one === 'string'
  const isCount = (one: unknown) => one === undefined || (typeof one === 'number' && one >= 0)
  const isSound =
    typeof value.event === 'string' &&
    typeof value.durationMs === 'number' &&
    typeof value.steps === 'number' &&
    [value.actor, value.branch].every(isText) &&
    [value.durationMs, value.steps, value.inputTokens, value.outputTokens, value.costUsd].every(isCount)
  return isSound ? (value as RunFigures) : undefined
}

/** What the message of a commit says of a run. */
export function entryOf(manifest: RunManifest): SubjectEntry {
  return {
    workflow: slugOf(manifest.workflow.id),
    id: manifest.id,
    status: manifest.status,
    figures: figuresText(figuresOf(manifest)),
  }
}
