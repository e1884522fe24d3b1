import type { EffectResult, Proposed } from './effects/proposal.ts'
import type { FailureInfo } from './failure.ts'
import type { Usage } from './models/model.ts'
import type { RunActor } from './store/manifest.ts'

/** Status of a run. Source of the words: design, section 5 (exit status) and the record's `run.json`. */
export type RunStatus =
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'paused'
  | 'interrupted'
  | 'aborted'
  | 'budget-exceeded'

/**
 * All that can happen in a run, as one closed union. The terminal view, the plain log, JSON lines, the job summary and
 * the journal are viewers of it. `at` is ISO 8601 in UTC with milliseconds.
 */
export type RunEvent =
  | RunStarted
  | RunResumed
  | SuperstepStarted
  | StepStarted
  | StepProgress
  | EffectFinished
  | StepFinished
  | StepReused
  | AttemptFailed
  | RunWarning
  | RunPaused
  | OutputRevised
  | RunAborted
  | RunFinished
  | EffectsCarriedOut

interface Happened {
  readonly at: string
}

export interface RunStarted extends Happened {
  readonly type: 'run-started'
  readonly runId: string
  readonly workflow: string
  readonly name: string
  readonly file: string
  /** The model that was asked for instead of those of the workflow; a resumption asks it too. */
  readonly model?: string
  /** Conditions that cannot be evaluated fail; absent: they count as false. */
  readonly strict?: boolean
  /** The workflow was retired, and somebody ran it all the same; a resumption goes on. */
  readonly force?: boolean
  /** Its record is pushed, and a resumption pushes it, too: the remote has to know who has the run. */
  readonly push?: boolean
  /**
   * Several machines may share a map of it, so its record tells what happened in the order of steps and items, whoever was
   * faster and wherever it was. Absent: in the order in which it happened.
   */
  readonly ordered?: boolean
}

export interface RunResumed extends Happened {
  readonly type: 'run-resumed'
  readonly runId: string
  /** Steps whose output is taken from the journal. */
  readonly finishedSteps: number
  /** What a person said to a run that waited; absent after a failure or an interruption. */
  readonly answer?: PauseAnswered
  /** The definition that the run goes on with from here; absent: the one it had. */
  readonly definition?: AcceptedDefinition
}

/** A changed definition that a person let a run go on with. */
export interface AcceptedDefinition {
  /** Object id of the definition. */
  readonly blob: string
  /** What changed, one sentence each. */
  readonly changes: readonly string[]
  /** Paths of states whose earlier steps no longer count, without items and counts; `check/**`: all below `check`. */
  readonly redo: readonly string[]
  /** Of those the ones that come after something that is done again: what people said before them no longer counts, either. */
  readonly askAgain: readonly string[]
  /** Who let it, as git or the CI system knows them. */
  readonly by?: RunActor
}

/** A person's answer as the journal keeps it. */
export interface PauseAnswered {
  /** Path of the one step that it is for. Absent: for all that were held. */
  readonly step?: string
  /** Absent: the person let the run go on without being asked for a yes. */
  readonly decision?: 'approved' | 'rejected'
  /** Why, of a rejection. */
  readonly reason?: string
  /** Enters the conversation as the user's message. */
  readonly userInput?: string
  /** What stands from now on for the output of the step that finished last. */
  readonly edit?: string
  /** What a yes or a no was said to: the digest of each step's {@link Ask}, by its path. */
  readonly digests?: Readonly<Record<string, string>>
  /** Who said it, as git or the CI system knows them. */
  readonly by?: RunActor
}

/** A person ended the run for good. */
export interface RunAborted extends Happened {
  readonly type: 'run-aborted'
  readonly reason?: string
  readonly by?: RunActor
}

/** While the run waited, a model reworked the output of the step that finished last, as a person asked it to. */
export interface OutputRevised extends Happened {
  readonly type: 'output-revised'
  /** The step whose output it was. */
  readonly path: string
  /** What the person wanted to be changed. */
  readonly request: string
  /** What stands for the output when the run goes on. */
  readonly output: string
  readonly model: string
  readonly by?: RunActor
}

export interface SuperstepStarted extends Happened {
  readonly type: 'superstep-started'
  /** From 1. */
  readonly number: number
  /** Paths of its steps, in start order. */
  readonly steps: readonly string[]
  /** The step that runs the workflow which this superstep belongs to; absent: it is the run's own. */
  readonly within?: string
}

export interface StepStarted extends Happened {
  readonly type: 'step-started'
  readonly path: string
  readonly state: string
  readonly kind: string
  readonly attempt: number
  /** The prompt of an agent, the call of a tool; for people. */
  readonly task: string
  /** Paths of the steps that led here. */
  readonly after: readonly string[]
}

