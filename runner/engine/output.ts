import { PyDict, type PyValue, parseOutput, repr, truthy } from '../../schema/language/index.ts'
import type { OutputPolicy } from '../../schema/workflow.ts'
import { type ContextUpdate, NO_CONTEXT_UPDATE } from './context.ts'
import { History, type HistoryUpdate, type Message } from './history.ts'

/** The output of a step, parsed at most once: context, routing and splitting all look at it. */
export class StepOutput {
  readonly text: string
  #parsed: { readonly value: PyValue } | undefined

  constructor(text: string) {
    this.text = text
  }

  /** What the text means; the text itself where it means nothing else. */
  get value(): PyValue {
    this.#parsed ??= { value: parseOutput(this.text) }
    return this.#parsed.value
  }
}

/** What a step leaves behind for the steps after it. */
export interface StepWrites {
  readonly context: ContextUpdate
  readonly history: HistoryUpdate
}

/**
 * Applies a state's output policy.
 * `firstItem`: the item of an iteration, given only to the first state of it; a dict adds its keys to the context, and
 * any item that is not empty is written into the history before the output.
 */
export function planWrites(
  policy: OutputPolicy,
  output: StepOutput,
  seen: History,
  firstItem: PyValue | undefined,
): StepWrites {
  return {
    context: planContextUpdate(policy, output, firstItem),
    history: planHistoryUpdate(policy, output, seen, firstItem),
  }
}

function planContextUpdate(
  policy: OutputPolicy,
  output: StepOutput,
  firstItem: PyValue | undefined,
): ContextUpdate {
  if (policy.context === 'clear') return { ...NO_CONTEXT_UPDATE, start: 'clear' }
  const produced = new PyDict()
  const drop: PyValue[] = []
  let start: ContextUpdate['start'] = 'merge'
  if (policy.storeInContext) {
    if (firstItem instanceof PyDict) addAll(produced, firstItem)
    const value = output.value
    if (value instanceof PyDict) addAll(produced, value)
    else if (Array.isArray(value)) {
      for (const element of value) if (element instanceof PyDict) addAll(produced, element)
    }
    start = policy.context
    // What the output is stored under is written after the reset, so it survives.
    for (const key of policy.resetKeys.filter((one) => one !== policy.outputKey)) {
      produced.delete(key)
      drop.push(key)
    }
  }
  if (policy.outputKey !== undefined) produced.set(policy.outputKey, output.text)
  if (!policy.append) return { start, set: produced, append: new PyDict(), drop }
  const append = new PyDict()
  for (const [key, value] of produced.entries()) append.set(key, [value])
  return { start, set: new PyDict(), append, drop }
}

function addAll(target: PyDict, source: PyDict): void {
  for (const [key, value] of source.entries()) target.set(key, value)
}

function planHistoryUpdate(
  policy: OutputPolicy,
  output: StepOutput,
  seen: History,
  firstItem: PyValue | undefined,
): HistoryUpdate {
  const add: Message[] = []
  if (policy.includeInHistory) {
    const role = policy.asUserMessage ? 'user' : 'assistant'
    if (firstItem !== undefined && truthy(firstItem)) add.push({ role, text: repr(firstItem) })
    add.push({ role, text: output.text })
  }
  return { remove: forgotten(policy, seen), add }
}

function forgotten({ clearHistory }: OutputPolicy, seen: History): History | undefined {
  if (clearHistory !== 'but-system') return clearHistory ? seen : undefined
  return History.of(seen.toArray().filter(({ role }) => role !== 'system'))
}
