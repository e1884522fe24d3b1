import { createHash } from 'node:crypto'
import type { OctomindTrace, RecordedText } from './trace.ts'

/** What is compared of a run. */
export interface Picture {
  readonly end: 'succeeds' | 'fails'
  /** Of models, in the order in which they were made. */
  readonly requests: readonly Asked[]
  /** Of agents, likewise. */
  readonly prompts: readonly Asked[]
  /** Of steps, in the order in which they were told. `undefined`: the program was not asked for them. */
  readonly outputs: readonly Output[] | undefined
  /** Content of files after the run, by path; of those that were recorded. */
  readonly files: Readonly<Record<string, string>>
}

/** Something that a model or an agent was asked. */
export interface Asked {
  /** A role and its model, or the name of an agent. */
  readonly whom: string
  /** Who said what; the last is the question. */
  readonly said: readonly (readonly [speaker: string, text: string])[]
  /** What runs at once has no order: questions of one group are compared without it. Absent: it stands alone. */
  readonly group?: string
}

export interface Output {
  /** `undefined`: it is the answer of a role in its own session. */
  readonly step: string | undefined
  readonly text: string
}

/** What is compared of a request to a model: a greeting without words is not sent by us, and the words of tools are their own. */
export function requestPicture(
  role: string | null,
  model: string,
  messages: readonly { readonly role: string; readonly text: string }[],
): Asked {
  const said = messages
    .filter(({ role: speaker, text }) => text !== '' || speaker !== 'assistant')
    .map(({ role: speaker, text }) => [speaker, speaker === 'tool' ? '' : text] as const)
  return { whom: `${role ?? 'nobody'} (${model})`, said }
}

/** What is compared of a prompt for an agent. */
export function promptPicture(agent: string, text: string): Asked {
  return { whom: agent, said: [['user', text]] }
}

/** What a recording holds. */
export function recordedPicture({ observed }: OctomindTrace): Picture {
  const { exit_code, requests, agents = [], stdout_events, files = {} } = observed
  return {
    end: exit_code === 0 ? 'succeeds' : 'fails',
    requests: requests
      .filter(({ role }) => role !== null)
      .map(({ role, model, messages }) =>
        requestPicture(
          role,
          model,
          messages.map((message) => ({ role: message.role, text: textOf(message.content ?? '') })),
        ),
      ),
    prompts: agents
      .filter(({ event }) => event === 'prompt')
      .map(({ agent, text }) => promptPicture(agent, textOf(text ?? ''))),
    files,
    outputs: stdout_events
      ?.filter(({ type }) => type === 'assistant')
      .map(({ step, content }) => ({ step, text: textOf(content ?? '') })),
  }
}

/** Where two pictures differ; `undefined`: nowhere. */
export function differenceBetween(
  recorded: Picture,
  found: Picture,
): { readonly recorded: string; readonly found: string } | undefined {
  const isTold = recorded.outputs !== undefined && found.outputs !== undefined
  const [left, right] = [recorded, found].map(({ end, requests, prompts, outputs = [], files }) =>
    [
      ...inOrder(requests, found.requests).map((line) => `asks ${line}`),
      ...inOrder(prompts, found.prompts).map((line) => `prompts ${line}`),
      ...(isTold ? outputs.map(({ step = '(role)', text }) => `${step}: ${JSON.stringify(text)}`) : []),
      ...Object.entries(files).map(([path, text]) => `${path} ${JSON.stringify(text)}`),
      end,
    ].join('\n'),
  )
  return left === undefined || right === undefined || left === right
    ? undefined
    : { recorded: left, found: right }
}

/** Where ours asked several at once, the questions in an order of their own. */
function inOrder(asked: readonly Asked[], ours: readonly Asked[]): readonly string[] {
  const lines = asked.map(({ whom, said }) => `${whom} ${JSON.stringify(said)}`)
  for (let start = 0, end = 0; start < ours.length; start = end) {
    const group = ours[start]?.group
    end = start + 1
    while (group !== undefined && ours[end]?.group === group) end++
    lines.splice(start, end - start, ...lines.slice(start, end).sort())
  }
  return lines
}

/** What stands in recordings for a long text of others. */
export function digestText(text: string): string {
  return digestOf({
    length: [...text].length,
    sha256: createHash('sha256').update(text).digest('hex'),
  })
}

function textOf(text: RecordedText): string {
  return typeof text === 'string' ? text : digestOf(text)
}

function digestOf({ length, sha256 }: { readonly length: number; readonly sha256: string }): string {
  return `<${length} characters, ${sha256}>`
}
