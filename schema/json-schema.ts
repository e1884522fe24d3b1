import { configFileSchema } from './config-format.ts'
import { assistantFileSchema, type FormatSchema, workflowFileSchema } from './dialects/codemie/format.ts'

/** Names of the published schemas, as `codemie-ci schema <name>` takes them. */
export const SCHEMA_NAMES = ['workflow', 'config', 'assistant'] as const
export type SchemaName = (typeof SCHEMA_NAMES)[number]

const SCHEMAS: Readonly<Record<SchemaName, FormatSchema>> = {
  workflow: workflowFileSchema,
  config: configFileSchema,
  assistant: assistantFileSchema,
}

const DRAFT = 'http://json-schema.org/draft-07/schema#'

/** A published JSON Schema (draft 07) for editors and other tools; plain data without the marks of our own use. */
export function publishedSchema(name: SchemaName): Readonly<Record<string, unknown>> {
  const { $id: _id, $schema: _schema, ...rest } = stripMarks(SCHEMAS[name]) as Record<string, unknown>
  return { $schema: DRAFT, ...rest }
}

function stripMarks(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripMarks)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .map(([key, below]) => [key, stripMarks(below)]),
  )
}
