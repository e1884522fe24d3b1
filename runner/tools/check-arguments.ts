import type { ErrorObject, ValidateFunction } from 'ajv'
import { nearestName } from '../../schema/nearest.ts'
import { StepFailure } from '../failure.ts'
import type { BuiltInTool } from './define-tool.ts'
import type { Tool } from './tool.ts'

/** What of a tool its arguments are checked against. */
type Checkable = Pick<Tool, 'name' | 'parameters'>

const validators = new WeakMap<Checkable, Promise<ValidateFunction>>()

/**
 * Checks the arguments of a call against the tool's schema.
 *
 * Before the check, arguments that are `null` are left out, other names of an argument are replaced by its own
 * (`file_path` for `path`), and texts that stand for a number or a truth value are converted, since values that come
 * out of templates are always text.
 *
 * @returns the arguments to call the tool with; `args` itself is not changed.
 * @throws StepFailure `tool-arguments-invalid`, listing every problem and the arguments that the tool takes.
 */
export async function checkArguments(
  tool: Checkable,
  args: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const renamed = renameArguments(tool, args)
  let validate = validators.get(tool)
  if (validate === undefined) {
    validate = compile(tool)
    validators.set(tool, validate)
  }
  const check = await validate
  // The check converts in place.
  const checked = structuredClone(renamed)
  if (check(checked)) return checked
  const problems = [...new Set((check.errors ?? []).map((error) => describeError(error, tool)))]
  throw new StepFailure(
    'tool-arguments-invalid',
    `${tool.name}: the arguments do not fit: ${problems.join('; ')}`,
    { blame: 'workflow', help: `${tool.name} takes ${describeParameters(tool)}.` },
  )
}

async function compile(tool: Checkable): Promise<ValidateFunction> {
  const { Ajv2020 } = await import('../ajv.ts')
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    coerceTypes: true,
    useDefaults: false,
    validateFormats: false,
  })
  return ajv.compile(tool.parameters)
}

function renameArguments(tool: Checkable, args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const otherNames = (tool as Partial<BuiltInTool>).argumentNames ?? {}
  const properties = propertiesOf(tool)
  const renamed = new Map<string, unknown>()
  for (const [name, value] of Object.entries(args)) {
    if (value === null || value === undefined) continue
    const own = Object.hasOwn(otherNames, name) ? otherNames[name] : undefined
    const isOther = !Object.hasOwn(properties, name) && own !== undefined && (args[own] ?? null) === null
    renamed.set(isOther ? own : name, value)
  }
  // From entries, so that `__proto__` is a name like any other.
  return Object.fromEntries(renamed)
}

function propertiesOf(tool: Checkable): Record<string, Record<string, unknown>> {
  return (tool.parameters.properties ?? {}) as Record<string, Record<string, unknown>>
}

function describeError(error: ErrorObject, tool: Checkable): string {
  const where = error.instancePath
    .split('/')
    .slice(1)
    .map((part) =>
      /^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/').replaceAll('~0', '~')}`,
    )
    .join('')
    .replace(/^\./, '')
  const params = error.params as Record<string, unknown>
  switch (error.keyword) {
    case 'required':
      return `"${[where, params.missingProperty].filter(Boolean).join('.')}" is missing`
    case 'additionalProperties': {
      const name = String(params.additionalProperty)
      const near = where === '' ? nearestName(name, Object.keys(propertiesOf(tool))) : undefined
      return `"${[where, name].filter(Boolean).join('.')}" is not an argument${near === undefined ? '' : ` (did you mean "${near}"?)`}`
    }
    case 'enum':
      return `"${where}" must be one of ${(params.allowedValues as unknown[]).map((value) => JSON.stringify(value)).join(', ')}`
    default:
      return `"${where}" ${error.message ?? 'does not fit'}`
  }
}

function describeParameters(tool: Checkable): string {
  const required = new Set((tool.parameters.required ?? []) as string[])
  const words = Object.entries(propertiesOf(tool)).map(([name, schema]) => {
    const type = typeof schema.type === 'string' ? ` (${schema.type})` : ''
    return `${name}${type}${required.has(name) ? '' : ', optional'}`
  })
  return words.length === 0 ? 'no arguments' : words.join('; ')
}
