import { readText } from '../lax.ts'
import { childOf, entryOf, type YamlNode } from '../yaml.ts'
import { type GithubWorkflowFile, isOnlyOurs, mentions } from './file.ts'
import type { Gap } from './gap.ts'
import { type GithubInput, listOf } from './inputs.ts'
import type { EventPlan, GithubWorkflowPlan } from './plan.ts'

/** Inputs of an event that are missing, or ask for something else than the definitions. */
export function inputGaps(
  plan: EventPlan,
  options: YamlNode | undefined,
  at: YamlNode | undefined,
): readonly Gap[] {
  const there = childOf(options, 'inputs')
  const path = (name: string) => ['on', plan.event, 'inputs', name]
  const missing = [...plan.inputs].filter(([name]) => !entryOf(there, name))
  const names = missing.map(([name]) => `'${name}'`)
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            message: `The event '${plan.event}' lacks the ${names.length === 1 ? 'input' : 'inputs'} ${listOf(names)}`,
            at,
            edits: missing.map(([name, set]) => ({ path: path(name), set })),
          },
        ]),
    ...[...plan.inputs].flatMap(([name, wanted]) => {
      const entry = entryOf(there, name)
      const changed = entry && changedInput(wanted, entry.value)
      if (!changed) return []
      const edits = changed.keys.map((key) => ({ path: [...path(name), key], set: wanted[key] }))
      return [
        {
          message: `The input '${name}' of the event '${plan.event}' ${changed.words}`,
          at: entry.key,
          edits,
        },
      ]
    }),
  ]
}

/** In what an input asks for something else than it should, and the keys that tell. `undefined`: in nothing. */
function changedInput(
  wanted: GithubInput,
  node: YamlNode,
): { readonly words: string; readonly keys: readonly (keyof GithubInput)[] } | undefined {
  const type = readText(childOf(node, 'type')) ?? 'string'
  if (type !== wanted.type) {
    // What stood there fits the type that it had.
    return {
      words: `has the type ${type}, and the definitions say ${wanted.type}`,
      keys: ['type', 'options', 'default'],
    }
  }
  const { options } = wanted
  if (!options) return undefined
  const list = childOf(node, 'options')
  const offered =
    list?.kind === 'seq' ? list.items.map((item) => (item.kind === 'scalar' ? item.source : '')) : []
  const missing = options.filter((option) => !offered.includes(option))
  const stale = offered.filter((option) => !options.includes(option))
  const words = [
    ...(missing.length === 0 ? [] : [`does not offer ${listOf(missing)}`]),
    ...(stale.length === 0 ? [] : [`still offers ${listOf(stale)}`]),
  ]
  return words.length === 0 ? undefined : { words: words.join(' and '), keys: ['options'] }
}

/** An input that nobody reads keeps whoever starts the workflow from doing so when it is required. */
export function staleInputGaps(file: GithubWorkflowFile, { events }: GithubWorkflowPlan): readonly Gap[] {
  if (!isOnlyOurs(file)) return []
  return events.flatMap(({ event, inputs }) => {
    const there = childOf(childOf(file.on, event), 'inputs')
    const names = there?.kind === 'map' ? [...there.entries.keys()] : []
    const stale = names.filter((name) => !inputs.has(name) && !mentions(file, `inputs.${name}`))
    if (stale.length === 0) return []
    const which = `${stale.length === 1 ? 'input' : 'inputs'} ${listOf(stale.map((name) => `'${name}'`))}`
    return [
      {
        message: `No definition has the ${which} of the event '${event}' any more`,
        at: entryOf(there, stale[0] ?? '')?.key,
        edits: stale.map((name) => ({ path: ['on', event, 'inputs', name], set: undefined })),
      },
    ]
  })
}
