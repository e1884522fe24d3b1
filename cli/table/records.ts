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
      {
        name: 'until',
        kind: 'text',
        value: 'WHEN',
        summary: 'Only runs that started before; of a date the whole day counts',
      },
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
    details: [
      'With --follow a run that is going on is watched until it ends or waits: here by its journal, and one of another machine by what that pushes. Exits with the status of the run; Ctrl-C ends following, not the run.',
    ],
    args: [
      RUN,
      {
        name: 'step',
        required: false,
        summary: 'Path of a step, e.g. review[3]: prints its output',
        completes: 'nothing',
      },
    ],
    options: [
      {
        name: 'attempt',
        kind: 'text',
        value: 'N',
        summary: 'An earlier try of the step, from 1; default: the last',
      },
      {
        name: 'journal',
        kind: 'flag',
        summary: 'Print what happened, in order; with --json one event as JSON a line',
      },
      { name: 'follow', kind: 'flag', summary: 'Watch a run that is going on' },
      JSON_OUT,
      { name: 'jsonl', kind: 'flag', summary: 'Print every event as a line of JSON, with --follow' },
    ],
    examples: [
      { line: 'codemie-ci show latest', what: 'the newest run' },
      { line: 'codemie-ci show latest report', what: 'the output of its step report' },
      { line: 'codemie-ci show latest --follow', what: 'until it ends' },
    ],
    load: async () => (await import('../commands/show.ts')).show,
  },
  {
    name: 'compare',
    summary: 'Show what differs between two runs',
    details: [
      'Names the first step whose output differs, then shows inputs, definition, and the output of each step word by word: [-what only the first has-]{+what only the second has+}. Tokens, cost and time come last, and do not count as a difference.',
    ],
    args: [
      { ...RUN, name: 'before', summary: 'The first run' },
      { ...RUN, name: 'after', summary: 'The second run' },
    ],
    options: [
      { name: 'step', kind: 'text', value: 'PATH', summary: 'Only this step, with all of its output' },
      { name: 'exit-code', kind: 'flag', summary: 'Exit 1 when they differ' },
      JSON_OUT,
    ],
    examples: [{ line: 'codemie-ci compare 3f9a1c2e latest', what: 'an earlier one with the newest one' }],
    load: async () => (await import('../commands/compare.ts')).compare,
  },
  {
    name: 'export',
    summary: 'Write a run out as JSON, Markdown or a zip archive',
    details: [
      'JSON and Markdown go to standard output, or to the file of --output. The archive holds a file for each step, named as CodeMie names them; it is written to <workflow>_<run>.zip.',
    ],
    args: [RUN],
    options: [
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['json', 'md', 'zip'],
        summary: 'Default: json',
      },
      { name: 'output', short: 'o', kind: 'text', value: 'FILE', summary: 'Write to this file' },
      { name: 'combined', kind: 'flag', summary: 'One file for all steps in the archive' },
      { name: 'force', kind: 'flag', summary: 'Replace a file that is there' },
    ],
    examples: [
      { line: 'codemie-ci export latest --format md > report.md', what: 'with every output' },
      { line: 'codemie-ci export latest --format zip', what: 'a file for each step' },
    ],
    load: async () => (await import('../commands/export.ts')).exportRun,
  },
  {
    name: 'share',
    summary: 'Print the link of a record on the forge, or write it to a file',
    details: [
      'The link names the commit, so it stays good. Where the record is not on the forge, it is written to a file, <run>.bundle in the working directory, which codemie-ci import brings into any clone; and what would make it a link is said.',
    ],
    args: [RUN],
    options: [{ name: 'bundle', kind: 'flag', summary: 'Write the file in any case' }, JSON_OUT],
    examples: [
      { line: 'codemie-ci share latest', what: 'for a comment or a chat' },
      { line: 'codemie-ci share latest --bundle', what: 'to hand it on without a remote' },
    ],
    load: async () => (await import('../commands/share.ts')).share,
  },
  {
    name: 'verify',
    summary: 'Check that records are what was written',
    details: [
      'Needs no network. Every file is compared with the digests in run.json, every folder with the tree that the publishing commit names, and every definition with the commit it ran on, where that commit is here. Names and times of commits are not believed. Exits 1 when something is not as it was written.',
      'It finds changes by hand and damage. Somebody who may write the branch can still forge a whole record with its commit: protect the branch.',
    ],
    args: [
      {
        name: 'runs',
        required: false,
        variadic: true,
        summary: 'Ids of runs; default: all at the tip of codemie/runs',
        completes: 'runs',
      },
    ],
    options: [JSON_OUT],
    examples: [
      { line: 'codemie-ci verify', what: 'all of them' },
      { line: 'codemie-ci verify latest', what: 'the newest one' },
    ],
    load: async () => (await import('../commands/verify.ts')).verify,
  },
  {
    name: 'import',
    summary: 'Bring in runs that could not be pushed, from their bundle',
    details: [
      'A run whose record cannot be pushed at its end leaves a bundle, a file that can be carried to any clone. Nothing in it is believed: each run must be a whole record with the right digests. Finished runs are put on codemie/runs; one that is not finished can be resumed.',
    ],
    args: [{ name: 'files', required: true, variadic: true, summary: 'Bundles', completes: 'files' }],
    options: [{ name: 'push', kind: 'flag', summary: "Put them on the remote's branch" }, JSON_OUT],
    examples: [
      { line: 'codemie-ci import 20261120T104455Z-3f9a1c2e.bundle --push', what: 'where a push works' },
    ],
    load: async () => (await import('../commands/import.ts')).importRuns,
  },
  {
    name: 'prune',
    also: [['runs', 'prune']],
    summary: 'Take old records from the tip of codemie/runs',
    details: [
      'Shows what would leave the tip, and changes nothing without --yes. Also called as codemie-ci runs prune. The commit that does it removes folders and nothing is forced: the history keeps the records, links to them stay good, and show and runs read them as before. It makes the folders easy to look through and what a shallow clone fetches small.',
      'With --archive the branch begins anew with the records that stay, and what it was is kept under refs/codemie/archive/, which clones do not fetch. The host must allow to force the branch for that.',
      'What is kept without options is said by results.keep_days and results.keep_runs of the config; codemie-ci sweep goes by them, too.',
    ],
    args: [],
    options: [
      { name: 'keep-days', kind: 'text', value: 'N', summary: 'Records of the last N days stay' },
      { name: 'keep-runs', kind: 'text', value: 'N', summary: 'The newest N records of each workflow stay' },
      {
        name: 'archive',
        kind: 'text',
        value: 'NAME',
        summary: 'Begin the branch anew, and keep the old one under this name',
      },
      { name: 'yes', kind: 'flag', summary: 'Do it' },
      { name: 'push', kind: 'flag', summary: 'On the branch of the remote' },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci prune --keep-days 90', what: 'a preview' },
      { line: 'codemie-ci prune --keep-days 90 --keep-runs 1000 --push --yes', what: 'on the remote' },
      { line: 'codemie-ci prune --keep-days 30 --archive 2026 --push --yes', what: 'once a year' },
    ],
    load: async () => (await import('../commands/prune.ts')).prune,
  },
  {
    name: 'sweep',
    summary: 'Finish what killed or refused processes left of their records',
    details: [
      'Commits runs that had ended, puts what is not on codemie/runs there, and aborts runs that nobody has gone on with for 30 days. What is under way is left alone. It may be run at any time, by anybody, also by several at once.',
    ],
    args: [],
    options: [
      { name: 'push', kind: 'flag', summary: 'Put the records of the remote in order, too' },
      {
        name: 'abandon-after',
        kind: 'text',
        value: 'DAYS',
        summary: 'Abort what was silent for so long; default 30',
      },
      JSON_OUT,
    ],
    examples: [{ line: 'codemie-ci sweep --push', what: 'in a scheduled job' }],
    load: async () => (await import('../commands/sweep.ts')).sweep,
  },
]
