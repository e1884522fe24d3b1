import type { Effect, EffectReply, Perform } from '../effect.ts'
import type { RunEvent } from '../events.ts'
import type { AgentReply, AgentRequest } from './agent.ts'
import { agentTitle } from './policy.ts'

/** An answer of a session that was begun again, with a warning that says so. */
export function asLost(reply: AgentReply, { command, session = '' }: AgentRequest): AgentReply {
  const lost = {
    code: 'agent-session-lost',
    message: `${agentTitle(command)} was started again for the session '${session}', and does not know what was said in it before`,
  }
  return { ...reply, warnings: [...(reply.warnings ?? []), lost] }
}

/**
 * A door that warns where a resumption asks an agent in a session of an earlier try: that one ended with its program.
 *
 * @param events the journal of earlier tries.
 */
export function sessionDoor(inner: Perform, events: Iterable<RunEvent>): Perform {
  const earlier = new Set<string>()
  for (const event of events) {
    if (event.type === 'effect-finished' && event.session !== undefined) earlier.add(event.session)
  }
  if (earlier.size === 0) return inner
  return async <E extends Effect>(effect: E): Promise<EffectReply<E>> => {
    const reply = await inner(effect)
    if (effect.kind !== 'agent' || !earlier.delete(effect.request.session ?? '')) return reply
    return asLost(reply as AgentReply, effect.request) as EffectReply<E>
  }
}
