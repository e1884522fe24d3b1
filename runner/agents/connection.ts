import * as acp from '@agentclientprotocol/sdk'
import { StepFailure } from '../failure.ts'
import { AnswerFailure } from '../models/model-failure.ts'
import { MessageProgram } from '../process/message-program.ts'
import { raced } from '../process/raced.ts'
import { oneLine } from '../report/plain-text.ts'
import { VERSION } from '../version.ts'
import type { AgentProgress, AgentReply } from './agent.ts'
import { messageStream } from './message-stream.ts'
import { type AgentPlace, answerPermission } from './permission.ts'
import { agentTitle } from './policy.ts'
import { NOTHING_TOLD, type Sums, sumsSince } from './sums.ts'
import { Turn } from './turn.ts'

/** How an agent is started and how long it may take. */
export interface AgentOptions extends AgentPlace {
  readonly command: readonly string[]
  /** Absolute path of the folder that it works in. */
  readonly cwd: string
  /** Its whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Of the text that is kept of one answer. */
  readonly maxOutputBytes: number
  readonly limits: AgentLimits
}

/** All in milliseconds. */
export interface AgentLimits {
  /** Until a session is open. */
  readonly startMs: number
  /** Between the request to stop and the end of the program. */
  readonly cancelMs: number
  /** Between its answer and the end of the program. */
  readonly lingerMs: number
}

/** One prompt. */
export interface Prompt {
  readonly text: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onProgress?: (piece: AgentProgress) => void
}

/** The ways in which an answer is none, and what to do about them. Source: `StopReason` of the protocol. */
const STOPPED: Readonly<Record<string, { readonly why: string; readonly help: string }>> = {
  refusal: { why: 'refused to answer', help: 'Look at what it is asked.' },
  max_tokens: { why: 'hit its length limit', help: 'Ask for less, or raise the limit in its own settings.' },
  max_turn_requests: {
    why: 'asked its model too often',
    help: 'Ask for less, or raise the limit in its own settings.',
  },
  cancelled: {
    why: 'cancelled its turn',
    help: 'Look at what it asked permission for: policy.agents in .codemie/config.yaml says what it may do.',
  },
}

/** Error of the protocol for an agent that nobody has logged in to. */
const AUTH_REQUIRED = -32000

/** A program that was started once and has a session open. Ends when the program does; there is no second start. */
export class AgentConnection {
  readonly #options: AgentOptions
  readonly #program: MessageProgram<acp.AnyMessage>
  readonly #agent: acp.ClientContext
  #logins: readonly string[] = []
  #sessionId = ''
  #turn: Turn | undefined
  #sums: Sums = NOTHING_TOLD
  #isOver = false

