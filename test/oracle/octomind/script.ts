import type { AgentReply, AgentRequest } from '../../../runner/agents/agent.ts'
import type { AgentEffect, ModelEffect } from '../../../runner/effect.ts'
import { StepFailure } from '../../../runner/failure.ts'
import type { ModelReply, ModelRequest } from '../../../runner/models/model.ts'
import { AnswerFailure } from '../../../runner/models/model-failure.ts'
import type { AgentAnswer, ModelAnswer, OctomindTrace, ScriptRule } from './trace.ts'

/** Time passes faster than in the recordings: their delays are there to be longer than a limit, and those are made shorter, too. */
export const FASTER = 20

/** Answers of models and agents as a trace scripts them. */
export class TraceScript {
  readonly #input: OctomindTrace['input']
  /** How often each rule, and each agent, has answered. */
  readonly #used = new Map<ScriptRule | string, number>()

  constructor({ input }: OctomindTrace) {
    this.#input = input
  }

  async model({ request, signal }: Pick<ModelEffect, 'request' | 'signal'>): Promise<ModelReply> {
    const answer = this.#answerTo(request)
    await pass(answer.delay_ms, signal)
    const { text, status = 200, usage, tool_calls = [], body } = answer
    const tokens = {
      inputTokens: usage?.prompt_tokens ?? 10,
      outputTokens: usage?.completion_tokens ?? 5,
      cachedInputTokens: 0,
    }
    if (status !== 200) throw providerFailure(status)
    if (body !== undefined) {
      throw new AnswerFailure('answer-invalid', 'the answer is no completion', {
        retryable: true,
        help: '',
        usage: undefined,
        costUsd: undefined,
      })
    }
    return {
      text: text ?? '',
      toolCalls: tool_calls.map((call) => ({ id: call.id, ...call.function })),
      finishReason: tool_calls.length > 0 ? 'tool_calls' : 'stop',
      usage: tokens,
      model: request.model,
      costUsd: usage?.cost ?? 0,
    }
  }

  #answerTo(request: ModelRequest): ModelAnswer {
    const role = roleOf(request)
    const asked = request.messages.findLast((message) => message.role === 'user')?.content ?? ''
    for (const rule of this.#input.script ?? []) {
      if (rule.role !== null && rule.role !== role) continue
      if (rule.contains !== null && !asked.includes(rule.contains)) continue
      const answer = this.#next(rule, rule)
      if (answer !== undefined) return typeof answer === 'string' ? { text: answer } : answer
    }
    return { status: 500 }
  }

  async agent({ request, signal }: Pick<AgentEffect, 'request' | 'signal'>): Promise<AgentReply> {
    if (request.command[0] !== 'agent') throw agentFailure('agent-not-started', 'there is no such program')
    const answer = this.agentAnswer(agentName(request), request.text)
    const { chunks = [], delay_ms, error, exit_before_result, stop_reason = 'end_turn' } = answer
    await pass(delay_ms, signal)
    if (exit_before_result !== undefined) throw agentFailure('agent-died', 'it ended before it had answered')
    if (error) throw agentFailure('agent-failed', `${error.message}: ${JSON.stringify(error.data)}`)
    if (stop_reason !== 'end_turn') throw agentFailure('agent-stopped', stop_reason)
    return { text: chunks.join(''), stopReason: stop_reason, toolCalls: [], usage: undefined, costUsd: 0 }
  }

  /** What an agent has to say to its next prompt. */
  agentAnswer(name: string, asked: string): AgentAnswer {
    const script = this.#input.acp?.[name]
    return answerFor(script ? this.#next(name, script) : `${name} says nothing scripted`, asked)
  }

  #next<T>(
    key: ScriptRule | string,
    { replies, repeat }: { readonly replies: readonly T[]; readonly repeat?: boolean },
  ): T | undefined {
    const n = this.#used.get(key) ?? 0
    this.#used.set(key, n + 1)
    return n < replies.length || !repeat ? replies[n] : replies.at(-1)
  }
}

/** The role that a request is made for, by what its prompt says of it; `null`: none. */
export function roleOf({ messages }: Pick<ModelRequest, 'messages'>): string | null {
  const system = messages.filter((message) => message.role === 'system').map(({ content }) => content)
  return /ROLE=([A-Za-z0-9_:.-]+)/.exec(system.join('\n'))?.[1] ?? null
}

/** `agent <name>` is what the commands of scripted agents look like. */
export function agentName({ command }: AgentRequest): string {
  return command[0] === 'agent' ? (command[1] ?? '') : command.join(' ')
}

function answerFor(scripted: string | AgentAnswer | undefined, asked: string): AgentAnswer {
  if (scripted === undefined) return { error: { message: 'script exhausted' } }
  if (typeof scripted === 'string') return { chunks: [scripted] }
  const other = scripted.by_contains?.find(([needle]) => asked.includes(needle))?.[1]
  return typeof other === 'string' ? { chunks: [other] } : (other ?? scripted)
}

async function pass(ms: number | undefined, signal: AbortSignal): Promise<void> {
  if (ms === undefined) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms / FASTER)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  signal.throwIfAborted()
}

function providerFailure(status: number): StepFailure {
  return new StepFailure('scripted', `HTTP ${status}`, {
    blame: 'provider',
    retryable: status >= 500,
    status,
  })
}

function agentFailure(code: string, message: string): StepFailure {
  return new StepFailure(code, message, { blame: 'tool', retryable: code !== 'agent-not-started' })
}
