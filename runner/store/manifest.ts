import type { RecordedCeiling } from '../ceiling.ts'
import type { RunStatus, ServerTools } from '../events.ts'
import type { FailureInfo } from '../failure.ts'
import type { Usage } from '../models/model.ts'

/** Version of the record's layout, in `run.json`. A reader refuses a higher one. */
export const RECORD_SCHEMA = 1

/** What started a run. */
export interface RunTrigger {
  /** `manual`, or the name of the event: `pull_request`, `schedule`, … */
  readonly event: string
  /** Id of the event at its source. Absent for manual runs. */
  readonly eventId?: string
  /** From 1. */
  readonly attempt?: number
  /** Number of the pull request or issue that it is about. */
  readonly number?: number
  /** Commit that it is about: the head of the pull request, or what was pushed. */
  readonly commit?: string
  /** What was taken out of its texts before the run saw them. Absent: nothing. */
  readonly removed?: readonly RemovedText[]
  /** The pull request or issue that it is about. Absent: neither. */
  readonly about?: RunSubject
}

/** The pull request or issue that a run is about. */
export interface RunSubject {
  readonly number: number
  /** Commit of the pull request that the run worked on. Absent: it is an issue. */
  readonly head?: string
}

/** Something that people do not see where it was written, and that a model would have read. */
export interface RemovedText {
  /** Name of the value it stood in, e.g. `body`. */
  readonly from: string
  /** `comment` of HTML, `alt-text` of an image, or `characters` that nobody sees. */
  readonly kind: 'comment' | 'alt-text' | 'characters'
  /** What it said, at most its first 500 characters; of characters how many there were. */
  readonly text: string
}

/** Who started a run. */
export interface RunActor {
  readonly name: string
  readonly email?: string
  /** Numeric id of the account, where the forge was asked who it is and whether they may. */
  readonly id?: number
  /** Where the name comes from: the CI system, or `user.name` of git. Without `id` neither is proof. */
  readonly source: 'ci' | 'git'
}

/**
 * Whose word a record is that was not written by a job with a token of its own. Absent in a record: a runner that could
 * write to the repository wrote it.
 */
export type RecordTrust =
  /** A job about a pull request of a fork, which strangers can make say anything. */
  | 'untrusted-fork'
  /** A job that Dependabot started, with code that it brought. */
  | 'untrusted-dependabot'

/** A definition that another one calls. */
export interface CalledDefinition {
  /** As the states write it. */
  readonly name: string
  readonly file: string
  /** Id of the workflow in a file that holds several. Absent: the file says it. */
  readonly id?: string
}

/** `run.json`: what is kept of a run besides its files. */
export interface RunManifest {
  readonly schema: number
  readonly id: string
  readonly status: RunStatus
  readonly workflow: {
    readonly id: string
    readonly name: string
    /** Path in the repository. */
    readonly file: string
    /** Object id of the definition as executed; equals `<commit>:<file>` unless the file was changed. */
    readonly blob: string
    /**
     * Full id of the commit that the definition was taken from, by request; `<revision>:<file>` is its object then. Absent:
     * it came from the working tree.
     */
    readonly revision?: string
    /** What it was before a person let the run go on with a changed one, the first first. Absent: it never changed. */
    readonly earlier?: readonly string[]
    /** Definitions that its states call, at any depth, by the name that the states use. Absent: none. */
    readonly calls?: readonly (CalledDefinition & { readonly blob: string })[]
  }
  readonly trigger: RunTrigger
  readonly trust?: RecordTrust
  readonly actor?: RunActor
  readonly repository: {
    /** Address of the remote, without credentials. */
    readonly url?: string
    /** What was checked out. Absent: no commit yet. */
    readonly commit?: string
    /** Absent: detached. */
    readonly branch?: string
    /** Files that differed from the commit. */
    readonly changedFiles: number
  }
  /** sha256 of `inputs.json`. */
  readonly inputs: { readonly sha256: string }
  /** Version of codemie-ci. */
  readonly engine: string
  /** Models that answered, sorted. */
  readonly models: readonly string[]
  /** MCP servers that told their tools, with a digest that is equal for equal tools. Absent: none was asked. */
  readonly mcpServers?: readonly ServerTools[]
  readonly startedAt: string
  readonly finishedAt?: string
  /** Time spent running, pauses left out. */
  readonly durationMs: number
  /** Steps finished. */
  readonly steps: number
  readonly usage?: Usage
  /** US dollars. A lower bound when `costUnknown`. */
  readonly costUsd?: number
  readonly costUnknown?: boolean
  readonly failure?: FailureInfo
  /** What the run could come to at most, as reckoned when it started. Absent in records of older versions. */
  readonly ceiling?: RecordedCeiling
  /** Page of the CI job. */
  readonly ciUrl?: string
  /** The run that this one repeats, and the step from which on it did things anew; absent: from the beginning. */
  readonly origin?: { readonly run: string; readonly from?: string }
  /** Counts the processes that ran this run, from 1; a writer with a lower number than the last one must stop. */
  readonly fence: number
  /** Who executes the run, in the record of one that is going on. */
  readonly lease?: {
    readonly hostname: string
    readonly pid: number
    /** Tells the process from a later one with the same number. */
    readonly incarnation?: string
    /** Last sign of life, ISO 8601. */
    readonly renewedAt: string
  }
  /** Tree of the record that this one continues and replaces. */
  readonly previousTree?: string
  /** Said when the journal in the record does not hold everything. */
  readonly journal?: { readonly leftOutEvents: number }
  /** Every other file of the record. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly size: number }>>
}

/** The part of a manifest that is known when a run starts. */
export type ManifestStart = Pick<
  RunManifest,
  | 'id'
  | 'workflow'
  | 'trigger'
  | 'trust'
  | 'actor'
  | 'repository'
  | 'inputs'
  | 'engine'
  | 'startedAt'
  | 'ceiling'
  | 'ciUrl'
  | 'origin'
  | 'previousTree'
>
