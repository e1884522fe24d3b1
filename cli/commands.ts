import type { ArgumentSpec, CommandSpec, OptionSpec } from './command.ts'

const JSON_OUT: OptionSpec = {
  name: 'json',
  kind: 'flag',
  summary: 'Print one JSON object on standard output',
}

const WORKFLOW: ArgumentSpec = {
  name: 'workflow',
  required: true,
  summary: 'File stem, path or name of the workflow',
  completes: 'workflows',
}

const RUN: ArgumentSpec = {
  name: 'run',
  required: true,
  summary: 'Id of the run, the beginning or end of one, or latest',
  completes: 'runs',
}

const INPUTS: readonly OptionSpec[] = [
  {
    name: 'input-value',
    short: 'i',
    kind: 'texts',
    value: 'KEY=VALUE',
    summary: 'One input; a value that is declared other than string is read as JSON. Repeatable',
  },
  {
    name: 'input',
    kind: 'text',
    value: 'TEXT',
    summary: 'The whole input: a JSON object of inputs, or free text',
  },
  { name: 'input-file', kind: 'text', value: 'FILE', summary: "The same from a file; '-' is standard input" },
]

const INPUT_ARGUMENT: ArgumentSpec = {
  name: 'input',
  required: false,
  summary: "'-' reads the whole input from standard input",
  completes: ['-'],
}

const MODEL: OptionSpec = {
  name: 'model',
  kind: 'text',
  value: 'MODEL',
  summary: 'Use this model for every assistant, as provider:model or bare',
}

const STRICT: OptionSpec = { name: 'strict', kind: 'flag', summary: 'Count warnings as errors' }

const HELD_STEP: ArgumentSpec = {
  name: 'step',
  required: false,
  summary: 'Path of the one step that is meant; default: all that wait',
  completes: 'nothing',
}

const EDITS: readonly OptionSpec[] = [
  {
    name: 'edit',
    kind: 'text',
    value: 'TEXT',
    summary: 'Stands for the output of the step that finished last before the pause',
  },
  { name: 'edit-file', kind: 'text', value: 'FILE', summary: "The same from a file; '-' is standard input" },
]

const TAKE_OVER: OptionSpec = {
  name: 'take-over',
  kind: 'flag',
  summary: 'Go on although another machine started it and cannot be asked',
}

