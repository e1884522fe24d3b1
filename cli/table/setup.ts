import type { CommandSpec } from '../command.ts'
import { JSON_OUT } from './common.ts'

/** Commands around the tool itself. */
export const SETUP: readonly CommandSpec[] = [
  {
    name: 'doctor',
    summary: 'Check that everything is in place, and say how to mend what is not',
    details: [
      'Looks at git, Node, the configuration, the workflows, keys, the provider and the results branch.',
    ],
    args: [],
    options: [{ name: 'offline', kind: 'flag', summary: 'Do not call any provider' }, JSON_OUT],
    examples: [{ line: 'codemie-ci doctor', what: 'when something does not work' }],
    load: async () => (await import('../commands/doctor.ts')).doctor,
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
    load: async () => (await import('../commands/schema.ts')).schema,
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
    load: async () => (await import('../commands/completion.ts')).completion,
  },
]
