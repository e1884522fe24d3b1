import type { AgentReply } from '../agents/agent.ts'
import type {
  AgentEffect,
  Effect,
  EffectReply,
  ModelEffect,
  Perform,
  ToolEffect,
  ToolReply,
} from '../effect.ts'
import type { EffectFinished } from '../events.ts'
import { createHash } from '../hash.ts'
import type { ToolList } from '../mcp/tool-list.ts'
import type { ModelReply, ModelRequest } from '../models/model.ts'
import type { Memory } from './memory.ts'

/** Does the real thing, or plays a script in tests. */
export interface Doers {
  readonly model: (effect: ModelEffect) => Promise<ModelReply>
  readonly tool: (effect: ToolEffect) => Promise<ToolReply>
  readonly agent: (effect: AgentEffect) => Promise<AgentReply>
}

/** The innermost door: straight to the doers. */
export function openDoor(doers: Doers): Perform {
  return async <E extends Effect>(effect: E): Promise<EffectReply<E>> => {
    return (await done(doers, effect)) as EffectReply<E>
  }
}

function done(doers: Doers, effect: Effect): Promise<EffectReply<Effect>> {
  switch (effect.kind) {
    case 'model':
      return doers.model(effect)
    case 'tool':
      return doers.tool(effect)
    case 'agent':
      return doers.agent(effect)
  }
}

/**
 * A door that answers from the journal what the journal knows, and hands every new reply to `record`.
 * `now` is in milliseconds.
 */
export function rememberingDoor(
  inner: Perform,
  memory: Memory,
  record: (event: Omit<EffectFinished, 'at'>) => void,
  now: () => number,
): Perform {
  return async <E extends Effect>(effect: E): Promise<EffectReply<E>> => {
    const { path, attempt, ordinal, kind } = effect
    const request = digestOfRequest(effect)
    const known = memory.reply(path, attempt, ordinal, request)
    if (known !== undefined) return known as EffectReply<E>
    const started = now()
    const answer = await inner(effect)
    const { reply, proposed } = withoutProposal(answer)
    record({
      type: 'effect-finished',
      path,
      attempt,
      ordinal,
      kind,
      name: nameOf(effect, reply),
      request,
      reply,
      durationMs: now() - started,
      ...(effect.kind === 'tool'
        ? listedIn(effect, reply as ToolReply)
        : accountOf(reply as ModelReply | AgentReply)),
      ...(effect.kind === 'agent' && effect.request.session !== undefined
        ? { session: effect.request.session }
        : {}),
      ...(proposed ? { proposed } : {}),
    })
    return answer
  }
}

function nameOf(effect: Effect, reply: EffectReply<Effect>): string {
  switch (effect.kind) {
    case 'model':
      return (reply as ModelReply).model
    case 'tool':
      return effect.request.tool
    case 'agent':
      return effect.request.command.join(' ')
  }
}

/** A proposal is kept whole, beside the reply, which may be cut. */
function withoutProposal(answer: EffectReply<Effect>) {
  if (!('proposed' in answer)) return { reply: answer }
  const { proposed, ...reply } = answer
  return { reply, proposed }
}

function accountOf({ usage, costUsd }: ModelReply | AgentReply): Pick<EffectFinished, 'usage' | 'costUsd'> {
  return { ...(usage ? { usage } : {}), ...(costUsd === undefined ? {} : { costUsd }) }
}

function listedIn({ request }: ToolEffect, { result }: ToolReply): Pick<EffectFinished, 'listed'> {
  const { mcp } = request
  if (!mcp || mcp.called) return {}
  const { tools, digest } = result as ToolList
  return { listed: { server: mcp.server.name, tools: tools.length, sha256: digest } }
}

/** 16 hex digits that are equal for equal requests. */
function digestOfRequest(effect: Effect): string {
  if (effect.kind !== 'model') return digest(JSON.stringify(effect.request))
  const { messages, tools, ...rest } = effect.request
  return digest(
    [JSON.stringify(rest), tools ? digestOnce(tools) : '', ...messages.map(digestOnce)].join('\n'),
  )
}

/** Messages and tool offers are shared by many requests and never change, so each is digested once. */
const digests = new WeakMap<object, string>()

function digestOnce(value: ModelRequest['messages'][number] | NonNullable<ModelRequest['tools']>): string {
  let known = digests.get(value)
  if (known === undefined) {
    known = digest(JSON.stringify(value))
    digests.set(value, known)
  }
  return known
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
