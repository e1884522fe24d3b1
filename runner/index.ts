/** What happens when a workflow runs, and what is kept of it. */

export type { RunOptions, RunResult } from './carry-out.ts'
export type { RunEvent, RunStatus } from './events.ts'
export { type FailureInfo, Refusal, StepFailure } from './failure.ts'
export { type Definition, openProject, type Project } from './project.ts'
export { openRecords } from './records.ts'
export { type ResumeOptions, resumeRun, type StartOptions, startRun } from './run.ts'
export type { RecordPlace } from './store/writer.ts'
export { realWorld, type World } from './world.ts'
