import type { EffectResult } from '../../runner/effects/proposal.ts'
import { Refusal } from '../../runner/failure.ts'
import type { Git } from '../../runner/git/git.ts'
import type { Forge } from '../github.ts'
import { ownId } from '../sticky-comment.ts'
import type { Subject } from './subject.ts'
import type { TextRules } from './texts.ts'

/** Where the effects of a run are carried out, and what they are known by. */
export interface EffectPlace {
  readonly forge: Forge
  readonly subject: Subject
  readonly rules: TextRules
  readonly run: {
    readonly id: string
    /** When it started, ISO 8601: nothing that it wrote is older. */
    readonly startedAt: string
  }
  /** How deep its effects are; see `depthOf`. */
  readonly depth: number
  /** Whose text it is, as a line of Markdown. */
  readonly source: string
  /** Page of the job. */
  readonly page: string
  /** Page of the repository. */
  readonly home: string
  /** Gives a git that has a commit. */
  readonly open: (commit: string) => Promise<Git>
  /** Id of the account of the token; asked for once. */
  readonly self: () => Promise<number>
}

/** The outcome of carrying one proposal out. */
export type Outcome = Omit<EffectResult, 'key'>

/** It may not be written. `why` is a sentence. */
export function refused(why: string): Outcome {
  return { status: 'refused', why }
}

/** It is there, written now or before. */
export function done(url: string | undefined | null): Outcome {
  return { status: 'done', ...(url ? { url } : {}) }
}

/** Asks whose token it is, once. */
export function selfOf(forge: Forge): () => Promise<number> {
  let known: Promise<number> | undefined
  return () => {
    known ??= ownId(forge)
    return known
  }
}

/** The answer of a request, or `undefined` where GitHub has no such thing. */
export async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Refusal && error.code === 'forge-not-found') return undefined
    throw error
  }
}

/** What an earlier try wrote: it begins with the mark, and is of the account of the token. */
export async function findMarked<
  T extends { readonly body?: string | null; readonly user?: { readonly id: number } | null },
>({ self }: Pick<EffectPlace, 'self'>, mark: string, all: readonly T[]): Promise<T | undefined> {
  const marked = all.filter(({ body }) => body?.startsWith(mark))
  if (marked.length === 0) return undefined
  const own = await self()
  return marked.find(({ user }) => user?.id === own)
}
