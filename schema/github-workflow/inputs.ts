import type { InputSpec, Workflow } from '../workflow.ts'

/** An input of `workflow_dispatch` or `workflow_call`, with the keys that it has in the file. */
export interface GithubInput {
  readonly description?: string
  readonly required?: boolean
  readonly type: 'string' | 'boolean' | 'number' | 'choice'
  readonly options?: readonly string[]
  readonly default?: string | number | boolean
}

/** Inputs by name, and sentences about what has no place among them. */
export interface InputsPlan {
  readonly inputs: ReadonlyMap<string, GithubInput>
  readonly notes: readonly string[]
}

/** The input by which a person chooses, when several workflows can be started by hand. */
export const CHOOSER = 'workflow'
/** The input of `workflow_call` that names the workflow; set, it tells a call from the event of the caller. */
export const CALLED = 'call'

/** Source: docs.github.com, "Events that trigger workflows", `workflow_dispatch`. */
const MOST_INPUTS = 25
const LONGEST_TEXT = 160
/** Names in a sentence; more are counted. */
const MOST_NAMES = 3
const NAME = /^[A-Za-z_][\w-]{0,99}$/

/** The form that GitHub shows to whoever starts one of these workflows by hand. */
export function dispatchInputs(workflows: readonly Workflow[]): InputsPlan {
  const names = namesOf(workflows)
  const chooser: readonly (readonly [string, GithubInput])[] =
    workflows.length < 2
      ? []
      : [
          [
            CHOOSER,
            { description: 'Workflow to run', required: true, type: 'choice', options: names.writable },
          ],
        ]
  const { inputs, notes } = joinInputs(workflows, chooser.length === 0 ? [] : [CHOOSER])
  // What a run cannot do without comes first when there is no place for all.
  const ordered = [...inputs].sort(
    ([, a], [, b]) => Number(b.required ?? false) - Number(a.required ?? false),
  )
  const places = MOST_INPUTS - chooser.length
  const kept = new Set(ordered.slice(0, places).map(([name]) => name))
  const left = [...inputs.keys()].filter((name) => !kept.has(name))
  return {
    inputs: new Map([...chooser, ...[...inputs].filter(([name]) => kept.has(name))]),
    notes: [
      ...(chooser.length === 0 ? [] : names.notes),
      ...notes,
      ...(left.length === 0
        ? []
        : [
            `GitHub takes ${MOST_INPUTS} inputs of workflow_dispatch. Left out, so that their defaults count: ${left.join(', ')}.`,
          ]),
    ],
  }
}

/** What another GitHub workflow passes when it calls this one. */
export function callInputs(workflows: readonly Workflow[]): InputsPlan {
  const { inputs, notes } = joinInputs(workflows, [CALLED])
  const called: GithubInput = { description: 'Workflow to run', required: true, type: 'string' }
  return {
    inputs: new Map([
      [CALLED, called],
      ...[...inputs].map(([name, { options: _, ...input }]): [string, GithubInput] => [
        name,
        input.type === 'choice' ? { ...input, type: 'string' } : input,
      ]),
    ]),
    notes,
  }
}

/** What each workflow is called: its id, or its path where two have the same. */
function namesOf(workflows: readonly Workflow[]): {
  readonly writable: readonly string[]
  readonly notes: readonly string[]
} {
  const ids = workflows.map(({ id }) => id)
  const names = workflows.map(({ id, file }) => (ids.indexOf(id) === ids.lastIndexOf(id) ? id : file))
  const odd = names.filter((name) => tidy(name) !== name)
  return {
    writable: names.filter((name) => !odd.includes(name)),
    notes:
      odd.length === 0
        ? []
        : [
            `These files cannot be chosen in GitHub's form, because of their names: ${odd.map(tidy).join(', ')}.`,
          ],
  }
}

