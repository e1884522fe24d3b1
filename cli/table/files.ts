import { STAGES } from '../../schema/lifecycle.ts'
import type { ArgumentSpec, CommandSpec, OptionSpec } from '../command.ts'
import { JSON_OUT, WORKFLOW } from './common.ts'

const SET: OptionSpec = {
  name: 'set',
  kind: 'texts',
  value: 'KEY=VALUE',
  summary: 'One parameter of the template; a value that is no text is read as JSON. Repeatable',
}

const NEW_NAME: ArgumentSpec = {
  name: 'name',
  required: true,
  summary: 'What it is to be called, with folders before it where you want some',
  completes: 'nothing',
}

/** Commands that write, move and mark the files of workflows. Git undoes each of them. */
export const FILES: readonly CommandSpec[] = [
  {
    name: 'new',
    summary: 'Write a workflow from a template',
    details: [
      'Writes .codemie/workflows/<name>.yaml. On a terminal it asks for the template and for the parameters that --set does not give; elsewhere it takes the template blank and says which parameters are missing, all at once. The result is checked before it is written, and nothing is ever overwritten.',
    ],
    args: [
      {
        name: 'name',
        required: true,
        summary: 'What the workflow is to be called, with folders before it where you want some',
        completes: 'nothing',
      },
    ],
    options: [
      {
        name: 'from-template',
        kind: 'text',
        value: 'TEMPLATE',
        summary: 'The template to take, by name or path; codemie-ci templates lists them',
      },
      {
        name: 'octomind',
        kind: 'flag',
        summary: 'Write it as a configuration of Octomind; of map-planner and map-executor',
      },
      SET,
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci new hello', what: 'asks what to start from' },
      {
        line: 'codemie-ci new weekly --from-template report --set readers=everybody',
        what: 'with a parameter',
      },
      {
        line: 'codemie-ci new plan --from-template map-planner --octomind',
        what: 'in TOML',
      },
    ],
    load: async () => (await import('../commands/new.ts')).newWorkflow,
  },
  {
    name: 'templates',
    summary: 'Find templates of workflows, use them, and make your own',
    details: [
      'Without an action, or with list, shows the templates of .codemie/templates and those that come with the program; search WORD... those that hold all words; show TEMPLATE one of them with its parameters and its workflow; use TEMPLATE [NAME] writes a workflow, as new --from-template does.',
      'save WORKFLOW makes a template of a workflow in .codemie/templates. Each --parameter PATH=NAME puts a parameter in the place of one value, which becomes its default. A path is made of keys, ids and places, e.g. states.review.task or tools.diff.tool_args.from.',
    ],
    args: [
      {
        name: 'action',
        required: false,
        summary: 'list (default), search, show, use or save',
        completes: ['list', 'search', 'show', 'use', 'save'],
      },
      {
        name: 'names',
        required: false,
        variadic: true,
        summary: 'What the action is about',
        completes: 'nothing',
      },
    ],
    options: [
      {
        name: 'category',
        kind: 'text',
        value: 'NAME',
        summary: 'Only templates of it; with save the category to write',
      },
      { name: 'tag', kind: 'texts', value: 'TAG', summary: 'Only templates with this tag. Repeatable' },
      SET,
      {
        name: 'name',
        kind: 'text',
        value: 'NAME',
        summary: 'With save: what the template is called; default: as the workflow',
      },
      {
        name: 'parameter',
        kind: 'texts',
        value: 'PATH=NAME',
        summary: 'With save: a value that becomes a parameter. Repeatable',
      },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci templates', what: 'everything' },
      { line: 'codemie-ci templates search review --category review', what: 'by word and category' },
      { line: 'codemie-ci templates show report', what: 'its parameters and its workflow' },
      { line: 'codemie-ci templates use report weekly --set readers=everybody', what: 'writes weekly.yaml' },
      {
        line: 'codemie-ci templates save review --parameter tools.diff.tool_args.to=head',
        what: 'a template of your own',
      },
    ],
    load: async () => (await import('../commands/templates.ts')).templates,
  },
  {
    name: 'clone',
    summary: 'Copy a workflow under another name',
    details: [
      'The copy has its comments and layout, and a display name of its own. Nothing is overwritten, and nothing is committed; the command that commits it is printed. A copy starts by the same events as the workflow it comes from; take these away where that is not wanted.',
    ],
    args: [WORKFLOW, NEW_NAME],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci clone review strict-review', what: 'to change the copy' }],
    load: async () => (await import('../commands/clone.ts')).clone,
  },
  {
    name: 'rename',
    summary: 'Give a workflow another name',
    details: [
      'Moves the file inside .codemie/workflows and changes nothing in it; its history goes with it, as versions and blame show. Refused while other workflows call it by its old name, unless --callers changes these too.',
    ],
    args: [WORKFLOW, NEW_NAME],
    options: [
      { name: 'callers', kind: 'flag', summary: 'Also change workflow_id in the workflows that call it' },
      JSON_OUT,
    ],
    examples: [{ line: 'codemie-ci rename review code-review', what: 'refused where others call it' }],
    load: async () => (await import('../commands/rename.ts')).rename,
  },
  {
    name: 'tag',
    summary: 'Add tags to a workflow, or take some away',
    details: [
      'Changes the line of tags and nothing else of the file. codemie-ci list --tag finds workflows by them.',
    ],
    args: [
      WORKFLOW,
      { name: 'tags', required: false, variadic: true, summary: 'Tags to add', completes: 'nothing' },
    ],
    options: [
      { name: 'remove', kind: 'texts', value: 'TAG', summary: 'A tag to take away. Repeatable' },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci tag review security nightly', what: 'two more' },
      { line: 'codemie-ci tag review --remove nightly', what: 'one less' },
    ],
    load: async () => (await import('../commands/tag.ts')).tag,
  },
  {
    name: 'lifecycle',
    summary: 'Say how far a workflow has come',
    details: [
      'Changes the line of lifecycle and nothing else of the file. A retired workflow stays where it is, to be read and compared; no event starts it, and codemie-ci run needs --force. Refused while other workflows call the one that retires.',
    ],
    args: [
      WORKFLOW,
      {
        name: 'stage',
        required: true,
        summary: 'development, testing, production or retired',
        completes: STAGES,
      },
    ],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci lifecycle review production', what: 'it is ready' }],
    load: async () => (await import('../commands/lifecycle.ts')).lifecycle,
  },
  {
    name: 'archive',
    summary: 'Put a workflow away',
    details: [
      'Moves the file to .codemie/archive, where nothing starts, calls or checks it; nothing in it changes, so that unarchive brings back what it was. list --all shows what is there. Refused while other workflows call it.',
    ],
    args: [WORKFLOW],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci archive old-review', what: 'out of the way, and not lost' }],
    load: async () => (await import('../commands/archive.ts')).archive,
  },
  {
    name: 'unarchive',
    summary: 'Bring a workflow back from the archive',
    details: [
      'Moves the file back to where it was. Refused when it has errors by now, or when its name is taken.',
    ],
    args: [
      {
        name: 'workflow',
        required: true,
        summary: 'File stem or path of the archived workflow',
        completes: 'nothing',
      },
    ],
    options: [JSON_OUT],
    examples: [{ line: 'codemie-ci unarchive old-review', what: 'as it was' }],
    load: async () => (await import('../commands/archive.ts')).unarchive,
  },
  {
    name: 'delete',
    summary: 'Delete a workflow',
    details: [
      'Removes the file; nothing is committed, and git brings it back. Refused while other workflows call it, and when git does not have the file as it is, unless --force is given. Records of its runs stay.',
    ],
    args: [WORKFLOW],
    options: [{ name: 'force', kind: 'flag', summary: 'Lose what is not committed' }, JSON_OUT],
    examples: [{ line: 'codemie-ci delete old-review', what: 'git can bring it back' }],
    load: async () => (await import('../commands/delete.ts')).deleteWorkflow,
  },
  {
    name: 'adopt',
    also: [
      ['import', 'codemie'],
      ['import', 'octomind'],
    ],
    summary: 'Say how workflow files of CodeMie and Octomind run here',
    details: [
      'Also called as codemie-ci import codemie and codemie-ci import octomind. Says of each file whether it runs unchanged, runs with something to know, needs a mapping (a tool, a datasource, a stored assistant or a role that the repository does not say yet), or is not valid; and then what to do about all that is missing, what most files wait for first. Exits 1 when a file does not run.',
      'Of a configuration of Octomind it says so of each workflow, and of each role that has one. Roles of the files that are looked at count as there.',
    ],
    args: [
      {
        name: 'files',
        required: true,
        variadic: true,
        summary: 'Files, or folders with files at any depth',
        completes: 'files',
      },
    ],
    options: [
      {
        name: 'write',
        kind: 'flag',
        summary: 'Copy the files that run to .codemie/workflows, as they are; none is overwritten',
      },
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci import codemie ../codemie/config/templates/workflow', what: 'a whole folder' },
      {
        line: 'codemie-ci import octomind ~/.config/octomind/config.toml',
        what: 'a configuration of Octomind',
      },
      { line: 'codemie-ci adopt review_template.yaml --write', what: 'one file, to try it' },
    ],
    load: async () => (await import('../commands/adopt.ts')).adopt,
  },
  {
    name: 'convert',
    summary: "Write a workflow of Octomind in CodeMie's form",
    details: [
      'Prints YAML that does the same, with the keys that codemie-ci adds where CodeMie has none, and says on standard error what differs: a note changes no result, and where something that does would be lost, nothing is written and the status is 1. With --partial what can be said is written all the same. docs/convert.md has what becomes of what.',
    ],
    args: [{ ...WORKFLOW, summary: 'File stem, path or name of a workflow of Octomind, or role:NAME' }],
    options: [
      { name: 'output', kind: 'text', value: 'FILE', summary: 'Write a new file; default: standard output' },
      { name: 'partial', kind: 'flag', summary: 'Write what can be said, also where something is lost' },
      JSON_OUT,
    ],
    examples: [
      {
        line: 'codemie-ci convert ship --output .codemie/workflows/ship-codemie.yaml',
        what: 'a file beside the other',
      },
      { line: 'codemie-ci convert role:developer --partial', what: 'a role of a configuration' },
    ],
    load: async () => (await import('../commands/convert.ts')).convert,
  },
]