const EXECUTION: readonly OptionSpec[] = [
  {
    name: 'max-concurrency',
    kind: 'text',
    value: 'N',
    summary: "Steps at once, 1 to 1000; default: the workflow's own limit",
  },
  { name: 'push', kind: 'flag', summary: 'Push the record to the remote' },
  JSON_OUT,
  { name: 'jsonl', kind: 'flag', summary: 'Print every event as a line of JSON on standard output' },
]

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'init',
    summary: 'Set a repository up: configuration, a first workflow, a GitHub workflow',
    details: [
      'Writes .codemie/config.yaml, one workflow from a list of starters and .github/workflows/codemie.yml. Files that are there already stay as they are unless --force is given. On a terminal it asks which starter you want; elsewhere it takes release-notes, which needs no model and no key.',
    ],
    args: [],
    options: [
      {
        name: 'template',
        kind: 'text',
        value: 'NAME',
        choices: ['release-notes', 'review', 'triage', 'summary'],
        summary: 'The starter to write, without asking',
      },
      { name: 'force', kind: 'flag', summary: 'Replace files that differ' },
      { name: 'no-github', kind: 'flag', summary: 'Write no GitHub workflow' },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci init', what: 'asks which starter you want' },
      { line: 'codemie-ci init --template review', what: 'does not ask' },
    ],
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'list',
    summary: 'List the workflows of this repository',
    details: [
      'Searches .codemie/workflows. With words, shows the workflows that hold all of them somewhere.',
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
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci list', what: 'everything' },
      { line: 'codemie-ci list review --tag security', what: 'by word and tag' },
    ],
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'validate',
    summary: 'Check workflows and configuration, and show every problem at once',
    details: [
      'Without files, checks all workflows, the stored assistants and the configuration of the repository. Needs no key and no network. Exits 2 when there is an error, or with --strict also for a warning.',
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
    load: async () => (await import('./commands/validate.ts')).validate,
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
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  {
    name: 'plan',
    summary: 'Show what a run would do, without doing any of it',
    details: [
      'The same as run --dry-run: no network, no key, nothing written. Shows the inputs, the states in order with assistant, model, tools and prompts as far as they are known, what writes to the outside, and which secrets are needed.',
      'Exits 2 when an input is missing or wrong. A key that is not set is shown, and is no error here.',
    ],
    args: [WORKFLOW, INPUT_ARGUMENT],
    options: [...INPUTS, MODEL, STRICT, JSON_OUT],
    examples: [
      { line: 'codemie-ci plan release-notes', what: 'before a first run' },
      { line: 'codemie-ci plan review -i base=main --json', what: 'for programs' },
    ],
    load: async () => (await import('./commands/plan.ts')).plan,
  },
  {
    name: 'graph',
    summary: 'Draw a workflow',
    details: ['On a terminal a drawing of lines; elsewhere Mermaid text, which GitHub shows in Markdown.'],
    args: [WORKFLOW],
    options: [
      { name: 'mermaid', kind: 'flag', summary: 'Mermaid, also on a terminal' },
      { name: 'text', kind: 'flag', summary: 'The terminal drawing, also into a pipe' },
    ],
    examples: [
      { line: 'codemie-ci graph release-notes', what: 'a drawing' },
      { line: 'codemie-ci graph release-notes --mermaid', what: 'for a README' },
    ],
    load: async () => (await import('./commands/graph.ts')).graph,
  },
  {
    name: 'run',
    summary: 'Run a workflow and keep its record in git',
    details: [
      'Progress goes to standard error, the result to standard output. The record is committed to the branch codemie/runs, never to your working tree. Ctrl-C saves what is finished and prints the command that goes on; a second Ctrl-C ends at once.',
      'With -i the input of the run is a JSON object of the values given; --input and --input-file give all of it, as a JSON object or as free text.',
    ],
    args: [WORKFLOW, INPUT_ARGUMENT],
    options: [
      ...INPUTS,
      { name: 'dry-run', kind: 'flag', summary: 'Only show the plan; see codemie-ci plan --help' },
      MODEL,
      STRICT,
      { name: 'no-commit', kind: 'flag', summary: 'Keep no record in git' },
      ...EXECUTION,
    ],
    examples: [
      { line: 'codemie-ci run review -i base=main --model gpt-5', what: 'with an input and a model' },
      { line: 'cat issue.txt | codemie-ci run triage -', what: 'with free text from a pipe' },
      { line: 'codemie-ci run summary --json | jq .output', what: 'for programs' },
    ],
    load: async () => (await import('./commands/run.ts')).run,
  },
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
    load: async () => (await import('./commands/runs.ts')).runs,
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
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'resume',
    summary: 'Go on with a run that failed, was interrupted or waits for you',
    details: [
      'Steps that are finished are not done again. A run that waits before a step goes on with your message, if you give one: the agents after it read it like any other, and the keys of a JSON object enter the context.',
      'With --edit your text takes the place of the output before the pause. With --request-changes a model reworks that output first and the run waits on, so that you can look at it; exits 3.',
    ],
    args: [RUN],
    options: [
      {
        name: 'message',
        short: 'm',
        kind: 'text',
        value: 'TEXT',
        summary: 'Your answer to a run that waits for one',
      },
      ...EDITS,
      {
        name: 'request-changes',
        kind: 'text',
        value: 'TEXT',
        summary: 'Have the output before the pause reworked, and wait on',
      },
      TAKE_OVER,
      ...EXECUTION,
    ],
    examples: [
      { line: 'codemie-ci resume latest', what: 'the newest run' },
      { line: 'codemie-ci resume latest -m "Looks good, publish it"', what: 'answers a run that waits' },
      { line: 'codemie-ci resume latest --edit-file draft.md', what: 'with an output of your own' },
      { line: 'codemie-ci resume latest --request-changes "Shorter"', what: 'asks for a better one first' },
    ],
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  {
    name: 'approve',
    summary: 'Say yes to a run that waits, and go on with it',
    details: [
      'A state with `approval: true` runs only after a yes. Who gave it and when is kept in the record. The yes is for all steps that wait; with a step it is for that one, and the others wait on.',
    ],
    args: [RUN, HELD_STEP],
    options: [
      {
        name: 'message',
        short: 'm',
        kind: 'text',
        value: 'TEXT',
        summary: 'What the agents after it should know',
      },
      ...EDITS,
      TAKE_OVER,
      ...EXECUTION,
    ],
    examples: [
      { line: 'codemie-ci approve latest', what: 'all that waits in the newest run' },
      {
        line: 'codemie-ci approve latest publish',
        what: 'one step; refused when the run does not wait before it',
      },
    ],
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  {
    name: 'reject',
    summary: 'Say no to a run that waits: the steps that wait fail',
    details: [
      'A rejected step is not run. It fails with the code `rejected`, which `on_error` of its state can catch; without that the run fails. A later approve takes the no back. With a step the no is for that one, and the others wait on.',
    ],
    args: [RUN, HELD_STEP],
    options: [
      { name: 'message', short: 'm', kind: 'text', value: 'TEXT', summary: 'Why' },
      TAKE_OVER,
      ...EXECUTION,
    ],
    examples: [{ line: 'codemie-ci reject latest -m "Not before Monday"', what: 'and why' }],
    load: async () => (await import('./commands/reject.ts')).reject,
  },
  {
    name: 'abort',
    summary: 'End a run for good',
    details: [
      'A run that is under way on this machine is stopped first, as Ctrl-C does it. What the run had is kept as its record; it cannot be resumed.',
    ],
    args: [RUN],
    options: [
      { name: 'message', short: 'm', kind: 'text', value: 'TEXT', summary: 'Why' },
      TAKE_OVER,
      { name: 'push', kind: 'flag', summary: 'Push the record to the remote' },
      JSON_OUT,
    ],
    examples: [{ line: 'codemie-ci abort latest -m "Wrong branch"', what: 'the newest run' }],
    load: async () => (await import('./commands/abort.ts')).abort,
  },
  {
    name: 'doctor',
    summary: 'Check that everything is in place, and say how to mend what is not',
    details: [
      'Looks at git, Node, the configuration, the workflows, keys, the provider and the results branch.',
    ],
    args: [],
    options: [{ name: 'offline', kind: 'flag', summary: 'Do not call any provider' }, JSON_OUT],
    examples: [{ line: 'codemie-ci doctor', what: 'when something does not work' }],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'schema',
    summary: 'Print the JSON Schema that editors use',
    details: [
      'Files written by init point at it in their first line, so that editors complete and check them.',
    ],
    args: [
      {
        name: 'what',
        required: false,
        summary: 'workflow (default), config or assistant',
        completes: ['workflow', 'config', 'assistant'],
      },
    ],
    options: [],
    examples: [{ line: 'codemie-ci schema > codemie-workflow.schema.json', what: 'keep a copy' }],
    load: async () => (await import('./commands/schema.ts')).schema,
  },
  {
    name: 'completion',
    summary: 'Print the script that completes commands in your shell',
    details: [],
    args: [
      {
        name: 'shell',
        required: false,
        summary: 'bash, zsh, fish or powershell; default: the one in SHELL',
        completes: ['bash', 'zsh', 'fish', 'powershell'],
      },
    ],
    options: [],
    examples: [
      { line: 'source <(codemie-ci completion bash)', what: 'in ~/.bashrc' },
      { line: 'codemie-ci completion fish | source', what: 'in ~/.config/fish/config.fish' },
    ],
    load: async () => (await import('./commands/completion.ts')).completion,
  },
]