export interface StepProgress extends Happened {
  readonly type: 'step-progress'
  readonly path: string
  /** A piece of the answer of a model or agent, or the tool being called. Never journaled. */
  readonly text?: string
  readonly tool?: string
}

/** An effect was answered; the journal keeps the reply so that a resumed attempt does not ask again. */
export interface EffectFinished extends Happened {
  readonly type: 'effect-finished'
  readonly path: string
  readonly attempt: number
  readonly ordinal: number
  readonly kind: 'model' | 'tool' | 'agent'
  /** Model id, tool name, or the command line of an agent. */
  readonly name: string
  /** sha256 of the request, 16 hex digits: a resumed run that asks something else does not get this reply. */
  readonly request: string
  readonly reply: unknown
  readonly durationMs: number
  readonly usage?: Usage
  /** Absent for tools and where the price is not known. */
  readonly costUsd?: number
  /** An MCP server told which tools it has. */
  readonly listed?: ServerTools
  /** The session that an agent was asked in. Absent: none that lasts. */
  readonly session?: string
  /** A tool proposed what is to be written to GitHub; see `ToolReply`. */
  readonly proposed?: Proposed
}

/** After the run: what became of its proposals, of those that a step of a job has looked at. */
export interface EffectsCarriedOut extends Happened {
  readonly type: 'effects-carried-out'
  readonly results: readonly EffectResult[]
  /** Page of the CI job. */
  readonly ciUrl?: string
}

/** Which tools an MCP server had in a run. */
export interface ServerTools {
  readonly server: string
  readonly tools: number
  /** Over their names, descriptions and schemas, in 64 hex digits: equal for equal tools. */
  readonly sha256: string
}

export interface StepFinished extends Happened {
  readonly type: 'step-finished'
  readonly path: string
  readonly state: string
  readonly attempt: number
  readonly output: string
  readonly durationMs: number
  readonly usage?: Usage
  readonly costUsd?: number
  /** A model was called whose price is not known: `costUsd` is a lower bound. */
  readonly costUnknown?: boolean
  /** All attempts failed, and the state's `on_error` says to go on: the output describes this failure. */
  readonly failure?: FailureInfo
  /** Id of the run that did it; this one repeats that run from a later step. */
  readonly takenFrom?: string
}

/** The journal of an earlier try of this run already holds the step's output. */
export interface StepReused extends Happened {
  readonly type: 'step-reused'
  readonly path: string
  readonly state: string
  readonly output: string
}

export interface AttemptFailed extends Happened {
  readonly type: 'attempt-failed'
  readonly path: string
  readonly state: string
  readonly attempt: number
  readonly failure: FailureInfo
  readonly durationMs: number
  /** `undefined`: no further attempt. */
  readonly retryInMs?: number
  /** Of the answer that could not be used; what the attempt had asked before is in events of its own. */
  readonly usage?: Usage
  readonly costUsd?: number
}

/** Something the author should know, and that did not stop the run. */
export interface RunWarning extends Happened {
  readonly type: 'warning'
  readonly code: string
  readonly message: string
  readonly path?: string
  /** `file:line:column` in the definition. */
  readonly position?: string
}

export interface RunPaused extends Happened {
  readonly type: 'run-paused'
  /** Paths of the steps that are held. */
  readonly before: readonly string[]
  readonly reason: 'interrupt-before' | 'approval' | 'shards'
  /** Other machines work on the items of a map, and nobody has to say anything; with the reason `shards`. */
  readonly shards?: SharedMap
  /** Of those that need a yes, what it is asked for. Absent: none does. */
  readonly asks?: readonly Ask[]
  /** The step whose output an edit would replace: the last that finished, in the order of merging. Absent: none did. */
  readonly last?: string
}

/** A map whose items several machines share. */
export interface SharedMap {
  /** Path of the step whose output holds the items. */
  readonly step: string
  /** How many items. */
  readonly items: number
  /** How many shards they are in. */
  readonly of: number
}

/** What a person is asked to say yes to before a step runs; the yes holds for exactly this. */
export interface Ask {
  readonly path: string
  /** What the step would do: the prompt of an agent, the call of a tool with its arguments. */
  readonly task: string
  /** Object ids of the definition as executed and of those that it calls. */
  readonly definition: readonly string[]
  /** sha256 of `inputs.json`. */
  readonly inputs: string
  /** sha256 of all that the step would ask for and gets to see. */
  readonly effect: string
  /** sha256 of the run, the step and the rest, in 64 hex digits; the step's task is part of `effect`. */
  readonly digest: string
}

export interface RunFinished extends Happened {
  readonly type: 'run-finished'
  readonly runId: string
  readonly status: RunStatus
  /** Output of the last step; `undefined` when there was none. */
  readonly output?: string
  readonly failure?: FailureInfo
  readonly durationMs: number
  readonly steps: number
  readonly usage?: Usage
  readonly costUsd?: number
  readonly costUnknown?: boolean
}