/** Inputs of the same name become one that takes what each of them takes. */
function joinInputs(workflows: readonly Workflow[], taken: readonly string[]): InputsPlan {
  const byName = new Map<string, { readonly input: GithubInput; readonly of: readonly string[] }>()
  const odd = new Set<string>()
  for (const { id, inputs } of workflows) {
    for (const spec of inputs) {
      if (!NAME.test(spec.name) || taken.includes(spec.name)) {
        odd.add(tidy(spec.name))
        continue
      }
      const known = byName.get(spec.name)
      const input = githubInputOf(spec)
      byName.set(spec.name, {
        input: known ? join(known.input, input) : input,
        of: [...(known?.of ?? []), id],
      })
    }
  }
  const entries = [...byName].map(([name, { input, of }]): [string, GithubInput] => {
    // The form is one for all: what one workflow needs, another may not have.
    const isNeeded = input.required === true && of.length === workflows.length
    const { required: _, description, ...rest } = input
    const whose = tidy(listOf(of))
    const words =
      workflows.length < 2 ? (description ?? '') : description ? `${description} (${whose})` : `For ${whose}`
    return [
      name,
      { ...(words === '' ? {} : { description: words }), ...(isNeeded ? { required: true } : {}), ...rest },
    ]
  })
  return {
    inputs: new Map(entries),
    notes:
      odd.size === 0
        ? []
        : [`These inputs cannot be asked for, because of their names: ${[...odd].join(', ')}.`],
  }
}

/** `a, b and c`, or `a, b, c and 4 more`. */
export function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMES
  const last = more > 0 ? `${more} more` : names.at(-1)
  const others = more > 0 ? names.slice(0, MOST_NAMES) : names.slice(0, -1)
  return others.length === 0 ? (last ?? '') : `${others.join(', ')} and ${last}`
}

function join(a: GithubInput, b: GithubInput): GithubInput {
  const isSame = a.type === b.type
  const options = isSame && a.options ? [...new Set([...a.options, ...(b.options ?? [])])] : undefined
  const description = a.description ?? b.description
  return {
    ...(description === undefined ? {} : { description }),
    required: a.required === true && b.required === true,
    type: isSame ? a.type : 'string',
    ...(options ? { options } : {}),
    ...(isSame && a.default !== undefined && a.default === b.default ? { default: a.default } : {}),
  }
}

function githubInputOf({ schema, required, description, default: given }: InputSpec): GithubInput {
  const options = optionsOf(schema.enum)
  const type = options ? 'choice' : typeOf(schema.type)
  const preset = defaultOf(given, type, options)
  const words = tidy(description)
  return {
    ...(words === '' ? {} : { description: words }),
    required,
    type,
    ...(options ? { options } : {}),
    ...(preset === undefined ? {} : { default: preset }),
  }
}

function typeOf(type: unknown): 'string' | 'boolean' | 'number' {
  if (type === 'boolean') return 'boolean'
  return type === 'integer' || type === 'number' ? 'number' : 'string'
}

function optionsOf(values: unknown): readonly string[] | undefined {
  if (!Array.isArray(values) || values.length === 0) return undefined
  const texts = values.map((value) => (isPlain(value) ? String(value) : ''))
  return texts.every((text) => text !== '' && tidy(text) === text) ? [...new Set(texts)] : undefined
}

function isPlain(value: unknown): value is string | number | bigint | boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}

/** A default that the form cannot hold is left to the definition, which has it in any case. */
function defaultOf(
  value: unknown,
  type: GithubInput['type'],
  options: readonly string[] | undefined,
): GithubInput['default'] {
  if (!isPlain(value)) return undefined
  if (type === 'boolean') return typeof value === 'boolean' ? value : undefined
  if (type === 'number')
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined
  const text = String(value)
  if (options && !options.includes(text)) return undefined
  return text !== '' && tidy(text) === text ? text : undefined
}

/** A text of a definition on one line, without control characters, and no expression for GitHub. */
function tidy(text: string): string {
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/\$\{\{/g, '{{')
    .replace(/ {2,}/g, ' ')
    .trim()
  return line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT - 1)}…` : line
}
