import type { CiEvent } from '../event.ts'
import { at, textAt } from '../payload.ts'

/** What an effect wrote may start a workflow that has effects; what those write starts none. */
const MOST_DEPTH = 2

/** What begins every text that an effect writes: it names the effect, so that it is found again, and counts how deep it is. */
export function markOf(run: string, key: string, depth: number): string {
  return `<!-- codemie-ci:effect ${run} ${key} ${depth} -->`
}

/** The same as a line at the end of the message of a commit. */
export function trailerOf(run: string, key: string, depth: number): string {
  return `Codemie-Effect: ${run}/${key} ${depth}`
}

const MARK = /^<!-- codemie-ci:effect \S+ \S+ (\d{1,3}) -->/
const TRAILER = /^Codemie-Effect: \S+ (\d{1,3})$/gm

/** Where the text stands that an event is about. Source: "Webhook events and payloads". */
const TEXTS = ['comment.body', 'review.body', 'issue.body', 'pull_request.body'] as const

/**
 * How deep effects of a job are, from 1: one more than the effect that wrote what started it. Anybody can write such a mark into
 * a text of their own, which then starts less.
 */
export function depthOf({ payload }: Pick<CiEvent, 'payload'>): number {
  const text = TEXTS.map((path) => textAt(payload, path)).find((one) => one !== undefined) ?? ''
  const commits = at(payload, 'commits')
  const messages = [at(payload, 'head_commit'), ...(Array.isArray(commits) ? commits : [])].map(
    (commit) => textAt(commit, 'message') ?? '',
  )
  const found = [
    MARK.exec(text)?.[1],
    ...messages.flatMap((message) => [...message.matchAll(TRAILER)].map(([, depth]) => depth)),
  ]
  return 1 + Math.max(0, ...found.map((depth) => Number(depth ?? 0)))
}

/** Why a job may write nothing, as a sentence; `undefined`: it may. */
export function tooDeep(depth: number): string | undefined {
  return depth > MOST_DEPTH
    ? `What started this job was written by an effect of a job that an effect had started, and that is where it ends.`
    : undefined
}
