import type { CommandSpec, OptionSpec } from '../command.ts'
import { JSON_OUT } from './common.ts'

const SET: OptionSpec = {
  name: 'set',
  kind: 'texts',
  value: 'KEY=VALUE',
  summary: 'One parameter of the template; a value that is no text is read as JSON. Repeatable',
}

/** Commands that write files of workflows. */
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
      SET,
      JSON_OUT,
    ],
    examples: [
      { line: 'codemie-ci new hello', what: 'asks what to start from' },
      {
        line: 'codemie-ci new weekly --from-template report --set readers=everybody',
        what: 'with a parameter',
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
]
