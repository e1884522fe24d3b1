import type { RunEvent } from '../../runner/events.ts'
import { findRepository } from '../../runner/git/repository.ts'
import { type NewRun, openStore, type RunStore, type StoreOptions } from '../../runner/store/store.ts'
import type { RecordPlace, RunWriter } from '../../runner/store/writer.ts'
import type { TestRepository } from './git-repository.ts'

/** A store over a test repository, with a clock that stands still and what it warned about. */
export interface TestStore extends RunStore {
  readonly warnings: { readonly code: string; readonly message: string }[]
  /** Moves the clock on. */
  wait(ms: number): void
}

/** Opens a store as an entry point would, with a made-up world. `root`: a directory other than the repository's own. */
export async function openTestStore(
  repository: TestRepository,
  options: Partial<StoreOptions> & { readonly root?: string; readonly seed?: number } = {},
): Promise<TestStore> {
  let now = Date.UTC(2026, 10, 20, 10, 44, 55)
  let seed = options.seed ?? 1
  const warnings: { code: string; message: string }[] = []
  const store = await openStore({
    repository: findRepository(options.root ?? repository.root, repository.env),
    world: {
      env: repository.env,
      now: () => now,
      random: Math.random,
      randomHex: (digits) => String(seed++).padStart(digits, '0'),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    },
    redact: (text) => text,
    warn: (warning) => warnings.push(warning),
    ...options,
  })
  return { ...store, warnings, wait: (ms) => (now += ms) }
}

/** A small workflow's run. */
export function newRun(more: Partial<NewRun> = {}): NewRun {
  return {
    workflow: { id: 'review', name: 'Review', file: '.codemie/workflows/review.yaml', text: 'states: []\n' },
    inputs: { b: 2, a: 'one' },
    engine: '0.1.0',
    ...more,
  }
}

/** Appends all events and ends the run. */
export async function play(writer: RunWriter, events: readonly RunEvent[]): Promise<RecordPlace> {
  for (const event of events) await writer.append(event)
  return await writer.finish()
}
