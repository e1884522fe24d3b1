import type { EffectKind } from '../../schema/effects.ts'

/** What a step wants to be written to GitHub, as data: nothing has been written, and whoever carries it out judges it again. */
export type Proposal =
  | { readonly kind: 'comment'; readonly body: string }
  | { readonly kind: 'label'; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly kind: 'issue'; readonly title: string; readonly body: string }
  | { readonly kind: 'review'; readonly verdict: string; readonly body: string }
  | {
      readonly kind: 'status'
      readonly context: string
      readonly state: 'success' | 'failure' | 'error' | 'pending'
      readonly description: string
    }
  | {
      readonly kind: 'branch'
      readonly branch: string
      readonly message: string
      readonly files: readonly ProposedFile[]
    }
  | {
      readonly kind: 'pull-request'
      readonly branch: string
      readonly title: string
      readonly body: string
    }

/** A text file as it is to be. `remove`: it is to go, and has no content. */
export interface ProposedFile {
  readonly path: string
  readonly content?: string
  readonly remove?: boolean
}

/** What became of a proposal in the run. The journal keeps it. */
export interface Proposed {
  readonly kind: EffectKind
  /** In one line, for people. */
  readonly about: string
  /** 16 hex digits that name it in its run. */
  readonly key: string
  /** Absent: it was refused. */
  readonly proposal?: Proposal
  /** Why it was refused, as a piece of a sentence. Absent: it waits to be carried out. */
  readonly refused?: string
}

/** What became of a proposal when it was to be carried out. */
export interface EffectResult {
  readonly key: string
  /** `done`: it is there. `refused`: it may not be. `failed`: it could not be, and another try may do it. */
  readonly status: 'done' | 'refused' | 'failed'
  /** Page of what was written. */
  readonly url?: string
  /** Of what was not done: why, as a sentence. */
  readonly why?: string
}

/** Bytes of one proposal as JSON, and of all of a run. */
export const MOST_PROPOSAL_BYTES = 256 * 1024
export const MOST_PROPOSED_BYTES = 512 * 1024

/** Characters of a name or a title in {@link aboutProposal}. */
const LONGEST_NAME = 80

/** A proposal in one line: `label +bug −triage`. What is in it is from a model: escape it where it is shown. */
export function aboutProposal(proposal: Proposal): string {
  switch (proposal.kind) {
    case 'comment':
      return `comment: ${short(proposal.body)}`
    case 'label':
      return `label ${[...proposal.add.map((one) => `+${short(one)}`), ...proposal.remove.map((one) => `−${short(one)}`)].join(' ')}`
    case 'issue':
      return `issue: ${short(proposal.title)}`
    case 'review':
      return `review (${short(proposal.verdict)}): ${short(proposal.body)}`
    case 'status':
      return `status ${short(proposal.context)}: ${proposal.state}`
    case 'branch':
      return `commit to ${short(proposal.branch)}: ${proposal.files.length === 1 ? short(proposal.files[0]?.path ?? '') : `${proposal.files.length} files`}`
    case 'pull-request':
      return `pull request from ${short(proposal.branch)}: ${short(proposal.title)}`
  }
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME)}…` : line
}
