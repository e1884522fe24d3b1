import type { ArgumentSpec, OptionSpec } from '../command.ts'

export const JSON_OUT: OptionSpec = {
  name: 'json',
  kind: 'flag',
  summary: 'Print one JSON object on standard output',
}

export const WORKFLOW: ArgumentSpec = {
  name: 'workflow',
  required: true,
  summary: 'File stem, path or name of the workflow',
  completes: 'workflows',
}

export const WORKFLOW_AT: ArgumentSpec = {
  ...WORKFLOW,
  summary: 'File stem, path or name of the workflow; with @REVISION as that commit has it',
}

export const RUN: ArgumentSpec = {
  name: 'run',
  required: true,
  summary: 'Id of the run, the beginning or end of one, or latest',
  completes: 'runs',
}

export const INPUTS: readonly OptionSpec[] = [
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

export const INPUT_ARGUMENT: ArgumentSpec = {
  name: 'input',
  required: false,
  summary: "'-' reads the whole input from standard input",
  completes: ['-'],
}

export const MODEL: OptionSpec = {
  name: 'model',
  kind: 'text',
  value: 'MODEL',
  summary: 'Use this model for every assistant, as provider:model or bare',
}

export const STRICT: OptionSpec = { name: 'strict', kind: 'flag', summary: 'Count warnings as errors' }

export const HELD_STEP: ArgumentSpec = {
  name: 'step',
  required: false,
  summary: 'Path of the one step that is meant; default: all that wait',
  completes: 'nothing',
}

export const DIGEST: OptionSpec = {
  name: 'digest',
  kind: 'text',
  value: 'DIGEST',
  summary: 'Only when the run still asks for this; at least 8 digits',
}

export const EDITS: readonly OptionSpec[] = [
  {
    name: 'edit',
    kind: 'text',
    value: 'TEXT',
    summary: 'Stands for the output of the step that finished last before the pause',
  },
  { name: 'edit-file', kind: 'text', value: 'FILE', summary: "The same from a file; '-' is standard input" },
]

export const TAKE_OVER: OptionSpec = {
  name: 'take-over',
  kind: 'flag',
  summary: 'Go on although another machine started it and cannot be asked',
}

export const ON_CHANGE: readonly OptionSpec[] = [
  {
    name: 'accept-changes',
    kind: 'flag',
    summary: 'Go on with the definition of now although it has changed',
  },
  {
    name: 'as-recorded',
    kind: 'flag',
    summary: 'Go on with the definition that the run began with',
  },
]

export const HOW_TO_EXECUTE: readonly OptionSpec[] = [
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
