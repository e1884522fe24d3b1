import type { Workflow } from '../../../schema/workflow.ts'
import type { Picture } from './picture.ts'
import type { OctomindTrace } from './trace.ts'

/** A replay that came out differently. */
export interface Compared {
  readonly trace: OctomindTrace
  readonly recorded: Picture
  readonly picture: Picture
  readonly workflow: Workflow | undefined
}

/** Why a trace holds nothing of ours; `undefined`: it is compared. */
export function whyUncompared({ input }: OctomindTrace): string | undefined {
  const found = NOT_OURS.find(({ holds }) => holds(input))
  return found?.reason
}

const NOT_OURS: readonly { readonly reason: string; readonly holds: (input: OctomindTrace['input']) => boolean }[] = []

/** What is to be compared in the place of both. */
export interface SaneTrace {
  readonly recorded: Picture
  readonly found: Picture
  /** What allows it; empty: nothing does. */
  readonly sections: readonly string[]
}

export function saneTrace({ recorded, picture }: Compared): SaneTrace {
  return { recorded, found: picture, sections: [] }
}
