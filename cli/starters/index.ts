import { releaseNotes } from './release-notes.ts'
import { review } from './review.ts'
import type { Starter } from './starter.ts'
import { summary } from './summary.ts'
import { triage } from './triage.ts'

export type { Starter } from './starter.ts'

/** All starters, the one that is taken without a choice first. */
export const STARTERS: readonly [Starter, ...Starter[]] = [releaseNotes, review, triage, summary]
