/**
 * What the exit status of `codemie-ci` means: the one table, explained for people in `docs/exit-status.md`. The status
 * is 0 only when what was asked for is done.
 */
export const EXIT = {
  /** Done, and nothing to complain about. */
  done: 0,
  /** The workflow failed, or a check found something. */
  failed: 1,
  /** Could not start: wrong usage, an invalid definition or configuration. */
  usage: 2,
  /** A run waits for a person. */
  waiting: 3,
  /** A budget is used up. */
  budget: 4,
  /** Refused by a policy. */
  refused: 5,
  /** A provider or the infrastructure did not do its part. */
  infrastructure: 6,
  /** Interrupted by a person or the CI system; also the shell's number for SIGINT. */
  interrupted: 130,
} as const