  private constructor(options: AgentOptions) {
    const { command, cwd, env, limits } = options
    const [program = '', ...args] = command
    this.#options = options
    this.#program = new MessageProgram({ command: program, args, cwd, env, lingerMs: limits.lingerMs })
    const stream = messageStream(this.#program, (params) => this.#turn?.hear(params))
    // Files and terminals are not offered: what it does to them it does itself, and asks first.
    this.#agent = acp
      .client({ name: 'codemie-ci' })
      .onRequest(acp.methods.client.session.requestPermission, async ({ params }) => {
        const { isAllowed, response } = await answerPermission(params, options)
        this.#turn?.permitted(params.toolCall, isAllowed)
        return response
      })
      .connect(stream).agent
  }

  /**
   * Starts an agent and opens a session.
   *
   * Rejects with a `StepFailure`: `agent-not-started` with how the program ended and its last words, `agent-timeout`,
   * `agent-not-logged-in`, `agent-failed`; or with the reason of the signal.
   */
  static async open(options: AgentOptions, signal: AbortSignal): Promise<AgentConnection> {
    signal.throwIfAborted()
    const connection = new AgentConnection(options)
    const limit = AbortSignal.timeout(options.limits.startMs)
    try {
      await raced(connection.#begin(), AbortSignal.any([signal, limit]))
      return connection
    } catch (error) {
      const failure = signal.aborted ? signal.reason : connection.#startFailure(error, limit.aborted)
      await connection.kill()
      throw failure
    }
  }

  /** Whether it can be asked no more. */
  get isOver(): boolean {
    return this.#isOver || this.#program.ended !== undefined
  }

  /**
   * Asks, one prompt at a time. One that is aborted or takes too long ends the program.
   *
   * Rejects with a `StepFailure`: `agent-died`, `agent-timeout`, `agent-failed`, `agent-not-logged-in`, `agent-stopped`;
   * or with the reason of the signal.
   */
  async prompt({ text, timeoutMs, signal, onProgress }: Prompt): Promise<AgentReply> {
    signal.throwIfAborted()
    const turn = new Turn(this.#options.maxOutputBytes, onProgress)
    this.#turn = turn
    const limit = AbortSignal.timeout(timeoutMs)
    const either = AbortSignal.any([signal, limit])
    const answer = this.#agent.request(acp.methods.agent.session.prompt, {
      sessionId: this.#sessionId,
      prompt: [{ type: 'text', text }],
    })
    try {
      const { stopReason } = (await raced(answer, either)) ?? {}
      return this.#reply(turn, stopReason)
    } catch (error) {
      if (either.aborted) await this.#cancel(answer)
      throw signal.aborted
        ? signal.reason
        : this.#promptFailure(error, turn, limit.aborted ? timeoutMs : undefined)
    } finally {
      const { usage, costUsd } = turn.sums
      this.#sums = { usage: usage ?? this.#sums.usage, costUsd: costUsd ?? this.#sums.costUsd }
      this.#turn = undefined
    }
  }

  /** Ends the program once it had time to end by itself. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true
    await this.#program.close()
  }

  /** Ends the program at once. Never rejects. */
  async kill(): Promise<void> {
    this.#isOver = true
    await this.#program.kill()
  }

  async #begin(): Promise<void> {
    await this.#program.start()
    const { initialize, session } = acp.methods.agent
    const { protocolVersion, authMethods } = await this.#agent.request(initialize, {
      protocolVersion: acp.PROTOCOL_VERSION,
      clientCapabilities: {},
      clientInfo: { name: 'codemie-ci', version: VERSION },
    })
    // Older agents answer with a text, e.g. "0.1.0", and speak the first version all the same.
    if (typeof protocolVersion === 'number' && protocolVersion !== acp.PROTOCOL_VERSION) {
      throw this.#failure('agent-not-started', `speaks version ${protocolVersion} of ACP, and not 1`, {
        help: 'Install a version of it that speaks version 1.',
      })
    }
    this.#logins = Array.isArray(authMethods) ? authMethods.map(({ name, id }) => String(name ?? id)) : []
    const opened = await this.#agent.request(session.new, { cwd: this.#options.cwd, mcpServers: [] })
    if (typeof opened?.sessionId !== 'string') {
      throw this.#failure('agent-failed', 'opened no session', {
        help: 'Start it by hand to see what is wrong.',
      })
    }
    this.#sessionId = opened.sessionId
  }

  #reply(turn: Turn, stopReason: unknown): AgentReply {
    const { text, toolCalls, warnings } = turn
    const took = sumsSince(this.#sums, turn.sums)
    if (stopReason !== 'end_turn') {
      const { why, help } = STOPPED[String(stopReason)] ?? {
        why: `stopped with '${oneLine(String(stopReason)).slice(0, 100)}'`,
        help: 'Start it by hand to see what is wrong.',
      }
      throw new AnswerFailure('agent-stopped', `${this.#title} ${why}${partial(turn)}`, {
        retryable: true,
        help,
        ...took,
      })
    }
    return { text, stopReason, toolCalls, ...took, ...(warnings.length > 0 ? { warnings } : {}) }
  }

  /** Asks it to stop, and waits a while for it to do so: what it has begun may be half done. */
  async #cancel(answer: Promise<unknown>): Promise<void> {
    const { cancelMs } = this.#options.limits
    const { cancel } = acp.methods.agent.session
    this.#agent.notify(cancel, { sessionId: this.#sessionId }).catch(() => {})
    await raced(answer, AbortSignal.timeout(cancelMs)).catch(() => {})
    await this.kill()
  }

  #startFailure(error: unknown, isLate: boolean): StepFailure {
    if (error instanceof StepFailure) return error
    const { startMs } = this.#options.limits
    if (isLate)
      return this.#failure('agent-timeout', `was not ready within ${startMs} ms`, { retryable: true })
    if (error instanceof acp.RequestError) return this.#errorFailure(error, '')
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const why = isMissing ? 'there is no such program' : (this.#program.ended ?? oneLine(String(error)))
    return this.#failure('agent-not-started', `did not start: ${why}`, {
      help: 'Install it in the job, or correct its command.',
      cause: error,
    })
  }

  /** @param lateMs its limit, where it took longer. */
  #promptFailure(error: unknown, turn: Turn, lateMs: number | undefined): unknown {
    if (error instanceof StepFailure) return error
    const said = partial(turn)
    if (lateMs !== undefined) {
      return this.#failure('agent-timeout', `did not answer within ${lateMs} ms${said}`, {
        retryable: true,
        help: "Raise timeout_seconds of the agent under policy.agents in .codemie/config.yaml, or the state's 'timeout'.",
      })
    }
    if (error instanceof acp.RequestError) return this.#errorFailure(error, said)
    this.#isOver = true
    const how = this.#program.ended ?? 'closed the connection'
    return this.#failure('agent-died', `${how} before it had answered${said}`, {
      retryable: true,
      cause: error,
    })
  }

  /** It answered with an error: its message, and what it says beside. */
  #errorFailure(error: acp.RequestError, said: string): StepFailure {
    const data = error.data === undefined || error.data === null ? '' : `: ${textOf(error.data)}`
    const words = oneLine(`${error.message}${data}`).slice(0, MOST_WORDS)
    const mustLogIn = error.code === AUTH_REQUIRED
    if (!mustLogIn && this.#logins.length === 0) {
      return this.#failure('agent-failed', `answered with an error: ${words}${said}`, { retryable: true })
    }
    const ways = oneLine(this.#logins.join(', ')).slice(0, 200)
    return this.#failure(
      mustLogIn ? 'agent-not-logged-in' : 'agent-failed',
      `answered with an error: ${words}${said}`,
      {
        retryable: !mustLogIn,
        help: `It may want somebody to log in${ways === '' ? '' : ` (${ways})`}: do so where it runs, or name the variable that holds its key under env of the agent, policy.agents in .codemie/config.yaml.`,
      },
    )
  }

  get #title(): string {
    return agentTitle(this.#options.command)
  }

  #failure(
    code: string,
    what: string,
    options: { readonly help?: string; readonly retryable?: boolean; readonly cause?: unknown },
  ): StepFailure {
    const { lastWords } = this.#program
    const words = lastWords === '' ? '' : `. Its last words: ${oneLine(lastWords).slice(-MOST_WORDS)}`
    return new StepFailure(code, `${this.#title} ${what}${words}`, { blame: 'tool', ...options })
  }
}

/** Characters of what an agent says that a message holds. */
const MOST_WORDS = 1000

/** What an agent said before it failed. */
function partial({ text }: Turn): string {
  const words = oneLine(text)
  return words === '' ? '' : `. It had said: ${words.slice(0, MOST_WORDS)}`
}

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data)
}
