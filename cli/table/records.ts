import type { CommandSpec } from '../command.ts'
import { JSON_OUT, RUN } from './common.ts'

/** Commands that read and look after the records of runs. */
export const RECORDS: readonly CommandSpec[] = [
  {
    name: 'runs',
    summary: 'List the runs that are kept in git',
    details: ['Newest first, with those that are not finished yet.'],
    args: [
      {
        name: 'workflow',
        required: false,
        summary: 'Only runs of this workflow',
        completes: 'workflows',
      },
    ],
    options: [
      { name: 'limit', short: 'n', kind: 'text', value: 'N', summary: 'At most this many; default 20' },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci runs', what: 'the last 20' },
      { line: 'codemie-ci runs review -n 5 --json', what: 'for programs' },
    ],
    load: async () => (await import('../commands/runs.ts')).runs,
  },
  {
    name: 'show',
    summary: 'Show a run, or the output of one of its steps',
    details: [],
    args: [
      RUN,
      {
        name: 'step',
        required: false,
        summary: 'Path of a step, e.g. review[3]: prints its output',
        completes: 'nothing',
      },
    ],
    options: [JSON_OUT],
    examples: [
      { line: 'codemie-ci show latest', what: 'the newest run' },
      { line: 'codemie-ci show latest report', what: 'the output of its step report' },
    ],
    load: async () => (await import('../commands/show.ts')).show,
  },
]
