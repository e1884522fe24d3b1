import type { CommandSpec } from './command.ts'
import { DEFINITIONS } from './table/definitions.ts'
import { EXECUTION } from './table/execution.ts'
import { FILES } from './table/files.ts'
import { RECORDS } from './table/records.ts'
import { SETUP } from './table/setup.ts'

/** All commands by what they are for, in the order of the help. */
export const COMMAND_GROUPS: readonly {
  readonly title: string
  readonly commands: readonly CommandSpec[]
}[] = [
  { title: 'Workflows', commands: DEFINITIONS },
  { title: 'Files', commands: FILES },
  { title: 'Runs', commands: EXECUTION },
  { title: 'Records', commands: RECORDS },
  { title: 'Setup', commands: SETUP },
]

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = COMMAND_GROUPS.flatMap(({ commands }) => commands)
