/** A definition as plain data, which edits change in place. */
export type Definition = Record<string, unknown> & { states: Entry[] }
type Entry = Record<string, unknown> & { id: string }

/** Numbers in [0, 1). */
type Random = () => number

/** One edit that was made. */
export interface MadeEdit {
  readonly name: string
  /** Things it touched, e.g. `state review`, `budget`; two edits that share none are about something else. */
  readonly touches: readonly string[]
}

/** Makes an edit and says what it touched; `undefined`: there is nothing here that it could change. */
type Edit = (definition: Definition, random: Random) => readonly string[] | undefined

const pick = <T>(list: readonly T[], random: Random): T | undefined =>
  list[Math.floor(random() * list.length)]

const listOf = (definition: Definition, key: string) => (definition[key] ?? []) as Entry[]

/** Sets a key of the root to one of some values; `undefined` takes it away. */
const setRoot =
  (key: string, ...values: readonly unknown[]): Edit =>
  (definition, random) => {
    definition[key] = pick(values, random)
    return [key]
  }

/** Sets a key of some state. */
const setState =
  (key: string, values: readonly unknown[], isGraph = false, kind?: string): Edit =>
  (definition, random) => {
    const state = pick(
      definition.states.filter((one) => kind === undefined || kind in one),
      random,
    )
    if (state === undefined) return undefined
    state[key] = pick(values, random)
    return [`state ${state.id}`, ...(isGraph ? ['graph'] : [])]
  }

/** Sets a key of an entry that states share; all of them are touched. */
const setShared =
  (list: string, reference: string, key: string, values: readonly unknown[]): Edit =>
  (definition, random) => {
    const entry = pick(listOf(definition, list), random)
    if (entry === undefined) return undefined
    entry[key] = pick(values, random)
    // A tool may also be told of failures.
    const users = definition.states.filter(
      (state) =>
        state[reference] === entry.id || JSON.stringify(state['on_error'] ?? '').includes(`"${entry.id}"`),
    )
    return [`${list} ${entry.id}`, ...users.map(({ id }) => `state ${id}`)]
  }

/** Replaces each mention of a state as a target. */
function retarget(value: unknown, from: string, to: string): void {
  if (typeof value !== 'object' || value === null) return
  const map = value as Record<string, unknown>
  for (const key of ['state_id', 'then', 'otherwise', 'default']) if (map[key] === from) map[key] = to
  const ids = map['state_ids']
  if (Array.isArray(ids)) map['state_ids'] = [...new Set(ids.map((id) => (id === from ? to : id)))]
  for (const member of Object.values(map)) retarget(member, from, to)
}

const nextOf = (state: Entry) => state['next'] as Record<string, unknown>

const EDITS: Readonly<Record<string, Edit>> = {
  name: setRoot('name', 'One', 'Two'),
  tags: setRoot('tags', ['a'], ['b', 'c'], undefined),
  lifecycle: setRoot('lifecycle', 'testing', 'production', 'retired'),
  triggers: setRoot('on', 'push', ['push', 'issues'], { push: { branches: ['main'] } }, undefined),
  inputs: setRoot(
    'inputs',
    { topic: { type: 'string' } },
    { topic: { required: true }, more: {} },
    undefined,
  ),
  budget: setRoot('budget', { usd: 1 }, { usd: 3, steps: 9 }, { tokens: 500 }, undefined),
  model: setRoot('models', { default: 'gpt-5' }, { default: 'azure:gpt-5', fallback: ['groq:x'] }, undefined),
  permissions: setRoot('permissions', { issues: 'write' }, { issues: 'read', contents: 'write' }, undefined),
  'recursion limit': setRoot('recursion_limit', 20, 50, 90, undefined),
  summary: setRoot('enable_summarization_node', true, false),
  concurrency: setRoot('max_concurrency', 1, 4),
  task: setState('task', ['Do this', 'Do that with $API_TOKEN'], false, 'assistant_id'),
  timeout: setState('timeout', ['10s', '5m', undefined]),
  retries: setState('retry_policy', [{ max_attempts: 1 }, { max_attempts: 20 }, undefined]),
  approval: setState('approval', [true, false]),
  pause: setState('interrupt_before', [true, false]),
  cache: setState('cache', [true, false]),
  'error handling': setState('on_error', ['continue', 'end', undefined], true),
  assistant: setShared('assistants', 'assistant_id', 'system_prompt', ['You help.', 'You help well.']),
  'own model': setShared('assistants', 'assistant_id', 'model', ['gpt-5', 'azure:gpt-5', undefined]),
  tools: setShared('assistants', 'assistant_id', 'tools', [[], [{ name: 'shell' }], [{ name: 'git_log' }]]),
  servers: setShared('assistants', 'assistant_id', 'mcp_servers', [
    [],
    [{ name: 's', config: { command: 'a', env: { KEY_A: 'x' } } }],
    [{ name: 's', tools: ['one'], config: { command: 'b' } }],
  ]),
  'tool of a state': setShared('tools', 'tool_id', 'tool', ['git_log', 'shell']),
  'arguments of a tool': setShared('tools', 'tool_id', 'tool_args', [{ at: 1 }, { at: 2 }]),
  integration: setShared('tools', 'tool_id', 'integration_alias', ['one', 'two', undefined]),
  'what follows': (definition, random) => {
    const state = pick(
      definition.states.filter((one) => 'state_id' in nextOf(one)),
      random,
    )
    const to = pick(definition.states, random)
    if (state === undefined || to === undefined) return undefined
    nextOf(state)['state_id'] = to.id
    return [`state ${state.id}`, 'graph']
  },
  'called otherwise': (definition, random) => {
    const state = pick(definition.states, random)
    if (state === undefined) return undefined
    const { id } = state
    state.id = `${id}-now`
    for (const one of definition.states) retarget(one, id, state.id)
    return [`state ${id}`, `state ${state.id}`]
  },
  'a state more': (definition, random) => {
    const place = Math.floor(random() * definition.states.length)
    const before = definition.states[place]
    const assistant = pick(listOf(definition, 'assistants'), random)
    if (before === undefined || assistant === undefined || !('state_id' in nextOf(before))) return undefined
    const id = `new-${Math.floor(random() * 1e6)}`
    const next = { state_id: nextOf(before)['state_id'] }
    nextOf(before)['state_id'] = id
    definition.states.splice(place + 1, 0, { id, assistant_id: assistant.id, task: `Do ${id}`, next })
    return [`state ${id}`, `state ${before.id}`, `assistants ${assistant.id}`, 'graph']
  },
  'a state less': (definition, random) => {
    const state = pick(definition.states.slice(1), random)
    if (state === undefined) return undefined
    definition.states = definition.states.filter((one) => one !== state)
    for (const one of definition.states) retarget(one, state.id, 'end')
    return [`state ${state.id}`, 'graph']
  },
}

/** Makes one edit that a random choice decides; `undefined`: it does not fit this definition. */
export function editAtRandom(definition: Definition, random: Random): MadeEdit | undefined {
  const [name, edit] = pick(Object.entries(EDITS), random) ?? ['']
  const touches = edit?.(definition, random)
  return touches === undefined ? undefined : { name, touches }
}

/** Names of all edits. */
export const EDIT_NAMES: readonly string[] = Object.keys(EDITS)
