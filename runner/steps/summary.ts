import { CHARACTERS_PER_TOKEN } from '../../schema/limits.ts'
import type { SummaryWork } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep } from '../engine/step-effects.ts'
import type { ChatMessage } from '../models/model.ts'
import { askModel } from './ask-model.ts'
import type { StepKit } from './kit.ts'

/** What the step is called in the record. */
const TASKS: Readonly<Record<SummaryWork['of'], string>> = {
  run: 'Sum up the run',
  memory: 'Sum up the conversation so far',
}

export const INSTRUCTIONS: Readonly<Record<SummaryWork['of'], string>> = {
  run: 'Sum up everything that was found and done in the conversation above for a reader who did not see it. Keep every fact, number, name and link; leave out nothing that matters; add nothing.',
  memory:
    'Sum up the conversation above so that the work can go on from your summary alone. Keep every fact, decision, number, name and open question.',
}

/** Texts that say nothing; only messages of people are dropped for them, as upstream does. */
const EMPTY_JSON = new Set(['{}', '[]', 'null', 'None'])

/** Estimated tokens of conversation that are summed up in one call. */
const BATCH_TOKENS = 100_000

/** The finalizer at `end`, or the shortening of a long history: the default model sums the conversation up. */
export function prepareSummary(step: Step, work: SummaryWork, kit: StepKit): PreparedStep {
  const messages = step.history.toArray()
  const instruction = INSTRUCTIONS[work.of]
  return {
    task: TASKS[work.of],
    async execute(effects) {
      const said = work.of === 'run' ? messages.filter(saysSomething) : messages
      if (said.length === 0) return 'No conversation to summarize.'
      const ask = async (batch: readonly Message[]) => {
        const conversation: ChatMessage[] = batch.map(({ role, text }) => ({ role, content: text }))
        conversation.push({ role: 'user', content: instruction })
        const model = kit.modelOverride ?? kit.defaultModel
        return (await askModel(effects, { model, messages: conversation }, kit.fallbackModels)).text
      }
      const batches = work.of === 'memory' ? intoBatches(said) : [said]
      const [first = []] = batches
      if (batches.length === 1) return ask(first)
      const summaries: string[] = []
      for (const batch of batches) summaries.push(await ask(batch))
      return `\n\nCombined Summary:\n${summaries.join('\n')}`
    },
  }
}

function saysSomething({ text, isFromOutside }: Message): boolean {
  const trimmed = text.trim()
  return trimmed !== '' && !(isFromOutside && EMPTY_JSON.has(trimmed))
}

/** The whole conversation, or all but its first message cut into pieces that a model can take. */
function intoBatches(messages: readonly Message[]): readonly (readonly Message[])[] {
  const tokens = (batch: readonly Message[]) =>
    batch.reduce((sum, message) => sum + message.text.length / CHARACTERS_PER_TOKEN, 0)
  if (tokens(messages) <= BATCH_TOKENS) return [messages]
  const batches: Message[][] = []
  let batch: Message[] = []
  for (const message of messages.slice(1)) {
    if (batch.length > 0 && tokens([...batch, message]) > BATCH_TOKENS) {
      batches.push(batch)
      batch = []
    }
    batch.push(message)
  }
  if (batch.length > 0) batches.push(batch)
  return batches.length > 0 ? batches : [messages]
}
