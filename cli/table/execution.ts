import type { CommandSpec } from '../command.ts'
import {
  DIGEST,
  EDITS,
  HELD_STEP,
  HOW_TO_EXECUTE,
  INPUT_ARGUMENT,
  INPUTS,
  JSON_OUT,
  MODEL,
  ON_CHANGE,
  RUN,
  STRICT,
  TAKE_OVER,
  WORKFLOW_AT,
} from './common.ts'

/** Commands that carry runs out. */
export const EXECUTION: readonly CommandSpec[] = [
  {
    name: 'run',
    summary: 'Run a workflow and keep its record in git',
    details: [
      'Progress goes to standard error, the result to standard output. The record is committed to the branch codemie/runs, never to your working tree. Ctrl-C saves what is finished and prints the command that goes on; a second Ctrl-C ends at once.',
      'With -i the input of the run is a JSON object of the values given; --input and --input-file give all of it, as a JSON object or as free text.',
      'Files given with --file are kept in the record with the rest of the input, so that the run can go on elsewhere: at most 20, of 5 MiB each and 10 MiB together.',
      'With @REVISION (a commit, a tag, a branch) the workflow, those it calls and its stored assistants are as that commit has them, found through renames; configuration, tools and files are those of now. The record names the commit.',
    ],
    args: [{ ...WORKFLOW_AT, unless: 'role' }, INPUT_ARGUMENT],
    options: [
      ...INPUTS,
      {
        name: 'role',
        kind: 'text',
        value: 'ROLE',
        summary:
          'Ask a role of an Octomind configuration; what it is told stands in the place of the workflow',
      },
      {
        name: 'file',
        kind: 'texts',
        value: 'FILE',
        summary: 'Give agents a file to read: text, PNG, JPEG, GIF, WebP or PDF. Repeatable',
      },
      { name: 'dry-run', kind: 'flag', summary: 'Only show the plan; see codemie-ci plan --help' },
      MODEL,
      STRICT,
      { name: 'force', kind: 'flag', summary: 'Run it although its lifecycle is retired' },
      { name: 'no-commit', kind: 'flag', summary: 'Keep no record in git' },
      {
        name: 'until-shards',
        kind: 'flag',
        summary: 'Stop before a list with `shard`, so that several machines can share it; exits 3',
      },
      ...HOW_TO_EXECUTE,
    ],
    examples: [
      { line: 'codemie-ci run review -i base=main --model gpt-5', what: 'with an input and a model' },
      { line: 'cat issue.txt | codemie-ci run triage -', what: 'with free text from a pipe' },
      { line: 'codemie-ci run summary --json | jq .output', what: 'for programs' },
      { line: 'codemie-ci run review@HEAD~3', what: 'the workflow as it was three commits ago' },
      {
        line: 'codemie-ci run --role developer "Mend the tests"',
        what: 'a role, with its pipeline and workflow',
      },
    ],
    load: async () => (await import('../commands/run.ts')).run,
  },
  {
    name: 'rerun',
    summary: 'Run again what another run was given',
    details: [
      'A new run with the recorded definition and the recorded inputs, linked to the one it repeats. With -i single inputs are changed. Tools read what is checked out now; it says so when that is another commit.',
      'With --from, every step that had finished before that step first started keeps its output and is not paid again; the step and all that came later run anew. Approvals are asked for again.',
    ],
    args: [RUN, INPUT_ARGUMENT],
    options: [
      {
        name: 'from',
        kind: 'text',
        value: 'STEP',
        summary: 'Path of the step, or the state, to begin with; default: the beginning',
      },
      { name: 'latest', kind: 'flag', summary: 'Take the definition of now' },
      ...INPUTS,
      MODEL,
      { name: 'no-commit', kind: 'flag', summary: 'Keep no record in git' },
      ...HOW_TO_EXECUTE,
    ],
    examples: [
      { line: 'codemie-ci rerun latest', what: 'the same again' },
      {
        line: 'codemie-ci rerun latest --from report --latest',
        what: 'after the prompt of report was changed',
      },
    ],
    load: async () => (await import('../commands/rerun.ts')).rerun,
  },
  {
    name: 'resume',
    summary: 'Go on with a run that failed, was interrupted or waits for you',
    details: [
      'Steps that are finished are not done again. A run that waits before a step goes on with your message, if you give one: the agents after it read it like any other, and the keys of a JSON object enter the context.',
      'When the definition has changed since the run began, what changed is shown and the run is left alone. With --accept-changes it goes on with the definition of now: what changed and all that comes after it is done again, the rest stands. With --as-recorded it goes on with the definition it began with.',
      'A run that other machines share is joined: what their shards found is taken over in the order of the items, and the run goes on. It is refused while a shard is missing; with --rest-here this machine does what is missing.',
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
      ...ON_CHANGE,
      {
        name: 'rest-here',
        kind: 'flag',
        summary: 'Do here what other machines have not done of a list that they share',
      },
      TAKE_OVER,
      ...HOW_TO_EXECUTE,
    ],
    examples: [
      { line: 'codemie-ci resume latest', what: 'the newest run' },
      { line: 'codemie-ci resume latest -m "Looks good, publish it"', what: 'answers a run that waits' },
      { line: 'codemie-ci resume latest --edit-file draft.md', what: 'with an output of your own' },
      { line: 'codemie-ci resume latest --request-changes "Shorter"', what: 'asks for a better one first' },
    ],
    load: async () => (await import('../commands/resume.ts')).resume,
  },
  {
    name: 'shard',
    summary: 'Do a part of a list that several machines share',
    details: [
      'For a run that codemie-ci run --until-shards stopped. The shard works on its items, through all states that they go through, and keeps what came out under a ref of its own, here and on the remote that the run was pushed to. When it fails, what is finished is kept, and the same command goes on from there. When all shards are done, codemie-ci resume goes on with the run.',
    ],
    args: [
      RUN,
      {
        name: 'number',
        required: true,
        summary: 'Which shard, from 1',
        completes: 'nothing',
      },
    ],
    options: [...HOW_TO_EXECUTE],
    examples: [{ line: 'codemie-ci shard 20261120T104455Z-3f9a1c2e 3', what: 'the third one, in any clone' }],
    load: async () => (await import('../commands/shard.ts')).shard,
  },
  {
    name: 'approve',
    summary: 'Say yes to a run that waits, and go on with it',
    details: [
      'A state with `approval: true` runs only after a yes. Who gave it, when and to what is kept in the record. The yes is for all steps that wait; with a step it is for that one, and the others wait on.',
      'It holds for exactly what the step would do: the run, the definition, the inputs and all that the step would ask for. When one of them is different by the time the step starts, the run asks again. With --digest, which `show` and the page of the run name, it is refused unless the run still asks for what you read there.',
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
      DIGEST,
      ...EDITS,
      ...ON_CHANGE,
      TAKE_OVER,
      ...HOW_TO_EXECUTE,
    ],
    examples: [
      { line: 'codemie-ci approve latest', what: 'all that waits in the newest run' },
      {
        line: 'codemie-ci approve latest publish',
        what: 'one step; refused when the run does not wait before it',
      },
    ],
    load: async () => (await import('../commands/approve.ts')).approve,
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
      DIGEST,
      ...ON_CHANGE,
      TAKE_OVER,
      ...HOW_TO_EXECUTE,
    ],
    examples: [{ line: 'codemie-ci reject latest -m "Not before Monday"', what: 'and why' }],
    load: async () => (await import('../commands/reject.ts')).reject,
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
    load: async () => (await import('../commands/abort.ts')).abort,
  },
]
