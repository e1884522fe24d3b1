import type { SeenStep } from './action.ts'
import type { EventScene } from './event-scene.ts'

/** Whose token jobs have. */
const BOT = 'github-actions[bot]'

/** Texts that a step let out, by where they went. */
export type WhatLeft = Readonly<Record<'forge' | 'job' | 'record' | 'models', string>>

/**
 * Everything that a step let out: what it sent to the forge (comments and check runs, also those that are gone by now), what it
 * said in the job, what is on the branch of records, contents, messages and names, and what models were asked.
 */
export function whatLeft({ forge, models, git }: EventScene, step: SeenStep): WhatLeft {
  const { log, annotations, said, outputs, summary } = step
  return {
    forge: forge.log
      .filter(({ login = BOT }) => login === BOT)
      .flatMap(({ path, body }) => [path, ...textsOf(body)])
      .join('\n'),
    job: [log, summary, ...textsOf(annotations), ...textsOf(said), ...textsOf(outputs)].join('\n'),
    // All that is in the clone and was not when the job began.
    record: git('log', '-p', '--text', '--format=%an %ae %cn %ce%n%B', '--all', '^HEAD'),
    models: models.requests.flatMap(({ path, body }) => [path, ...textsOf(body)]).join('\n'),
  }
}

/** All texts in some data, keys included, as they are. */
function textsOf(data: unknown): readonly string[] {
  if (typeof data === 'string') return [data]
  if (typeof data !== 'object' || data === null) return []
  return Object.entries(data).flatMap(([key, value]) => [key, ...textsOf(value)])
}
