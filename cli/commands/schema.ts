import { publishedSchema, SCHEMA_NAMES, type SchemaName } from '../../schema/index.ts'
import type { CommandRunner } from '../command.ts'
import { EXIT } from '../exit-status.ts'
import { usageError } from '../usage-error.ts'

/** `codemie-ci schema`: the JSON Schema of a kind of file, for editors. */
export const schema: CommandRunner = async (invocation, cli) => {
  const wanted = invocation.argument('what') ?? 'workflow'
  const name = SCHEMA_NAMES.find((known) => known === wanted)
  if (!name) {
    throw usageError(`There is no schema '${wanted}'.`, `Name one: ${SCHEMA_NAMES.join(', ')}.`)
  }
  cli.stdout.write(schemaText(name))
  return EXIT.done
}

/** A published schema as the text of a file. */
export function schemaText(name: SchemaName): string {
  return `${JSON.stringify(publishedSchema(name), undefined, 2)}\n`
}
