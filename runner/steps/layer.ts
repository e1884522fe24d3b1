import type { LayerWork } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepEffects, StepWarning } from '../engine/step-effects.ts'
import { NO_FILES } from './attachments.ts'
import type { StepKit } from './kit.ts'
import { throughPipes } from './pipes.ts'
import { fillProjectValues } from './project-values.ts'
import { askRole, notEmpty, type ReadyRole, readyRole } from './role.ts'
import { intentOf } from './speaker.ts'

/** A layer of Octomind's configuration: an agent works on the text of the step before, and on what the session holds. */
export async function prepareLayer(
  step: Step,
  { assistant, sees, folder }: LayerWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
  effects?: StepEffects,
): Promise<PreparedStep> {
  const place = { role: assistant.name ?? assistant.id, ...(folder ? { folder: folder.value } : {}) }
  const session = await Promise.all(step.history.toArray().map((message) => filledIn(message, effects)))
  const spoken = session.filter(({ role }) => role !== 'system')
  const incoming = step.incoming ?? ''
  const task = sees === 'session' ? incoming : VIEWS[sees](incoming, spoken)
  const ready = await readyRole(assistant, step, place, kit, warn, effects)
  const who = sees === 'session' ? inSession(ready, session) : ready
  return {
    task,
    intend: () => ({ task, request: [intentOf(who.speaker), who.greeting] }),
    async execute(reach) {
      const message = { text: task, role: assistant.id, folder: folder?.value, earlier: 0, env: {} }
      const told = sees === 'session' ? await throughPipes(message, kit, reach) : task
      const answer = await askRole(reach, who, { task: told, earlier: [], files: NO_FILES }, { place })
      // A layer may have nothing to say; a role that a person asked may not.
      return sees === 'session' ? notEmpty(answer.trim(), 'Ask it again, or ask for less.') : answer.trim()
    },
  }
}

/** A role that answers in the session itself. A layer that restarts the session takes the prompt of the role out of it, too. */
function inSession({ speaker }: ReadyRole, session: readonly Message[]): ReadyRole {
  const spoken = session.filter(({ role }) => role !== 'system')
  const isPrompted = spoken.length < session.length
  return { speaker: isPrompted ? speaker : { ...speaker, system: '' }, greeting: spoken }
}

/** The greeting of a session is a template; what came after it is not. */
async function filledIn(message: Message, effects: StepEffects | undefined): Promise<Message> {
  const { text, filledFor: role } = message
  return role === undefined ? message : { ...message, text: await fillProjectValues(text, { role }, effects) }
}

type View = (incoming: string, spoken: readonly Message[]) => string

/** What a layer is told, by its `input_mode`. The words are those that agents for Octomind know. */
const VIEWS: Readonly<Record<Exclude<LayerWork['sees'], 'session'>, View>> = {
  last(incoming, spoken) {
    const answer = spoken.findLast(({ role }) => role === 'assistant')
    if (incoming.trim() === '') {
      const question = spoken.findLast(({ role }) => role === 'user')
      return (answer ?? question)?.text ?? 'No previous messages found'
    }
    return answer === undefined
      ? incoming
      : `Previous response:\n${answer.text}\n\nCurrent input:\n${incoming}`
  },
  all(incoming, spoken) {
    if (spoken.length === 0) return incoming
    const transcript = spoken.map(
      ({ role, text }) => `${role === 'user' ? '[User]' : '[Assistant]'}\n${text}`,
    )
    return `${transcript.join('\n\n')}\n\n[Current task]\n${incoming}`
  },
  summary(incoming, spoken) {
    const answers = spoken
      .filter(({ role }) => role === 'assistant')
      .map(({ text }) => text)
      .join('\n\n')
    const context = Array.from(answers)
    const shown =
      context.length > LONGEST_SUMMARY
        ? `${context.slice(0, LONGEST_SUMMARY).join('')} (truncated)...`
        : answers
    return `Current input: ${incoming}\n\nSummary of previous context: ${shown}\n\nPlease generate a concise summary of the above context.`
  },
}

/** In characters. */
const LONGEST_SUMMARY = 2000
