import { isJsonObject } from '../../schema/json-object.ts'
import type { RunEvent } from '../events.ts'

/** Whether a value is what a member of an event may be. */
type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0
const flag: Check = (value) => typeof value === 'boolean'
const texts: Check = (value) => Array.isArray(value) && value.every(text)
const moment: Check = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)
const anything: Check = () => true
const one =
  (...words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string)
/** An object with these members and no others; a name that ends in `?` may be missing. */
const object =
  (members: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isJsonObject(value) &&
    Object.keys(value).every((name) => name in members || `${name}?` in members) &&
    Object.entries(members).every(([name, check]) => {
      const member = value[name.replace('?', '')]
      return member === undefined ? name.endsWith('?') : check(member)
    })

const usage = object({ inputTokens: number, outputTokens: number, cachedInputTokens: number })
const failure = object({ code: text, blame: text, message: text, 'help?': text, 'status?': number })
const spent = { durationMs: number, 'usage?': usage, 'costUsd?': number }
const place = { path: text, state: text, attempt: number }

/** What happens in a run that nobody paused, answered or resumed. Source: `events.ts`. */
const SHAPES: ReadonlyMap<unknown, Check> = new Map(
  Object.entries({
    'run-started': {
      ...{ runId: text, workflow: text, name: text, file: text, 'model?': text },
      ...{ 'strict?': flag, 'force?': flag, 'push?': flag },
    },
    'superstep-started': { number, steps: texts, 'within?': text },
    'step-started': { ...place, kind: text, task: text, after: texts },
    'effect-finished': {
      ...{
        ...spent,
        path: text,
        attempt: number,
        ordinal: number,
        kind: one('model', 'tool', 'agent'),
        name: text,
      },
      ...{ request: text, reply: anything, 'session?': text },
      'listed?': object({ server: text, tools: number, sha256: text }),
    },
    'step-finished': {
      ...{ ...place, ...spent, output: text, 'costUnknown?': flag, 'failure?': failure, 'takenFrom?': text },
    },
    'attempt-failed': { ...place, ...spent, failure, 'retryInMs?': number },
    warning: { code: text, message: text, 'path?': text, 'position?': text },
    'run-finished': {
      ...{ ...spent, runId: text, status: one('succeeded', 'failed', 'budget-exceeded'), steps: number },
      ...{ 'output?': text, 'failure?': failure, 'costUnknown?': flag },
    },
  } satisfies Partial<Record<RunEvent['type'], Readonly<Record<string, Check>>>>).map(([type, members]) => [
    type,
    object({ type: one(type), at: moment, ...members }),
  ]),
)

/**
 * What is wrong with the events of a journal that somebody else wrote: a sentence; `undefined`: each has the form that our
 * own have, member by member, so that what people are shown of them is what it says it is. A run that somebody answered or
 * resumed is none that may be taken over. Pure.
 */
export function problemOfEvents(events: readonly unknown[]): string | undefined {
  const odd = events.findIndex((event) => {
    const check = isJsonObject(event) ? SHAPES.get(event['type']) : undefined
    return check === undefined || !check(event)
  })
  if (odd >= 0) return `event ${odd + 1} of the journal is none that a run of a stranger has`
  const types = events.map((event) => (event as RunEvent).type)
  const isWhole = types.indexOf('run-started') === 0 && types.lastIndexOf('run-started') === 0
  return isWhole && types.indexOf('run-finished') === types.length - 1
    ? undefined
    : 'the journal does not go from a beginning to an end'
}
