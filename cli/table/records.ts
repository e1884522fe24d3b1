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
      {
        name: 'status',
        kind: 'texts',
        value: 'STATUS',
        choices: ['running', 'succeeded', 'failed', 'paused', 'interrupted', 'aborted', 'budget-exceeded'],
        summary: 'Only runs with this status. Repeatable',
      },
      { name: 'branch', kind: 'text', value: 'NAME', summary: 'Only runs on this branch' },
      { name: 'actor', kind: 'text', value: 'NAME', summary: 'Only runs that somebody of this name started' },
      {
        name: 'event',
        kind: 'text',
        value: 'EVENT',
        summary: 'Only runs that this started: manual, pull_request, schedule, ...',
      },
      {
        name: 'since',
        kind: 'text',
        value: 'WHEN',
        summary: 'Only runs that started then or later: a date, a time, or an age such as 12h or 7d',
      },
      { name: 'until', kind: 'text', value: 'WHEN', summary: 'Only runs that started before' },
      { name: 'min-cost', kind: 'text', value: 'USD', summary: 'Only runs that cost at least this' },
      { name: 'max-cost', kind: 'text', value: 'USD', summary: 'Only runs whose cost is known and no more' },
      { name: 'limit', short: 'n', kind: 'text', value: 'N', summary: 'At most this many; default 20' },
      { name: 'all', kind: 'flag', summary: 'All of them' },
      JSON_OUT,
      { name: 'csv', kind: 'flag', summary: 'Print comma-separated values, for a spreadsheet' },
    ],
    examples: [
      { line: 'codemie-ci runs', what: 'the last 20' },
      { line: 'codemie-ci runs --status failed --since 7d', what: 'what failed this week' },
      { line: 'codemie-ci runs --all --csv > runs.csv', what: 'for a spreadsheet' },
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
