import { createHash } from 'node:crypto'
import type { OctomindTrace, RecordedText } from './trace.ts'

/** What is compared of a run. */
export interface Picture {
  readonly end: 'succeeds' | 'fails'
  /** In the order in which they were made. */
  readonly requests: readonly Asked[]
  readonly prompts: readonly Asked[]
  /** Of steps, in the order in which they were told. `undefined`: the program was not asked for them. */
  readonly outputs: readonly string[] | undefined
}

/** Something that a model or an agent was asked. */
export interface Asked {
  /** Whom, and with what words, on one line. */
  readonly line: string
  /** What runs at once has no order: questions of one group are compared without it. Absent: it stands alone. */
  readonly group?: string
}

/** One question to a model. A greeting without words is not sent by us. */
export function requestLine(role: string | null, model: string, messages: readonly { readonly role: string; readonly text: string }[]): string {
  const said = messages.filter(({ text, role: speaker }) => text !== '' || speaker !== 'assistant')
  return `${role ?? '-'} (${model}) ${JSON.stringify(said.map(({ role: speaker, text }) => [speaker, text]))}`
}

/** One prompt for an agent. */
export function promptLine(agent: string, text: string): string {
  return `${agent} ${JSON.stringify(text)}`
}

/** The output of a step; of a role's own session without a name. */
export function outputLine(step: string | undefined, text: string): string {
  return `${step ?? '-'} ${JSON.stringify(text)}`
}

/** What a recording holds. */
export function recordedPicture({ observed }: OctomindTrace): Picture {
  const { exit_code, requests, agents = [], stdout_events } = observed
  return {
    end: exit_code === 0 ? 'succeeds' : 'fails',
    requests: requests
      .filter(({ role }) => role !== null)
      .map(({ role, model, messages }) => ({
        line: requestLine(
          role,
          model,
          messages.map((message) => ({ role: message.role, text: textOf(message.content ?? '') })),
        ),
      })),
    prompts: agents.flatMap(({ event, agent, text }) =>
      event === 'prompt' ? [{ line: promptLine(agent, textOf(text ?? '')) }] : [],
    ),
    outputs: stdout_events?.flatMap(({ type, step, content }) =>
      type === 'assistant' ? [outputLine(step, textOf(content ?? ''))] : [],
    ),
  }
}

/** Where two pictures differ; `undefined`: nowhere. */
export function differenceBetween(
  recorded: Picture,
  found: Picture,
): { readonly recorded: string; readonly found: string } | undefined {
  const left = written(recorded, found)
  const right = written(found, found)
  return left === right ? undefined : { recorded: left, found: right }
}

/** As one text; what runs at once in ours is sorted in both. */
function written({ end, requests, prompts, outputs }: Picture, found: Picture): string {
  return JSON.stringify({
    requests: arranged(requests, found.requests),
    prompts: arranged(prompts, found.prompts),
    ...(outputs && found.outputs ? { outputs } : {}),
    end,
  }, undefined, 0)
}

function arranged(asked: readonly Asked[], like: readonly Asked[]): readonly string[] {
  const lines = asked.map(({ line }) => line)
  for (let start = 0, end: number; start < like.length; start = end) {
    const group = like[start]?.group
    end = start + 1
    while (group !== undefined && like[end]?.group === group) end++
    lines.splice(start, end - start, ...lines.slice(start, end).sort())
  }
  return lines
}

/** Texts that are not stored stand for themselves as this. */
export function digestText(text: string): string {
  return `<${[...text].length} characters, ${createHash('sha256').update(text).digest('hex')}>`
}

function textOf(text: RecordedText): string {
  return typeof text === 'string' ? text : `<${text.length} characters, ${text.sha256}>`
}
