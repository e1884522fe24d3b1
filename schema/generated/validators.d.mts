// Written by scripts/generate.mjs from the schemas in schema/; do not edit.

/** One complaint of a validator, as Ajv words it. */
export interface ShapeError {
  readonly instancePath: string
  readonly schemaPath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Checks plain data against one schema; `errors` holds the complaints of the last call. */
export interface ShapeValidator {
  (data: unknown): boolean
  errors?: readonly ShapeError[] | null
}

export declare const validateConfig: ShapeValidator
export declare const validateEnvelope: ShapeValidator
export declare const validateAssistant: ShapeValidator
export declare const validateConfigFile: ShapeValidator
export declare const validateOctomindFile: ShapeValidator
export declare const validateOctomindConfig: ShapeValidator
export declare const validateJsonSchema: ShapeValidator
