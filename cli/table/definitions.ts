import { STAGES } from '../../schema/lifecycle.ts'
import type { CommandSpec } from '../command.ts'
import { INPUT_ARGUMENT, INPUTS, JSON_OUT, MODEL, STRICT, WORKFLOW, WORKFLOW_AT } from './common.ts'

/** Commands for definitions of workflows: write, check and look at them. */
export const DEFINITIONS: readonly CommandSpec[] = [
  {
    name: 'init',
    summary: 'Set a repository up: configuration, a first workflow, a GitHub workflow',
    details: [
      'Writes .codemie/config.yaml, one workflow from a template and .github/workflows/codemie.yml, which starts workflows by the events that they name under on. Files that are there already stay as they are unless --force is given; --update puts what the definitions ask for into the GitHub workflow and keeps everything else of it. On a terminal it asks which of four templates you want; elsewhere it takes release-notes, which needs no model and no key.',
    ],
    args: [],
    options: [
      {
        name: 'template',
        kind: 'text',
        value: 'NAME',
        choices: ['release-notes', 'review', 'triage', 'summary'],
        summary: 'The template of the first workflow, without asking',
      },
      { name: 'force', kind: 'flag', summary: 'Replace files that differ' },
      { name: 'no-github', kind: 'flag', summary: 'Write no GitHub workflow' },
      {
        name: 'update',
        kind: 'flag',
        summary: 'Only bring the GitHub workflow up to date with the definitions',
      },
      {
        name: 'diff-driver',
        kind: 'flag',
        summary: 'Only make git diff in this clone show what changes mean',
      },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci init', what: 'asks what to start with' },
      { line: 'codemie-ci init --template review', what: 'does not ask' },
      { line: 'codemie-ci init --update', what: 'after a change of on, inputs or permissions' },
      { line: 'codemie-ci init --diff-driver', what: 'once in each clone, for git diff' },
    ],
    load: async () => (await import('../commands/init.ts')).init,
  },
  {
    name: 'list',
    summary: 'List the workflows of this repository',
    details: [
      'Searches .codemie/workflows. With words, shows the workflows that hold all of them somewhere. What was put away with codemie-ci archive is shown with --all.',
    ],
    args: [
      {
        name: 'text',
        required: false,
        variadic: true,
        summary: 'Words to look for in id, name, description, tags and file',
        completes: 'nothing',
      },
    ],
    options: [
      { name: 'tag', kind: 'texts', value: 'TAG', summary: 'Only workflows with this tag. Repeatable' },
      {
        name: 'lifecycle',
        kind: 'texts',
        value: 'STAGE',
        choices: STAGES,
        summary: 'Only workflows that have come so far. Repeatable',
      },
      { name: 'all', kind: 'flag', summary: 'Also those in .codemie/archive' },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci list', what: 'everything' },
      { line: 'codemie-ci list review --tag security', what: 'by word and tag' },
    ],
    load: async () => (await import('../commands/list.ts')).list,
  },
  {
    name: 'validate',
    summary: 'Check workflows and configuration, and show every problem at once',
    details: [
      'Without files, checks all workflows, templates, the stored assistants and the configuration of the repository, and whether the GitHub workflow fits them. Needs no key and no network. Exits 2 when there is an error, or with --strict also for a warning.',
    ],
    args: [
      {
        name: 'files',
        required: false,
        variadic: true,
        summary: 'Files or folders; default: all of the repository',
        completes: 'files',
      },
    ],
    options: [
      STRICT,
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['text', 'json', 'github'],
        summary: 'How to report: text (default), json, or github (annotations)',
      },
      { name: 'json', kind: 'flag', summary: 'The same as --format json' },
    ],
    examples: [
      { line: 'codemie-ci validate', what: 'the whole repository' },
      {
        line: 'codemie-ci validate .codemie/workflows/review.yaml --strict',
        what: 'one file, warnings count',
      },
      { line: 'codemie-ci validate --format github', what: 'annotations in a pull request' },
    ],
    load: async () => (await import('../commands/validate.ts')).validate,
  },
  {
    name: 'explain',
    summary: 'Tell more about the code of a problem',
    details: ['Without a code, lists all codes.'],
    args: [
      {
        name: 'code',
        required: false,
        summary: 'The code, as it stands in brackets after a problem',
        completes: 'nothing',
      },
    ],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci explain unknown-state', what: 'what it means and how to mend it' }],
    load: async () => (await import('../commands/explain.ts')).explain,
  },
  {
    name: 'plan',
    summary: 'Show what a run would do, without doing any of it',
    details: [
      'The same as run --dry-run: no network, no key, nothing written. Shows the inputs, the states in order with assistant, model, tools and prompts as far as they are known, what writes to the outside, and which secrets are needed.',
      'Exits 2 when an input is missing or wrong. A key that is not set is shown, and is no error here.',
    ],
    args: [WORKFLOW_AT, INPUT_ARGUMENT],
    options: [...INPUTS, MODEL, STRICT, JSON_OUT],
    examples: [
      { line: 'codemie-ci plan release-notes', what: 'before a first run' },
      { line: 'codemie-ci plan review -i base=main --json', what: 'for programs' },
    ],
    load: async () => (await import('../commands/plan.ts')).plan,
  },
  {
    name: 'graph',
    summary: 'Draw a workflow',
    details: ['On a terminal a drawing of lines; elsewhere Mermaid text, which GitHub shows in Markdown.'],
    args: [WORKFLOW_AT],
    options: [
      { name: 'mermaid', kind: 'flag', summary: 'Mermaid, also on a terminal' },
      { name: 'text', kind: 'flag', summary: 'The terminal drawing, also into a pipe' },
    ],
    examples: [
      { line: 'codemie-ci graph release-notes', what: 'a drawing' },
      { line: 'codemie-ci graph release-notes --mermaid', what: 'for a README' },
    ],
    load: async () => (await import('../commands/graph.ts')).graph,
  },
  {
    name: 'diff',
    summary: 'Show what changes mean for what runs',
    details: [
      'Like git diff, for what workflows do: states that came, went or are called otherwise, prompts, models, tools, what follows what; and for stored assistants, skills, templates and the configuration. Comments, layout and the order of states are no changes. Without a revision the working tree is compared with HEAD; with one, with that; A..B compares two, and A...B from where they parted.',
      'Each change is of a class: widening (it may do, read, spend or start more than before), narrowing (less), breaking (who starts it has to change something), neutral (it does something else with the same means).',
    ],
    args: [
      {
        name: 'what',
        required: false,
        variadic: true,
        summary: 'A revision or two, and files; default: HEAD and everything under .codemie',
        completes: 'files',
      },
    ],
    options: [
      { name: 'exit-code', kind: 'flag', summary: 'Exit 1 when there are changes' },
      { name: 'markdown', kind: 'flag', summary: 'Print Markdown, as for a comment on a pull request' },
      { name: 'sarif', kind: 'flag', summary: 'Print SARIF 2.1.0, for code scanning' },
      {
        name: 'graph',
        kind: 'flag',
        summary: 'Draw before and after as one graph: Mermaid of one file that is named, else Markdown',
      },
      {
        name: 'merge',
        kind: 'flag',
        summary:
          'Check what merging this revision into HEAD would make of definitions; without one, the merge HEAD',
      },
      {
        name: 'driver',
        kind: 'flag',
        summary: 'What git calls after init --diff-driver; takes its arguments',
      },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci diff', what: 'what is not committed yet' },
      { line: 'codemie-ci diff main...HEAD', what: 'what this branch changes' },
      { line: 'codemie-ci diff --merge topic', what: 'before merging it' },
      { line: 'codemie-ci diff HEAD~3 .codemie/workflows/review.yaml', what: 'one workflow' },
    ],
    load: async () => (await import('../commands/diff.ts')).diff,
  },
  {
    name: 'versions',
    summary: 'List the versions of a workflow, and what each of them changed',
    details: [
      'Versions are the commits that changed its file, through renames and moves, the newest first, each with what it changed in what the workflow does, how many recorded runs it had, and how many of those that ended succeeded.',
    ],
    args: [WORKFLOW],
    options: [
      { name: 'limit', short: 'n', kind: 'text', value: 'N', summary: 'At most this many; default 20' },
      { name: 'all', kind: 'flag', summary: 'All of them' },
      JSON_OUT,
    ],
    examples: [{ line: 'codemie-ci versions review', what: 'the last 20' }],
    load: async () => (await import('../commands/versions.ts')).versions,
  },
  {
    name: 'blame',
    summary: 'Say which commits made a state of a workflow what it is',
    details: [
      'For each aspect of the state (task, prompt, model, tools, what follows, …) the commit that last gave it its meaning, with what that commit changed: through renames of the file and of the state, merges and reverts. What never changed since the state was added stands in one line.',
    ],
    args: [
      WORKFLOW,
      { name: 'state', required: true, summary: 'Id of the state, as it is now', completes: 'nothing' },
    ],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci blame review report', what: 'who made it say that' }],
    load: async () => (await import('../commands/blame.ts')).blame,
  },
  {
    name: 'bisect',
    summary: 'Find the commit after which the output of a step went wrong',
    details: [
      'Searches the versions of the workflow by halving. What a version did is read from its newest recorded run that ended, one with the same inputs as the run of the bad version where there is one. The expression is one as in conditions of a workflow: the fields of the output are names in it, and output is the whole text.',
      'A version without a run is left out where others help; in the end the versions that are left are printed with the commands that would run them. With --run they are run, one at a time, which costs what runs cost; the limits of the configuration hold. Exits 1 when it cannot be decided.',
    ],
    args: [WORKFLOW],
    options: [
      {
        name: 'step',
        kind: 'text',
        value: 'PATH',
        summary: 'Path of the step whose output is looked at. Required',
      },
      {
        name: 'expect',
        kind: 'text',
        value: 'EXPRESSION',
        summary: 'What was true of its output before it went wrong. Required',
      },
      {
        name: 'good',
        kind: 'text',
        value: 'REVISION',
        summary: 'Where it was right; default: the oldest version with a run that was',
      },
      {
        name: 'bad',
        kind: 'text',
        value: 'REVISION',
        summary: 'Where it is wrong; default: the newest version',
      },
      { name: 'run', kind: 'flag', summary: 'Run versions that have no recorded run' },
      JSON_OUT,
    ],
    examples: [
      {
        line: `codemie-ci bisect review --step grade --expect "approved == True"`,
        what: 'since when it says no',
      },
      {
        line: `codemie-ci bisect review --step report --expect "'Risks' in output" --good v1.0 --run`,
        what: 'in a text; runs what has no run yet',
      },
    ],
    load: async () => (await import('../commands/bisect.ts')).bisect,
  },
  {
    name: 'revert',
    summary: 'Put an earlier version of a workflow back into the working tree',
    details: [
      'Writes the file as the revision has it, and prints a message to commit it with; nothing is committed. A file that was called otherwise then is found by its history. Refused when that version has errors, or when changes would be lost that are not committed.',
    ],
    args: [
      WORKFLOW,
      { name: 'revision', required: true, summary: 'A commit, a tag or a branch', completes: 'nothing' },
    ],
    options: [{ name: 'force', kind: 'flag', summary: 'Lose changes that are not committed' }, JSON_OUT],
    examples: [{ line: 'codemie-ci revert review HEAD~1', what: 'as it was a commit ago' }],
    load: async () => (await import('../commands/revert.ts')).revert,
  },
]
