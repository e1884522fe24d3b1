import type { Verdict } from '../compare.ts'
import { saneTrace, whyUncompared } from './exceptions.ts'
import { differenceBetween, recordedPicture } from './picture.ts'
import { replayTrace } from './replay.ts'
import { buildScene } from './scene.ts'
import type { OctomindTrace } from './trace.ts'

/** Whether a trace is one of octomind. */
export function isOctomindTrace(trace: unknown): trace is OctomindTrace {
  return typeof trace === 'object' && trace !== null && 'dialect' in trace
}

/**
 * Replays a trace of octomind and compares it with its recording; where we do better on purpose, with what it should be.
 *
 * @param collection folder with files of octomind's collection, which some traces run.
 */
export async function compareOctomindTrace(trace: OctomindTrace, collection: string): Promise<Verdict> {
  const reason = whyUncompared(trace)
  if (reason !== undefined) return { kind: 'uncompared', reason }
  const scene = buildScene(trace, collection)
  if (!scene) return { kind: 'uncompared', reason: 'the file is not in ../../octomind of the folder' }
  try {
    const replayed = await replayTrace(trace, scene)
    const recorded = recordedPicture(trace)
    const difference = differenceBetween(recorded, replayed.picture)
    if (!difference) return { kind: 'same' }
    const sane = saneTrace({ ...replayed, trace, recorded, found: replayed.picture })
    const left = differenceBetween(sane.recorded, sane.found)
    if (!left && sane.sections.length > 0) return { kind: 'explained', section: sane.sections.join(', ') }
    const shown = left ?? difference
    const why = replayed.reason === undefined ? '' : `\n${replayed.reason}`
    return { kind: 'different', recorded: shown.recorded, found: shown.found + why }
  } finally {
    scene.repository.remove()
  }
}
