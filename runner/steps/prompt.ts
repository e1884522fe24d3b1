import { isProjectValue, namesIn } from '../../schema/dialects/octomind/placeholders.ts'
import type { PromptWork } from '../../schema/workflow.ts'
import type { Message } from '../engine/history.ts'
import type { Step } from '../engine/step.ts'
import type { PreparedStep, StepEffects, StepWarning } from '../engine/step-effects.ts'
import { StepFailure } from '../failure.ts'
import { showFiles } from './attachments.ts'
import type { StepKit } from './kit.ts'
import { throughPipes } from './pipes.ts'
import { fillProjectValues, requireFolder } from './project-values.ts'
import { positionText } from './render-text.ts'
import { askRole, notEmpty, readyRole } from './role.ts'
import { intentOf } from './speaker.ts'

/** A step of Octomind's own files: a role answers a prompt that earlier outputs are put into. */
export async function preparePrompt(
  step: Step,
  work: PromptWork,
  kit: StepKit,
  warn: (warning: StepWarning) => void,
  effects?: StepEffects,
): Promise<PreparedStep> {
  const { assistant, folder } = work
  const place = { role: assistant.id, ...(folder ? { folder: folder.value } : {}) }
  // The prompt is filled in also where another text is sent: a name that is missing must not pass unseen.
  const filled = fillOutputs(step, work, warn)
  const exchanges = work.session === 'continue' ? exchangesOf(step) : []
  const { incoming } = step
  const task =
    exchanges.length > 0 && incoming !== undefined
      ? incoming.trim()
      : (await fillProjectValues(filled, { role: assistant.id }, effects)).trim()
  if (task === '') throw emptyPrompt(work)
  const earlier = exchanges.length > 0 ? [...exchanges, ...unanswered(task, effects?.attempt)] : []
  if (folder) await requireFolder(folder.value, effects)
  const who = await readyRole(assistant, step, place, kit, warn, effects)
  return {
    task,
    intend: () => ({ task, request: intentOf(who.speaker) }),
    async execute(reach) {
      const message = { text: task, role: assistant.id, folder: folder?.value, env: work.env }
      const told = await throughPipes({ ...message, earlier: exchanges.length / 2 }, kit, reach)
      const answer = await askRole(
        reach,
        who,
        { task: told, earlier, files: showFiles(step) },
        { place, ...(work.session === 'continue' ? { session: step.state.id } : {}) },
      )
      return answerText(answer)
    },
  }
}

/**
 * Whether a step could be asked for as things are, told before any of those that run beside it is asked. Fails with
 * `output-missing` and `folder-missing`.
 */
export async function checkPrompt(
  work: PromptWork,
  context: Step['context'],
  effects: Pick<StepEffects, 'tool'>,
): Promise<void> {
  fillOutputs({ context }, work, () => {})
  if (work.folder) await requireFolder(work.folder.value, effects)
}

/** What was said in earlier executions of the same state, first to last. */
function exchangesOf({ state, finished }: Step): readonly Message[] {
  return finished
    .filter((row) => row.state === state.id)
    .flatMap(({ task, output, attempt }, i): Message[] => [
      // A first execution that is tried again begins a new conversation each time.
      ...(i === 0 ? [] : unanswered(task, attempt)),
      { role: 'user', text: task },
      { role: 'assistant', text: output },
    ])
}

/** What was said in the tries of an execution that failed before this one: in a conversation that goes on, it stays said. */
function unanswered(task: string, attempt = 1): readonly Message[] {
  return Array.from({ length: attempt - 1 }, () => ({ role: 'user', text: task }))
}

/** Puts outputs in the place of their names. Nothing in an output is filled in again here. */
function fillOutputs(
  { context }: Pick<Step, 'context'>,
  { prompt, needsNames, declared }: PromptWork,
  warn: (warning: StepWarning) => void,
): string {
  let text = ''
  let end = 0
  for (const { name, start, end: next } of namesIn(prompt.value)) {
    const value = context.get(name)
    const isKnown = typeof value === 'string'
    if (!isKnown && declared.includes(name) && !isProjectValue(name)) {
      const place = positionText(prompt.at)
      if (needsNames) throw notYet(name, place)
      warn({
        code: 'output-missing',
        message: `The step '${name}' has not run yet, so {{${name}}} stays in the prompt as it is written`,
        position: place,
      })
    }
    text += prompt.value.slice(end, start) + (isKnown ? value : prompt.value.slice(start, next))
    end = next
  }
  return text + prompt.value.slice(end)
}

function emptyPrompt({ prompt }: PromptWork): StepFailure {
  return new StepFailure(
    'empty-prompt',
    `${positionText(prompt.at)}: nothing is left of the prompt when everything that it names is put in`,
    { blame: 'workflow', help: 'Write a word around what can be empty, or lead another way past this step.' },
  )
}

function notYet(name: string, place: string): StepFailure {
  return new StepFailure(
    'output-missing',
    `${place}: the step '${name}' has no output on the way that led here`,
    {
      blame: 'workflow',
      help: `Lead all ways to this step through '${name}', or leave {{${name}}} out of its prompt.`,
    },
  )
}

/** An answer without blank lines before it and blanks behind it. Fails with `empty-answer` when nothing is left. */
function answerText(text: string): string {
  return notEmpty(
    text.replace(/^(?:[^\S\n]*\n)+/, '').trimEnd(),
    "Give the step 'retries', or ask for an answer in its prompt.",
  )
}
