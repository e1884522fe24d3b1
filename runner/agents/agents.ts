import { stat } from 'node:fs/promises'
import type { RepositoryConfig } from '../../schema/config.ts'
import { StepFailure } from '../failure.ts'
import { withholding } from '../policy/withhold.ts'
import { pickChildEnv } from '../process/child-env.ts'
import { raced } from '../process/raced.ts'
import { resolveInRoot } from '../tools/root.ts'
import type { AgentProgress, AgentReply, AgentRequest } from './agent.ts'
import { AgentConnection, type AgentLimits } from './connection.ts'
import { agentTitle, allowedAgent } from './policy.ts'
import { asLost } from './sessions.ts'

/** The world as agents get to know it. */
export interface AgentsWorld {
  readonly config: Pick<RepositoryConfig, 'policy'>
  /** Absolute real path of the repository. */
  readonly root: string
  /** Where the variables are read from that agents get. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Default: {@link AGENT_LIMITS}. */
  readonly limits?: AgentLimits
}

/** Long enough for a program that is fetched when it starts, and for one that ends what it has begun. */
export const AGENT_LIMITS: AgentLimits = { startMs: 120_000, cancelMs: 3000, lingerMs: 5000 }

/** Bytes that are kept of one answer. */
const MAX_OUTPUT_BYTES = 1024 * 1024

/** A session that lasts. Its prompts wait for one another. */
interface Session {
  connection: AgentConnection | undefined
  /** The program was started before, and what it was told is gone with it. */
  wasLost: boolean
  last: Promise<unknown>
}

/** How one prompt is heard. */
export interface Hearing {
  readonly signal: AbortSignal
  readonly onProgress?: (piece: AgentProgress) => void
}

/** The agents of one run: each is started for one prompt, or for a session that ends with the run. */
export class Agents {
  readonly #world: AgentsWorld
  readonly #sessions = new Map<string, Session>()

  constructor(world: AgentsWorld) {
    this.#world = world
  }

  /**
   * Asks an agent.
   *
   * Rejects with a `StepFailure`: `agent-not-allowed` and `tool-refused` by policy, `agent-folder-missing`, and what
   * {@link AgentConnection} fails with; or with the reason of the signal.
   */
  async perform(request: AgentRequest, hearing: Hearing): Promise<AgentReply> {
    const { env, config } = this.#world
    const { env: names } = allowedAgent(request.command, config)
    const secrets = names.flatMap((name) => env[name] || [])
    return await withholding(secrets, () =>
      request.session === undefined ? this.#askOnce(request, hearing) : this.#askSession(request, hearing),
    )
  }

  /** Ends all programs. Never rejects. */
  async close(): Promise<void> {
    const open = [...this.#sessions.values()]
    await Promise.all(open.map(({ connection }) => connection?.close()))
  }

  async #askOnce(request: AgentRequest, hearing: Hearing): Promise<AgentReply> {
    const connection = await this.#open(request, hearing.signal)
    try {
      return await this.#prompt(connection, request, hearing)
    } finally {
      await connection.close()
    }
  }

  async #askSession(request: AgentRequest, hearing: Hearing): Promise<AgentReply> {
    const key = JSON.stringify([request.session, request.command, request.cwd])
    const session = this.#sessions.get(key) ?? {
      connection: undefined,
      wasLost: false,
      last: Promise.resolve(),
    }
    this.#sessions.set(key, session)
    const before = session.last
    const mine = raced(before, hearing.signal).then(() => this.#continue(session, request, hearing))
    // The next one waits for both: this one may give up waiting for the one before.
    session.last = Promise.allSettled([before, mine])
    return await mine
  }

  async #continue(session: Session, request: AgentRequest, hearing: Hearing): Promise<AgentReply> {
    hearing.signal.throwIfAborted()
    if (session.connection?.isOver) {
      session.connection = undefined
      session.wasLost = true
    }
    session.connection ??= await this.#open(request, hearing.signal)
    const reply = await this.#prompt(session.connection, request, hearing)
    if (!session.wasLost) return reply
    session.wasLost = false
    return asLost(reply, request)
  }

  async #prompt(connection: AgentConnection, request: AgentRequest, hearing: Hearing): Promise<AgentReply> {
    const { timeoutMs } = allowedAgent(request.command, this.#world.config)
    return await connection.prompt({
      text: request.text,
      timeoutMs: request.timeoutMs ?? timeoutMs,
      ...hearing,
    })
  }

  async #open({ command, cwd = '.' }: AgentRequest, signal: AbortSignal): Promise<AgentConnection> {
    const { config, root, env, limits = AGENT_LIMITS } = this.#world
    const settings = allowedAgent(command, config)
    const title = agentTitle(command)
    const folder = await resolveInRoot({ root }, cwd, { tool: title, argument: 'folder' })
    const stats = await stat(folder.absolute).catch(() => undefined)
    if (!stats?.isDirectory()) {
      throw new StepFailure('agent-folder-missing', `${title}: there is no folder '${folder.relative}'`, {
        blame: 'workflow',
        help: 'Correct the folder that it is to work in.',
      })
    }
    return await AgentConnection.open(
      {
        command,
        cwd: folder.absolute,
        root,
        settings,
        writePaths: config.policy.writePaths,
        env: { ...pickChildEnv(env), ...pickChildEnv(env, settings.env) },
        maxOutputBytes: MAX_OUTPUT_BYTES,
        limits,
      },
      signal,
    )
  }
}
