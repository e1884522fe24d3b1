import { Refusal } from '../failure.ts'
import type { RunManifest } from './manifest.ts'

/** Refuses with `run-untrusted` to execute anything that a record says which a stranger's job wrote. */
export function refuseUntrusted({ id, trust }: Pick<RunManifest, 'id' | 'trust'>): void {
  if (trust === undefined) return
  throw new Refusal(
    'run-untrusted',
    `The record of run ${id} is not trusted, and nothing of it is executed`,
    {
      exitStatus: 5,
      help: `A job wrote it that strangers can make say anything. \`codemie-ci show ${id}\` shows it; \`codemie-ci run\` starts a run of your own.`,
    },
  )
}
